"""Which everyday situations a question sounds like, and the words a handbook has for them.

"I left my laptop in the train" shares no word with "lost or stolen equipment". It is near to what other people say in
that situation, and the situation knows the words of handbooks: a bridge between two ways of speaking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from policies.concepts import Concept, concepts

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
Said = tuple[Vectors, NDArray[np.intp]]
"""The vectors of all that is said, and the number of the situation each belongs to."""

# Chosen on the tuning questions; between half and twice these values nothing changed by more than two questions.
_MOST = 6  # situations that one question may sound like
# Nearness is counted in standard deviations over all situations: the cosines of another embedder lie elsewhere.
_SPREAD = 0.5  # a situation this much less near than the nearest weighs e times less
_NAMED = 0.8  # a situation one of whose words is in the question counts as this much nearer
_WORDS = 6  # words of a situation that are looked for, per language


class Situations:
    """Compares questions with what people say. The vectors are asked for once, at the first question or before.

    `encoder` is the name of what is behind `embed`: all indexes of a process that have the same one share the vectors.
    """

    def __init__(self, embed: Embed, encoder: str) -> None:
        self._embed = embed
        self._encoder = encoder

    def warm(self) -> None:
        """Have the vectors ready: with a cache behind `embed`, later processes only read them."""
        self._known()

    def words(self, question: Vectors, named: Iterable[str], languages: frozenset[str]) -> dict[str, float]:
        """Handbook words for what a question sounds like by its vector, with weights of 0..1.

        `named` are the situations that one of the question's own words is a word of.
        """
        rows, owner = self._known()
        near = np.full(len(concepts()), -np.inf, dtype=np.float32)
        np.maximum.at(near, owner, rows @ question)
        heard = np.isfinite(near)
        near = (near - near[heard].mean()) / max(float(near[heard].std()), 1e-6)
        there = set(named)
        near += np.array([_NAMED if concept.name in there else 0.0 for concept in concepts()], dtype=np.float32)
        top = np.argsort(-near)[:_MOST]
        weights = np.exp((near[top] - near[top[0]]) / _SPREAD)
        found: dict[str, float] = {}
        for number, weight in zip(top.tolist(), (weights / weights.sum()).tolist(), strict=True):
            for word in _words(concepts()[number], languages):
                found[word] = max(found.get(word, 0.0), weight)
        return found

    def _known(self) -> Said:
        with _embedding:  # two first questions at once must not both embed
            if self._encoder not in _said:
                said = [(number, text) for number, concept in enumerate(concepts()) for text in concept.said]
                rows = self._embed([text for _number, text in said])
                _said[self._encoder] = rows, np.array([number for number, _text in said], dtype=np.intp)
            return _said[self._encoder]


_embedding = Lock()
_said: dict[str, Said] = {}


def _words(concept: Concept, languages: frozenset[str]) -> list[str]:
    return [word for language in sorted(languages & concept.words.keys()) for word in concept.words[language][:_WORDS]]
