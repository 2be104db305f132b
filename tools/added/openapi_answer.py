"""The JSON that a service answered as plain lines with labels: data of a stranger, cut and made visible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.plain_text import inert, one_line
from core.replies import Fact
from tools.added.risk_words import words_of
from tools.texts import TEXTS

DEEPEST = 3
MOST_ENTRIES = 20
LONGEST_VALUE = 500
LONGEST_LABEL = 80
LONGEST = 4_000
_REFERENCES = ("reference", "id", "number", "key", "confirmation", "code")


@dataclass(frozen=True, slots=True)
class _Line:
    depth: int
    label: str
    value: str

    def __str__(self) -> str:
        joint = ": " if self.label and self.value else (":" if self.label else "")
        return f"{'  ' * (self.depth - 1)}{'- ' if self.depth else ''}{self.label}{joint}{self.value}"


def told(answer: Any, operation: Mapping[str, Any], language: str) -> tuple[str, tuple[Fact, ...]]:
    """The lines as one text, and as facts where each is one label and one value.

    Labels come from the titles in the operation's own description of its answer, else from the names. At most
    `DEEPEST` levels, `MOST_ENTRIES` of a list and `LONGEST` characters; what is left out is said.
    """
    lines = list(_lines(answer, _schema(operation), "", 0, language))
    text = "\n".join(str(line) for line in lines)
    if len(text) > LONGEST:
        cut = TEXTS.say("answer.cut", language)
        text = f"{text[: LONGEST - len(cut) - 1].rsplit(chr(10), 1)[0]}\n{cut}"
        return text[:LONGEST], ()
    flat = len(lines) <= MOST_ENTRIES and all(line.label and line.value and not line.depth for line in lines)
    return text, tuple(Fact(line.label, line.value) for line in lines) if flat else ()


def reference_in(answer: Any) -> str:
    """What the service calls the thing that was made; empty where it does not say."""
    if not isinstance(answer, Mapping):
        return ""
    lowered = {str(key).lower(): value for key, value in answer.items()}
    for name in _REFERENCES:
        value = lowered.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return inert(one_line(str(value)))[:100]
    return ""


def _lines(value: Any, schema: Any, label: str, depth: int, language: str) -> Iterator[_Line]:
    if isinstance(value, Mapping | list) and depth >= DEEPEST:
        yield _Line(depth, label, "…")
    elif isinstance(value, Mapping):
        if label:
            yield _Line(depth, label, "")
        shapes = _of(schema, "properties")
        inside = depth + bool(label)
        for name, one in list(value.items())[: MOST_ENTRIES * 2]:
            yield from _lines(one, _of(shapes, name), _label(str(name), _of(shapes, name)), inside, language)
        yield from _more(len(value) - MOST_ENTRIES * 2, inside, language)
    elif isinstance(value, list):
        yield from _list(value, schema, label, depth, language)
    elif value is not None:
        yield _Line(depth, label, _single(value, language))


def _list(value: list[Any], schema: Any, label: str, depth: int, language: str) -> Iterator[_Line]:
    if label:
        yield _Line(depth, label, "" if value else "–")
    items = _of(schema, "items")
    for number, one in enumerate(value[:MOST_ENTRIES], start=1):
        deep = isinstance(one, Mapping | list)
        yield from _lines(one, items, str(number) if deep else "", depth + 1, language)
    yield from _more(len(value) - MOST_ENTRIES, depth + 1, language)


def _more(count: int, depth: int, language: str) -> Iterator[_Line]:
    if count > 0:
        yield _Line(depth, "", TEXTS.say("answer.more", language, count=str(count)))


def _single(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return TEXTS.say("answer.yes" if value else "answer.no", language)
    text = inert(one_line(str(value)))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _label(name: str, schema: Any) -> str:
    title = _of(schema, "title")
    said = title if isinstance(title, str) else " ".join(words_of(name)) or name
    plain = inert(one_line(said))[:LONGEST_LABEL]
    return plain[:1].upper() + plain[1:]


def _of(schema: Any, key: str) -> Any:
    return schema.get(key) if isinstance(schema, Mapping) else None


def _schema(operation: Mapping[str, Any]) -> Any:
    responses = _of(operation, "responses")
    for status in ("200", "201", "203", "2XX", "2xx", "default"):
        content = _of(_of(responses, status), "content")
        for kind, media in content.items() if isinstance(content, Mapping) else ():
            if "json" in str(kind).lower():
                return _of(media, "schema")
    return None
