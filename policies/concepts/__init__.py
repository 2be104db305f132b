"""Everyday situations of working people, with what is said of them and the words a handbook has for them.

One YAML file a theme. Of each situation: the words of the handbook by language, plainest first (they are also
recognised in a question); `lay`, words that are recognised and never looked up; `said`, what people say, compared by
meaning. Written from general knowledge of work, for any organisation; its own jargon belongs in its glossary.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.own_yaml import load_yaml
from policies.glossary import Glossary, normal

LAY, SAID = "lay", "said"
_TRANSLATIONS = 2  # words added per other language for a word that was recognised: measured, more brought noise
_SYNONYMS = 1  # words added in the word's own language


@dataclass(frozen=True, slots=True)
class Concept:
    """One situation. `words` are those of handbooks, by language."""

    name: str
    words: Mapping[str, tuple[str, ...]]
    lay: tuple[str, ...]
    said: tuple[str, ...]

    def recognised(self) -> list[tuple[str, str]]:
        """(language, word) for every word by which it is recognised; lay words have the language `lay`."""
        named = [(language, word) for language, words in self.words.items() for word in words]
        return [*named, *((LAY, word) for word in self.lay)]


@lru_cache(maxsize=1)
def concepts() -> tuple[Concept, ...]:
    """All situations, in order of their files."""
    return tuple(
        _concept(name, fields)
        for file in sorted(Path(__file__).parent.glob("*.yaml"))
        for name, fields in load_yaml(file.read_text(encoding="utf-8")).items()
    )


@lru_cache(maxsize=8)
def thesaurus(languages: frozenset[str]) -> Glossary:
    """For each word the words to add to a question that has it, in the languages that the documents have."""
    joined: dict[str, dict[str, None]] = {}
    for concept in concepts():
        for language, word in concept.recognised():
            joined.setdefault(normal(word), {}).update(dict.fromkeys(_added(concept, language, word, languages)))
    return {term: tuple(words) for term, words in joined.items()}


@lru_cache(maxsize=1)
def by_word() -> Mapping[str, tuple[str, ...]]:
    """The names of the situations that a word is recognised by."""
    joined: dict[str, dict[str, None]] = {}
    for concept in concepts():
        for _language, word in concept.recognised():
            joined.setdefault(normal(word), {})[concept.name] = None
    return {term: tuple(names) for term, names in joined.items()}


def _concept(name: str, fields: Mapping[str, list[str]]) -> Concept:
    words = {key: tuple(listed) for key, listed in fields.items() if key not in (LAY, SAID)}
    return Concept(name, words, tuple(fields.get(LAY, ())), tuple(fields.get(SAID, ())))


def _added(concept: Concept, own: str, word: str, languages: frozenset[str]) -> list[str]:
    added: list[str] = []
    for language in sorted(languages & concept.words.keys()):
        others = [other for other in concept.words[language] if other != word]
        added.extend(others[: _SYNONYMS if language == own else _TRANSLATIONS])
    return added
