"""One question to the passages that answer it best, among those the asker may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock

import sqlalchemy as sa
import structlog

from core.plain_text import visible
from core.ports import Embedder, Passage
from policies import curated, shelf
from policies.applies import limits
from policies.coverage import Coverage
from policies.excerpt import excerpt
from policies.function_words import language_of
from policies.fusion import Hit, Weights, fuse
from policies.glossary import Glossary
from policies.indexes.indexes import Indexes
from policies.indexes.unavailable import IndexUnavailableError
from policies.question import Question, Reader
from policies.records import ANSWER
from policies.settings import PolicySettings
from policies.situations import Situations
from policies.standing import standing
from policies.twins import Twins
from policies.validity import CURRENT, Term, last_day, status
from storage.engine import Database, Tx, now

log = structlog.get_logger(__name__)
MAX_QUERY_CHARS = 2_000
_ATTEMPTS = 6  # a rebuild may swap the indexes under a question; then the new ones are asked
_LOOKED_AT = 24  # joined hits that are read from the database: room for old versions and for rows that are gone


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What is kept in memory of one version of the database."""

    state: shelf.State = field(default_factory=shelf.State)
    audiences: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ends: Mapping[str, date] = field(default_factory=dict)
    glossary: Glossary = field(default_factory=dict)
    languages: frozenset[str] = frozenset()
    answers: curated.Answers = field(default_factory=curated.Answers)

    def readable(self, groups: frozenset[str]) -> list[str]:
        """The partitions that somebody in these groups may search."""
        return sorted(name for name, audience in self.audiences.items() if audience & groups)


@dataclass(slots=True)
class _View:
    """Who looks, on which day: all that a row needs to become a passage."""

    current: _Shelf
    groups: frozenset[str]
    today: date
    as_of: date | None
    longest: int
    coverage: Coverage | None = None

    @property
    def on(self) -> date:
        """The day that is asked about."""
        return self.as_of or self.today

    def passage(self, row: sa.RowMapping, hit: Hit, *, outranks: bool = False) -> Passage:
        """A row as a passage."""
        whole = "\n".join([row["title"], *row["heading_path"], row["text"]])
        term = _term(row)
        return Passage(
            passage_id=row["passage_id"],
            path=row["path"],
            heading=row["heading"],
            heading_path=tuple(row["heading_path"]),
            text=excerpt(row["text"], hit.sentence, self.longest),
            score=hit.score,
            similarity=hit.similarity,
            title=row["title"],
            owner=row["owner"],
            contact=row["contact"],
            language=row["language"],
            collection=row["collection"],
            authority=row["authority"],
            audience=frozenset(row["audience"]),
            address=row["address"],
            status=status(term, self.current.ends, self.on),
            effective_from=row["effective_from"],
            effective_until=last_day(term, self.current.ends),
            coverage=self.coverage.of(row["language"], whole) if self.coverage else 0.0,
            as_of=self.as_of,
            in_past=self.on < self.today,
            status_now=status(term, self.current.ends, self.today),
            applies_to=limits(row["applies_to"]),
            kind=row["kind"],
            outranks=outranks,
            rests_on=self.current.answers.sources(row["rests_on"], self.groups),
        )


