"""Text to sentences, by rules that hold for English, Dutch and their neighbours."""

from __future__ import annotations

import re

from policies.cleaning import plain

# Words whose full stop does not end a sentence, without the stop, in lower case.
_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "etc",
        "vs",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "no",
        "nr",
        "art",
        "vol",
        "ca",
        "approx",
        "dept",
        "inc",
        "st",
        "u.s",
        "bijv",
        "bv",
        "d.w.z",
        "dhr",
        "mevr",
        "mw",
        "m.b.t",
        "o.a",
        "t/m",
        "enz",
        "resp",
        "lid",
        "jl",
        "evt",
        "incl",
        "excl",
        "max",
        "min",
    ]
)
_END = re.compile(r"(?<=[.!?])[\"')\]”’]{0,2}\s+(?=[\"'(\[“‘]{0,2}[A-ZÀ-Þ0-9¿¡])")
_RULE_LINE = re.compile(r"^[\s|:\-=+*_]*$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_ITEM = re.compile(r"^\s{0,12}(?:[-*+]|\d{1,3}[.)]|[a-z][.)°]|[a-z]°\.)\s")
MAX_CHARS = 600


def sentences(markdown: str) -> list[str]:
    """The sentences of a piece of Markdown, as plain text, in order. List items and table rows count as one each.

    Nothing is left out but markup; a sentence over 600 characters is cut at a space.
    """
    return [sentence for block in blocks(markdown) for sentence in of_block(block)]


def of_block(block: str) -> list[str]:
    """The sentences of one paragraph, list item or table row."""
    text = " ".join(plain(block).replace("|", " ").split())
    return [piece for sentence in _split(text) for piece in _cut(sentence)]


def is_item(block: str) -> bool:
    """Whether a block is a list item or a table row."""
    return bool(_ITEM.match(block)) or block.lstrip().startswith("|")


def blocks(markdown: str) -> list[str]:
    """Paragraphs, list items and table rows: units that a sentence never crosses."""
    blocks: list[list[str]] = [[]]
    for line in markdown.split("\n"):
        if _RULE_LINE.match(line) or _FENCE.match(line):
            blocks.append([])
        elif _ITEM.match(line) or line.lstrip().startswith("|"):
            blocks.append([line])
        else:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks if block]


def _split(text: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for match in _END.finditer(text):
        last_word = text[start : match.start()].rsplit(" ", 1)[-1].rstrip(".").lower().lstrip("(\"'“‘")
        if last_word in _ABBREVIATIONS or (last_word.isdigit() and len(last_word) < 3):
            continue
        parts.append(text[start : match.end()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _cut(sentence: str) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > MAX_CHARS:
        at = sentence.rfind(" ", 0, MAX_CHARS)
        at = at if at > 0 else MAX_CHARS
        pieces.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return [*pieces, sentence] if sentence else pieces
