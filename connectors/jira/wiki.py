"""Jira Data Center's wiki markup: plain text in which nothing notifies, embeds or links, and back.

`{` begins a macro, `[` a link or a mention (`[~user]`), `!` a picture. A backslash takes their meaning away, but two of
them are a line end that gives it back: a backslash itself is written as its HTML entity.
"""

from __future__ import annotations

from core.plain_text import visible

MOST_CHARACTERS = 32_000
_ESCAPED = {"\\": "&#92;", "{": "\\{", "[": "\\[", "!": "\\!"}
_TABLE = str.maketrans(_ESCAPED)


def to_wiki(text: str, link: str = "", footer: str = "") -> str:
    """The text as it is to be read. Jira makes a link of `link`, a bare address, by itself."""
    parts = (_escaped(text), link, _escaped(footer))
    return "\n\n".join(part for part in parts if part)


def from_wiki(text: object) -> str:
    """The text of a field; markup that people wrote stays as they wrote it."""
    if not isinstance(text, str):
        return ""
    text = text[:MOST_CHARACTERS].replace("\r\n", "\n")
    for plain, escaped in _ESCAPED.items():
        if plain != "\\":
            text = text.replace(escaped, plain)
    return text.replace("&#92;", "\\")


def _escaped(text: str) -> str:
    return visible(text).strip("\n").translate(_TABLE)
