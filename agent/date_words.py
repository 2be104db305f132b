"""The words for days, months and numbers in `date_words.yaml`, as patterns; read when first used."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from core.own_yaml import load_yaml


@cache
def meanings(kind: str) -> dict[str, int]:
    """Word → number of `weekdays`, `months`, `days`, `which` or `numbers`; lower case, with spaces."""
    return {word: int(number) for number, words in _written()[kind].items() for word in _words(words)}


@cache
def names(kind: str) -> dict[str, str]:
    """Word → name of `units` or `part`."""
    return {word: str(name) for name, words in _written()[kind].items() for word in _words(words)}


@cache
def listed(kind: str) -> frozenset[str]:
    """The words of a plain list: `nearest`, `past`."""
    return frozenset(_words(_written()[kind]))


@cache
def any_of(kind: str) -> str:
    """A group that matches any word of a list, longest first."""
    written = _written()[kind]
    texts = [written] if isinstance(written, str) else list(written.values())
    words = sorted((word for text in texts for word in _words(text)), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words) + ")"


def _words(text: str) -> list[str]:
    return [word.replace("_", " ") for word in text.split()]


@cache
def _written() -> dict[str, Any]:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("date_words.yaml").read_text(encoding="utf-8"))
    return written
