"""Sentences that no model wrote, by key and language."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from core.own_yaml import load_yaml

FALLBACK = "en"


class Catalogue:
    """The sentences of one package: `messages/en.yaml`, `messages/nl.yaml`, … read when first used.

    English and Dutch are complete (a test compares keys and placeholders); another language may be partial and
    falls back to English, sentence by sentence.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _sentences(self) -> dict[str, dict[str, str]]:
        return {file.stem: load_yaml(file.read_text(encoding="utf-8")) for file in sorted(self._folder.glob("*.yaml"))}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there is a file for."""
        return tuple(self._sentences)

    def keys(self, language: str) -> dict[str, str]:
        """All sentences of one language, by key."""
        return dict(self._sentences[language])

    def say(self, key: str, language: str, **values: object) -> str:
        """The sentence for `key`, its `{placeholders}` filled. Raises KeyError for a key that English lacks."""
        sentence = self._sentences.get(language, {}).get(key) or self._sentences[FALLBACK][key]
        return sentence.format(**values)
