"""Slack's way of writing text turned back into what a person would read there.

Source: https://docs.slack.dev/messaging/formatting-message-text/ (mentions, links, dates and the three escapes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_REFERENCE = re.compile(r"<([^<>]*)>")
_PERSON = re.compile(r"<@([A-Z][A-Z0-9_-]{1,28})(?:\|[^<>]*)?>")
_FIRST_PERSON = re.compile(r"\s*<@([A-Z][A-Z0-9_-]{1,28})(?:\|[^<>]*)?>")
_ESCAPES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ESCAPE = re.compile("|".join(_ESCAPES))
_CODE_POINTS = re.compile(r"[0-9a-f]{2,6}(?:-[0-9a-f]{2,6}){0,9}")
_TONES = {"1f3fb": 2, "1f3fc": 3, "1f3fd": 4, "1f3fe": 5, "1f3ff": 6}
_DEPTH, _ELEMENTS = 8, 2_000
"""How deep and how far a rich text is looked through; people's own are three deep."""
_SPACES = re.compile(r"[ \t]{2,}")


def mentioned(text: str) -> Sequence[str]:
    """The ids of the people whom a text mentions, in their order, each once."""
    return tuple(dict.fromkeys(_PERSON.findall(text)))


def addressed(text: str) -> str:
    """The id of whom a text begins with, as people do who turn to somebody; empty for nobody."""
    found = _FIRST_PERSON.match(text)
    return found.group(1) if found else ""


def emoji_in(blocks: object) -> dict[str, str]:
    """What the short names of a text stand for, by the rich text beside it: Slack writes `:+1:` whatever was typed.

    Emoji of the organisation's own have no code points, and keep their name.
    Source: https://docs.slack.dev/reference/block-kit/block-elements/emoji-element
    """
    found: dict[str, str] = {}
    for number, part in enumerate(_elements(blocks, _DEPTH)):
        if number >= _ELEMENTS:
            break
        name, points = part.get("name"), part.get("unicode")
        if part.get("type") != "emoji" or not isinstance(name, str) or not isinstance(points, str):
            continue
        if _CODE_POINTS.fullmatch(points):
            found[_short(name, points)] = "".join(_character(point) for point in points.split("-"))
    return found


def _short(name: str, points: str) -> str:
    """How the text writes it: `:+1:`, and with a skin `:+1::skin-tone-3:`."""
    tone = next((number for point, number in _TONES.items() if point in points), 0)
    return f":{name}::skin-tone-{tone}:" if tone and "::" not in name else f":{name}:"


def _elements(part: object, depth: int) -> Iterator[Mapping[str, object]]:
    if isinstance(part, list) and depth:
        for one in part:
            if isinstance(one, dict):
                yield one
                yield from _elements(one.get("elements"), depth - 1)


def _character(point: str) -> str:
    number = int(point, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def plain(
    text: str, own: str = "", names: Mapping[str, str] | None = None, emoji: Mapping[str, str] | None = None
) -> str:
    """The text as it is read: names for ids, addresses for links, `&` for `&amp;`, and `emoji` for their short names.

    A mention of `own`, the desk itself, is left out. What people typed as `<…>` themselves comes escaped and stays as
    they typed it.
    """
    known = names or {}
    parts: list[str] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        parts += [_unescaped(text[end : found.start()]), _reference(found.group(1), own, known)]
        end = found.end()
    parts.append(_unescaped(text[end:]))
    joined = "".join(parts)
    for short in sorted(emoji or {}, key=len, reverse=True):
        joined = joined.replace(short, (emoji or {})[short])
    return (_SPACES.sub(" ", joined) if own and own in text else joined).strip()


def _reference(inside: str, own: str, names: Mapping[str, str]) -> str:
    """What stands for one `<…>`."""
    target, _, label = inside.partition("|")
    label = _unescaped(label)
    if target.startswith("@"):
        user = target[1:]
        return "" if user == own and own else "@" + (names.get(user) or label.lstrip("@") or user)
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        return _special(target[1:], label)
    return _link(_unescaped(target), label)


def _special(target: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@it>`, `<!date^…|yesterday>`."""
    kind, _, rest = target.partition("^")
    if kind == "date":
        return label
    return "@" + (label.lstrip("@") or (rest if kind == "subteam" else kind))


def _link(target: str, label: str) -> str:
    bare = re.sub(r"^(?:mailto|tel):", "", target)
    if not label or label in (target, bare) or re.sub(r"^https?://", "", target).rstrip("/") == label.rstrip("/"):
        return bare
    return f"{label} ({bare})"


def _unescaped(text: str) -> str:
    """Only these three, once each: `&amp;lt;` was typed as `&lt;`."""
    return _ESCAPE.sub(lambda found: _ESCAPES[found.group()], text)
