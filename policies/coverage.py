"""How much of what a question is about a section names: the share of its telling words, rare ones counting more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policies.function_words import folded, telling
from policies.glossary import Match
from policies.word_statistics import WordStatistics


@dataclass(frozen=True, slots=True)
class Subject:
    """A telling word of a question, and the words that may stand for it."""

    word: str
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
            weight for weight, each in zip(weights, self.subjects, strict=True) if self._has(language, there, each)
        )
        return had / sum(weights) if weights else 0.0

    def _has(self, language: str, there: set[str], subject: Subject) -> bool:
        forms = (self.statistics.stems(language, form) for form in (subject.word, *subject.meant))
        return any(form and there.issuperset(form) for form in forms)

    def _weight(self, language: str, subject: Subject) -> float:
        """The word's rarity; one that no document has is as rare as the most telling of the words that stand for it."""
        own, known = self._rarity(language, subject.word)
        others = [self._rarity(language, form) for form in subject.meant]
        stand_ins = [rarity for rarity, is_known in others if is_known]
        return own if known or not stand_ins else max(stand_ins)

    def _rarity(self, language: str, text: str) -> tuple[float, bool]:
        rarities = [self.statistics.rarity(language, stem) for stem in self.statistics.stems(language, text)]
        most = max(rarities, default=self.statistics.rarest)
        return most, bool(rarities) and most < self.statistics.rarest


def subjects(query: str, found: Iterable[Match]) -> list[Subject]:
    """The telling words of a question with what the glossaries say stands for them.

    Small words inside a term count with the term only ("tie the knot").
    """
    meant: Mapping[str, list[str]] = {folded(word): [] for word in telling(query)}
    for match in found:
        for word in match.words:
            if folded(word) in meant:
                meant[folded(word)].extend(match.meant)
    return [Subject(word, tuple(dict.fromkeys(others))) for word, others in meant.items()]
