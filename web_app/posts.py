"""The door as a channel: posts are rows, numbered in the order they became visible, read by the source they are for."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.encoding import encode
from core.events import Address, Message, Place
from core.ports import Capabilities
from core.replies import Reply
from storage import Database, Tx, now
from storage.faultpoint import around_commit
from web_app.feed import Feed, Preview
from web_app.forms import CHANNEL
from web_app.tables import posts

_ORDER_LOCK = 0x10CE9
"""Any number of 32 bits, other than the keys of other advisory locks."""


@dataclass(frozen=True, slots=True)
class Post:
    """One row as its reader sees it. `replaces` is the number of the post whose place it takes, 0 for none.

    `event` is the source's own id of the event that the post answers; empty for what comes by itself.
    """

    post_id: int
    room: str
    thread: str | None
    place: str
    user: str
    event: str
    replaces: int
    at: datetime
    reply: Mapping[str, Any]


class PostsChannel:
    """Implements `core.ports.Channel`, `Attentive` and `Live` for all sources of the door."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._database = database
        self._feed = feed

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return CHANNEL

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return Capabilities(modals=True, streaming=True, max_chars=100_000)

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel.send`. A key that is there already is the same post: its number is returned."""
        receipt = await self._database.run(lambda tx: _send(tx, address, reply, key))
        self._feed.posted(address.tenant)
        return str(receipt)

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`. A new row; none when the newest one says the same. Raises ValueError for no receipt."""
        replaced = int(receipt)
        await self._database.run(lambda tx: _update(tx, address, replaced, reply))
        self._feed.posted(address.tenant)

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`: a room of that user's name."""
        return Address(CHANNEL, tenant, user, Place.DIRECT, user=user)

    async def taken(self, message: Message, busy: str = "") -> None:
        """See `Attentive.taken`."""
        self._feed.show(Preview("taken", message, busy))

    async def begun(self, message: Message) -> None:
        """See `Live.begun`."""
        self._feed.show(Preview("begun", message))

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`."""
        self._feed.show(Preview("sentence", message, text))

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        self._feed.show(Preview("withdraw", message))

    async def after(self, source: str, post_id: int, limit: int) -> list[Post]:
        """The posts for a source with a higher number, lowest first. None that came before them can follow later."""
        return await self._database.read(lambda tx: _after(tx, source, post_id, limit))


def _send(tx: Tx, address: Address, reply: Reply, key: str) -> int:
    _in_order(tx, address.tenant)
    tx.add(posts, key=key, **_row(tx, address, reply))
    around_commit(tx, "posts.send")
    post_id: int = tx.execute(
        sa.select(posts.c.post_id).where(posts.c.channel == CHANNEL, posts.c.key == key)
    ).scalar_one()
    return post_id


def _update(tx: Tx, address: Address, replaced: int, reply: Reply) -> None:
    _in_order(tx, address.tenant)
    row = _row(tx, address, reply)
    newest = tx.execute(
        sa.select(posts.c.reply)
        .where(posts.c.replaces == replaced, posts.c.tenant == address.tenant)
        .order_by(posts.c.post_id.desc())
        .limit(1)
    ).scalar()
    if newest != row["reply"]:
        tx.add(posts, key=f"update:{uuid.uuid4()}", replaces=replaced, **row)


def _row(tx: Tx, address: Address, reply: Reply) -> dict[str, Any]:
    return {
        "channel": CHANNEL,
        "tenant": address.tenant,
        "room": address.room,
        "thread": address.thread,
        "place": address.place.value,
        "reader": address.user,
        "reply": encode(reply),
        "at": now(tx),
    }


def _in_order(tx: Tx, source: str) -> None:
    """Whoever draws a lower number commits first: a reader that has seen a post will never miss one before it."""
    if tx.is_postgres:  # on SQLite there is one writer anyway
        key = zlib.crc32(source.encode()) - 2**31
        tx.execute(sa.text("SELECT pg_advisory_xact_lock(:lock, :source)"), {"lock": _ORDER_LOCK, "source": key})


def _after(tx: Tx, source: str, post_id: int, limit: int) -> list[Post]:
    rows = tx.execute(
        sa.select(posts)
        .where(posts.c.channel == CHANNEL, posts.c.tenant == source, posts.c.post_id > post_id)
        .order_by(posts.c.post_id)
        .limit(limit)
    )
    return [
        Post(
            row.post_id,
            row.room,
            row.thread,
            row.place,
            row.reader,
            _event_of(row.key, source),
            row.replaces or 0,
            row.at,
            row.reply,
        )
        for row in rows
    ]


def _event_of(key: str, source: str) -> str:
    """The source's own id in the key of a turn's reply (`turn:door:{source}:{id}:{number}`)."""
    prefix = f"turn:{CHANNEL}:{source}:"
    return key.removeprefix(prefix).rpartition(":")[0] if key.startswith(prefix) else ""
