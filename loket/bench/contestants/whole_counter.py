"""The counter as it is served: stored, queued, answered, audited, put in the outbox and delivered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from core.events import Message
from core.outcomes import Outcome
from loket.bench.contestants import Surroundings, WrongAnswer
from loket.bench.contestants.ended_turns import EndedTurns
from loket.bench.servers.llm import MODEL, QUESTION
from loket.bootstrap import build
from loket.counter import Counter
from loket.engine import Engine
from loket.home import Home
from loket.logs import logging_to
from loket.recording import RecordingChannel
from loket.settings import Settings
from loket.terminal.channel import NAME, TENANT, address_of, identity_of
from storage import Database

STAFF = [f"E10{number:02d}" for number in range(1, 45)]
NO_LIMIT = 10**12


class WholeCounter:
    """Nothing left out: the same parts, the same log, replies sent to a channel that only remembers."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._channel = RecordingChannel(NAME)
        self._ended = EndedTurns()
        self._asked: set[str] = set()
        self._looking: asyncio.Task[None] | None = None
        self._open = ExitStack()
        self._counter: Counter | None = None
        self._staff: Iterator[str] = iter(())

    async def open(self) -> None:
        """See `Contestant.open`."""
        settings = _settings(self._around)
        home = Home(settings.home)
        home.create()
        self._open.enter_context(logging_to(home.log, settings.log.level))
        database = Database(settings.database)
        engine = _engine(self._around, home, database)
        counter = self._counter = build(settings, database=database, engine=engine, channels=(self._channel,))
        await counter.start()
        if self._around.alone:
            counter.listeners.append(self._ended.hear)
        else:  # any of the processes may take a turn up
            self._looking = asyncio.create_task(self._ended.look(database))
        await counter.warm()
        self._staff = itertools.cycle([person for person in STAFF if await _may_ask(counter, person)])

    async def turn(self, turn_id: str) -> None:
        """See `Contestant.turn`."""
        counter, who, event_id = self._running, next(self._staff), f"{NAME}:{TENANT}:{turn_id}"
        ended = self._ended.expect(event_id)
        self._asked.add(event_id)
        address, identity = address_of(who, turn_id), identity_of(who)
        await counter.desk.receive(Message(event_id, identity, address, QUESTION, datetime.now(UTC), complete=True))
        outcome, model = await ended
        if (outcome, model) != (Outcome.ANSWERED, MODEL):
            raise WrongAnswer(f"the counter ended {outcome} by {model or 'no model'}")

    async def settle(self) -> None:
        """See `Contestant.settle`: every reply is delivered. Raises `WrongAnswer` for one that was not."""
        await self._running.settle()
        delivered = {post.receipt.removeprefix("turn:").rpartition(":")[0] for post in self._channel.posts}
        if self._around.alone and (missing := self._asked - delivered):
            raise WrongAnswer(f"{len(missing)} replies were not delivered")
        self._asked.clear()
        self._channel.posts.clear()

    async def close(self) -> None:
        """See `Contestant.close`."""
        if self._looking is not None:
            self._looking.cancel()
        await self._running.stop()
        self._open.close()

    @property
    def _running(self) -> Counter:
        assert self._counter is not None  # noqa: S101 - opened first
        return self._counter


def _engine(around: Surroundings, home: Home, database: Database) -> Engine:
    name = f"counter-{around.number}"
    if around.postgres:
        from loket.engine.dbos_postgres import PostgresEngine

        return PostgresEngine(database, name)
    from loket.engine.dbos_sqlite import SqliteEngine

    return SqliteEngine(home.queue, name)


async def _may_ask(counter: Counter, employee_id: str) -> bool:
    employee = await counter.directory.by_identity(identity_of(employee_id))
    return employee is not None and employee.may_use_tools


def _settings(around: Surroundings) -> Settings:
    values: dict[str, Any] = {
        "home": around.folder / "home",
        "database_url": around.postgres,
        "engine": "dbos",
        "llm": {"base_url": around.llm_url, "model": MODEL},
        "ai": {"level": "act", "mask": around.masks},
        "agent": {
            "person_turns_per_hour": NO_LIMIT,
            "person_tokens_per_day": NO_LIMIT,
            "organisation_tokens_per_day": NO_LIMIT,
        },
    }
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic-settings takes it, its stub does not
