"""Atlassian Document Format: plain text to a document and back.

Source: the published schema `@atlaskit/adf-schema` (full.json): a `text` node is never empty, a line end within a
paragraph is a `hardBreak`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.plain_text import visible

MOST_DEPTH = 40
"""Deeper nesting than any editor makes; what lies below is not read."""
MOST_CHARACTERS = 32_000
"""The longest description that Jira takes by default, in characters; also the most that is read of one."""
_BLOCKS = frozenset(
    {"paragraph", "heading", "blockquote", "codeBlock", "listItem", "taskItem", "decisionItem", "tableRow"}
)
_STANDING_FOR = {"mention": "text", "emoji": "shortName", "inlineCard": "url", "blockCard": "url", "status": "text"}


def to_adf(text: str, link: str = "", footer: str = "") -> dict[str, Any]:
    """A document that shows exactly this text: nothing in it is a mention, a link or a heading. `link` is one."""
    blocks = [*_paragraphs(text), *([_paragraph([_text(link, link)])] if link else []), *_paragraphs(footer)]
    return {"type": "doc", "version": 1, "content": blocks or [{"type": "paragraph"}]}


def from_adf(document: object) -> str:
    """The text of a document; what cannot be text, such as a picture, is left out."""
    text = "".join(_pieces(document, 0))[:MOST_CHARACTERS]
    return "\n\n".join(part.strip("\n") for part in text.split("\n\n") if part.strip())


def _paragraphs(text: str) -> list[dict[str, Any]]:
    parts = (part.strip("\n") for part in visible(text).split("\n\n"))
    return [_paragraph(list(_lines(part))) for part in parts if part]


def _lines(part: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(part.split("\n")):
        if number:
            yield {"type": "hardBreak"}
        if line:
            yield _text(line)


def _paragraph(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "paragraph", "content": content}


def _text(text: str, link: str = "") -> dict[str, Any]:
    marks: dict[str, Any] = {"marks": [{"type": "link", "attrs": {"href": link}}]} if link else {}
    return {"type": "text", "text": text, **marks}


def _pieces(node: object, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > MOST_DEPTH:
        return
    kind, text, attributes = node.get("type"), node.get("text"), node.get("attrs")
    if kind == "text" and isinstance(text, str):
        yield text
    elif kind == "hardBreak":
        yield "\n"
    elif kind in _STANDING_FOR and isinstance(attributes, dict):
        yield str(attributes.get(_STANDING_FOR[kind], ""))
    content = node.get("content")
    for child in content if isinstance(content, list) else ():
        yield from _pieces(child, depth + 1)
    if kind in _BLOCKS:
        yield "\n\n"
