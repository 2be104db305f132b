"""What is too old goes, everywhere; what is still needed stays, however old it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from actions.tables import actions, votes
from agent.tables import inbox, messages
from core.feedback import Feedback
from core.people import ChannelIdentity
from core.replies import Reply
from loket.provision import ACCOUNTS, grant
from loket.retention import log_files, rooms
from loket.retention.retention import Report, Retention
from loket.retention.rules import COVER, Periods
from loket.terminal.channel import TerminalChannel, address_of
from storage import Database, OutboxItem, outbox
from storage.audit_verifier import verify
from tests.command_line import Run
from tests.desk import Desk
from tests.staff import PRIYA, TOM

pytest_plugins = ["tests.fixtures_storage", "tests.fixtures_command"]
pytestmark = pytest.mark.slow

CANARY = "zandloper-4711"
KEPT = Periods(text=30, turns=365, actions=90, audit_payload=400, spend=92, log=30, work=7)
OF_THE_TEST = {"posts", "streamed", "decisions", "prompts"}
"""What `Desk.sinks` remembers itself: the chat, which keeps its own terms."""


@asynccontextmanager
async def started(url: str = "") -> AsyncIterator[Desk]:
    async with Desk.start(database_url=url, settings={"ai": {"level": "extract"}}) as desk:
        yield desk


def of(desk: Desk, periods: Periods = KEPT, batch: int = 10) -> Retention:
    return Retention(desk.database, desk.counter.home, periods, batch)


def written(desk: Desk, text: str = CANARY) -> list[str]:
    """Where a text still stands, the chat itself aside."""
    return [place for place in desk.sinks_with(text) if place not in OF_THE_TEST]


async def play(desk: Desk) -> dict[str, str]:
    """A day with the canary in all that a person can type. Returns the action of each end."""
    await desk.say(TOM, f"may I bring my dog {CANARY} to work?", via="slack_dm")
    identity = ChannelIdentity("slack", "TDHB", f"U{TOM}")
    await desk.counter.desk.feedback(Feedback("", identity, False, f"no answer about {CANARY}"))
    ticket = await desk.ask_for(TOM, f"please open a ticket: my screen {CANARY} is broken")
    await desk.click(TOM, ticket, "confirm")
    denied = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, denied)
    await desk.click(PRIYA, denied, "deny", reason=f"he said {CANARY}")
    done = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, done)
    await desk.click(PRIYA, done, "approve")
    await desk.settle()
    return {"ticket": ticket, "denied": denied, "done": done}


def counts(report: Report) -> dict[str, int]:
    """What was removed; the log is written by this machine's clock, which the test does not move."""
    return {one.term.what: one.count for one in report.pruned if one.count and one.term.what != "log files"}


async def test_what_people_wrote_is_gone_from_every_place_when_it_is_old(database_url: str) -> None:
    async with started(database_url) as desk:
        ended = await play(desk)
        assert {"table messages", "table outbox", "table actions", "table votes"} <= set(written(desk))
        await desk.clock.advance(days=401)
        await of(desk).once()
        assert written(desk) == []
        with desk.database.reading() as tx:
            kept = tx.execute(sa.select(actions.c.action_id, actions.c.state, actions.c.title)).all()
            assert {row.action_id: row.state for row in kept} == {
                ended["ticket"]: "done",
                ended["denied"]: "denied",
                ended["done"]: "done",
            }
            assert {row.title for row in kept} == {COVER}
            assert tx.execute(sa.select(votes.c.verdict).order_by(votes.c.verdict)).scalars().all() == [
                "approve",
                "deny",
            ]
        report = verify(desk.database.url)
        assert (report.problems, report.erased > 0) == ((), True)
        assert counts(await of(desk).once()) == {}


async def test_the_day_after_nothing_is_too_old(database_url: str) -> None:
    async with started(database_url) as desk:
        await play(desk)
        await desk.clock.advance(days=1)
        before = desk.sinks()
        assert counts(await of(desk).once()) == {}
        after = desk.sinks()
        assert {place for place in after if place.startswith("table") and before[place] != after[place]} == set()


