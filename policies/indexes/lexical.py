"""The word index: one tantivy folder per audience and generation, English and Dutch by their stems.

tantivy scores with the word statistics of one folder. A reader of several would then compare numbers that mean
different things, so each word is weighted by its rarity over all folders this reader may search, and the sum is
divided by what the whole question could reach: 1 is "every word of the question, well matched".
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from policies.indexes.word_statistics import LANGUAGES, WordStatistics, analyzer, field_of, idf, rarity

if TYPE_CHECKING:
    from tantivy import Index, Query, Schema, Searcher, TextAnalyzer

_SATURATION = 2.2  # the most one word can count in BM25 with k1 = 1.2
_WRITER_BYTES = 30_000_000
_MAX_WORDS = 60
_UNKNOWN = 0.5
"""What a word that no passage has counts in what a question could reach: it says nothing of which passage is meant."""


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """What is indexed of one passage: `head` (title, headings) and `body` (text, questions, keywords)."""

    passage_id: str
    language: str
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class _Term:
    """One word of the question in one language; `weight` is its rarity times its importance."""

    field: str
    word: str
    weight: float


class LexicalIndex:
    """Words to passages. A partition that was never written is empty.

    `one_generation`: a process's own copy, made from the database, is the same whatever generation is asked for.
    """

    def __init__(self, folder: Path, *, one_generation: bool = False) -> None:
        self._folder = folder
        self._one = one_generation
        self._lock = RLock()
        self._open: dict[Path, Index] = {}
        self._analyzers: dict[str, TextAnalyzer] = {}

    def search(
        self, generation: int, partitions: Sequence[str], query: str, added: Sequence[str], limit: int
    ) -> dict[str, dict[str, float]]:
        """Scores per partition and passage id. `added` are glossary words; they count half."""
        opened = {partition: self._index(generation, partition) for partition in partitions}
        readers = {partition: index.searcher() for partition, index in opened.items() if index is not None}
        if not readers:
            return {}
        terms = self._terms(list(readers.values()), query, added)
        found: dict[str, dict[str, float]] = {}
        for partition, searcher in readers.items():
            index = opened[partition]
            if index is not None and terms:
                found[partition] = _hits(searcher, index.schema, terms, limit)
        return found

    def weighed(
        self, generation: int, partitions: Sequence[str], words: Mapping[str, float], limit: int
    ) -> dict[str, dict[str, float]]:
        """Scores per partition and passage id for words with weights of their own, as parts of the best score: 0..1."""
        opened = {partition: self._index(generation, partition) for partition in partitions}
        present = {partition: index for partition, index in opened.items() if index is not None}
        readers = {partition: index.searcher() for partition, index in present.items()}
        terms = self._weighed_terms(list(readers.values()), words)
        if not terms:
            return {}
        found = {
            partition: _hits(searcher, present[partition].schema, terms, limit)
            for partition, searcher in readers.items()
        }
        best = max((score for scores in found.values() for score in scores.values()), default=0.0)
        return {partition: {key: score / best for key, score in scores.items()} for partition, scores in found.items()}

    def statistics(self, generation: int, partitions: Sequence[str]) -> WordStatistics:
        """How rare words are over all these partitions."""
        opened = [self._index(generation, partition) for partition in partitions]
        return WordStatistics([index.searcher() for index in opened if index is not None], self._analyzer)

    def add(self, generation: int, partition: str, entries: Iterable[LexicalEntry]) -> None:
        """Add passages and commit."""
        self.change(generation, partition, entries, ())

    def delete(self, generation: int, partition: str, ids: Iterable[str]) -> None:
        """Remove passages and commit."""
        keys = list(ids)
        if keys and self._index(generation, partition) is not None:
            self.change(generation, partition, (), keys)

    def change(self, generation: int, partition: str, entries: Iterable[LexicalEntry], gone: Iterable[str]) -> None:
        """Remove and add passages in one commit: a search sees all of it or nothing."""
        from tantivy import Document

        with self._lock:
            index = self._index(generation, partition) or self._create(generation, partition)
            writer = index.writer(_WRITER_BYTES, 1)
            for key in gone:
                writer.delete_documents_by_term("id", key)
            for entry in entries:
                field = field_of(entry.language)
                document = Document()
                document.add_text("id", entry.passage_id)
                document.add_text(f"head_{field}", entry.head)
                document.add_text(f"body_{field}", entry.body)
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
            index.reload()

    def ids(self, generation: int, partition: str) -> set[str]:
        """All passage ids of one partition."""
        from tantivy import Query

        index = self._index(generation, partition)
        if index is None:
            return set()
        searcher = index.searcher()
        hits = searcher.search(Query.all_query(), max(searcher.num_docs, 1)).hits
        return {str(searcher.doc(address)["id"][0]) for _score, address in hits}

    def partitions(self, generation: int) -> set[str]:
        """The partitions that have a folder in this generation."""
        folder = self._at(generation)
        return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()

    def drop_partition(self, generation: int, partition: str) -> None:
        """Remove the folder of a partition that nobody needs any more."""
        with self._lock:
            folder = self._at(generation) / partition
            self._open.pop(folder, None)
            shutil.rmtree(folder, ignore_errors=True)

    def keep_only(self, generation: int) -> None:
        """Remove the folders of all other generations."""
        with self._lock:
            kept = self._at(generation)
            for folder in [folder for folder in self._open if folder.parent != kept]:
                del self._open[folder]
            for folder in self._folder.glob("g*"):
                if folder != kept:
                    shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Give the files back; the next use opens them again and sees what another process committed."""
        with self._lock:
            self._open.clear()

    def _index(self, generation: int, partition: str) -> Index | None:
        from tantivy import Index

        with self._lock:
            folder = self._at(generation) / partition
            if folder not in self._open:
                if not folder.is_dir() or not Index.exists(str(folder)):
                    return None
                self._open[folder] = self._prepared(Index.open(str(folder)))
            return self._open[folder]

    def _create(self, generation: int, partition: str) -> Index:
        from tantivy import Index

        folder = self._at(generation) / partition
        shutil.rmtree(folder, ignore_errors=True)  # half a folder of an interrupted first write
        folder.mkdir(parents=True)
        index = self._prepared(Index(_schema(), path=str(folder)))
        self._open[folder] = index
        return index

    def _at(self, generation: int) -> Path:
        return self._folder / f"g{0 if self._one else generation}"

    def _prepared(self, index: Index) -> Index:
        for language in LANGUAGES:
            index.register_tokenizer(f"words_{language}", self._analyzer(language))
        return index

    def _analyzer(self, language: str) -> TextAnalyzer:
        if language not in self._analyzers:
            self._analyzers[language] = analyzer(language)
        return self._analyzers[language]

    def _terms(self, readers: Sequence[Searcher], query: str, added: Sequence[str]) -> list[_Term]:
        total = sum(reader.num_docs for reader in readers)
        terms: list[_Term] = []
        for language in LANGUAGES:
            stemmer = self._analyzer(language)
            asked = list(dict.fromkeys(stemmer.analyze(query)))[:_MAX_WORDS]
            helped = [word for word in dict.fromkeys(stemmer.analyze(" ".join(added))) if word not in asked]
            rarities = {word: rarity(readers, language, word, total) for word in [*asked, *helped[:_MAX_WORDS]]}
            rarest = idf(total, 0)
            reach = _SATURATION * sum(rarities[word] * (1.0 if rarities[word] < rarest else _UNKNOWN) for word in asked)
            for word, value in rarities.items():
                share = value * (1.0 if word in asked else 0.5) / max(reach, 1e-6)
                terms.extend(_Term(f"{part}_{language}", word, share) for part in ("head", "body"))
        return terms

    def _weighed_terms(self, readers: Sequence[Searcher], words: Mapping[str, float]) -> list[_Term]:
        total = sum(reader.num_docs for reader in readers)
        terms: list[_Term] = []
        for language in LANGUAGES if total else ():
            stems: dict[str, float] = {}
            for word, weight in words.items():
                for stem in self._analyzer(language).analyze(word):
                    stems[stem] = max(stems.get(stem, 0.0), weight)
            for stem, weight in stems.items():
                value = weight * rarity(readers, language, stem, total)
                terms.extend(_Term(f"{part}_{language}", stem, value) for part in ("head", "body"))
        return terms


def _hits(searcher: Searcher, schema: Schema, terms: Sequence[_Term], limit: int) -> dict[str, float]:
    from tantivy import Occur, Query

    parts: list[tuple[Occur, Query]] = []
    for term in terms:
        local = idf(searcher.num_docs, searcher.doc_freq(term.field, term.word))
        query = Query.term_query(schema, term.field, term.word)
        parts.append((Occur.Should, Query.boost_query(query, term.weight / local)))
    hits = searcher.search(Query.boolean_query(parts), limit, count=False).hits
    return {str(searcher.doc(address)["id"][0]): float(score) for score, address in hits}


def _schema() -> Schema:
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for language in LANGUAGES:
        for part in ("head", "body"):
            builder.add_text_field(f"{part}_{language}", tokenizer_name=f"words_{language}", index_option="freq")
    return builder.build()