class Search:
    """Answers questions from the indexes. Safe to use from several threads; blocking."""

    def __init__(self, database: Database, indexes: Indexes, embedder: Embedder, settings: PolicySettings) -> None:
        self._database = database
        self._indexes = indexes
        self._embedder = embedder
        self._situations = Situations(indexes.cache.embed, embedder.name)
        self._reader = Reader(embedder, self._situations)
        self._twins = Twins(embedder.embed)
        self._settings = settings
        self._loading = Lock()
        self._shelf = _Shelf()

    def run(self, query: str, groups: frozenset[str], k: int, on: date | None) -> Sequence[Passage]:
        """The k best passages, those in force on `on` (default: today by the database) first.

        Raises IndexUnavailableError when the index cannot be read: no passages must mean that there are none.
        """
        query = visible(query).strip()[:MAX_QUERY_CHARS]
        if not query or not groups or k < 1:
            return []
        for _attempt in range(_ATTEMPTS):
            current, today = self._current()
            view = _View(current, groups, today, on, self._settings.max_passage_chars)
            try:
                with self._indexes.reading.shared():
                    question = self._read(query, current, groups)
                    hits = self._hits(question, current, groups, max(_LOOKED_AT, 4 * k))
                    view.coverage = self._coverage(question, current, groups)
            except IndexUnavailableError:
                self._indexes.refresh()
                continue
            found = self._passages(hits, self._answers(question, view, hits), k, view, language_of(query))
            if found is not None:
                return found
        raise IndexUnavailableError("the index cannot be read; run `loket policies ingest`")

    def passage(self, passage_id: str, groups: frozenset[str] | None) -> Passage | None:
        """One passage by its id, if these groups may read it (None: no check)."""
        current, today = self._current()
        with self._database.reading() as tx:
            row = shelf.passage_rows(tx, [passage_id]).get(passage_id)
        if row is None or (groups is not None and not groups & set(row["audience"])):
            return None
        view = _View(current, groups or frozenset(row["audience"]), today, None, self._settings.max_passage_chars)
        return view.passage(row, Hit(passage_id, 0.0, 0.0, ""))

    def warm(self) -> None:
        """Have ready what every question needs, so that none waits for it."""
        self._situations.warm()

    def _read(self, query: str, current: _Shelf, groups: frozenset[str]) -> Question:
        """The question; without vectors while the index holds those of another embedder."""
        has_vectors = self._has_vectors(current)
        spelling = self._indexes.spelling(current.state.generation, current.readable(groups), current.glossary)
        return self._reader.read(query, current.glossary, current.languages, vectors=has_vectors, spelling=spelling)

    def _has_vectors(self, current: _Shelf) -> bool:
        return current.state.recipe == self._indexes.recipe

    def _coverage(self, question: Question, current: _Shelf, groups: frozenset[str]) -> Coverage:
        statistics = self._indexes.lexical.statistics(current.state.generation, current.readable(groups))
        return Coverage(question.subjects, statistics)

    def _answers(self, question: Question, view: _View, hits: Sequence[Hit]) -> list[Hit]:
        """The owner's answer to this question, if there is one that holds and may be read, as the first hits."""
        answers, coverage = view.current.answers, view.coverage
        if question.meaning is None or coverage is None or not len(answers):
            return []
        holding = answers.holding(view.current.ends, view.on)
        own = [
            Hit(passage_id, 1.0, near, "")
            for passage_id, near in answers.match(
                question.meaning,
                self._embedder.embed,
                coverage.of,
                lambda answer: answer.passage_id in holding and bool(answer.audience & view.groups),
            )
        ]
        ids = {hit.passage_id for hit in own}
        others = max((hit.similarity for hit in hits if hit.passage_id not in ids), default=0.0)
        return own if own and own[0].similarity + curated.MARGIN >= others else []

    def _hits(self, question: Question, current: _Shelf, groups: frozenset[str], limit: int) -> list[Hit]:
        partitions = current.readable(groups)
        if not partitions:
            return []
        generation, count = current.state.generation, self._settings.candidates
        lexical = self._indexes.lexical
        own = lexical.search(generation, partitions, question.text, question.added, count)
        situations = lexical.weighed(generation, partitions, question.handbook, count)
        weights = Weights(self._settings.lexical_weight, self._settings.situation_weight)
        hits: list[Hit] = []
        for name in partitions:
            words = own.get(name, {}), situations.get(name, {})
            evidence = self._indexes.evidence(generation, name, question.vector, *words, count)
            hits.extend(fuse(evidence, weights, limit))
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))[:limit]

    def _passages(
        self, hits: Sequence[Hit], answers: Sequence[Hit], k: int, view: _View, language: str
    ) -> list[Passage] | None:
        """Owners' answers and the hits as passages; None when the database moved on and must be asked again."""
        first = {hit.passage_id for hit in answers}
        hits = [*answers, *(hit for hit in hits if hit.passage_id not in first)]
        with self._database.reading() as tx:
            if shelf.state(tx).version != view.current.state.version:
                return None
            rows = shelf.passage_rows(tx, [hit.passage_id for hit in hits])
        holding = view.current.answers.holding(view.current.ends, view.on)
        weighed: list[tuple[Hit, str]] = []
        for hit in hits:
            row = rows.get(hit.passage_id)
            if row is None or (row["kind"] == ANSWER and hit.passage_id not in holding):
                continue  # gone, or an answer that does not hold: no old rule, just no longer said
            state = status(_term(row), view.current.ends, view.on)
            factor = standing(row["authority"], row["effective_from"], state, view.on, self._settings)
            weighed.append((replace(hit, score=hit.score * factor), state))
        if language and len(view.current.languages) > 1 and self._has_vectors(view.current):
            weighed = self._twins.lifted(weighed, rows, language)
        best = sorted(weighed, key=lambda pair: (pair[0].passage_id not in first, -pair[0].score))[:k]
        best.sort(key=lambda pair: (pair[0].passage_id not in first, pair[1] != CURRENT, -pair[0].score))
        back = self._settings.not_in_force_factor  # listed behind the current text, but no less about the question
        return [
            view.passage(
                rows[hit.passage_id],
                hit if state == CURRENT else replace(hit, score=hit.score / back),
                outranks=hit.passage_id in first,
            )
            for hit, state in best
        ]

    def _current(self) -> tuple[_Shelf, date]:
        with self._database.reading() as tx:
            state, today = shelf.state(tx), now(tx).date()
            if state == self._shelf.state:
                return self._shelf, today
            loaded = _load(tx, state)
        with self._loading:
            if loaded.state.version > self._shelf.state.version:
                self._take(loaded)
        return loaded, today

    def _take(self, loaded: _Shelf) -> None:
        if loaded.state.recipe != self._indexes.recipe:
            log.warning("index_outdated")  # until the next ingest words alone find
        self._indexes.refresh()
        self._shelf = loaded


def _load(tx: Tx, state: shelf.State) -> _Shelf:
    return _Shelf(
        state, shelf.audiences(tx), shelf.ends(tx), shelf.glossary_of(tx), shelf.languages(tx), curated.load(tx)
    )


def _term(row: sa.RowMapping) -> Term:
    return Term(row["document_id"], row["effective_from"], row["effective_until"])
