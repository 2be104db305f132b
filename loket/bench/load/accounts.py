"""What the database says afterwards: nothing lost, nothing twice, the audit chain whole. The driver is not asked."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

import sqlalchemy as sa

from agent.tables import inbox, turns
from loket.bench.load.service import SOURCE
from storage import Database, Tx, audit_verifier
from storage.tables import outbox
from web_app.forms import CHANNEL
from web_app.tables import posts

LOOK_SECONDS = 0.5
PREFIX = f"{CHANNEL}:{SOURCE}:"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Counted in the tables. `lost`: acknowledged, but without an ended turn or without its reply; `doubled`: a reply
    that was posted twice. `outcomes` by name and model.
    """

    accepted: int
    lost: int
    doubled: int
    undelivered: int
    outcomes: dict[str, int]
    audit_rows: int
    audit_problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Nothing is wrong."""
        return not (self.lost or self.doubled or self.undelivered or self.audit_problems)


async def quiet(database: Database, seconds: float) -> float | None:
    """Wait until nothing waits; returns after how many seconds, or None when that did not come in time."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if not await database.read(_waiting):
            return time.monotonic() - began
        await asyncio.sleep(LOOK_SECONDS)
    return None


def settle_accounts(database: Database, accepted: Set[str]) -> Accounts:
    """Look everything up that was acknowledged. Blocking."""
    with database.reading() as tx:
        handled = set(tx.execute(sa.select(inbox.c.event_id).where(inbox.c.state == "handled")).scalars())
        ended = {row.event_id: f"{row.outcome} by {row.model or '-'}" for row in tx.execute(sa.select(turns))}
        replied, doubled = _posted(tx)
        undelivered = tx.execute(
            sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(("waiting", "sending", "failed")))
        ).scalar_one()
    wanted = {PREFIX + event for event in accepted}
    lost = [event for event in wanted if event not in handled or event not in ended or event not in replied]
    report = audit_verifier.verify(database.url.replace("+psycopg", "", 1))
    outcomes = dict(Counter(ended.values()))
    return Accounts(len(wanted), len(lost), doubled, undelivered, outcomes, report.rows, report.problems)


def _waiting(tx: Tx) -> int:
    events = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state != "handled").scalar_subquery()
    replies = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(("waiting", "sending")))
    found: int = tx.execute(sa.select(events + replies.scalar_subquery())).scalar_one()
    return found


def _posted(tx: Tx) -> tuple[set[str], int]:
    """The events that have a reply with an outcome, and how many of those replies were posted once too often."""
    found: Counter[tuple[str, str]] = Counter()
    for row in tx.execute(sa.select(posts.c.key, posts.c.reply)):
        event = row.key.removeprefix("turn:").rpartition(":")[0]
        if row.reply.get("outcome"):
            found[event, row.reply["text"]] += 1
    return {event for event, _ in found}, sum(count - 1 for count in found.values())
