"""What a tool answered, as text: its words and its structured values, never its pictures, sounds or files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.plain_text import reveal

DEEPEST = 6
MOST_LINES = 500
MOST_PARTS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is untrusted: data, in which every hidden character is spelled out. `failed`: the server says that it did
    not work. `asks`: the server wants something of us (an answer of a person, a model's) before it goes on."""

    text: str
    failed: bool = False
    asks: bool = False
    cut: bool = False


def read_answer(result: Mapping[str, Any], most_bytes: int) -> Answer:
    """The answer in the raw result of `tools/call`. Whatever shape it has, this gives text of at most `most_bytes`."""
    if result.get("resultType") == "input_required":
        return Answer("", asks=True)
    structured = _unwrapped(result.get("structuredContent"))
    lines = list(islice(_lines(structured, "", DEEPEST), MOST_LINES + 1)) if structured is not None else []
    said = [text for text in _said(result.get("content")) if structured is None or not _same(text, structured)]
    whole = "\n".join([*said, *lines[:MOST_LINES]])
    text, cut = _cut(whole, most_bytes)
    shown, cut_again = _cut(reveal(text.replace("\r\n", "\n")), most_bytes)
    return Answer(shown.strip(), failed=result.get("isError") is True, cut=cut or cut_again or len(lines) > MOST_LINES)


def _unwrapped(structured: object) -> object:
    """Servers must send an object, so that some put a plain text or number under `result`."""
    if isinstance(structured, Mapping) and list(structured) == ["result"]:
        return structured["result"]
    return structured


def _said(content: object) -> Iterator[str]:
    """The text of each part; of another kind only that it was there."""
    for part in (content if isinstance(content, list) else [])[:MOST_PARTS]:
        kind = part.get("type") if isinstance(part, Mapping) else None
        match kind:
            case "text" if isinstance(part.get("text"), str):
                yield part["text"]
            case "image" | "audio":
                yield f"[{kind} left out: {_word(part.get('mimeType'))}]"
            case "resource":
                inside = part.get("resource")
                yield f"[resource left out: {_word(inside.get('uri') if isinstance(inside, Mapping) else '')}]"
            case "resource_link":
                yield f"[link left out: {_word(part.get('name'))}]"
            case _:
                yield "[a part of an unknown kind left out]"


def _word(value: object) -> str:
    return " ".join(str(value).split())[:100] if isinstance(value, str) and value.strip() else "unnamed"


def _lines(value: object, path: str, deep: int) -> Iterator[str]:
    """`{"a": {"b": 1}}` as `a.b: 1`."""
    if isinstance(value, Mapping | list) and value:
        if deep == 0:
            yield f"{path}: …"
            return
        items = value.items() if isinstance(value, Mapping) else ((str(n), one) for n, one in enumerate(value, start=1))
        for key, one in items:
            yield from _lines(one, f"{path}.{_word(key)}" if path else _word(key), deep - 1)
    else:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{path}: {shown}" if path else shown


def _same(text: str, structured: object) -> bool:
    """Servers repeat their structured values as JSON, for clients that do not know them: said once is enough."""
    if isinstance(structured, str):
        return text == structured
    try:
        return bool(json.loads(text) == structured)
    except (ValueError, RecursionError):
        return False


def _cut(text: str, most_bytes: int) -> tuple[str, bool]:
    """The text within so many bytes, and whether that took something away. Half a character becomes a mark."""
    coded = text.encode("utf-8", errors="replace")
    return coded[:most_bytes].decode("utf-8", errors="ignore"), len(coded) > most_bytes
