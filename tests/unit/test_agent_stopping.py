"""A stop and a commit at the same moment, and what a conversation by its anchor costs: on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Barrier

import pytest
import sqlalchemy as sa

from agent import bursts, conversation, inbox
from agent.bursts import WroteOn
from agent.settings import AgentSettings
from agent.state import Past
from core.events import Address, Message, Stop
from core.people import ChannelIdentity
from storage import Database, Tx

pytest_plugins = ["tests.fixtures_storage"]

WHO = ChannelIdentity("slack", "T1", "U1")
SETTINGS = AgentSettings(burst_seconds=0)


def message(number: int, anchor: str = "", room: str = "D1") -> Message:
    address = Address("slack", "T1", room, user="U1", anchor=anchor)
    return Message(f"slack:T1:{number}", WHO, address, "my printer does not print", datetime.now(UTC), complete=True)


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def say(tx: Tx, said: Message) -> str:
    talk = conversation.load(tx, said, "E1", SETTINGS)
    where = (talk.conversation_id, "E1", talk.place)
    conversation.save(tx, where, said, [(Past("user", said.text, "en"), ()), (Past("assistant", "Yes.", "en"), ())])
    return talk.conversation_id


def test_of_a_stop_and_a_commit_at_the_same_moment_exactly_one_holds(database: Database) -> None:
    def answer(first: Message, together: Barrier) -> bool:
        with database.reading() as tx:
            burst = bursts.read(tx, first, SETTINGS)
        together.wait()
        try:
            with database.transaction() as tx:
                bursts.close(tx, burst, SETTINGS, None)
        except WroteOn:
            return False
        return True

    def stop(first: Message, together: Barrier) -> bool:
        together.wait()
        with database.transaction() as tx:
            return bursts.stop(tx, Stop("slack:T1:s", first.identity, first.address))

    ends: set[tuple[bool, bool]] = set()
    with ThreadPoolExecutor(2) as threads:
        for number in range(40):
            first, together = message(number, room=f"D{number}"), Barrier(2)
            with database.transaction() as tx:
                inbox.put(tx, first)
            answered = threads.submit(answer, first, together)
            stopped = threads.submit(stop, first, together)
            ends.add((answered.result(), stopped.result()))
    assert ends <= {(True, False), (False, True)}


def test_what_was_stopped_is_still_to_be_ended_until_its_turn_is_committed(database: Database) -> None:
    first = message(1)
    with database.transaction() as tx:
        inbox.put(tx, first)
        assert bursts.stop(tx, Stop("slack:T1:s", WHO, first.address))
    with database.transaction() as tx:
        assert inbox.unhandled(tx) == [(first.event_id, first.partition)]
        assert inbox.is_stopped(tx, first.event_id)
        burst = bursts.read(tx, first, SETTINGS)
        assert burst.stopped
        bursts.close(tx, burst, SETTINGS, "")
    with database.reading() as tx:
        assert inbox.unhandled(tx) == []
        assert not inbox.is_stopped(tx, first.event_id)


@pytest.mark.parametrize(("anchor", "more"), [("", 0), ("1.1", 1)])
def test_a_message_without_an_anchor_costs_no_statement_more(database: Database, anchor: str, more: int) -> None:
    with database.transaction() as tx:
        say(tx, message(1, anchor))
    with database.reading() as tx, counting(database) as seen:
        conversation.load(tx, message(2, anchor), "E1", SETTINGS)
    with database.reading() as tx, counting(database) as plain:
        conversation.load(tx, message(3), "E1", SETTINGS)
    assert len(seen) <= len(plain)  # where the post is known, nobody asks how old the newest conversation is
    with database.reading() as tx, counting(database) as unknown:
        conversation.load(tx, message(4, anchor and "9.9"), "E1", SETTINGS)
    assert len(unknown) == len(plain) + more


def test_an_anchor_is_found_by_its_index(database: Database) -> None:
    with database.transaction() as tx:
        say(tx, message(1, "1.1"))
        asked = conversation._ANCHORED.params(employee_id="E1", anchor="1.1", place="slack:T1:D1:-")
        if tx.is_postgres:
            tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        sql = asked.compile(tx.connection, compile_kwargs={"literal_binds": True})
        plan = tx.execute(sa.text(f"EXPLAIN {'' if tx.is_postgres else 'QUERY PLAN '}{sql}")).all()
    assert "ix_messages_employee_id_anchor" in str(plan)
