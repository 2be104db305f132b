"""What was learned from the phrases of a set of tools, kept by this process for whoever asks with the same encoder."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from agent.meaning import Meaning
from agent.tool_scores import ToolScores

Phrases = tuple[tuple[str, ...], ...]
"""What people say when they want each of some tools, by place."""
FITS_KEPT = 8
"""How many sets of tools are remembered as fitted: switching a tool off and on again costs nothing."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of a set of tools: by place, whatever the tools now look like."""

    words: tuple[tuple[frozenset[str], ...], ...]
    queues: frozenset[str]
    scores: ToolScores

    def by(self, meaning: Meaning) -> Learned:
        """The same, with whatever comes in read by `meaning`."""
        return replace(self, scores=self.scores.by(meaning))


class LearnedTools:
    """A fit depends on the encoder and the phrases alone: all counters of a process share it. For several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Phrases], Learned] = OrderedDict()
        self._lock, self._learning = Lock(), Lock()

    def of(self, meaning: Meaning, phrases: Phrases, learn: Callable[[], Learned]) -> Learned:
        """What is known of these phrases, learned at the first call; who needs one that is known waits for no other."""
        key = (meaning.name, phrases)
        if (known := self._known(key)) is not None:
            return known.by(meaning)
        with self._learning:  # two first messages at once must not both learn
            if (known := self._known(key)) is not None:
                return known.by(meaning)
            learned = learn()
            with self._lock:
                self._kept[key] = learned
                while len(self._kept) > FITS_KEPT:
                    self._kept.popitem(last=False)
            return learned

    def _known(self, key: tuple[str, Phrases]) -> Learned | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)


LEARNED = LearnedTools()
