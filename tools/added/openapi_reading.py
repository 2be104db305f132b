"""What can be proposed of the operations of an OpenAPI document: for each a draft of its tool, or why it is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.egress import Egress, EgressRules
from core.errors import ConfigError, ConnectorError
from core.plain_text import one_line, visible
from tools.added.openapi_judging import holes_behind_people, least_risk, pinned, sign_in_of
from tools.added.openapi_shapes import Taken, taken_by
from tools.added.openapi_spec import Operation, read_operations
from tools.added.risk_words import words_of

__all__ = ["OpenApiProposal", "bind", "fetch", "least_risk", "proposals", "read_file", "read_place"]

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 600
MOST_BYTES = 4_000_000
SECONDS = 20.0
_EMAIL = frozenset({"email", "mail", "upn", "login", "username", "gebruikersnaam", "user"})


@dataclass(frozen=True, slots=True)
class OpenApiProposal:
    """One operation. `values` are those of a tool document that can be proposed; the admin adds titles, examples, a
    rule where it changes something, and references to credentials. `to_bind` (ours → what the wire calls it) say who it
    is about: `bind` fills them, as `suggested` proposes, which may name more (an `id` right behind `/employees/`); the
    service cannot do without those in `must_bind`. With `problems` it cannot be added; `notes` say what was left out or
    is worth knowing."""

    wire_name: str
    values: Mapping[str, Any]
    to_bind: Mapping[str, str] = field(default_factory=dict)
    must_bind: tuple[str, ...] = ()
    suggested: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_file(path: Path, taken: Collection[str] = ()) -> tuple[OpenApiProposal, ...]:
    """The proposals of a file. Raises `ConfigError`. Nobody can see later that a file changed: an address is better."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read: it must be a file with UTF-8 text") from error
    return proposals(read_operations(text, path.name), taken)


async def read_place(
    place: str, egress: Egress, taken: Collection[str] = (), *, internal: bool = False
) -> tuple[OpenApiProposal, ...]:
    """The proposals of a file, or of an address (`https://…`), which is then looked at again for drift. `internal`: the
    admin says that its host is inside. Raises `ConfigError`, `ConnectorError`."""
    if not place.startswith(("https://", "http://")):
        return read_file(Path(place), taken)
    operations = read_operations(await fetch(egress, place, internal=internal), "the document", place)
    return proposals(operations, taken, place, {_host(place)} if internal else ())


async def fetch(egress: Egress, url: str, *, internal: bool = False) -> str:
    """The text of an OpenAPI document at an address that an admin typed. Raises `ConnectorError`, `ConfigError`.

    It is asked for once, without any credential; what it says is pinned from then on.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rules = EgressRules(frozenset({host}), frozenset({host} if internal else ()), frozenset({port}))
    return await fetch_by(egress, rules, url)


async def fetch_by(egress: Egress, rules: EgressRules, url: str) -> str:
    """The same for a document's own rules."""
    answer = await egress.request(rules, "GET", url, seconds=SECONDS, most_bytes=MOST_BYTES)
    if answer.status != 200:
        raise ConnectorError("openapi", f"the document could not be fetched ({answer.status})")
    try:
        return answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise ConnectorError("openapi", "the document is no UTF-8 text") from None


def proposals(
    operations: Collection[Operation],
    taken: Collection[str] = (),
    fetched_from: str = "",
    internal: Collection[str] = (),
) -> tuple[OpenApiProposal, ...]:
    """One proposal for each operation. `taken` are the names of all tools there are; `internal` the hosts that the
    admin declares to be inside."""
    names = [_our_name(operation) for operation in operations]
    return tuple(
        _proposal(operation, name, {*taken, *names[:place], *names[place + 1 :]}, fetched_from, internal)
        for place, (operation, name) in enumerate(zip(operations, names, strict=True))
    )


def bind(proposal: OpenApiProposal, bindings: Mapping[str, str]) -> dict[str, Any]:
    """The proposed values with these arguments filled from the verified person (`{"employee_no":
    "requester.employee_id"}`) instead of by a model. Also for arguments that do not stand in `to_bind`."""
    values = dict(proposal.values)
    arguments = dict(values["arguments"])
    arguments["properties"] = {name: one for name, one in arguments["properties"].items() if name not in bindings}
    arguments["required"] = [name for name in arguments["required"] if name not in bindings]
    return {**values, "arguments": arguments, "bindings": dict(bindings)}


