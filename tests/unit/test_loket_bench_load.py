"""The load bench is harder on the service than the service likes: nothing it does may make a figure look better."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from agent.tables import inbox, turns
from loket.bench.load.accounts import settle_accounts
from loket.bench.load.arrivals import Arrival, Heard, drive, listen
from loket.bench.load.door_client import DoorClient
from loket.bench.load.figures import Figure, as_json
from loket.bench.load.people import add_staff
from loket.bench.load.plans import burst, conversations, steady
from loket.bench.load.running import run_plan
from loket.bench.load.service import Shape, prepared
from loket.bench.load.watching import growth
from loket.migrate import upgrade
from storage import AuditEntry, Database, OutboxItem, now, outbox
from storage.audit import record
from web_app.tables import posts

PEOPLE = ["M1", "M2", "M3"]
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\n\r\n{"accepted":true}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def door_that(serve: Serve) -> AsyncIterator[DoorClient]:
    """A client of a door that behaves so."""

    async def serve_quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve_quietly, "127.0.0.1", 0)
    client = DoorClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "local", "s" * 40)
    try:
        yield client
    finally:
        await client.close()
        server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request, its body included; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    return head + await reader.readexactly(length)


# --- plans -------------------------------------------------------------------------------------------------------


@given(rate=st.floats(1, 200), seconds=st.floats(1, 60))
def test_a_plan_comes_at_its_rate_and_is_the_same_every_time(rate: float, seconds: float) -> None:
    plan = steady(PEOPLE, rate, seconds)
    assert plan == steady(PEOPLE, rate, seconds)
    assert [one.at for one in plan] == sorted(one.at for one in plan)
    assert all(0 < one.at < seconds for one in plan)
    # Poisson: six standard deviations are never missed by chance
    assert abs(len(plan) - rate * seconds) <= 6 * math.sqrt(rate * seconds) + 1
    assert len({one.event for one in plan}) == len({one.thread for one in plan}) == len(plan)


def test_in_a_burst_every_event_comes_twice_and_counts_towards_the_rate() -> None:
    plan = burst(PEOPLE, 300, 60)
    assert len(plan) == pytest.approx(18_000, rel=0.05)
    assert len({one.event for one in plan}) * 2 == len(plan)
    assert [one.at for one in plan] == sorted(one.at for one in plan)


def test_every_conversation_goes_on_before_the_first_does_again() -> None:
    plan = conversations(PEOPLE, 40, 30, 10)
    assert len({(one.user, one.thread) for one in plan[:40]}) == 40
    assert [one.thread for one in plan[:40]] == [one.thread for one in plan[40:80]]
    assert {one.user for one in plan if one.thread == "c7"} == {PEOPLE[7 % 3]}


# --- driving -----------------------------------------------------------------------------------------------------


@pytest.mark.timed
async def test_a_door_that_stalls_holds_up_no_other_event_and_the_stall_is_counted_from_when_it_was_due() -> None:
    requests = 0

    async def stalls_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while await read_request(reader):
            requests += 1
            await asyncio.sleep(0.6 if requests == 1 else 0)
            writer.write(ACCEPTED)

    async with door_that(stalls_once) as client:
        plan, heard = [Arrival(number * 0.02, f"e{number}", "M1", "t") for number in range(10)], Heard()
        began = time.perf_counter()
        await drive(client, plan, heard, lambda _: None)
        assert time.perf_counter() - began < 0.9
    assert len(heard.accepted) == 10
    assert max(heard.acknowledged) >= 0.6
    assert sorted(heard.acknowledged)[-2] < 0.5


async def test_what_the_driver_itself_was_late_counts_against_the_service() -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(ACCEPTED)

    async with door_that(answers) as client:
        heard = Heard()
        # The driver is kept busy for 0.3 s while four events are due.
        asyncio.get_running_loop().call_later(0.05, time.sleep, 0.3)
        await drive(client, [Arrival(0.1, f"e{n}", "M1", "t") for n in range(4)], heard, lambda _: None)
    assert heard.late >= 0.2
    assert min(heard.acknowledged) >= 0.2


async def test_a_connection_that_the_door_has_closed_is_replaced() -> None:
    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(ACCEPTED)
        await writer.drain()
        writer.close()

    async with door_that(one_each) as client:
        for _ in range(3):
            assert (await client.post("/v1/events", {"id": "e"})).status == 202


async def test_a_refusal_is_no_acknowledgement() -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")

    async with door_that(refuses) as client:
        heard = Heard()
        await drive(client, [Arrival(0, "e1", "M1", "t")], heard, lambda _: None)
    assert (heard.accepted, heard.acknowledged, heard.refused) == (set(), [], {"503": 1})


async def test_the_first_sign_the_beginning_the_first_words_and_the_answer_are_told_apart() -> None:
    def told(kind: str, text: str) -> bytes:
        event = f"event: {kind}\ndata: {text}\n\n".encode()
        return b"%x\r\n%s\r\n" % (len(event), event)

    async def streams(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(told("taken", '{"event": "e1", "text": "It is busy."}'))
        writer.write(told("taken", '{"event": "e2"}'))
        await asyncio.sleep(0.1)
        writer.write(told("begun", '{"event": "e1"}'))
        writer.write(told("post", '{"event": "e1", "post_id": 1, "reply": {"text": "a notice", "outcome": null}}'))
        await asyncio.sleep(0.1)
        writer.write(told("sentence", '{"event": "e1", "text": "yes"}'))
        await asyncio.sleep(0.1)
        writer.write(told("post", '{"event": "e2", "post_id": 2, "reply": {"text": "other", "outcome": "answered"}}'))
        writer.write(told("post", '{"event": "e1", "post_id": 3, "reply": {"text": "yes", "outcome": "answered"}}'))
        await asyncio.sleep(5)

    async with door_that(streams) as client:
        heard = Heard(due={"e1": time.perf_counter()})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listen(client, heard), 1)
    assert set(heard.signs) == set(heard.begun) == set(heard.words) == set(heard.answered) == {"e1"}
    assert heard.signs["e1"] < heard.begun["e1"] < heard.words["e1"] < heard.answered["e1"]  # a notice is no answer
    assert heard.busy == 1


# --- counting ----------------------------------------------------------------------------------------------------


def event_of(database: Database, name: str, *, ended: bool = True, replies: int = 1, delivered: bool = True) -> None:
    """An event as the service leaves it behind, or nearly so."""
    event_id = f"door:local:{name}"
    with database.transaction() as tx:
        moment, state = now(tx), "handled" if ended else "waiting"
        tx.add(inbox, event_id=event_id, partition=name, message={}, received_at=moment, attempts=1, state=state)
        if ended:
            row = {"conversation_id": name, "employee_id": "M1", "channel": "door", "outcome": "answered", "ms": 1}
            tx.add(turns, event_id=event_id, language="en", model="stand-in", tokens=1, at=moment, **row)
        for number in range(replies):
            place = {"channel": "door", "tenant": "local", "room": "M1", "reader": "M1", "at": moment}
            reply = {"text": "yes", "outcome": "answered"}
            tx.add(posts, key=f"turn:{event_id}:{number}", reply=reply, **place)
        if not delivered:
            outbox.put(tx, OutboxItem(f"turn:{event_id}:0", "reply", {}, {}))
        record(tx, AuditEntry("employee:M1", "turn.ended", f"turn:{event_id}", "answered"))


@pytest.fixture
def ledger(database_url: str) -> Database:
    """A database with all tables."""
    database = Database(database_url)
    upgrade(database)
    return database


def test_a_whole_run_is_good(ledger: Database) -> None:
    for name in ("e1", "e2"):
        event_of(ledger, name)
    found = settle_accounts(ledger, {"e1", "e2"})
    assert found.good
    assert (found.accepted, found.audit_rows, found.outcomes) == (2, 2, {"answered by stand-in": 2})
    ledger.close()


def test_each_way_to_lose_an_event_is_seen(ledger: Database) -> None:
    event_of(ledger, "kept")
    event_of(ledger, "no-turn", ended=False, replies=0)
    event_of(ledger, "no-reply", replies=0)
    found = settle_accounts(ledger, {"kept", "no-turn", "no-reply", "never-stored"})
    assert (found.lost, found.good) == (3, False)
    ledger.close()


def test_a_reply_that_was_posted_twice_is_seen(ledger: Database) -> None:
    event_of(ledger, "e1", replies=2)
    found = settle_accounts(ledger, {"e1"})
    assert (found.doubled, found.good) == (1, False)
    ledger.close()


def test_a_reply_that_still_waits_is_seen(ledger: Database) -> None:
    event_of(ledger, "e1", delivered=False)
    found = settle_accounts(ledger, {"e1"})
    assert (found.undelivered, found.good) == (1, False)
    ledger.close()


def test_a_changed_audit_row_is_seen(ledger: Database) -> None:
    event_of(ledger, "e1")
    with ledger.transaction() as tx:
        off = "ALTER TABLE audit DISABLE TRIGGER ALL" if tx.is_postgres else "DROP TRIGGER audit_no_update"
        tx.connection.exec_driver_sql(off)
        tx.execute(sa.text("UPDATE audit SET result = 'refused'"))
    found = settle_accounts(ledger, {"e1"})
    assert found.audit_problems
    assert not found.good
    ledger.close()


# --- figures -----------------------------------------------------------------------------------------------------


def test_growth_looks_at_the_ends_and_not_at_a_peak() -> None:
    assert growth([100.0] * 50) == 0
    assert growth([100.0, 900.0, *[100.0] * 48]) == 0
    assert growth([100.0 + n for n in range(50)]) == pytest.approx(0.384, abs=0.01)


def test_a_missed_target_is_named_and_what_never_came_is_no_number() -> None:
    missed, held = Figure("lost", 1, "", 0), Figure("p99", 80, "ms", 100)
    assert (missed.missed, held.missed, Figure("memory", 500, "MB").missed) == (True, False, False)
    assert missed.row.target.endswith("MISSED")
    never = Figure("backlog", float("inf"), "s", 300)
    assert as_json("x", [missed, held, never]) == (
        '{"run": "x", "figures": {"lost": 1, "p99": 80, "backlog": null}, "missed": ["lost", "backlog"]}'
    )


# --- the whole ---------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_a_short_run_against_the_real_processes_loses_nothing(database: str, tmp_path: Path) -> None:
    with prepared(Shape(database, llm_ms=50), tmp_path) as place:
        staff = add_staff(place.world(), 5)
        run = await run_plan(place, staff, steady(staff, 2, 5), lambda *_: None)
    assert run.accounts.good
    assert run.backlog is not None
    assert len(run.heard.answered) == run.accounts.accepted == run.deliveries > 0
    assert set(run.accounts.outcomes) == {"answered by stand-in"}
    assert min(sample.memory for sample in run.watch.samples) > 50_000_000
