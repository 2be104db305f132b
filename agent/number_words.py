"""The words around a number that say what it is: "personeelsnummer", "order", "euro". Lists in `masking.yaml`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from core.own_yaml import load_yaml

REACH = 70
"""How many characters before a number are read for a word that names it."""
OTHER = "other"
"""What a thing's number is called: no personal number."""
_GAP = r"[\s:=#.,;()\"'“”‘’<>/_*`-]{0,4}"


def label_before(text: str, start: int) -> str:
    """What the word right before a number calls it: a key of `labels`, or empty."""
    window = text[max(0, start - REACH) : start].lower()
    if _other_pattern().search(window):
        return OTHER
    match = _label_pattern().search(window)
    return "" if match is None else _label_of()[" ".join(match.group("word").split())]


def is_amount(text: str, start: int, end: int) -> bool:
    """Whether a currency sign stands before the number, or a unit behind it."""
    if text[max(0, start - 4) : start].rstrip().upper().endswith(("€", "$", "£", "EUR")):
        return True
    return _unit_pattern().match(text, end) is not None


@cache
def table(name: str) -> dict[str, int]:
    """One of the tables of lengths."""
    return {str(key): int(value) for key, value in _lists()[name].items()}


@cache
def kinds() -> dict[str, str]:
    """The word a model may use for a kind of placeholder, and the kind."""
    return {word.replace("_", " "): kind for kind, words in _lists()["kinds"].items() for word in words.split()}


@cache
def service_numbers() -> tuple[str, ...]:
    """How numbers of services begin."""
    return tuple(_lists()["service_numbers"])


@cache
def _label_of() -> dict[str, str]:
    return {word.replace("_", " "): label for label, words in _lists()["labels"].items() for word in words.split()}


@cache
def _label_pattern() -> re.Pattern[str]:
    """A word for a person's number, small words, perhaps other numbers of the same list."""
    words = [word for word, label in _label_of().items() if label != OTHER]
    listed = r"(?:[a-z]{0,2}\d{3,9}\s*(?:,|/|&|en|and|of|or)?\s+)"
    return re.compile(_before(words, _lists()["between"], many="*") + listed + "{0,3}$")


@cache
def _other_pattern() -> re.Pattern[str]:
    """A word for a thing, right before its number: in "about my ticket, on 06…" the ticket is not what is named."""
    words = [word for word, label in _label_of().items() if label == OTHER]
    return re.compile(_before(words, _lists()["naming"], many="{0,2}") + "$")


def _before(words: list[str], between: str, many: str) -> str:
    labels = "|".join(_spelled(word) for word in sorted(words, key=len, reverse=True))
    small = "|".join(map(re.escape, sorted(between.split(), key=len, reverse=True)))
    return rf"(?<![^\W_])(?P<word>{labels})(?:{_GAP}\b(?:{small})(?![^\W\d_]))" + many + _GAP


def _spelled(word: str) -> str:
    return r"\s+".join(map(re.escape, word.split()))


@cache
def _unit_pattern() -> re.Pattern[str]:
    units = _lists()["units"].split()
    words = "|".join(map(re.escape, (unit for unit in units if unit.isalnum())))
    signs = "|".join(map(re.escape, (unit for unit in units if not unit.isalnum())))
    return re.compile(rf"\s?(?:(?:{words})\b|{signs})", re.IGNORECASE)


@cache
def _lists() -> dict[str, Any]:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("masking.yaml").read_text(encoding="utf-8"))
    return written
