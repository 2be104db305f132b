"""Slack's way of writing text turned back into what a person would read there.

Source: https://docs.slack.dev/messaging/formatting-message-text/ (mentions, links, dates and the three escapes).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"<([^<>]*)>")
_PERSON = re.compile(r"<@([A-Z][A-Z0-9_-]{1,28})(?:\|[^<>]*)?>")
_FIRST_PERSON = re.compile(r"\s*<@([A-Z][A-Z0-9_-]{1,28})(?:\|[^<>]*)?>")
_ESCAPES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ESCAPE = re.compile("|".join(_ESCAPES))
_SPACES = re.compile(r"[ \t]{2,}")


def mentioned(text: str) -> Sequence[str]:
    """The ids of the people whom a text mentions, in their order, each once."""
    return tuple(dict.fromkeys(_PERSON.findall(text)))


def addressed(text: str) -> str:
    """The id of whom a text begins with, as people do who turn to somebody; empty for nobody."""
    found = _FIRST_PERSON.match(text)
    return found.group(1) if found else ""


def plain(text: str, own: str = "", names: Mapping[str, str] | None = None) -> str:
    """The text as it is read: names for ids, addresses for links, `&` for `&amp;`.

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