async def test_a_dry_run_counts_what_would_go_and_changes_nothing(database_url: str) -> None:
    async with started(database_url) as desk:
        await play(desk)
        await desk.clock.advance(days=401)
        before = {place: text for place, text in desk.sinks().items() if place.startswith("table")}
        foreseen = counts(await of(desk).once(dry=True))
        assert {place: text for place, text in desk.sinks().items() if place.startswith("table")} == before
        done = counts(await of(desk).once())
        assert {what: foreseen[what] for what in ("messages", "words of actions that are over", "replies sent")} == {
            what: done[what] for what in ("messages", "words of actions that are over", "replies sent")
        }


async def test_an_open_action_keeps_its_words_and_its_card_and_can_still_be_approved() -> None:
    async with started() as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        with desk.database.transaction() as tx:  # as if it had been asked long ago, in a rule with a long life
            long_ago = datetime.now(UTC) - timedelta(days=200)
            tx.change(sa.update(actions).values(created_at=long_ago))
            tx.change(sa.text("UPDATE outbox SET created_at = '2020-01-01 00:00:00.000000'"))
        await of(desk).once()
        action = await desk.counter.gate.show(reset)
        assert action is not None
        assert action.title != COVER
        with desk.database.reading() as tx:
            slots = tx.execute(sa.text("SELECT slot FROM outbox")).scalars().all()
        assert slots
        assert all(slot.startswith(f"card:{reset}:") for slot in slots)
        assert (await desk.click(PRIYA, reset, "approve")).accepted


async def test_an_event_whose_words_are_gone_is_still_known_when_it_comes_again() -> None:
    async with started() as desk:
        message = desk.message(TOM, f"may I bring {CANARY}?", "slack_dm", None)
        await desk.deliver(message)
        await desk.settle()
        await desk.clock.advance(days=2)
        await of(desk, Periods(1, 1, 31, 31, 2, 30, 7)).once()
        assert f"U{TOM}" not in str(_inbox(desk))
        before = len(desk.posts())
        await desk.deliver(message)
        await desk.settle()
        assert len(desk.posts()) == before
        await desk.clock.advance(days=7)
        await of(desk, Periods(1, 1, 31, 31, 2, 30, 7)).once()
        assert _inbox(desk) == []


async def test_a_message_without_an_answer_and_a_reply_that_was_not_sent_are_kept() -> None:
    async with started() as desk:
        await desk.counter.engine.stop()
        await desk.counter.delivery.stop()
        await desk.counter.desk.receive(desk.message(TOM, f"may I bring {CANARY}?", "slack_dm", None))
        with desk.database.transaction() as tx:
            outbox.put(tx, OutboxItem("turn:x:0", "reply", {"channel": "none"}, {"text": f"sorry about {CANARY}"}))
        desk.database.clock_offset += timedelta(days=1000)
        await of(desk).once()
        assert {"table inbox", "table outbox"} <= set(written(desk))


@pytest.mark.postgres
async def test_a_row_that_somebody_holds_is_passed_over_and_goes_the_next_time(postgres_url: str) -> None:
    async with started(postgres_url) as desk:
        await desk.say(TOM, f"may I bring my dog {CANARY} to work?", via="slack_dm")
        await desk.clock.advance(days=401)
        with desk.database.transaction() as tx:
            tx.execute(sa.select(messages).with_for_update())
            held = await of(desk).once()
            assert "messages" not in counts(held)
        assert counts(await of(desk).once())["messages"] == 2


@pytest.fixture
def executors_url(postgres_url: str) -> Iterator[str]:
    """The same database for the executor's own account, which gets its rights when the tables are there."""
    account = ACCOUNTS["executor"]
    administrator = Database(postgres_url)
    with administrator.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {account} LOGIN")
    yield sa.make_url(postgres_url).set(username=account).render_as_string(hide_password=False)
    with administrator.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {account} CASCADE")
        connection.exec_driver_sql(f"DROP ROLE {account}")
    administrator.close()


