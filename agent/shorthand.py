"""Shorthand written out before anything is compared by meaning: the encoder does not know "ww"."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

from policies.indexes.spelling import glossary_words
from policies.indexes.vocabulary import Vocabulary

Glossary = Mapping[str, Sequence[str]]
SECONDS = 5.0
"""How long the glossary is trusted before it is read again: an admin's new word counts within seconds."""
_TERM = re.compile(r"[\w&+-]+")


class Shorthand:
    """The admin's glossary, term by term: the first word of an entry takes the place of the term. Blocking."""

    def __init__(self, glossary: Callable[[], Glossary]) -> None:
        self._glossary = glossary
        self._words: dict[str, str] = {}
        self._entries: Glossary = {}
        self._vocabulary = glossary_words({})
        self._read_at = float("-inf")

    def written_out(self, text: str) -> str:
        """The text with every known term replaced."""
        words = self._known()
        return _TERM.sub(lambda match: words.get(match.group().lower(), match.group()), text)

    def vocabulary(self) -> Vocabulary:
        """All words of the glossary, its terms and what they stand for."""
        self._known()
        return self._vocabulary

    def _known(self) -> dict[str, str]:
        if time.monotonic() - self._read_at > SECONDS:
            entries = self._glossary()
            self._words = {term: words[0] for term, words in entries.items() if " " not in term and words}
            if entries != self._entries:
                self._entries, self._vocabulary = entries, glossary_words(entries)
            self._read_at = time.monotonic()
        return self._words
