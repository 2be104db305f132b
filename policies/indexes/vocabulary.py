"""The words of one partition's documents with how many passages have them, kept in a file beside its word index.

Made from the database, so it can be made anew at any time: its first line says of which passages it is. Only those who
may search a partition are ever helped by its words.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from policies.function_words import folded

SHORTEST, LONGEST = 3, 30  # letters of a word that is kept
_FORMAT = "1"
_NAME = "vocabulary.txt"
_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST},}}")
_ADDRESS = re.compile(r"\S*(?:@|://)\S*")
_PLACES = 32  # letters share these many counters; two that meet only make the filter a little coarser


class Vocabulary:
    """Words, folded, each with the number of passages that have it. Read-only; may be shared by threads."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = {word: count for word, count in counts.items() if SHORTEST <= len(word) <= LONGEST}
        self._table: _Table | None = None

    def __contains__(self, word: object) -> bool:
        return word in self._counts

    def __len__(self) -> int:
        return len(self._counts)

    def words(self) -> Collection[str]:
        """All of them."""
        return self._counts.keys()

    def count(self, word: str) -> int:
        """In how many passages; 0 for a word that is not here."""
        return self._counts.get(word, 0)

    def alike(self, word: str, most: int) -> list[str]:
        """All words that could be within `most` edits of a folded one and begin like it; a few may be further."""
        return self._known_table().alike(word, most)

    def shapes(self, word: str) -> NDArray[np.int64]:
        """For each three letters in a row of a word, its edges included, how often the words here have them."""
        return self._known_table().shapes(word)

    def _known_table(self) -> _Table:
        if self._table is None:
            self._table = _Table(sorted(self._counts))
        return self._table

    def lines(self) -> str:
        """One `word count` a line, by word."""
        return "\n".join(f"{word} {count}" for word, count in sorted(self._counts.items()))


class _Table:
    """Which letters each word has, as a matrix: most of 20,000 words are seen to be too far in 50 microseconds."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._letters = _letter_counts(words)
        self._shapes = np.bincount(_triples(words), minlength=_PLACES**3)
        self._lengths = np.array([len(word) for word in words], dtype=np.int16)
        self._firsts: dict[str, tuple[int, int]] = {}
        for at, word in enumerate(words):  # sorted: those of one first letter stand together
            start, _ = self._firsts.get(word[0], (at, at))
            self._firsts[word[0]] = (start, at + 1)

    def alike(self, word: str, most: int) -> list[str]:
        same = self._within(word, word[0], most)
        if len(word) > 1 and word[1] != word[0]:
            turned = word[1] + word[0]
            same += [
                found
                for found in self._within(word, word[1], most)
                if found.startswith(turned) and abs(len(found) - len(word)) < most
            ]
        return same

    def shapes(self, word: str) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self._shapes[_triples([word])]
        return found

    def _within(self, word: str, first: str, most: int) -> list[str]:
        start, end = self._firsts.get(first, (0, 0))
        if start == end:
            return []
        off = np.abs(self._letters[start:end] - _letter_counts([word])).sum(axis=1, dtype=np.int16)
        near = (off <= 2 * most) & (np.abs(self._lengths[start:end] - len(word)) <= most)
        return [self._words[start + int(at)] for at in np.flatnonzero(near)]


def _letter_counts(words: list[str]) -> NDArray[np.int8]:
    """Shape (len(words), 32): how often each letter is in each word. One edit changes the sum by 2 at most."""
    rows = np.zeros((len(words), _PLACES), dtype=np.int8)
    for column in _letters(words).T:
        there = np.flatnonzero(column)
        rows[there, column[there] % _PLACES] += 1
    return rows


def _triples(words: list[str]) -> NDArray[np.int64]:
    """Every three letters in a row of all words, each as a number under 32 ** 3; the edge of a word is a letter, 0."""
    letters = _letters(words)
    around = np.pad(letters, ((0, 0), (1, 2)))
    places = (around % _PLACES).astype(np.int64)
    triples = (places[:, :-2] * _PLACES + places[:, 1:-1]) * _PLACES + places[:, 2:]
    inside: NDArray[np.int64] = triples[:, : letters.shape[1]][letters != 0]
    return inside


def _letters(words: list[str]) -> NDArray[np.uint32]:
    """Shape (len(words), letters of the longest): the code of each letter, 0 behind the end."""
    return np.array(words or [""]).view(np.uint32).reshape(max(len(words), 1), -1)


def gathered(texts: Iterable[str]) -> Vocabulary:
    """The words of some texts, each with the number of texts that have it. Numbers and addresses are no words."""
    counts: Counter[str] = Counter()
    for text in texts:
        plain = _ADDRESS.sub(" ", text) if "@" in text or "://" in text else text
        counts.update(set(_WORD.findall(plain.lower())))
    joined: Counter[str] = Counter()
    for word, count in counts.items():
        joined[word if word.isascii() else folded(word)] += count
    return Vocabulary(joined)


@dataclass(slots=True)
class _Kept:
    """A file as it was read; another stamp means that it was written anew."""

    stamp: tuple[int, int]
    vocabulary: Vocabulary


@dataclass(slots=True)
class Vocabularies:
    """Those of all partitions: `folder` is that of the word index, which drops them with a partition's folder."""

    folder: Path
    one_generation: bool = False
    _lock: Lock = field(default_factory=Lock)
    _kept: dict[tuple[int, str], _Kept] = field(default_factory=dict)

    def of(self, generation: int, partition: str) -> Vocabulary:
        """As it is on disk now; empty while there is none."""
        file = self._file(generation, partition)
        try:
            status = file.stat()
            stamp = (status.st_ino, status.st_mtime_ns)
            with self._lock:
                kept = self._kept.get((generation, partition))
                if kept is None or kept.stamp != stamp:
                    kept = self._kept[(generation, partition)] = _Kept(stamp, _read(file))
                return kept.vocabulary
        except FileNotFoundError:
            return Vocabulary({})

    def is_of(self, generation: int, partition: str, passage_ids: Iterable[str]) -> bool:
        """Whether the file was made of exactly these passages."""
        try:
            with self._file(generation, partition).open(encoding="utf-8") as file:
                return file.readline().strip() == _fingerprint(passage_ids)
        except (FileNotFoundError, UnicodeDecodeError):
            return False

    def write(self, generation: int, partition: str, texts: Iterable[str], passage_ids: Iterable[str]) -> None:
        """Make the file of a partition anew: a reader sees the old one or the new one, never half of one."""
        file = self._file(generation, partition)
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_suffix(".new")
        made.write_text(f"{_fingerprint(passage_ids)}\n{gathered(texts).lines()}\n", encoding="utf-8")
        made.replace(file)

    def close(self) -> None:
        """Forget what was read."""
        with self._lock:
            self._kept.clear()

    def _file(self, generation: int, partition: str) -> Path:
        return self.folder / f"g{0 if self.one_generation else generation}" / partition / _NAME


def _read(file: Path) -> Vocabulary:
    """A line that is no word with a number is passed over: what is on disk may have been damaged."""
    counts: dict[str, int] = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        word, _, count = line.partition(" ")
        if count.isdecimal():
            counts[word] = int(count)
    return Vocabulary(counts)


def _fingerprint(passage_ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([_FORMAT, *sorted(passage_ids)]).encode()).hexdigest()
