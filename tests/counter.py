"""One counter for the tests of the conversation: the real gate, tools and embedded world, and a small handbook."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from agent import inbox
from agent.builtin_model import BuiltinModel
from agent.settings import AgentSettings, AiSettings
from agent.tables import inbox as inbox_table
from agent.tables import messages, turns
from agent.turn import TurnParts, TurnRunner, TurnSummary
from connectors.models.sentence_encoder import SentenceEncoder
from core.chat import ChatModel
from core.events import Address, Message, Place
from core.people import ChannelIdentity
from core.ports import Embedder, Passage
from loket.vectors.prepared import PreparedEmbedder, prepared_file
from policies import glossary
from storage.tables import outbox
from tests.gate_only import GateOnly

SAMPLES = Path(__file__).parent.parent / "policies" / "samples"
EVERYONE = frozenset({"all-staff"})


@lru_cache(maxsize=1)
def built_in() -> BuiltinModel:
    """One for all tests: the weights take a second to load."""
    return BuiltinModel(_encoder(), lambda: glossary.read(SAMPLES))


@lru_cache(maxsize=1)
def _encoder() -> Embedder:
    return PreparedEmbedder(SentenceEncoder(), prepared_file())


def passage(number: int, text: str, **changes: object) -> Passage:
    """A passage for everyone, in English, about leave."""
    plain = Passage(
        passage_id=f"p{number}",
        path=f"rule-{number}.md",
        heading="Annual leave",
        heading_path=("Leave", "Annual leave"),
        text=text,
        score=0.6,
        similarity=0.7,
        coverage=0.9,
        title="Leave 2026",
        owner="HR Services",
        contact="hr@dhb.example",
        language="en",
        collection="all-staff",
        authority="regulation",
        audience=EVERYONE,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@dataclass
class Handbook:
    """Gives the same passages to every search, as far as the groups may read them."""

    passages: list[Passage] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def search(self, query: str, groups: frozenset[str], k: int = 5, on: date | None = None) -> Sequence[Passage]:
        """All that may be read, nearest first."""
        self.asked.append(query)
        readable = [one for one in self.passages if one.audience & groups]
        texts = [query, *(f"{one.heading} {one.text}" for one in readable)]
        near = (vectors := _encoder().embed(texts))[1:] @ vectors[0]
        found = [
            replace(one, similarity=float(likeness), score=one.score or float(likeness))
            for one, likeness in zip(readable, near, strict=True)
        ]
        return sorted(found, key=lambda one: -one.similarity)[:k]


class Counter:
    """Say something as somebody and see how the turn ends."""

    def __init__(
        self,
        room: GateOnly,
        model: ChatModel | None = None,
        settings: AgentSettings | None = None,
        ai: AiSettings | None = None,
    ) -> None:
        self.room = room
        self.handbook = Handbook()
        self.fallback = built_in()
        self._numbers = itertools.count(1)
        systems = replace(room.gate.parts.systems.read, policies=self.handbook)
        parts = TurnParts(
            database=room.database,
            gate=room.gate,
            registry=room.gate.parts.registry,  # type: ignore[arg-type]
            systems=systems,
            model=model or self.fallback,
            fallback=self.fallback,
            settings=settings or AgentSettings(),
            ai=ai or AiSettings(),
            meaning=self.fallback.meaning,
        )
        self.runner = TurnRunner(parts)

    async def say(
        self, employee_id: str, text: str, *, place: Place = Place.DIRECT, thread: str | None = None, user: str = ""
    ) -> TurnSummary:
        """One message and its turn."""
        return await self.runner.run(await self.put(employee_id, text, place=place, thread=thread, user=user))

    async def put(
        self, employee_id: str, text: str, *, place: Place = Place.DIRECT, thread: str | None = None, user: str = ""
    ) -> str:
        """Store one message; returns its event id."""
        event_id = f"terminal:local:{employee_id}-{next(self._numbers)}"
        room = employee_id if place is Place.DIRECT else "everyone"
        message = Message(
            event_id,
            ChannelIdentity("terminal", "local", user or employee_id),
            Address("terminal", "local", room, place, thread, employee_id),
            text,
            datetime.now(UTC),
            complete=True,
        )
        await self.room.database.run(lambda tx: inbox.put(tx, message))
        return event_id

    def rows(self, table: sa.Table) -> list[dict[str, object]]:
        """All rows of a table."""
        with self.room.database.reading() as tx:
            return [dict(row) for row in tx.execute(sa.select(table)).mappings()]

    def everything_stored(self) -> str:
        """All that the conversation wrote, as one text: for canary searches."""
        return str([self.rows(table) for table in (inbox_table, turns, messages, outbox)])
