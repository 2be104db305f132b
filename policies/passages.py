"""A document's text to sections by heading: what is found by its sentences and handed on whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.cleaning import plain

INTRO = "(intro)"
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*$")
_CLOSING = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{3,})[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_LABEL = re.compile(
    r"^(?:artikel|article|art\.|section|§|hoofdstuk|chapter|paragraaf|part|deel|bijlage|annex|clause)\s*"
    r"[\divxlc]{0,6}[a-z]{0,3}(?:\.[\da-z]{1,4}){0,3}[.:]?$",
    re.IGNORECASE,
)
_NO_SETEXT = re.compile(r"^(?: {4}|\t| {0,3}(?:[-*+>|#]|\d{1,3}[.)]\s|`{3}|~{3}|\{%|<))")


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading, up to the next heading of any level.

    `heading` is the heading's own text without markup, `(intro)` before the first. `heading_path` holds the
    headings above it and itself, outermost first; empty for the intro.
    """

    heading: str
    heading_path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    text: str
    lines: int


def sections(markdown: str) -> list[Section]:
    """The sections in order. A heading without text of its own is kept only when nothing stands below it."""
    found: list[Section] = []
    path: list[_Heading] = []
    body: list[str] = []
    for line in _tokens(markdown):
        if isinstance(line, str):
            body.append(line)
            continue
        if _is_subtitle(line, path, body):
            body.append(f"{'#' * line.level} {line.text}")
            continue
        _close(found, path, body, next_level=line.level)
        path = [heading for heading in path if heading.level < line.level] + [line]
        body = []
    _close(found, path, body, next_level=0)
    return found


def _is_subtitle(heading: _Heading, path: list[_Heading], body: list[str]) -> bool:
    """Laws number first and name below ("### Artikel 22", "#### Leave"): the name belongs to the number's section."""
    if not path or heading.level <= path[-1].level or any(line.strip() for line in body):
        return False
    return bool(_LABEL.match(path[-1].text))


def _close(found: list[Section], path: list[_Heading], body: list[str], next_level: int) -> None:
    text = "\n".join(body).strip("\n").rstrip()
    names = tuple(heading.text for heading in path)
    if not path:
        if text.strip():
            found.append(Section(INTRO, (), text))
    elif text.strip():
        found.append(Section(names[-1], names, text))
    elif next_level <= path[-1].level and names[-1]:
        found.append(Section(names[-1], names, names[-1]))


def _tokens(markdown: str) -> list[str | _Heading]:
    """Lines, with the heading lines turned into headings; lines inside code fences stay lines."""
    tokens: list[str | _Heading] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        heading = None if fence or mark else _heading(line, tokens)
        if heading is None:
            tokens.append(line)
            continue
        if heading.lines == 2:
            tokens.pop()
        tokens.append(heading)
    return tokens


def _heading(line: str, before: list[str | _Heading]) -> _Heading | None:
    atx = _ATX.match(line)
    if atx:
        return _Heading(len(atx[1]), heading_text(_CLOSING.sub("", atx[2] or "")), 1)
    underline = _UNDERLINE.match(line)
    if underline and _is_single_line_paragraph(before):
        return _Heading(1 if underline[1][0] == "=" else 2, heading_text(str(before[-1])), 2)
    return None


def _is_single_line_paragraph(before: list[str | _Heading]) -> bool:
    if not before or not isinstance(before[-1], str) or not before[-1].strip() or _NO_SETEXT.match(before[-1]):
        return False
    return len(before) == 1 or not isinstance(before[-2], str) or not before[-2].strip()


def heading_text(markdown: str) -> str:
    """A heading as it reads on the page: markup off, spaces single."""
    return " ".join((plain(markdown) or markdown).split())
