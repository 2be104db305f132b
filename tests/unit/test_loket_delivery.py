"""Delivery never loses, never marks before it sent, and keeps a room's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from connectors.notify import Road
from core.encoding import encode
from core.errors import ConnectorError
from core.events import Address, Place
from core.replies import Reply
from loket.delivery.delivery import Delivery
from loket.migrate import upgrade
from loket.recording import RecordingChannel
from storage import Database, OutboxItem, outbox
from storage.tables import outbox as table

ROOM = Address("slack", "TDHB", "D1", user="UE1002")
SHARED = Address("slack", "TDHB", "C1", Place.SHARED, user="UE1002")


class Flaky(RecordingChannel):
    """Refuses the first posts."""

    def __init__(self, refusals: int = 0) -> None:
        super().__init__("slack")
        self.refusals = refusals

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        if self.refusals:
            self.refusals -= 1
            raise ConnectorError("slack", "rate limited")
        return await super().send(address, reply, key)


class Mailbox:
    """A notifier that keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[tuple[Road, str, str, str]] = []

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        self.sent.append((road, address, subject, text.get_secret_value()))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    upgrade(made)
    yield made
    made.close()


def item(key: str, text: str, address: Address = ROOM, slot: str = "", private: bool = False) -> OutboxItem:
    return OutboxItem(key, "reply", encode(address), encode(Reply(text, "en", private=private)), slot)


async def put(database: Database, *items: OutboxItem) -> None:
    for one in items:
        await database.run(lambda tx, one=one: outbox.put(tx, one))


def states(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(tx.execute(sa.select(table.c.state).order_by(table.c.outbox_id)).scalars())


async def test_what_waits_is_sent_in_order_and_marked_after(database: Database) -> None:
    channel = RecordingChannel("slack")
    await put(database, item("a", "first"), item("b", "second"))
    assert await Delivery(database, [channel], Mailbox()).deliver_due() == 2
    assert [post.reply.text for post in channel.posts] == ["first", "second"]
    assert states(database) == ["sent", "sent"]


async def test_a_refused_post_waits_and_what_follows_it_in_the_room_waits_too(database: Database) -> None:
    channel = Flaky(refusals=1)
    delivery = Delivery(database, [channel], Mailbox())
    await put(database, item("a", "first"), item("b", "second"), item("c", "elsewhere", Address("slack", "TDHB", "D2")))
    channel.refusals = 0
    original = channel.send

    async def refuse_first(address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        if key == "a" and not channel.posts[1:]:
            raise ConnectorError("slack", "rate limited")
        return await original(address, reply, key)

    channel.send = refuse_first  # type: ignore[method-assign]
    await delivery.deliver_due()
    assert [post.reply.text for post in channel.posts] == ["elsewhere"]
    assert states(database) == ["waiting", "waiting", "sent"]
    channel.send = original  # type: ignore[method-assign]
    database.clock_offset = timedelta(minutes=1)
    await delivery.deliver_due()
    assert [post.reply.text for post in channel.posts] == ["elsewhere", "first", "second"]


async def test_a_newer_state_of_a_card_takes_the_place_of_the_older(database: Database) -> None:
    channel = RecordingChannel("slack")
    delivery = Delivery(database, [channel], Mailbox())
    await put(database, item("card:1", "waits", slot="card"))
    await delivery.deliver_due()
    await put(database, item("card:2", "done", slot="card"))
    await delivery.deliver_due()
    assert [(post.reply.text, post.replaces) for post in channel.posts] == [("waits", ""), ("done", "card:1")]


async def test_a_private_reply_leaves_the_shared_room(database: Database) -> None:
    channel = RecordingChannel("slack")
    await put(database, item("a", "only for you", SHARED, private=True), item("b", "for all", SHARED))
    await Delivery(database, [channel], Mailbox()).deliver_due()
    assert {post.reply.text: post.address.room for post in channel.posts} == {"only for you": "UE1002", "for all": "C1"}


async def test_a_private_reply_of_nobody_is_never_posted_in_the_shared_room(database: Database) -> None:
    channel = RecordingChannel("slack")
    await put(database, item("a", "only for you", Address("slack", "TDHB", "C1", Place.SHARED), private=True))
    await Delivery(database, [channel], Mailbox()).deliver_due()
    assert channel.posts == []
    assert states(database) == ["waiting"]


async def test_a_notice_goes_by_its_road(database: Database) -> None:
    mailbox = Mailbox()
    where = {"road": "work_mail", "address": "tom.bakker@dhb.example", "employee_id": "E1002"}
    await put(database, OutboxItem("n", "notify", where, {"subject": "Changed", "text": "Was this not you?"}))
    await Delivery(database, [], mailbox).deliver_due()
    assert mailbox.sent == [(Road.WORK_MAIL, "tom.bakker@dhb.example", "Changed", "Was this not you?")]


async def test_a_row_that_nobody_can_read_does_not_hold_up_the_others(database: Database) -> None:
    channel = RecordingChannel("slack")
    await put(
        database,
        OutboxItem("bad", "reply", {"channel": "slack", "room": "X"}, {"nonsense": True}),
        OutboxItem("odd", "notify", {"road": "pigeon", "address": "x"}, {"subject": "", "text": ""}),
        item("good", "hello"),
    )
    await Delivery(database, [channel], Mailbox()).deliver_due()
    assert [post.reply.text for post in channel.posts] == ["hello"]


async def test_it_delivers_by_itself_when_woken_and_stops_whatever_it_is_doing(database: Database) -> None:
    channel = Flaky(refusals=1)
    delivery = Delivery(database, [channel], Mailbox())
    await delivery.start()
    await put(database, item("a", "hello"))
    delivery.wake()
    deadline = asyncio.get_running_loop().time() + 10
    while not channel.posts and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - a test may poll
        await asyncio.sleep(0.02)
    assert [post.reply.text for post in channel.posts] == ["hello"]
    delivery.wake()
    await asyncio.wait_for(delivery.stop(), 5)


async def test_stopping_never_hangs_however_often_it_is_woken(database: Database) -> None:
    for _ in range(30):
        delivery = Delivery(database, [], Mailbox())
        await delivery.start()
        await asyncio.sleep(0)
        delivery.wake()
        await asyncio.wait_for(delivery.stop(), 5)
