"""Markdown that a model or a person wrote, as Markdown that in Slack mentions nobody, shows no image and links nowhere
but to hosts that were named. What people read stays: an address that may not be clicked is shown as code.
"""

from __future__ import annotations

import html
import re

from core.plain_text import visible
from slack_app.views.addresses import clickable, writable
from slack_app.views.code_marks import OPEN, SHUT, Held, fenced, lift_spans

_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_AMPERSANDS = re.compile(r"&(?:(?:amp|#0{0,5}38|#[xX]0{0,5}26);)+", re.IGNORECASE)
_ROUNDS = 4

# What Slack would act on: everything but a comparison (`< 5`, `<= 5`, `a < b`).
_COMPARES = r"(?![\d=-]|[ \t]+[^!@#/\s])"
_TAG = re.compile(rf"<{_COMPARES}([^<>\n]*)>")
_OPENS = re.compile(rf"<{_COMPARES}")
_EVERYBODY = re.compile(r"(?<!\w)@(?=(?:channel|here|everyone|group|all|iedereen|kanaal)\b)", re.IGNORECASE)

_TABLE = re.compile(r"^[ \t>]*[|:-][|: \t-]*$", re.MULTILINE)
# An address holds no code: what was lifted out of it ends it.
_TO = rf"[^\s()<>{OPEN}{SHUT}]*"
_LINK = re.compile(
    r"!?\[(?P<text>[^\[\]\n]*)\]\([ \t]*"
    rf"(?P<to><[^<>\n{OPEN}{SHUT}]*>|{_TO}(?:\({_TO}\){_TO})*)"
    r"(?:[ \t]+(?P<title>\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*\)"
)
_IN_ANGLE = rf"[^<>|@\s{OPEN}{SHUT}]"
_ANGLE = re.compile(
    rf"<(?P<to>[A-Za-z][A-Za-z0-9+.-]*:[^<>|\s{OPEN}{SHUT}]*|{_IN_ANGLE}+@{_IN_ANGLE}+)(?:\|(?P<text>[^<>\n]*))?>"
)

_END = rf"[^\s<>\"|{OPEN}{SHUT}]"
_DOT = "[.。．｡]"
# Every repeat is bounded or starts where a run of letters starts, so that the time is linear in the text.
_NAME = rf"[\w-]+(?:{_DOT}[\w-]+)*{_DOT}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,24}})(?![^\W_])"
_BARE = re.compile(
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{{0,30}}://{_END}*"
    rf"|(?:javascript|vbscript|data|file|blob|mailto|tel|sms|callto|slack|msteams):{_END}+)"
    rf"|(?P<mail>(?<![\w.+%…-])[\w.+%…-]+@{_NAME})"
    rf"|(?P<name>(?<![\w-])(?<![\w-]{_DOT}){_NAME}(?::\d{{1,5}})?(?:[/?#]{_END}*)?)",
    re.IGNORECASE,
)
_HINT = re.compile(r"[.。．｡:@]\S")
"""In every address there is one of these with something right behind it; looking for it costs next to nothing."""
_AFTER = frozenset(".,;:!?'\"*_~)]}…”’")
_LINK_TEXT = 500
"""A longer text is not drawn as one link."""


def safe_markdown(text: str, hosts: frozenset[str]) -> str:
    """The text with headings, lists, tables and emphasis as they were; only web addresses on `hosts` can be clicked.

    So can mail addresses at a host that stands there as `@host`.
    """
    text = _decoded(text)
    cells = _TABLE.search(text) is not None
    return "\n".join(
        _still(line) if is_code else _safe_line(line, hosts, Held(cells=cells))
        for is_code, line in fenced(text.split("\n"))
    )


def safe_line(text: str, hosts: frozenset[str]) -> str:
    """The same for a title, a name or a quote: one line, whatever line ends it has."""
    return _safe_line(" ".join(_decoded(text).split()), hosts, Held())


def link(text: str, address: str) -> str:
    """A Markdown link to an address that was found to be clickable."""
    inner = text.replace("\\", "").replace("[", "(").replace("]", ")").strip()
    return f"[{inner or address}]({address})"


def _decoded(text: str) -> str:
    """The text as it is seen: nothing hidden, nothing spelled as an entity."""
    text = visible(text)
    for _ in range(_ROUNDS):
        if "&" not in text:
            return text
        plain = visible(_ENTITY.sub(lambda match: html.unescape(match.group()), _AMPERSANDS.sub("&", text)))
        if plain == text:
            return text
        text = plain
    return _ENTITY.sub(lambda match: f"& {match.group()[1:]}", text)


def _safe_line(line: str, hosts: frozenset[str], held: Held) -> str:
    line = lift_spans(line, held)
    line = _LINK.sub(lambda match: _linked(match, held, hosts), line)
    line = _ANGLE.sub(lambda match: _shown(match["text"] or "", match["to"], held, hosts), line)
    line = _without_bare(line, held, hosts)
    line = line.replace("![", "! [").replace("](", "] (").replace("][", "] [").replace("]:", "] :")
    held.parts = [_still(part) for part in held.parts]
    return held.released(_still(line))


def _still(text: str) -> str:
    """The text with nothing in it that Slack would act on, in code as well."""
    text = _OPENS.sub("‹", _TAG.sub(r"‹\1›", text)) if "<" in text else text
    return _EVERYBODY.sub("@ ", text) if "@" in text else text


def _linked(match: re.Match[str], held: Held, hosts: frozenset[str]) -> str:
    to = match["to"].removeprefix("<").removesuffix(">")
    title = f" ({match['title'][1:-1]})" if match["title"] else ""
    return _shown(match["text"], to, held, hosts) + title


def _shown(text: str, to: str, held: Held, hosts: frozenset[str]) -> str:
    """A link where it may be one; else its words, and the address as code."""
    may = clickable(to, hosts)
    if may and len(text) <= _LINK_TEXT and (text.strip() == to or not _BARE.search(text)):
        return held.hold(link(held.released(text).replace("`", ""), may))
    words = _without_bare(text, held, hosts)
    if not to or text.strip() == to:
        return words
    address = held.hold(link(to, may)) if may else held.code(to)
    return f"{words} ({address})" if words.strip() else address


def _without_bare(text: str, held: Held, hosts: frozenset[str]) -> str:
    return _BARE.sub(lambda match: _bare(match, held, hosts), text) if _HINT.search(text) else text


def _bare(match: re.Match[str], held: Held, hosts: frozenset[str]) -> str:
    """An address that stands in the text by itself: Slack would link it, so it is linked here or made code."""
    whole = match.group()
    address = _without_end(whole)
    if match["mail"]:
        may = writable(address, hosts)
    else:
        may = clickable(address if match["scheme"] else f"https://{address}", hosts)
    return (held.hold(link(address, may)) if may else held.code(address)) + whole[len(address) :]


def _without_end(address: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays that was opened in the address."""
    end = len(address)
    unopened = address.count(")") - address.count("(")
    while end > 1 and address[end - 1] in _AFTER:
        if address[end - 1] == ")":
            if unopened <= 0:
                break
            unopened -= 1
        end -= 1
    return address[:end]
