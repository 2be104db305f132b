"""Files whose sender uploads them, for channels that keep none (the JSON API), checked as in `fetching.py`.

So nothing of a stranger is taken, and nothing that came with words that are not kept.
"""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from actions.attaching import file_context
from actions.file_tables import attachments
from actions.files import DROPPED, KEPT, WAITS, WANTED
from actions.keys import GateKeys
from agent.inbox import HANDLED
from agent.tables import inbox
from core.attachments import Brought
from core.file_names import is_what_it_claims
from core.people import ChannelIdentity
from loket.attachments.keeping import FORGOTTEN, keep
from storage import Database, Tx, now


class BroughtFiles:
    """Implements `core.attachments.Bringing`."""

    def __init__(self, database: Database, keys: GateKeys) -> None:
        self._database = database
        self._keys = keys

    async def bring(self, identity: ChannelIdentity, event_id: str, number: int, content: bytes) -> Brought:
        """See `Bringing.bring`. What does not fit leaves the file wanted: the right bytes may still come."""
        known, file = await self._database.run(lambda tx: _wanted(tx, identity, event_id, number))
        if known is not None:
            return known
        if len(content) != file.size:  # the card says how large it is, and the card is what was agreed to
            return Brought.SIZE
        if not is_what_it_claims(content, file.name, file.media_type):
            return Brought.TYPE
        sealed = await asyncio.to_thread(self._keys.sealing("file").seal, content, file_context(file.file_id))
        await self._database.run(lambda tx: keep(tx, file.file_id, content, sealed))
        return Brought.KEPT


def _wanted(tx: Tx, identity: ChannelIdentity, event_id: str, number: int) -> tuple[Brought | None, Any]:
    """The row of a file whose bytes may come now; else why they may not."""
    theirs = (attachments.c.channel == identity.channel, attachments.c.tenant == identity.tenant)
    row = tx.execute(
        sa.select(attachments, inbox.c.state.label("message_state"), inbox.c.message)
        .select_from(attachments.outerjoin(inbox, inbox.c.event_id == attachments.c.event_id))
        .where(attachments.c.event_id == event_id, attachments.c.number == number)
        .where(*theirs, attachments.c.user == identity.user)
    ).first()
    if row is None:
        return Brought.UNKNOWN, None
    if row.state == KEPT:
        return Brought.KEPT, None
    if row.state != WANTED or row.at < now(tx) - WAITS:
        return Brought.GONE, None
    if row.message_state is not None and row.message_state != HANDLED:
        return Brought.LATER, None
    if row.message is None or not row.message.get("files"):
        this = (attachments.c.file_id == row.file_id, attachments.c.state == WANTED)
        tx.change(sa.update(attachments).where(*this).values(state=DROPPED, **FORGOTTEN))
        return Brought.GONE, None
    return None, row
