"""The lists of words in `word_lists.yaml`, read when first used."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.own_yaml import load_yaml


@cache
def words(name: str) -> frozenset[str]:
    """One list by its name. Raises `KeyError` for a list there is not."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    written = load_yaml(Path(__file__).with_name("word_lists.yaml").read_text(encoding="utf-8"))
    return {name: frozenset(text.split()) for name, text in written.items()}
