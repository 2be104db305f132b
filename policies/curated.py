"""Owners' own answers: found by what is asked, by meaning and by words, and only when both are sure.

An answer outranks the search, so taking a question that is not its own does more harm than missing one: then the
search still finds its text. It must be nearer than every other passage and every other answer, and name what is asked.
Thresholds measured on the sample handbook (docs/quality.md, "Knowledge over time and rights").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from policies.records import ANSWER
from policies.tables import documents, passages
from policies.validity import CURRENT, Term, status
from storage.engine import Tx

NEAR = 0.6
"""Cosine of the question with the nearest phrase of the answer, from which it may be meant."""
COVERED = 0.72
"""Share of the question's telling words (rare ones count more) that the answer's phrases and text must have."""
MARGIN = 0.03
"""How much nearer it must be than any other answer; a passage may be nearer by no more than this."""

Covers = Callable[[str, str], float]
"""(language, text) to the share of the question's telling words in it: `policies.coverage.Coverage.of`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One owner's answer: whom it is for, when it holds, what it rests on, and the phrases it is the answer to."""

    passage_id: str
    document_id: str
    audience: frozenset[str]
    language: str
    pair: str
    term: Term
    rests_on: tuple[str, ...]
    phrases: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Basis:
    """A document that an answer may rest on."""

    title: str
    audience: frozenset[str]
    term: Term


class Answers:
    """All answers of one version of the database, with the terms of the documents they rest on."""

    def __init__(self, answers: Sequence[Answer] = (), basis: Mapping[str, Basis] | None = None) -> None:
        self._answers = tuple(answers)
        self._basis = basis or {}
        self._vectors: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self._answers)

    def holding(self, ends: Mapping[str, date], on: date) -> frozenset[str]:
        """The passage ids of answers that hold on a day: in force, and nothing they rest on is out of force."""
        return frozenset(one.passage_id for one in self._answers if self._holds(one, ends, on))

    def sources(self, rests_on: Sequence[str], groups: frozenset[str]) -> tuple[str, ...]:
        """The titles of the documents an answer rests on, as far as a reader in these groups may read them."""
        known = [self._basis[name] for name in rests_on if name in self._basis]
        return tuple(basis.title for basis in known if basis.audience & groups)

    def match(
        self,
        vector: NDArray[np.float32],
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        covers: Covers,
        allowed: Callable[[Answer], bool],
    ) -> list[tuple[str, float]]:
        """The one answer that is meant, with its nearness, and its text in the other language behind it; or nothing."""
        if not self._answers:
            return []
        near = self._nearness(vector, embed)
        ranked = sorted(
            ((near[at], one) for at, one in enumerate(self._answers) if allowed(one)), key=lambda pair: -pair[0]
        )
        if not ranked or ranked[0][0] < NEAR:
            return []
        score, best = ranked[0]
        rivals = [other for value, other in ranked[1:] if value > score - MARGIN and not _are_pair(best, other)]
        twins = [other for _value, other in ranked[1:] if _are_pair(best, other)]
        covered = max(covers(one.language, "\n".join([*one.phrases, one.text])) for one in (best, *twins[:1]))
        if rivals or covered < COVERED:
            return []
        return [(one.passage_id, float(score)) for one in (best, *twins[:1])]

    def _holds(self, answer: Answer, ends: Mapping[str, date], on: date) -> bool:
        basis = [self._basis[name].term for name in answer.rests_on if name in self._basis]
        return all(status(term, ends, on) == CURRENT for term in (answer.term, *basis))

    def _nearness(
        self, vector: NDArray[np.float32], embed: Callable[[Sequence[str]], NDArray[np.float32]]
    ) -> list[float]:
        """The cosine of the question with each answer's nearest phrase. The phrases are embedded at the first call."""
        if self._vectors is None:
            self._vectors = embed([phrase for one in self._answers for phrase in one.phrases])
        cosines = self._vectors @ vector
        ends = np.cumsum([len(one.phrases) for one in self._answers])
        return [float(part.max()) for part in np.split(cosines, ends[:-1])]


def load(tx: Tx) -> Answers:
    """All answers in the database, in order of their path."""
    named = tx.execute(sa.select(documents).where(documents.c.document_id != "")).mappings()
    basis = {row["document_id"]: Basis(row["title"], frozenset(row["audience"]), _term(row)) for row in named}
    query = (
        sa.select(documents, passages.c.passage_id, passages.c.text)
        .join(passages, documents.c.document_key == passages.c.document_key)
        .where(documents.c.kind == ANSWER)
        .order_by(documents.c.path)
    )
    return Answers([_answer(row) for row in tx.execute(query).mappings()], basis)


def _answer(row: sa.RowMapping) -> Answer:
    return Answer(
        row["passage_id"],
        row["document_id"],
        frozenset(row["audience"]),
        row["language"],
        row["pair"],
        _term(row),
        tuple(row["rests_on"]),
        (*row["questions"], row["title"]),
        row["text"],
    )


def _term(row: sa.RowMapping) -> Term:
    return Term(row["document_id"], row["effective_from"], row["effective_until"])


def _are_pair(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same in two languages; it is enough that one of them says so."""
    named = (one.pair and one.pair == other.document_id) or (other.pair and other.pair == one.document_id)
    return bool(named) and one.language != other.language
