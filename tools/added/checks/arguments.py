"""Are the arguments ones that can be asked for and sealed, and does none of them carry an identity or an approval?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import ConfigError
from tools.added.arguments_of import arguments_of, carries_approval, carries_identity
from tools.added.checks.findings import Finding, failed, judged
from tools.added.document import ToolDocument

CHECK = "arguments"
DEEPEST = 12
_SAYS = re.compile(
    r"\b(?:employee|staff|user|personnel|person|requester|approver|login|account)s?[ -]?"
    r"(?:ids?|number|no|nr|name|code)\b"
    r"|\bon (?:the )?behalf of\b|\bimpersonat|\b(?:approved|authori[sz]ed|signed off) by\b"
    r"|\bwho (?:has )?approve[sd]?\b"
    r"|\b(?:personeels|medewerkers?|gebruikers?|account)[ -]?(?:nummers?|naam|namen|id|code)\b|\bnamens (?:wie|welke)\b"
    r"|\b(?:goedgekeurd|geaccordeerd) door\b|\bbsn\b|\bburgerservicenummer\b",
    re.IGNORECASE,
)
_REMEDY = "fill it from the verified person with `bindings` (requester.employee_id), or leave it out"


def check_arguments(document: ToolDocument) -> list[Finding]:
    """The schema is inside what forms and seals can hold; no argument says who somebody is, under whatever name."""
    try:
        arguments_of(document.name, document.arguments)
    except ConfigError as error:
        return [failed(CHECK, str(error), "mend that place of the document")]
    count, bound = len(document.properties), len(document.bindings)
    fine = f"{count} to fill in, {bound} from the verified person; none says who somebody is"
    return judged(CHECK, _disguised(document), fine)


def _disguised(document: ToolDocument) -> Iterator[tuple[str, str]]:
    """Arguments with a harmless name whose words, or whose name on the wire, say who somebody is."""
    for name, shape in document.properties.items():
        told = " ; ".join([*_notes(shape), *_label(document, name)])
        if said := _SAYS.search(told):
            yield f"{name!r} asks for {said.group()!r}", _REMEDY
        for wire in sorted(wire_names(document.source, name)):
            if wire != name and (carries_identity(wire) or carries_approval(wire)):
                yield f"{name!r} is sent as {wire!r}, which says who somebody is", _REMEDY


def _notes(shape: Any) -> Iterator[str]:
    """The descriptions and titles of an argument and of what is inside it."""
    if isinstance(shape, Mapping):
        for key, value in shape.items():
            if key in ("description", "title") and isinstance(value, str):
                yield value
            yield from _notes(value)


def _label(document: ToolDocument, name: str) -> tuple[str, ...]:
    label = document.labels.get(name)
    return (label.en, label.nl) if label else ()


def wire_names(source: Mapping[str, Any], argument: str) -> set[str]:
    """What the source calls this argument, whatever the kind's form: the texts that stand directly beside its name,
    as `{employeeId: ref}`, `{argument: ref, name: employeeId}` or `{ref: {name: employeeId}}`."""
    return set(_beside(source, argument, 0))


def _beside(node: Any, argument: str, depth: int) -> Iterator[str]:
    inside: list[Any] = list(node) if isinstance(node, list) else []
    if isinstance(node, Mapping):
        inside = list(node.values())
        if argument in inside:
            yield from (value for value in inside if isinstance(value, str) and value != argument)
            yield from (str(key) for key, value in node.items() if value == argument)
        yield from _named(node.get(argument))
    for one in inside if depth < DEEPEST else ():
        yield from _beside(one, argument, depth + 1)


def _named(mine: Any) -> Iterator[str]:
    if isinstance(mine, str):
        yield mine
    elif isinstance(mine, Mapping):
        yield from (value for key, value in mine.items() if isinstance(value, str) and key in ("name", "wire", "as"))
