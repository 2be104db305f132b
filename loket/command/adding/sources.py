"""Where tools come from, as one list of what can be added: a form, the operations of a service, a server's tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import yaml

from connectors.egress import Egress
from connectors.mcp import Endpoint
from core.errors import ConfigError, ConnectorError
from core.own_yaml import load_yaml
from core.secret_reference import SecretReference
from loket.command.adding.files import LARGEST_SOURCE, document_of_text, read_text
from tools.added import mcp_reading, openapi_reading
from tools.added.document import DOTTED, ToolDocument
from tools.added.kinds import Way
from tools.added.openapi_spec import read_operations

Values = Mapping[str, Any]


class Proposed(Protocol):
    """What the readers of the kinds give for one operation or tool."""

    @property
    def wire_name(self) -> str:
        """What it is called there."""

    @property
    def values(self) -> Values:
        """Those of a document that can be proposed."""

    @property
    def to_bind(self) -> Mapping[str, str]:
        """Arguments that say who it is about: never asked of a model."""

    @property
    def must_bind(self) -> tuple[str, ...]:
        """Those of them that it cannot do without."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it cannot be added."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be added. `bind` fills arguments from the verified person; `may_read`: an admin may say that
    it only reads."""

    proposal: Proposed
    bind: Callable[[Mapping[str, str]], dict[str, Any]]
    may_read: bool = False
    suggested: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """What an admin named. `finished` is a whole document, of which nothing is asked; else there are `offers`."""

    offers: tuple[Offer, ...] = ()
    finished: ToolDocument | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the source is to be read. `internal`: its host lies inside; `program`: a server that is started here."""

    text: str
    mcp: bool = False
    program: str = ""
    internal: bool = False
    credential: str = ""


async def read_source(wanted: Wanted, way: Way, taken: Collection[str]) -> Source:
    """Read it. Raises `ConfigError` with what to change, `ConnectorError` where it cannot be reached."""
    if wanted.program:
        return await _servers_tools(_program(wanted), way, taken)
    if wanted.text.startswith("package:"):
        return _package(wanted.text.removeprefix("package:"), taken)
    if wanted.text.startswith(("http://", "https://")):
        _refuse_undeclared(wanted)
        if wanted.mcp:
            return await _servers_tools(_endpoint(wanted), way, taken)
        return _operations(await _fetched(way.egress, wanted), wanted.text, wanted, taken)
    path = Path(wanted.text)
    text = read_text(path, LARGEST_SOURCE)
    if _says_openapi(text):
        return _operations(text, "", wanted, taken, path.name)
    return Source(finished=document_of_text(text, path.name))


def _refuse_undeclared(wanted: Wanted) -> None:
    """Raises `ConfigError` for what can only lie inside, before anybody is asked there."""
    host = (urlsplit(wanted.text).hostname or "").lower()
    if wanted.internal or not host.isascii():
        return
    if not re.fullmatch(DOTTED, host):
        raise ConfigError(f"{host!r} is no public name: if it is inside your own network, add --internal")
    if wanted.text.startswith("http://"):
        raise ConfigError(f"{host!r} is asked over https; http is for inside your own network, with --internal")


def _says_openapi(text: str) -> bool:
    """An interface description says so on its first level; a tool document never does."""
    if text.lstrip().startswith("{"):
        return '"openapi"' in text[:2_000] or '"swagger"' in text[:2_000]
    return any(line.startswith(("openapi:", "swagger:", '"openapi"')) for line in text.splitlines())


def _operations(text: str, fetched_from: str, wanted: Wanted, taken: Collection[str], name: str = "") -> Source:
    operations = read_operations(text, name or "the document", fetched_from)
    inside: set[str] = set()
    if wanted.internal:
        inside = {urlsplit(one.server).hostname or "" for one in operations} | {urlsplit(fetched_from).hostname or ""}
    found = openapi_reading.proposals(operations, taken, fetched_from, inside - {""})
    return Source(tuple(Offer(one, _binds(openapi_reading.bind, one), suggested=one.suggested) for one in found))


async def _servers_tools(endpoint: Endpoint, way: Way, taken: Collection[str]) -> Source:
    if way.mcp is None:
        raise ConfigError("this process reaches no MCP servers: run it where the service runs")
    found = await mcp_reading.read_tools(endpoint, way.mcp, taken)
    return Source(
        tuple(Offer(one, _binds(mcp_reading.bind, one), one.may_read, dict.fromkeys(one.to_bind, _ID)) for one in found)
    )


_ID = "requester.employee_id"


def _binds(bind: Callable[[Any, Mapping[str, str]], dict[str, Any]], one: Any) -> Callable[..., dict[str, Any]]:
    return lambda bindings: bind(one, bindings)


def _package(name: str, taken: Collection[str]) -> Source:
    from tools.added import python_reading

    found = python_reading.read_package(name, taken)
    return Source(
        tuple(
            Offer(one, _binds(python_reading.bind, one), suggested=dict.fromkeys(one.to_bind, _ID), may_read=False)
            for one in found
        )
    )


async def _fetched(egress: Egress | None, wanted: Wanted) -> str:
    if egress is None:
        raise ConnectorError("tools", "this process has no way out")
    return await openapi_reading.fetch(egress, wanted.text, internal=wanted.internal)


def _endpoint(wanted: Wanted) -> Endpoint:
    host = (urlsplit(wanted.text).hostname or "").lower()
    credential = reference_of(wanted.credential) if wanted.credential else None
    inside = frozenset({host}) if wanted.internal else frozenset()
    name = "".join(letter if letter.isalnum() else "_" for letter in host.split(".")[0])[:32] or "server"
    name = name if name[0].isalpha() else f"s{name}"[:32]
    return Endpoint(name, wanted.text, frozenset({host}), inside, credential)


def _program(wanted: Wanted) -> Endpoint:
    """`NAME=/whole/path argument …`, as the settings or the option say it. No shell reads it."""
    name, found, line = wanted.program.partition("=")
    if not found or not line.strip():
        raise ConfigError("--mcp-command NAME='/whole/path argument …': the program by its whole path, without a shell")
    return Endpoint(name, command=tuple(line.split()))


def reference_of(text: str) -> SecretReference:
    """`env:LOKET_TOOL_HR`, `file:hr_token`, `command:vault`. Raises `ConfigError`."""
    source, _, name = text.partition(":")
    try:
        return SecretReference.model_validate({"from": source, "name": name})
    except ValueError as error:
        raise ConfigError(f"{text!r} is no reference: env:LOKET_TOOL_…, file:NAME or command:NAME") from error


def read_answers(path: Path) -> dict[str, Any]:
    """The answers to the interview in a YAML file: by question, or by operation and then by question."""
    text = read_text(path, 200_000)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ConfigError(f"{path.name} uses YAML aliases (`*name`): write the value out instead")
        found = load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name} is not valid YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path.name}: answers are written as `question: answer`")
    return {str(key): value for key, value in found.items()}
