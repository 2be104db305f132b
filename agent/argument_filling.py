"""A tool's arguments from what the person typed, by type; what is missing is asked for, one thing at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.meaning import Meaning
from agent.person_names import person_in
from agent.words import say
from core.chat import ToolSchema

_TICKET = re.compile(r"\b([A-Za-z][A-Za-z0-9]{1,9})-(\d{1,9})\b")
_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBER = re.compile(r"\b\d{1,9}\b")
PREAMBLE = re.compile(
    r"^\W*(?:(?:please|pls|can you|could you|i want to|i'd like to|i need to|"
    r"kun je|kunt u|wil je|wilt u|graag|ik wil(?: graag)?) )*"
    r"(?:(?:open|create|make|file|log|raise|submit|maak|meld|dien)\w* )"
    r"(?:a |an |the |een |de |het )?(?:new |nieuwe? )?"
    r"(?:ticket|melding|incident|request|issue|verzoek|aanvraag)(?: (?:aan|in|op))?"
    r"(?: (?:for|about|that|voor|over|dat|saying|met))?\b[\s:,-]*",
    re.IGNORECASE,
)  # fmt: skip
_BARE = re.compile(r"^\W*(?:ticket|melding|incident|issue)\s*[:,-]?\s*", re.IGNORECASE)
LINE = 200


_REQUEST_AFTER = re.compile(
    r"[,.;:]?\s*(?:and |en )?(?:please |can you |could you |kun je |kunt u |wil je |graag )?"
    r"(?:open|make|create|file|log|raise|maak|open|dien)\b[^,.;]{0,20}\b(?:ticket|request|melding|verzoek|call)\b[^,.;]{0,12}$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Filled:
    """The arguments so far, and the question to ask next; `question` is empty when nothing is missing."""

    arguments: dict[str, Any] = field(default_factory=dict)
    question: str = ""


class ArgumentFilling:
    """Fills by `x-kind`, enum, format and type; knows nothing of particular tools."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def fill(self, schema: ToolSchema, text: str, answers: Sequence[str], search_text: str, language: str) -> Filled:
        """`answers` are the person's answers to earlier questions, in the order they were asked. Blocking."""
        filled = Filled()
        waiting = list(answers)
        required = schema.parameters.get("required", [])
        for name, written in schema.parameters.get("properties", {}).items():
            shape = _resolved(written, schema.parameters)
            value = self._value(name, shape, text, search_text, needed=name in required)
            if value is None and name in required and waiting:
                answer = waiting.pop(0)
                value = self._value(name, shape, answer, answer, needed=True) or _as_typed(shape, answer)
            if value is not None:
                filled.arguments[name] = value
            elif name in required and not filled.question:
                filled.question = _question(name, shape, language)
        if waiting:  # a question after a retry: the last answer says better whom or what is meant
            self._better(schema, waiting[-1], filled)
        return filled

    def _better(self, schema: ToolSchema, answer: str, filled: Filled) -> None:
        for name, written in schema.parameters.get("properties", {}).items():
            if _resolved(written, schema.parameters).get("x-kind") == "person":
                filled.arguments[name] = person_in(answer, whole=True) or answer[:100]
                return

    def _value(self, name: str, shape: dict[str, Any], text: str, search_text: str, *, needed: bool) -> Any:
        kind = shape.get("x-kind", "")
        if kind == "person":
            return person_in(text)
        if kind == "ticket":
            match = _TICKET.search(text)
            return f"{match[1].upper()}-{match[2]}" if match else None
        if kind == "date" or shape.get("format") == "date":
            return _date(text)
        if "enum" in shape:
            return self._choice(shape, text, needed)
        if shape.get("type") in ("integer", "number"):
            match = _NUMBER.search(text)
            return int(match.group()) if match else None
        if not needed or shape.get("type") != "string":
            return None
        if kind == "line":
            return _subject(text)[:LINE].strip() or None
        return (search_text if kind != "text" or name in ("question", "query") else text).strip() or None

    def _choice(self, shape: dict[str, Any], text: str, needed: bool) -> str | None:
        """The value whose own words, or whose part of the description, mean most nearly what was said."""
        values = [value for value in shape["enum"] if isinstance(value, str)]
        likeness = [self._nearness(text, value, shape) for value in values]
        best = max(range(len(values)), key=likeness.__getitem__)
        said = [value for value in values if re.search(rf"\b{re.escape(value)}\b", text)]
        if len(said) == 1:
            return said[0]
        if needed or ("default" in shape and likeness[best] > 0.5 and values[best] != shape["default"]):
            return values[best]
        return None

    def _nearness(self, text: str, value: str, shape: dict[str, Any]) -> float:
        """How near the text is to what a value is about: its examples where the tool gives any."""
        phrases = shape.get("x-values", {}).get(value) or [_described(value, shape.get("description", ""))]
        return float(self._meaning.likeness(text.lower(), [phrase.lower() for phrase in phrases]).max())


def _resolved(shape: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Follows `$ref`, and takes the one real type out of `anyOf` with null."""
    if "$ref" in shape:
        shape = {**parameters.get("$defs", {}).get(shape["$ref"].rsplit("/", 1)[-1], {}), **shape}
    real = [_resolved(option, parameters) for option in shape.get("anyOf", ()) if option.get("type") != "null"]
    return {**real[0], **shape} if len(real) == 1 else shape


def _described(value: str, description: str) -> str:
    """The words of the description that belong to one value: "IT for computers and accounts, HR for …"."""
    match = re.search(
        rf"(?:^|[,;.] )\W*{re.escape(value)}\W+(?:for|voor|to|:)\s+(.+?)(?=, (?:and )?[A-Z]{{2,}} (?:for|voor)|[.;]|$)",
        description,
    )
    return (match[1] if match else value).lower()


def _subject(text: str) -> str:
    """The matter itself, without "please open a ticket for" before it or after it."""
    matter = _BARE.sub("", PREAMBLE.sub("", " ".join(text.split()))).strip(" .,:;-")
    return _REQUEST_AFTER.sub("", matter).strip(" .,:;-") or matter


def _date(text: str) -> str | None:
    match = _ISO_DATE.search(text)
    if match is None:
        return None
    try:
        return date.fromisoformat(match.group()).isoformat()
    except ValueError:
        return None


def _as_typed(shape: dict[str, Any], answer: str) -> str | None:
    """An answer that no rule could read is taken as it stands where any text will do; the tool checks it."""
    if shape.get("type") == "string" and "enum" not in shape and shape.get("x-kind") != "ticket":
        return answer[: shape.get("maxLength", LINE)].strip() or None
    return None


def _question(name: str, shape: dict[str, Any], language: str) -> str:
    kind = shape.get("x-kind", "")
    if kind in ("person", "ticket", "line", "text"):
        return say(f"ask_{kind}", language)
    if "enum" in shape:
        return say("ask_choice", language, choices=", ".join(map(str, shape["enum"])))
    return say("ask_value", language, what=shape.get("title") or name.replace("_", " "))
