"""Everyday HR and IT words in English, Dutch and Spanish: a bridge where the embedder and the word index have none."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from policies.glossary import Glossary, normal

_FILE = Path(__file__).with_name("thesaurus.yaml")
_TRANSLATIONS = 2  # words added per other language: measured, more brought noise
_SYNONYMS = 1  # words added in the word's own language


@lru_cache(maxsize=8)
def thesaurus(languages: frozenset[str]) -> Glossary:
    """For each word the words to add, in the languages that the documents have."""
    ideas: list[dict[str, list[str]]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    joined: dict[str, tuple[str, ...]] = {}
    for idea in ideas:
        for language, words in idea.items():
            for word in words:
                key = normal(word)
                joined[key] = tuple(dict.fromkeys([*joined.get(key, ()), *_added(idea, language, word, languages)]))
    return joined


def _added(idea: dict[str, list[str]], own: str, word: str, languages: frozenset[str]) -> list[str]:
    added: list[str] = []
    for language in sorted(languages & idea.keys()):
        others = [other for other in idea[language] if other != word]
        added.extend(others[: _SYNONYMS if language == own else _TRANSLATIONS])
    return added
