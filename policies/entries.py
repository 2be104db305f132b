"""A document to the passages that are stored and indexed, and the texts that stand for each of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.cleaning import plain
from policies.indexes.lexical import LexicalEntry
from policies.passages import INTRO, sections
from policies.phrases import Section, places
from policies.records import Document
from policies.sentences import sentences

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One passage with all that its index rows are made of. The id changes with any of it, and with the audience."""

    passage_id: str
    document_key: str
    ordinal: int
    partition: str
    heading: str
    heading_path: tuple[str, ...]
    text: str
    title: str
    language: str
    keywords: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def partition_of(audience: frozenset[str]) -> str:
    """The name of the indexes that hold what exactly this set of groups may read."""
    return hashlib.sha256(json.dumps(sorted(audience)).encode()).hexdigest()[:16]


def document_key(collection: str, path: str) -> str:
    """The database key of a document."""
    return hashlib.sha256(json.dumps([collection, path]).encode()).hexdigest()[:32]


def entries(document: Document, collection: str, gist_words: int, embed: Embed) -> list[Entry]:
    """The passages of a document in order, each asked phrase given to the passage that answers it."""
    header = document.header
    key = document_key(collection, document.path)
    made = [
        Entry(
            "",
            key,
            ordinal,
            partition_of(header.audience),
            section.heading,
            section.heading_path,
            section.text,
            header.title,
            header.language,
            header.keywords,
        )
        for ordinal, section in enumerate(sections(document.text))
    ]
    if header.questions and made:
        made = _with_questions(made, header.questions, gist_words, embed)
    return [replace(entry, passage_id=_identity(entry)) for entry in made]


def gist(entry: Entry, words: int) -> str:
    """What a passage is about, in short: title, headings and its first words."""
    above = [heading for heading in entry.heading_path if heading != entry.title]
    return f"{' - '.join([entry.title, *above])} {' '.join(plain(entry.text).split()[:words])}"


def said(entry: Entry) -> list[str]:
    """The sentences of a passage and the phrases people ask it by: any of them may be what a question is near to."""
    return [*sentences(entry.text), *entry.questions]


def words(entry: Entry) -> LexicalEntry:
    """What the word index holds of a passage."""
    body = [plain(entry.text), *entry.questions, *entry.keywords]
    return LexicalEntry(entry.passage_id, entry.language, "\n".join([entry.title, *_above(entry)]), "\n".join(body))


def _with_questions(made: list[Entry], questions: Sequence[str], gist_words: int, embed: Embed) -> list[Entry]:
    said = [(number, text) for number, entry in enumerate(made) for text in sentences(entry.text)]
    gists = [gist(entry, gist_words) for entry in made]
    vectors = embed([*gists, *(text for _number, text in said), *questions])
    near = vectors[len(gists) + len(said) :] @ vectors[: len(gists) + len(said)].T
    nearest = np.zeros((len(questions), len(made)), dtype=np.float32)
    for column, (number, _text) in enumerate(said, start=len(made)):
        nearest[:, number] = np.maximum(nearest[:, number], near[:, column])
    named = [Section(" ".join(_above(entry)), plain(entry.text)) for entry in made]
    given: dict[int, list[str]] = {}
    for question, index in zip(questions, places(questions, named, near[:, : len(made)], nearest), strict=True):
        given.setdefault(index, []).append(question)
    return [replace(entry, questions=tuple(given.get(index, ()))) for index, entry in enumerate(made)]


def _above(entry: Entry) -> list[str]:
    """The headings over a passage, without the title of its document."""
    return [heading for heading in entry.heading_path if heading not in (entry.title, INTRO)]


def _identity(entry: Entry) -> str:
    content = [
        entry.document_key,
        entry.ordinal,
        entry.partition,
        entry.heading_path,
        entry.text,
        entry.title,
        entry.language,
        entry.keywords,
        entry.questions,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
