"""The vector index and the word index as one: what is added to or taken from one is so in both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder
from policies.entries import Entry, gist, said, words
from policies.fusion import Evidence
from policies.glossary import Glossary
from policies.indexes.lexical import LexicalIndex
from policies.indexes.locks import SharedLock
from policies.indexes.spelling import Spelling, glossary_words
from policies.indexes.unavailable import IndexUnavailableError
from policies.indexes.vector_cache import VectorCache
from policies.indexes.vectors import VectorIndex
from policies.indexes.vocabulary import Vocabularies, Vocabulary
from policies.settings import PolicySettings

FORMAT = "1"  # of what is indexed: raise it when the same passage would be indexed differently
_COPY = 0  # the generation of a copy of the words: it has one only
_BATCH = 400  # passages embedded and added together

Heard = Callable[[int, int], None]


class Indexes:
    """Both indexes. The database says what must be in them; they are repaired and rebuilt from it.

    Without a Chroma server both are in the folder and are changed together, by whoever ingests. With one, the vectors
    are there for all processes, and each process has words of its own in its folder, which `WordCopy` keeps up.
    """

    def __init__(self, folder: Path, embedder: Embedder, settings: PolicySettings) -> None:
        self.words_are_a_copy = bool(settings.chroma_url)
        self._words = folder / (f"own-words-{FORMAT}" if self.words_are_a_copy else "words")
        self.vectors = VectorIndex(folder / "vectors", settings)
        self.lexical = LexicalIndex(self._words, one_generation=self.words_are_a_copy)
        self.vocabularies = Vocabularies(self._words, one_generation=self.words_are_a_copy)
        self.cache = VectorCache(folder / "vectors.sqlite", embedder)
        gist_words = self._gist_words = settings.gist_words
        self.reading = SharedLock()
        self._writing = False
        self._jargon: tuple[Glossary, Vocabulary] = ({}, Vocabulary({}))
        self.recipe = f"{embedder.name}|{embedder.dimension}|gist {gist_words}|format {FORMAT}"

    def evidence(
        self,
        generation: int,
        partition: str,
        vector: NDArray[np.float32] | None,
        words: Mapping[str, float],
        situations: Mapping[str, float],
        n: int,
    ) -> Evidence:
        """What both indexes know about a question in one partition.

        More sentences than gists are asked for, since many belong to one passage: 1.9 ms for 400.
        """
        if vector is None:
            return Evidence((), (), words, situations)
        gists = self.vectors.nearest(generation, partition, "gists", vector, 2 * n)
        if not gists:  # the database knows passages here
            raise IndexUnavailableError(f"the index {generation}/{partition} is not there")
        return Evidence(
            gists,
            self.vectors.nearest(generation, partition, "sentences", vector, 4 * n),
            words,
            situations,
        )

    def add(self, generation: int, made: Sequence[Entry], heard: Heard | None = None) -> None:
        """Add the passages that are not there yet. A passage with its gist is there whole: gists come last."""
        grouped: dict[str, list[Entry]] = {}
        for entry in made:
            grouped.setdefault(entry.partition, []).append(entry)
        done = 0
        for partition, entries in grouped.items():
            self._add_words(generation, partition, entries)
            present = self.vectors.ids(generation, partition, "gists")
            sentences = self.vectors.ids(generation, partition, "sentences")
            missing = [entry for entry in entries if entry.passage_id not in present]
            done += len(entries) - len(missing)
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                self._add_vectors(generation, partition, batch, sentences)
                done += len(batch)
                if heard:
                    heard(done, len(made))

    def learn_ahead(self, made: Sequence[Entry], heard: Heard | None = None) -> None:
        """Embed the texts of passages that may be added later: they are remembered, and in no index."""
        for start in range(0, len(made), _BATCH):
            batch = made[start : start + _BATCH]
            self.cache.embed([text for entry in batch for text in (*said(entry), gist(entry, self._gist_words))])
            if heard:
                heard(start + len(batch), len(made))

    def _add_words(self, generation: int, partition: str, entries: Sequence[Entry]) -> None:
        present = self.lexical.ids(generation, partition)
        missing = [words(entry) for entry in entries if entry.passage_id not in present]
        if missing:
            self.lexical.add(generation, partition, missing)

    def _add_vectors(self, generation: int, partition: str, batch: Sequence[Entry], present: set[str]) -> None:
        texts = {f"{entry.passage_id}#{number}": text for entry in batch for number, text in enumerate(said(entry))}
        new = [key for key in texts if key not in present]
        gists = [gist(entry, self._gist_words) for entry in batch]
        rows = self.cache.embed([*(texts[key] for key in new), *gists])
        self.vectors.add(generation, partition, "sentences", new, rows[: len(new)])
        self.vectors.add(generation, partition, "gists", [entry.passage_id for entry in batch], rows[len(new) :])

    def unlearned(self, generation: int, wanted: Mapping[str, set[str]]) -> list[str]:
        """The partitions whose vocabulary is not that of the passages they must hold."""
        return [name for name, ids in wanted.items() if not self.vocabularies.is_of(generation, name, ids)]

    def learn(self, generation: int, made: Sequence[Entry]) -> None:
        """Make the vocabulary anew of each partition that these passages, all that it holds, belong to."""
        grouped: dict[str, list[Entry]] = {}
        for entry in made:
            grouped.setdefault(entry.partition, []).append(entry)
        for partition, entries in grouped.items():
            ids = [entry.passage_id for entry in entries]
            self.vocabularies.write(generation, partition, map(_text, entries), ids)

    def spelling(self, generation: int, partitions: Sequence[str], glossary: Glossary) -> Spelling:
        """What puts words right for somebody who may read these partitions: with their words and no others."""
        if self._jargon[0] is not glossary:
            self._jargon = glossary, glossary_words(glossary)
        own = [self.vocabularies.of(generation, partition) for partition in partitions]
        return Spelling([*own, self._jargon[1]], self.lexical.statistics(generation, partitions).has)

    def missing(self, generation: int, wanted: Mapping[str, set[str]]) -> list[str]:
        """The passage ids that are wanted and lack in either index."""
        lacking: list[str] = []
        for partition, ids in wanted.items():
            there = self.vectors.ids(generation, partition, "gists") & self.lexical.ids(generation, partition)
            lacking.extend(sorted(ids - there))
        return lacking

    def prune(self, generation: int, wanted: Mapping[str, set[str]]) -> None:
        """Take out everything that is not wanted."""
        for partition in self.partitions(generation):
            ids = wanted.get(partition)
            if ids is None:
                self.vectors.drop_partition(generation, partition)
                self.lexical.drop_partition(generation, partition)
                continue
            self.vectors.delete(generation, partition, "gists", self.vectors.ids(generation, partition, "gists") - ids)
            stale = _of_others(self.vectors.ids(generation, partition, "sentences"), ids)
            self.vectors.delete(generation, partition, "sentences", stale)
            self.lexical.delete(generation, partition, self.lexical.ids(generation, partition) - ids)

    def partitions(self, generation: int) -> set[str]:
        """The partitions either index has."""
        return self.vectors.partitions(generation) | self.lexical.partitions(generation)

    def have(self, generation: int, wanted: Collection[str]) -> bool:
        """Whether each index has these partitions and no other."""
        names = set(wanted)
        return self.vectors.partitions(generation) == names and self.lexical.partitions(generation) == names

    def bring_words(self, wanted: Mapping[str, set[str]], load: Callable[[Sequence[str]], Sequence[Entry]]) -> None:
        """Make this process's copy of the words hold exactly the wanted passages: a partition at a time, in one step.

        `load` gives passages by id; one that it does not know any more is left out.
        """
        for partition in self.lexical.partitions(_COPY) - wanted.keys():
            self.lexical.drop_partition(_COPY, partition)
        for partition, ids in wanted.items():
            there = self.lexical.ids(_COPY, partition)
            if there != ids:
                added = [words(entry) for entry in load(sorted(ids - there))]
                self.lexical.change(_COPY, partition, added, there - ids)
        for partition in self.unlearned(_COPY, wanted):
            self.learn(_COPY, load(sorted(wanted[partition])))

    def forget_words(self) -> None:
        """Throw this process's copy of the words away: it is damaged."""
        self.lexical.close()
        shutil.rmtree(self._words, ignore_errors=True)

    def keep_only(self, generation: int) -> None:
        """Forget all other generations."""
        self.vectors.keep_only(generation)
        self.lexical.keep_only(generation)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While this process writes, its files stay open: what it wrote itself it sees, and nobody else writes."""
        self.refresh()
        with self.reading.alone():
            self._writing = True
        try:
            yield
        finally:
            self._writing = False

    def refresh(self) -> None:
        """See what another process wrote. Waits for questions under way."""
        with self.reading.alone():
            if not self._writing:
                self.vectors.refresh()
                self.lexical.close()

    def close(self) -> None:
        """Give all files back."""
        with self.reading.alone():
            self.vectors.close()
            self.lexical.close()


def _text(entry: Entry) -> str:
    """All words that a passage is found by."""
    indexed = words(entry)
    return f"{indexed.head}\n{indexed.body}"


def _of_others(keys: Iterable[str], ids: set[str]) -> list[str]:
    return [key for key in keys if key.partition("#")[0] not in ids]
