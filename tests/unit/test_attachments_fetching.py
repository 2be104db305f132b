"""Fetching: once a message is answered, checked against what was said of it, kept encrypted, and given up in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions import files
from actions.attaching import file_context
from actions.file_tables import attachment_bytes, attachments
from actions.keys import ROLE_RINGS, GateKeys
from agent import inbox as messages
from agent.tables import inbox
from core.errors import ConfigError
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.attachments.fetching import PAUSES, Fetching
from storage import Database, now
from storage.keys import SealBroken
from tests.desk import Desk
from tests.files_sent import EXE, MEGABYTE, PDF, Chest, fetching, send
from tests.gate_rooms import room_on
from tests.staff import TOM


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk.start(documents=()) as desk:
        yield desk


def rows(database: Database, table: sa.Table = attachments) -> list[Any]:
    with database.reading() as tx:
        return list(tx.execute(sa.select(table)).mappings())


async def test_a_file_is_kept_encrypted_with_a_key_that_the_agent_does_not_hold(desk: Desk) -> None:
    chest = Chest()
    await send(desk, TOM, "", chest.put("scan.pdf"))
    assert await fetching(desk, chest).once() == 1
    (row,), (kept,) = rows(desk.database), rows(desk.database, attachment_bytes)
    assert (row["state"], row["locator"], row["due_at"]) == ("kept", "", None)
    assert PDF not in kept["ciphertext"]
    folder = desk.counter.home.keys
    for role in ("web", "executor"):
        keys = GateKeys.load(folder, ROLE_RINGS[role])
        sealed = (kept["key_id"], kept["nonce"], kept["ciphertext"])
        assert keys.open("file", *sealed, file_context(kept["file_id"])) == PDF
        with pytest.raises(SealBroken):
            keys.open("file", *sealed, file_context("another file"))
    with pytest.raises(ConfigError):
        GateKeys.load(folder, ROLE_RINGS["agent"]).sealing("file")


async def test_a_process_without_the_key_does_not_begin(desk: Desk) -> None:
    agent = GateKeys.load(desk.counter.home.keys, ROLE_RINGS["agent"])
    with pytest.raises(ConfigError):
        await Fetching(desk.database, {}, agent, MEGABYTE).start()


async def test_nothing_is_fetched_before_its_message_is_answered(desk: Desk) -> None:
    chest = Chest()
    await send(desk, TOM, "", chest.put("scan.pdf"))
    with desk.database.transaction() as tx:
        tx.change(sa.update(inbox).values(state="waiting"))
    await fetching(desk, chest).once()
    assert chest.asked == []
    with desk.database.transaction() as tx:
        tx.change(sa.update(inbox).values(state="handled"))
    await fetching(desk, chest).once()
    assert len(chest.asked) == 1


async def test_a_channel_that_fails_is_asked_again_ever_more_seldom_and_then_given_up(desk: Desk) -> None:
    chest = Chest()
    file = chest.put("scan.pdf")
    await send(desk, TOM, "", file)
    chest.fails[file.attachment_id] = 100
    for pause in (*PAUSES, 1):
        await fetching(desk, chest).once()
        await fetching(desk, chest).once()
        await desk.clock.advance(seconds=pause + 0.1)
    assert len(chest.asked) == len(PAUSES) + 1
    (row,) = rows(desk.database)
    assert (row["state"], row["reason"]) == ("failed", "gone")
    await desk.clock.advance(hours=1)
    assert await fetching(desk, chest).once() == 0


async def test_one_that_fails_twice_and_then_comes_is_kept(desk: Desk) -> None:
    chest = Chest()
    file, other = chest.put("scan.pdf"), chest.put("other.pdf")
    await send(desk, TOM, "", file, other)
    chest.fails[file.attachment_id] = 2
    for _ in range(3):
        await fetching(desk, chest).once()
        await desk.clock.advance(seconds=9)
    assert [row["state"] for row in rows(desk.database)] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("content", "said", "limit", "reason"),
    [
        (EXE, -1, MEGABYTE, "type"),
        (b"<!DOCTYPE html><html>Sign in", -1, MEGABYTE, "type"),
        (PDF * 2, len(PDF), MEGABYTE, "size"),
        (PDF, len(PDF) * 2, MEGABYTE, "size"),
        (PDF * 10, -1, len(PDF), "size"),
    ],
    ids=["a program", "a sign-in page", "more than said", "less than said", "more than agreed"],
)
async def test_what_is_not_what_was_said_is_not_kept(
    desk: Desk, content: bytes, said: int, limit: int, reason: str
) -> None:
    chest = Chest()
    await send(desk, TOM, "", chest.put("scan.pdf", content, size=said))
    await fetching(desk, chest, limit).once()
    (row,) = rows(desk.database)
    assert (row["state"], row["reason"]) == ("failed", reason)
    assert rows(desk.database, attachment_bytes) == []


async def test_a_channel_nobody_here_serves_is_no_reason_to_stop(desk: Desk) -> None:
    chest = Chest()
    await send(desk, TOM, "", chest.put("scan.pdf"))
    await Fetching(desk.database, {"teams": chest}, desk.counter.gate.parts.keys, MEGABYTE).once()
    assert rows(desk.database)[0]["state"] == "failed"
    assert chest.asked == []


async def test_a_channel_with_a_bug_is_no_reason_to_stop(desk: Desk) -> None:
    def bug() -> None:
        raise RuntimeError("a bug that quotes scan.pdf")

    chest = Chest(before=bug)
    await send(desk, TOM, "", chest.put("scan.pdf"))
    await fetching(desk, chest).once()
    assert rows(desk.database)[0]["state"] == "wanted"
    assert not any("bug that quotes" in text for text in desk.sinks().values())


async def test_several_processes_fetch_each_file_once(desk: Desk) -> None:
    chest = Chest()
    await send(desk, TOM, "", *(chest.put(f"page-{n}.pdf") for n in range(8)))
    several = [fetching(desk, chest) for _ in range(4)]
    await asyncio.gather(*(one.once() for one in several))
    assert sorted(chest.asked) == sorted(set(chest.asked))
    assert len(chest.asked) == 8


async def test_one_that_was_being_fetched_when_its_process_died_is_fetched_again(desk: Desk) -> None:
    def dies() -> None:
        raise asyncio.CancelledError

    chest = Chest(before=dies)
    await send(desk, TOM, "", chest.put("scan.pdf"))
    with pytest.raises(asyncio.CancelledError):
        await fetching(desk, chest).once()
    chest.before = lambda: None
    assert await fetching(desk, chest).once() == 0
    await desk.clock.advance(seconds=91)
    assert await fetching(desk, chest).once() == 1
    assert rows(desk.database)[0]["state"] == "kept"


async def test_one_that_was_slower_than_its_lease_does_not_overwrite(desk: Desk) -> None:
    chest, keys = Chest(), desk.counter.gate.parts.keys
    file = chest.put("scan.pdf")
    await send(desk, TOM, "", file)

    class Slow(Chest):
        async def read(self, attachment: Any, limit: int) -> bytes:
            desk.counter.database.clock_offset += timedelta(seconds=100)
            await Fetching(desk.database, {"slack": chest}, keys, MEGABYTE).once()
            return b"%PDF" + bytes(attachment.size - 4)

    await Fetching(desk.database, {"slack": Slow()}, keys, MEGABYTE).once()
    (kept,) = rows(desk.database, attachment_bytes)
    opened = keys.open("file", kept["key_id"], kept["nonce"], kept["ciphertext"], file_context(kept["file_id"]))
    assert opened == PDF


async def test_it_runs_beside_the_work_and_stops(desk: Desk) -> None:
    chest = Chest()
    running = Fetching(desk.database, {"slack": chest}, desk.counter.gate.parts.keys, MEGABYTE, seconds=0.01)
    await running.start()
    await send(desk, TOM, "", chest.put("scan.pdf"))
    async with asyncio.timeout(5):
        while rows(desk.database)[0]["state"] != "kept":  # noqa: ASYNC110 - another task changes the row
            await asyncio.sleep(0.01)
    await running.stop()


@pytest.mark.postgres
async def test_it_works_on_postgres(request: pytest.FixtureRequest) -> None:
    with room_on(request.getfixturevalue("postgres_server")) as room:
        chest = Chest()
        identity = ChannelIdentity("slack", "TDHB", "UE1002")
        with room.database.transaction() as tx:
            message = Message("e-1", identity, Address("slack", "TDHB", "D1"), "", now(tx), files=(chest.put("a.pdf"),))
            message = files.looked_at(message)
            messages.put(tx, files.without_places(message))
            files.put(tx, message)
            tx.change(sa.update(inbox).values(state="handled"))
        keys = room.gate.parts.keys
        await asyncio.gather(*(Fetching(room.database, {"slack": chest}, keys, MEGABYTE).once() for _ in range(3)))
        assert rows(room.database)[0]["state"] == "kept"
        assert len(chest.asked) == 1
        with room.database.reading() as tx:
            assert len(files.free(tx, message, "c", TOM)) == 1
