"""How much of what a question is about a section names: the share of its telling words, rare ones counting more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from policies.function_words import folded, telling
from policies.glossary import Match
from policies.indexes.word_statistics import WordStatistics

STAND_IN = 0.6
"""What it counts that a section has a word that may stand for one of the question."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A telling word of a question, the same in other words, and the words that may stand for it."""

    word: str
    same: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


@dataclass(slots=True)
class Coverage:
    """Of one question; asked for each section found."""

    subjects: Sequence[Subject]
    statistics: WordStatistics
    _weights: dict[str, list[float]] = field(default_factory=dict)

    def of(self, language: str, text: str) -> float:
        """The share, 0..1, that a section in this language has; 0 for a question without telling words."""
        weights = self._weights.setdefault(language, [self._weight(language, each) for each in self.subjects])
        there = set(self.statistics.stems(language, text))
        had = sum(
            weight * self._has(language, there, each) for weight, each in zip(weights, self.subjects, strict=True)
        )
        return had / sum(weights) if weights else 0.0

    def _has(self, language: str, there: set[str], subject: Subject) -> float:
        """1 for the word itself, less for one that may stand for it: that is a guess."""
        if any(self._stands(language, there, form) for form in (subject.word, *subject.same)):
            return 1.0
        return STAND_IN if any(self._stands(language, there, form) for form in subject.meant) else 0.0

    def _stands(self, language: str, there: set[str], form: str) -> bool:
        stems = self.statistics.stems(language, form)
        return bool(stems) and there.issuperset(stems)

    def _weight(self, language: str, subject: Subject) -> float:
        """The word's rarity; one that no document has is as rare as the most telling of the words that stand for it."""
        own, known = self._rarity(language, subject.word)
        others = [self._rarity(language, form) for form in (*subject.same, *subject.meant)]
        stand_ins = [rarity for rarity, is_known in others if is_known]
        return own if known or not stand_ins else max(stand_ins)

    def _rarity(self, language: str, text: str) -> tuple[float, bool]:
        rarities = [self.statistics.rarity(language, stem) for stem in self.statistics.stems(language, text)]
        most = max(rarities, default=self.statistics.rarest)
        return most, bool(rarities) and most < self.statistics.rarest


def subjects(query: str, same: Iterable[Match], alike: Iterable[Match]) -> list[Subject]:
    """The telling words of a question with what is the same in other words (the organisation's own glossary, compounds
    written apart) and what may stand for them (everyday words).

    Small words inside a term count with the term only ("tie the knot").
    """
    words = {folded(word): word for word in telling(query)}
    own, guessed = _by_word(words, same), _by_word(words, alike)
    return [Subject(word, own.get(word, ()), guessed.get(word, ())) for word in words]


def _by_word(words: Iterable[str], found: Iterable[Match]) -> dict[str, tuple[str, ...]]:
    meant: dict[str, list[str]] = {word: [] for word in words}
    for match in found:
        for word in match.words:
            if folded(word) in meant:
                meant[folded(word)].extend(match.meant)
    return {word: tuple(dict.fromkeys(others)) for word, others in meant.items()}
