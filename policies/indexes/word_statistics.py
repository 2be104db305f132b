"""Words as the index has them, by language, and how rare they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tantivy import Searcher, TextAnalyzer

_STEMMED = {"en": "english", "nl": "dutch"}
_OTHER = "xx"
LANGUAGES = (*_STEMMED, _OTHER)


class WordStatistics:
    """How rare the words of the documents are that one reader may search."""

    def __init__(self, readers: Sequence[Searcher], analyzer: Callable[[str], TextAnalyzer]) -> None:
        self._readers = readers
        self._analyzer = analyzer
        self._documents = sum(reader.num_docs for reader in readers)
        self.rarest = idf(self._documents, 0)

    def stems(self, language: str, text: str) -> list[str]:
        """The words of a text as the index has them in this language."""
        return list(self._analyzer(field_of(language)).analyze(text))

    def rarity(self, language: str, stem: str) -> float:
        """Of one stem; `rarest` when no passage has it."""
        return rarity(self._readers, field_of(language), stem, self._documents)

    def has(self, word: str) -> bool:
        """Whether a passage has the word in any form, or it is one that no passage is looked up by."""
        for language in LANGUAGES:
            stems = self.stems(language, word)
            if all(self.rarity(language, stem) < self.rarest for stem in stems):
                return True
        return False


def field_of(language: str) -> str:
    """The part of the index that holds documents of this language."""
    return language if language in _STEMMED else _OTHER


def rarity(readers: Sequence[Searcher], language: str, word: str, total: int) -> float:
    """Of one stem over several folders of `total` passages together."""
    counts = [max(reader.doc_freq(f"{part}_{language}", word) for part in ("head", "body")) for reader in readers]
    return idf(total, sum(counts))


def idf(documents: int, with_word: int) -> float:
    """Rarity of a word, as BM25 in tantivy (and Lucene) defines it."""
    return math.log(1 + (max(documents - with_word, 0) + 0.5) / (with_word + 0.5))


def analyzer(language: str) -> TextAnalyzer:
    """Words in lower case without accents; English and Dutch as stems without their articles."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(40)).filter(Filter.lowercase())
    builder = builder.filter(Filter.ascii_fold())
    stemmer = _STEMMED.get(language)
    if stemmer:
        builder = builder.filter(Filter.stopword(stemmer)).filter(Filter.stemmer(stemmer))
    return builder.build()
