"""How much a text means each of some tools, learned from what people type when they want them.

Kernel ridge regression. The likeness of two texts is that of their meaning, sharpened so that far is nothing, plus a
little for the letters they share. Each tool's weights are solved in closed form over all examples at once, so that an
example also speaks against the tools it is not of. A text that is like no example scores near 0 everywhere: that is
how the unknown is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from agent import letter_grams
from agent.meaning import Meaning

SHARPNESS = 2.0
"""Two texts at cosine c are alike by exp(2 (c - 1)): 1 at 1, .61 at .75, .14 at 0."""
LETTERS = 0.1
"""What shared letters add at most."""
FORM = 0.2
"""The part of the likeness of meaning that only counts when the marks of both agree (a person named, a question)."""
RIDGE = 0.05
"""How much single examples are trusted: the smaller, the more. Set on CLINC150's validation part and by leaving out the
examples of the tools that come with the house (docs/quality.md, "Choosing a tool")."""
LOWEST = 0.2
"""A tool is never chosen below this score, however scattered the examples are."""
FEW = 4
"""With fewer tools than this there is too little to learn from what a missing tool would score."""

Rows = NDArray[np.float64]


class ToolScores:
    """Fitted once for a set of tools, in time that grows with the cube of their examples (1,500: .3 s); then read-only.

    `examples` has the phrases of each tool, `marks` (one row a phrase, numbers) what else is known of each phrase, in
    the same order. Every tool needs a phrase. Blocking, here and in `of`.
    """

    def __init__(self, meaning: Meaning, examples: Sequence[Sequence[str]], marks: NDArray[np.float32]) -> None:
        self._meaning = meaning
        phrases = [phrase.lower() for some in examples for phrase in some]
        owners = np.repeat(np.arange(len(examples)), [len(some) for some in examples])
        self._vectors = meaning.vectors(phrases)
        found = letter_grams.counts(phrases)
        self._rarity = letter_grams.rarity(found)
        letters = letter_grams.weighted(found, self._rarity)
        self._by_group = np.ascontiguousarray(letters.T)
        self._marks = marks
        likeness = self._likeness(self._vectors, letters, marks)
        inverse: Rows = np.linalg.inv(likeness + RIDGE * np.eye(len(phrases))).astype(np.float64)
        truth = np.eye(len(examples))[owners]
        self._weights: Rows = inverse @ truth
        self._strangers = _scores_of_strangers(inverse, self._weights, owners)
        self._bars: dict[tuple[float, float], float] = {}
        self.unseen: Rows = truth - self._weights / np.diag(inverse)[:, None]
        """The scores of each example under a fit without that example: how well unseen words would do."""
        self._found = self.unseen.max(axis=1)[self.unseen.argmax(axis=1) == owners]

    def of(self, texts: Sequence[str], marks: NDArray[np.float32]) -> Rows:
        """Shape (len(texts), number of tools): about 1 for an example of the tool, about 0 for what is unlike it."""
        lower = [text.lower() for text in texts]
        letters = letter_grams.weighted(letter_grams.counts(lower), self._rarity)
        scores: Rows = self._likeness(self._meaning.vectors(lower), letters, marks) @ self._weights
        return scores

    def by(self, meaning: Meaning) -> ToolScores:
        """The same, with texts read by another of the same encoder."""
        same = copy(self)
        same._meaning = meaning
        return same

    def each_without(self) -> Callable[[int], ToolScores]:
        """For measurements: gives for the number of a phrase what had been learned had it never been there.

        Exact, and without fitting again: one row and column are taken out of the inverse. Only what is common to all,
        the bars and the rarity of letters, stays as it was with the phrase. Memory: the square of the phrases.
        """
        likeness = self._likeness(self._vectors, self._by_group.T, self._marks)
        inverse = np.linalg.inv(likeness + RIDGE * np.eye(len(likeness))).astype(np.float64)

        def without(phrase: int) -> ToolScores:
            left = copy(self)
            left._weights = self._weights - np.outer(
                inverse[:, phrase] / inverse[phrase, phrase], self._weights[phrase]
            )
            return left

        return without

    def bar(self, refused: float, missed: float = 0.0) -> float:
        """The score that this share (0-1) of the requests for a tool that is *not* there would stay under.

        Learned from the tools themselves: each in turn is taken away, and its examples are scored by the others. So
        no number is tuned to one set of tools. Those are hard cases; of really unrelated messages far more stay under.
        The more alike the tools are (to book a car, to book a bicycle), the harder. `missed`: so high that more than
        this share of the right requests, in words unseen, would stay under it too, the bar never is.
        """
        if (refused, missed) not in self._bars:
            bar = float(np.quantile(self._strangers, refused))
            if missed and len(self._found):
                bar = min(bar, float(np.quantile(self._found, missed)))
            self._bars[refused, missed] = max(LOWEST, bar)
        return self._bars[refused, missed]

    def _likeness(self, vectors: NDArray[np.float32], letters: NDArray[np.float32], marks: NDArray[np.float32]) -> Rows:
        near = np.exp(SHARPNESS * ((vectors @ self._vectors.T).astype(np.float64) - 1))
        apart = np.abs(marks[:, None, :] - self._marks[None, :, :]).sum(axis=2)
        # A request has some forty letter groups: of many tools' 20 MB the rest need not be read for it.
        there = np.flatnonzero(letters.any(axis=0))
        shared = letters[:, there] @ self._by_group[there]
        alike: Rows = near * (1 - FORM + FORM * np.exp(-apart)) + LETTERS * shared
        return alike


def _scores_of_strangers(inverse: Rows, weights: Rows, owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """The best score of each example under a fit without its tool, exactly and without fitting again.

    For a block B left out, the prediction is y_B - (inverse_BB)^-1 weights_B (the block form of the leave-one-out
    identity of ridge regression); the column of the tool itself is left out of the best.
    """
    count = weights.shape[1]
    if count < FEW:
        return np.full(len(owners), 0.3)
    best = np.empty(len(owners))
    for tool in range(count):
        block = np.flatnonzero(owners == tool)
        others = -np.linalg.solve(inverse[np.ix_(block, block)], weights[block])
        others[:, tool] = -np.inf
        best[block] = others.max(axis=1)
    return best
