"""Blocks, messages and forms as plain text: what a reader sees, with buttons in [brackets]."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from simulators.slack.message import SimMessage
from simulators.slack.reading import shown
from simulators.slack.records import View

Json = dict[str, Any]
Names = Mapping[str, str]

_ITSELF = re.compile(r"\[([^\[\]\s]+)\]\((?:mailto:)?\1\)")
_POINTS = re.compile(r"[0-9a-f]{2,5}(?:-[0-9a-f]{2,5})*")
_MARKS = {"pending": "○", "in_progress": "…", "complete": "✓", "error": "✗"}


def draw_message(message: SimMessage, names: Names) -> list[str]:
    """The lines of a message."""
    lines = [
        f"({_MARKS.get(chunk.get('status', ''), '·')} {_task(chunk)})" for chunk in message.chunks if "title" in chunk
    ]
    if not message.blocks or message.streamed:
        text = message.text if message.markdown else shown(message.text, names)
        lines += text.splitlines()
    lines += draw_blocks(message.all_blocks, names)
    lines += [f"(file: {file['name']}, {file['size']} bytes)" for file in message.files]
    return lines or ["(empty)"]


def _task(chunk: Json) -> str:
    return " – ".join(filter(None, (chunk["title"], chunk.get("details"), chunk.get("output"))))


def draw_view(view: View, names: Names) -> list[str]:
    """The lines of a form or of App Home, title first, buttons last."""
    lines = [f"« {view.title} »"] if view.title else []
    lines += draw_blocks(view.blocks, names)
    buttons = [f"[{view.content[name]['text']}]" for name in ("submit", "close") if view.content.get(name)]
    return [*lines, " ".join(buttons)] if buttons else lines


def draw_blocks(blocks: list[Json], names: Names) -> list[str]:
    """The lines of blocks, one after the other."""
    lines: list[str] = []
    for block in blocks:
        draw = _DRAWN.get(block["type"])
        lines += draw(block, names) if draw else [f"({block['type']})"]
    return lines


def _text(part: Any, names: Names) -> str:
    if not isinstance(part, dict):
        return ""
    text = str(part.get("text", ""))
    return shown(text, names) if part.get("type") == "mrkdwn" else text


def _section(block: Json, names: Names) -> list[str]:
    lines = _text(block.get("text"), names).splitlines()
    fields = [_text(field, names).replace("\n", " ") for field in block.get("fields") or ()]
    lines += [" | ".join(fields[start : start + 2]) for start in range(0, len(fields), 2)]
    if accessory := block.get("accessory"):
        lines.append(_element(accessory, names))
    return lines


def _context(block: Json, names: Names) -> list[str]:
    return [" · ".join(_element(element, names) for element in block["elements"])]


def _actions(block: Json, names: Names) -> list[str]:
    return [" ".join(_element(element, names) for element in block["elements"])]


def _element(element: Json, names: Names) -> str:
    kind = element.get("type")
    if kind in ("mrkdwn", "plain_text"):
        return _text(element, names)
    if kind == "image":
        return f"(image: {element.get('alt_text', '')})"
    if kind == "feedback_buttons":
        return " ".join(f"[{element[name]['text']['text']}]" for name in ("positive_button", "negative_button"))
    if kind in ("button", "icon_button"):
        return f"[{_text(element.get('text'), names)}]"
    options = ", ".join(_text(one["text"], names) for one in element.get("options") or ())
    return f"[{_text(element.get('placeholder'), names) or options or kind} ▾]"


def _input(block: Json, names: Names) -> list[str]:
    given = block["element"].get("initial_value")
    kind = block["element"]["type"]
    field = f"_{given or ''}_" if kind.endswith("_input") else _element(block["element"], names)
    hint = [f"  ({_text(block['hint'], names)})"] if block.get("hint") else []
    return [f"{_text(block['label'], names)}: {field}", *hint]


def _rich(part: Any, names: Names) -> str:
    if isinstance(part, list):
        return "".join(_rich(item, names) for item in part)
    kind = part.get("type")
    if kind == "user":
        return f"@{names.get(part['user_id'], part['user_id'])}"
    if kind == "broadcast":
        return f"@{part['range']}"
    if kind == "link":
        return str(part.get("text") or part["url"])
    if kind == "emoji":
        return _emoji(part)
    if kind == "text":
        return shown(str(part["text"]), names)
    return _rich(part.get("elements", []), names)


def _emoji(part: Json) -> str:
    points = str(part.get("unicode", ""))
    return (
        "".join(chr(int(point, 16)) for point in points.split("-"))
        if _POINTS.fullmatch(points)
        else f":{part['name']}:"
    )


def _markdown(block: Json, names: Names) -> list[str]:
    """As it was written, but an address that is a link to itself is read once."""
    return _ITSELF.sub(r"\1", html.unescape(block["text"])).splitlines()


def _rich_text(block: Json, names: Names) -> list[str]:
    return [line for part in block["elements"] for line in _rich(part, names).splitlines()]


def _plan(block: Json, names: Names) -> list[str]:
    return [str(block["title"]), *(line for task in block.get("tasks", ()) for line in _task_card(task, names))]


def _task_card(block: Json, names: Names) -> list[str]:
    return [f"({_MARKS.get(block.get('status', ''), '·')} {block['title']})"]


def _table(block: Json, names: Names) -> list[str]:
    return [" | ".join(_cell(cell, names) for cell in row) for row in block["rows"]]


def _cell(cell: Json, names: Names) -> str:
    return _rich(cell, names) if cell.get("type") == "rich_text" else str(cell.get("text", ""))


def _container(block: Json, names: Names) -> list[str]:
    title = block.get("title") or block.get("rich_text_title") or {}
    head = _rich(title, names) if title.get("type") == "rich_text" else _text(title, names)
    inner = draw_blocks(block["child_blocks"], names)
    return [f"▸ {head}", *([_text(block["subtitle"], names)] if "subtitle" in block else []), *inner]


def _card(block: Json, names: Names) -> list[str]:
    said = [_text(block.get(name), names) for name in ("title", "subtitle", "body")]
    pictures = [_element(block[name], names) for name in ("icon", "hero_image") if name in block]
    buttons = " ".join(_element(element, names) for element in block.get("actions", ()))
    return [line for line in (*pictures, *said, buttons) if line]


_DRAWN: dict[str, Callable[[Json, Names], list[str]]] = {
    "section": _section,
    "divider": lambda block, names: ["────"],
    "header": lambda block, names: [f"# {_text(block['text'], names)}"],
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "image": lambda block, names: [_element(block, names)],
    "markdown": _markdown,
    "rich_text": _rich_text,
    "input": _input,
    "alert": lambda block, names: [f"! {_text(block['text'], names)}"],
    "plan": _plan,
    "task_card": _task_card,
    "container": _container,
    "card": _card,
    "carousel": lambda block, names: draw_blocks(block["elements"], names),
    "table": _table,
}
