"""What a document of the Atlassian Document Format must be, for the nodes that Loket writes: anything else is wrong.

After the published schema `@atlaskit/adf-schema` (dist/json-schema/v1/full.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def problems(document: Any) -> list[str]:
    """Everything that is wrong; empty for a good document."""
    return list(_document(document))


def text_of(document: Any) -> str:
    """The text that a reader sees, a line a paragraph."""
    lines = []
    for block in document.get("content", ()):
        inline = block.get("content", ())
        lines.append("".join("\n" if node["type"] == "hardBreak" else node["text"] for node in inline))
    return "\n\n".join(lines)


def _document(node: Any) -> Iterator[str]:
    if not isinstance(node, dict):
        yield "a document is an object"
        return
    yield from _only(node, {"type", "version", "content"}, "doc")
    if node.get("type") != "doc" or node.get("version") != 1 or isinstance(node.get("version"), bool):
        yield "a document is a doc of version 1"
    content = node.get("content")
    if not isinstance(content, list):
        yield "a document has a list of blocks"
        return
    for block in content:
        yield from _block(block)


def _block(node: Any) -> Iterator[str]:
    if not isinstance(node, dict) or node.get("type") != "paragraph":
        yield f"not a block that Loket writes: {node!r}"
        return
    yield from _only(node, {"type", "content"}, "paragraph")
    for inline in node.get("content", []):
        yield from _inline(inline)


def _inline(node: Any) -> Iterator[str]:
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "hardBreak":
        yield from _only(node, {"type"}, "hardBreak")
    elif kind == "text":
        yield from _only(node, {"type", "text", "marks"}, "text")
        text = node.get("text")
        if not isinstance(text, str) or not text:
            yield "a text is never empty"
        elif "\n" in text:
            yield "a line end is a hardBreak"
        for mark in node.get("marks", []):
            yield from _mark(mark)
    else:
        yield f"not an inline node that Loket writes: {node!r}"


def _mark(mark: Any) -> Iterator[str]:
    if not isinstance(mark, dict) or mark.get("type") != "link":
        yield f"not a mark that Loket writes: {mark!r}"
        return
    yield from _only(mark, {"type", "attrs"}, "link")
    attributes = mark.get("attrs")
    if not isinstance(attributes, dict) or set(attributes) != {"href"} or not isinstance(attributes["href"], str):
        yield "a link has an address and nothing else"


def _only(node: dict[str, Any], allowed: set[str], what: str) -> Iterator[str]:
    for name in sorted(set(node) - allowed):
        yield f"{what} has no {name}"
