"""Retention: one round removes what is too old everywhere, and says how much that was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from agent.settings import AgentSettings
from loket.home import Home
from loket.retention import log_files, rooms
from loket.retention.person import in_parts
from loket.retention.pruning import apply, cover_old_actions, cover_old_events, erase_old_payload
from loket.retention.rules import Periods, Term, others, rules
from loket.retention.settings import RetentionSettings
from storage import Database, Tx, now
from storage.erase import clear_traces
from storage.tables import outbox

DAY = 86_400.0
Forget = Callable[[float], Awaitable[int]]
"""Forgets finished work of the queue that is older than so many seconds; returns how many pieces."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """One thing that ages, and how many rows, lines or files it happened to."""

    term: Term
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """What one round did. `traces_cleared` is false when the SQLite log could not be emptied because of a reader."""

    pruned: tuple[Pruned, ...]
    traces_cleared: bool = True

    @property
    def total(self) -> int:
        """How many rows, lines and files it was in all."""
        return sum(one.count for one in self.pruned)


def periods_of(agent: AgentSettings, kept: RetentionSettings) -> Periods:
    """The periods in force."""
    return Periods(
        text=agent.retention_days,
        turns=max(kept.turns_days, agent.retention_days),
        actions=kept.actions_days,
        audit_payload=kept.audit_payload_days,
        spend=kept.spend_days,
        log=kept.log_days,
        work=kept.work_days,
    )


class Retention:
    """Safe at any time, any number of times, in several processes. `forget` prunes the queue's finished work.

    Give `once` to whatever runs it every hour (the executor).
    """

    def __init__(
        self, database: Database, home: Home, periods: Periods, batch: int = 500, forget: Forget | None = None
    ) -> None:
        self._database = database
        self._home = home
        self._periods = periods
        self._batch = batch
        self._forget = forget

    async def once(self, *, dry: bool = False) -> Report:
        """One round. `dry`: count and change nothing. Raises `ConnectorError` when the database cannot be reached."""
        done = [*await self._rows(dry=dry), *await self._words(dry=dry), *await self._files(dry=dry)]
        cleared = dry or await asyncio.to_thread(clear_traces, self._database)
        report = Report(tuple(done), cleared)
        if not dry and report.total:
            structlog.get_logger("loket.retention").info("pruned", count=report.total)
        return report

    async def _rows(self, *, dry: bool) -> list[Pruned]:
        return [
            Pruned(rule.term, await apply(self._database, rule, self._batch, dry=dry)) for rule in rules(self._periods)
        ]

    async def _words(self, *, dry: bool) -> list[Pruned]:
        """What takes more than a rule about rows."""
        database, kept, size = self._database, self._periods, self._batch
        events = await cover_old_events(database, kept, size, dry=dry)
        words = await cover_old_actions(database, kept, size, dry=dry)
        payload = await erase_old_payload(database, kept, size, dry=dry)
        terms = others(kept)
        return [Pruned(terms.events, events), Pruned(terms.actions, words), Pruned(terms.payload, payload)]

    async def _files(self, *, dry: bool) -> list[Pruned]:
        moment = await self._database.read(now)
        lines = await self._terminal_rooms(dry=dry)
        logs = await asyncio.to_thread(log_files.prune, self._home.log, moment, self._periods.log, dry=dry)
        terms = others(self._periods)
        done = [Pruned(terms.rooms, lines), Pruned(terms.logs, logs)]
        if self._forget is not None and not dry:
            done.append(Pruned(terms.work, await self._forget(self._periods.work * DAY)))
        return done

    async def _terminal_rooms(self, *, dry: bool) -> int:
        """A line stays as long as the outbox knows its post."""
        gone = 0
        for file in await asyncio.to_thread(rooms.room_files, self._home.rooms):
            posted = await asyncio.to_thread(rooms.receipts, file)
            known = await self._database.read(lambda tx, posted=posted: _known(tx, posted))  # type: ignore[misc]
            if dry:
                gone += sum(line.get("receipt") not in known for line in rooms.read_lines(file))
            elif posted - known:
                gone += await asyncio.to_thread(
                    rooms.rewrite,
                    file,
                    # what was posted since then is in neither set, and stays
                    lambda line, old=posted - known: None if line.get("receipt") in old else line,  # type: ignore[misc]
                )
        return gone


def _known(tx: Tx, posted: Iterable[str]) -> set[str]:
    """Which of these posts the outbox still knows, as an item or as the post that later items took the place of."""
    known: set[str] = set()
    for some in in_parts(posted):
        known |= set(tx.execute(sa.select(outbox.c.key).where(outbox.c.key.in_(some))).scalars())
        known |= set(tx.execute(sa.select(outbox.c.receipt).where(outbox.c.receipt.in_(some))).scalars())
    return known
