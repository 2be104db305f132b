"""Whatever the ages: nothing that is needed disappears, and nothing that is too old is left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.flow import HOLDS_SUBJECT
from actions.records import State
from actions.tables import actions, envelopes, holds, votes
from agent.tables import conversations, feedback, inbox, messages, spend, turns
from core.encoding import encode
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.home import Home
from loket.migrate import all_tables
from loket.retention.retention import Retention
from loket.retention.rules import REMEMBERED_DAYS, STAY, Periods, rules
from storage import AuditEntry, Database, Tx, now
from storage.audit import record
from storage.audit_verifier import verify
from storage.tables import audit_payload, outbox
from web_app.tables import door_calls, posts

pytest_plugins = ["tests.fixtures_storage"]

CANARY = "zandloper"
TABLES = (
    votes, envelopes, actions, holds, messages, conversations, turns, feedback, spend, inbox, outbox, posts, door_calls
)  # fmt: skip
AGES = st.integers(min_value=0, max_value=500)
PERIODS = st.builds(
    Periods,
    text=st.integers(1, 60),
    turns=st.integers(60, 400),
    actions=st.integers(31, 200),
    audit_payload=st.integers(31, 450),
    spend=st.integers(2, 100),
    log=st.just(30),
    work=st.just(7),
)


class Filling:
    """One row of everything, each with a number of its own: `row 17, 3 days old`."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.moment = now(tx)

    def add(self, number: int, age: int, state: str, sending: str, waits: bool) -> None:
        """`age` in days; `state` of the action, `sending` of the reply, `waits` of the message."""
        at = self.moment - timedelta(days=age, seconds=60)
        event, action, word = f"slack:T:{number}", f"action-{number}", f"{CANARY} {number}"
        who = f"E{number}"
        message = Message(event, ChannelIdentity("slack", "T", f"U{who}"), Address("slack", "T", who), word, at)
        self._row(
            inbox,
            event_id=event,
            partition=f"p-{who}",
            message=encode(message),
            received_at=at,
            state="waiting" if waits else "handled",
        )
        self._row(messages, conversation_id=event, employee_id=who, role="user", text=word, event_id=event, at=at)
        self._row(conversations, conversation_id=event, employee_id=who, place=word, last_at=at)
        self._row(turns, event_id=event, conversation_id=event, employee_id=who, at=at)
        self._row(feedback, event_id=event, employee_id=who, good=False, comment=word, at=at)
        self._row(spend, employee_id=who, day=at.date())
        self._row(
            actions,
            action_id=action,
            state=state,
            title=word,
            reason=word,
            arguments={"text": word},
            facts=[["text", word]],
            address=encode(Address("slack", "T", word)),
            created_at=at,
            expires_at=at,
        )
        self._row(votes, action_id=action, employee_id=who, verdict="deny", reason=word, at=at)
        self._row(envelopes, envelope_id=f"{action}:code", action_id=action, created_at=at, expires_at=at, due_at=at)
        self._row(holds, employee_id=who, until=at, action_id=action)
        for key in (f"told:{action}:x", f"card:{action}:requester:1"):
            text = {"text": word}
            self._row(outbox, key=key, slot=key, payload=text, created_at=at, due_at=at, state=sending)
            self._row(posts, channel="web", key=key, reply=text, at=at)
        self._row(door_calls, call_id=event, answer={"text": word}, at=at)

    def _row(self, table: sa.Table, **values: Any) -> None:
        filled = {column.name: _anything(column) for column in table.columns if _has_to_be_given(column)}
        self.tx.execute(sa.insert(table).values(**{**filled, **values}))


def _has_to_be_given(column: sa.Column[Any]) -> bool:
    by_itself = column.default is not None or column.server_default is not None or column.autoincrement is True
    return not column.nullable and not by_itself


def _anything(column: sa.Column[Any]) -> Any:
    kinds: Mapping[type, Any] = {sa.JSON: {}, sa.Boolean: False, sa.Integer: 1, sa.Float: 1.0, sa.String: "-"}
    return next((value for kind, value in kinds.items() if isinstance(column.type, kind)), None)


