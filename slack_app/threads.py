"""Who talks with the desk in which thread of a shared room: their next message there needs no mention."""

from __future__ import annotations

import sqlalchemy as sa

from core.events import Address
from slack_app.tables import slack_threads
from storage import Database, Tx, now

_HERE = (
    sa.select(slack_threads.c.at)
    .where(slack_threads.c.tenant == sa.bindparam("tenant"))
    .where(slack_threads.c.room == sa.bindparam("room"))
    .where(slack_threads.c.thread == sa.bindparam("thread"))
    .where(slack_threads.c.user == sa.bindparam("who"))
)


class Threads:
    """The threads in which the desk takes part, person by person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, address: Address) -> None:
        """From now on this person (`address.user`) talks with the desk in that thread."""

        def put(tx: Tx) -> None:
            tx.put(
                slack_threads,
                replaces=("at",),
                tenant=address.tenant,
                room=address.room,
                thread=address.thread or "",
                user=address.user,
                at=now(tx),
            )

        await self._database.run(put)

    async def talks_with(self, address: Address) -> bool:
        """Whether this person already talks with the desk in that thread."""
        place = {
            "tenant": address.tenant,
            "room": address.room,
            "thread": address.thread or "",
            "who": address.user,
        }
        return await self._database.read(lambda tx: tx.execute(_HERE, place).first() is not None)