@pytest.mark.postgres
async def test_the_executors_own_account_may_do_all_of_it(postgres_url: str, executors_url: str) -> None:
    async with started(postgres_url) as desk:
        await play(desk)
        await desk.clock.advance(days=401)
        assert grant(desk.database) == [ACCOUNTS["executor"]]
        database = Database(executors_url)
        database.clock_offset = desk.database.clock_offset
        await Retention(database, desk.counter.home, KEPT, 10).once()
        database.close()
        assert written(desk) == []
        assert verify(postgres_url).ok


async def test_the_lines_of_a_room_go_with_the_outbox_and_what_nobody_read_stays_unread(tmp_path: Path) -> None:
    async with started() as desk:
        channel = TerminalChannel(desk.counter.home.rooms)
        keys = ["told:old:1", "told:old:2", "told:new:1", "told:new:2"]
        for key in keys:
            await channel.send(address_of(TOM), Reply(f"{CANARY} {key}", "en"), key)
        assert len(channel.unseen(TOM)) == 4
        await channel.send(address_of(TOM), Reply("not read yet", "en"), "told:new:3")
        with desk.database.transaction() as tx:
            for key in ("told:new:1", "told:new:2", "told:new:3"):
                outbox.put(tx, OutboxItem(key, "reply", {}, {}))
        assert counts(await of(desk).once())["lines in terminal rooms"] == 2
        assert [line.receipt for line in channel.unseen(TOM)] == ["told:new:3"]
        (file,) = rooms.room_files(desk.counter.home.rooms)
        assert rooms.receipts(file) == {"told:new:1", "told:new:2", "told:new:3"}


async def test_a_room_of_which_nothing_is_left_is_gone_with_its_name() -> None:
    async with started() as desk:
        channel = TerminalChannel(desk.counter.home.rooms)
        await channel.send(address_of(f"room-{CANARY}"), Reply("hello", "en"), "told:old:1")
        assert channel.unseen(f"room-{CANARY}")
        await of(desk).once()
        assert list(desk.counter.home.rooms.iterdir()) == []
        await channel.send(address_of(TOM), Reply("hello again", "en"), "told:new:1")
        assert len(channel.unseen(TOM)) == 1


def test_log_files_go_by_the_day_in_their_name(tmp_path: Path) -> None:
    path = tmp_path / "log" / "loket.jsonl"
    path.parent.mkdir()
    for day in ("2026-01-01", "2026-02-14", "2026-02-15", "2026-03-16"):
        path.with_name(f"loket-{day}.jsonl").write_text("{}\n")
    path.with_name("notes-2026-01-01.txt").write_text("somebody else's")
    moment = datetime(2026, 3, 17, 12, tzinfo=UTC)
    assert log_files.prune(path, moment, 30, dry=True) == 2
    assert log_files.prune(path, moment, 30) == 2
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "loket-2026-02-15.jsonl",
        "loket-2026-03-16.jsonl",
        "notes-2026-01-01.txt",
    ]


def test_the_command_shows_the_periods_and_removes_what_is_too_old(
    loket: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"

    async def long_ago() -> None:
        async with Desk.start(home=home, settings={"ai": {"level": "extract"}}) as desk:
            await desk.say(TOM, f"may I bring my dog {CANARY} to work?", via="slack_dm")
            with desk.database.transaction() as tx:
                tx.execute(sa.text("UPDATE messages SET at = '2020-01-01 00:00:00.000000'"))

    asyncio.run(long_ago())
    monkeypatch.setenv("LOKET_AGENT_RETENTION_DAYS", "12")
    code, out, _ = loket("retention", "show")
    assert (code, "messages" in out, "12" in out) == (0, True, True)
    code, out, _ = loket("retention", "run", "--dry-run")
    assert (code, "would be" in out) == (0, True)
    code, out, _ = loket("retention", "run")
    assert code == 0
    assert re.search(r"messages\W+12\W+deleted\W+2\b", out)
    code, out, _ = loket("retention", "run")
    assert re.search(r"messages\W+12\W+deleted\W+0\b", out)


def _inbox(desk: Desk) -> list[Any]:
    with desk.database.reading() as tx:
        return [json.dumps(row) for row in tx.execute(sa.select(inbox.c.message)).scalars()]