def _proposal(
    operation: Operation, name: str, taken: Collection[str], fetched_from: str, internal: Collection[str]
) -> OpenApiProposal:
    sign_in, trouble = sign_in_of(operation)
    wanted: Any = sign_in.get("as")
    taken_in = taken_by(operation.whole, (wanted["scheme"], wanted["parameter"].lower()) if wanted else ("", ""))
    host = (urlsplit(operation.server).hostname or "").lower()
    hosts = {host, *(_host(url) for url in (fetched_from, wanted["token_url"] if wanted else "") if url)} - {""}
    values: dict[str, Any] = {
        "version": 1,
        "name": name,
        "kind": "openapi",
        "description": _description(operation),
        "risk": least_risk(operation.method, operation.path, operation.whole, name).value,
        "hosts": sorted(hosts),
        "internal_hosts": sorted(hosts & set(internal)),
        "arguments": taken_in.converted.arguments,
        "source": _source(operation, taken_in, fetched_from),
    }
    if wanted:
        values["credential"] = {key: value for key, value in wanted.items() if value}
    return OpenApiProposal(
        wire_name=f"{operation.method.upper()} {ascii(operation.path)[1:-1]}"[:200],
        values=values,
        to_bind=taken_in.converted.to_bind,
        must_bind=taken_in.converted.must_bind,
        suggested={
            ours: _suggested(ours) for ours in (*taken_in.converted.to_bind, *_behind_people(operation, taken_in))
        },
        problems=(*operation.problems, *trouble, *_name_problems(name, taken), *taken_in.converted.problems),
        notes=(*_notes(operation, taken_in, fetched_from), *taken_in.converted.left_out),
    )


def _source(operation: Operation, taken: Taken, fetched_from: str) -> dict[str, Any]:
    return {
        **pinned(operation),
        "fetched_from": fetched_from,
        "places": taken.places,
        "nested": taken.nested,
        "whole_body": taken.whole_body,
    }


def _suggested(name: str) -> str:
    return "requester.email" if not _EMAIL.isdisjoint(name.split("_")) else "requester.employee_id"


def _behind_people(operation: Operation, taken: Taken) -> list[str]:
    """The arguments in such a hole that are not to be bound anyway."""
    holes, free = holes_behind_people(operation), taken.converted.arguments["properties"]
    places = taken.places.items()
    return [ours for ours, place in places if place["in"] == "path" and place["name"] in holes and ours in free]


def _description(operation: Operation) -> str:
    said = [one_line(str(operation.whole.get(key) or "")).rstrip(".") for key in ("summary", "description")]
    text = ". ".join(part for part in dict.fromkeys(said) if part)
    return (text if len(text) >= 10 else f"{text} ({operation.method.upper()} {operation.path})")[:LONGEST_DESCRIPTION]


def _our_name(operation: Operation) -> str:
    words = words_of(str(operation.whole.get("operationId") or f"{operation.method} {operation.path}"))
    name = "_".join(words)[:LONGEST_NAME].rstrip("_")
    return name if name[:1].isalpha() else ""


def _name_problems(name: str, taken: Collection[str]) -> list[str]:
    if not name:
        return ["no name of ours can be made of its name"]
    return [f"there is a tool {name!r} already, or two operations come to it: choose another name"] * (name in taken)


def _notes(operation: Operation, taken: Taken, fetched_from: str) -> list[str]:
    notes = []
    if taken.key_header:
        notes.append("it takes an Idempotency-Key: if the service keeps to it, set `source.repeats: true`")
    notes += [
        f"{name} stands behind people in the path: it says whom it is about. Bind it, or anybody can ask about anybody"
        for name in _behind_people(operation, taken)
    ]
    if not fetched_from:
        notes.append("it was read from a file: nobody can see later that the service changed")
    if operation.whole.get("deprecated") is True:
        notes.append("its own document says that it is going away (deprecated)")
    texts = [str(operation.whole.get(key) or "") for key in ("summary", "description")]
    if any(visible(text) != text for text in texts):
        notes.append("its description held characters that nobody can see; they were taken out")
    return notes


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