def test_every_table_has_a_period_or_a_reason_to_stay() -> None:
    periods = Periods(text=30, turns=365, actions=90, audit_payload=400, spend=92, log=30, work=7)
    ageing = {rule.table.name for rule in rules(periods)} | {"audit_payload"}
    assert ageing | set(STAY) == set(all_tables().tables)
    assert ageing & set(STAY) == set()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rows=st.lists(
        st.tuples(
            AGES,
            st.sampled_from([state.value for state in State]),
            st.sampled_from(["waiting", "sending", "sent", "failed", "overtaken"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    periods=PERIODS,
)
def test_what_is_needed_stays_and_what_is_too_old_goes(
    database: Database, tmp_path: Path, rows: list[tuple[int, str, str, bool]], periods: Periods
) -> None:
    with database.transaction() as tx:
        for table in TABLES:
            tx.execute(sa.delete(table))
        filling = Filling(tx)
        for number, row in enumerate(rows):
            filling.add(number, *row)
    asyncio.run(Retention(database, Home(tmp_path / "home"), periods, batch=3).once())

    def younger(days: int) -> set[int]:
        return {number for number, (age, *_) in enumerate(rows) if age < days}

    numbers = set(range(len(rows)))
    unfinished = {number for number, row in enumerate(rows) if State(row[1]) in HOLDS_SUBJECT}
    unsent = {number for number, row in enumerate(rows) if row[2] in ("waiting", "sending")}
    waiting = {number for number, row in enumerate(rows) if row[3]}
    text = younger(periods.text)
    assert _ids(database, actions.c.action_id) == _ids(database, votes.c.action_id) == numbers
    assert _worded(database, actions.c.title) == younger(periods.actions) | unfinished
    assert _worded(database, actions.c.arguments) == younger(periods.actions) | unfinished
    assert _worded(database, votes.c.reason) == younger(periods.actions) | unfinished
    assert _worded(database, inbox.c.message) == text | waiting
    assert _ids(database, inbox.c.event_id) == younger(max(periods.text, REMEMBERED_DAYS)) | waiting
    for column in (messages.c.text, conversations.c.place, feedback.c.comment):
        assert _worded(database, column) == text, column
    assert _ids(database, turns.c.event_id) == _ids(database, feedback.c.event_id) == younger(periods.turns)
    assert _numbers(database, sa.select(outbox.c.key).where(outbox.c.key.like("told:%")), ":x") == text | unsent
    cards = sa.select(outbox.c.key).where(outbox.c.key.like("card:%"))
    assert _numbers(database, cards, ":requester:1") == text | unsent | unfinished
    web = sa.select(posts.c.key).where(posts.c.key.like("card:%"))
    assert _numbers(database, web, ":requester:1") == text | unfinished
    assert _ids(database, envelopes.c.action_id) == text | unfinished


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(AGES, min_size=1, max_size=12), period=st.integers(31, 450))
def test_old_payload_of_the_audit_goes_and_the_chain_stays_whole(
    database: Database, tmp_path: Path, days: list[int], period: int
) -> None:
    periods = Periods(text=30, turns=365, actions=90, audit_payload=period, spend=92, log=30, work=7)
    retention = Retention(database, Home(tmp_path / "home"), periods, batch=3)
    begun = database.clock_offset
    with database.reading() as tx:
        before = tx.execute(sa.select(sa.func.coalesce(sa.func.max(audit_payload.c.seq), 0))).scalar_one()
    for number, day in enumerate(sorted(days)):
        database.clock_offset = begun + timedelta(days=day)
        subject = f"E{number}" if number % 3 else ""
        with database.transaction() as tx:
            record(tx, AuditEntry("system:x", "v", "o", "r", subject=subject, payload={"title": f"{CANARY} {number}"}))
    end = begun + timedelta(days=500)
    database.clock_offset = end
    asyncio.run(retention.once())
    with database.reading() as tx:
        kept = tx.execute(
            sa.select(audit_payload.c.payload).where(audit_payload.c.seq > before).order_by(audit_payload.c.seq)
        ).scalars()
        titles = {row["title"] for row in kept if "title" in row}
    expected = {f"{CANARY} {number}" for number, day in enumerate(sorted(days)) if 500 - day < period or not number % 3}
    assert titles == expected
    assert verify(database.url).problems == ()
    database.clock_offset = end + timedelta(days=500)
    asyncio.run(retention.once())
    assert verify(database.url).problems == ()


def _ids(database: Database, column: sa.Column[Any]) -> set[int]:
    return _numbers(database, sa.select(column), "")


def _numbers(database: Database, wanted: sa.Select[Any], end: str) -> set[int]:
    with database.reading() as tx:
        values = [str(value).removesuffix(end) for value in tx.execute(wanted).scalars()]
    return {int(value.rpartition(":")[2].rpartition("-")[2]) for value in values}


def _worded(database: Database, column: sa.Column[Any]) -> set[int]:
    """The numbers of the rows in which the canary stands."""
    with database.reading() as tx:
        texts = [str(value) for value in tx.execute(sa.select(column)).scalars()]
    return {int(part.split("'")[0].split('"')[0]) for text in texts for part in text.split(f"{CANARY} ")[1:]}
