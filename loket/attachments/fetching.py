"""Fetching files from where the channel keeps them, as soon as the message they came with has been answered.

Not before: what a stranger sends, and what comes with words that are not kept, is never fetched at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
import structlog

from actions.attaching import file_context
from actions.file_tables import attachments
from actions.files import DROPPED, FAILED, WANTED
from actions.keys import GateKeys
from agent.inbox import HANDLED
from agent.tables import inbox
from core.attachments import UNWANTED_SIZE, UNWANTED_TYPE, Attachment, FileRefused, Files
from core.errors import ConnectorError, LoketError
from core.file_names import is_what_it_claims
from core.rounds import Rounds
from loket.attachments.keeping import FORGOTTEN, keep
from storage import Database, Tx, now

AT_ONCE = 4
"""Files that are fetched side by side: each is held in memory while it is."""
LEASE = timedelta(seconds=90)
"""Longer than one download may take; whoever held it is gone then."""
PAUSES = (2, 8, 30, 60, 120)
"""Seconds after each try that failed; after the last it is given up."""
log = structlog.get_logger("loket.attachments")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One file to fetch, claimed. `tries` counts this one."""

    file_id: str
    channel: str
    tries: int
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What became of one try. Without content or reason it is tried again."""

    content: bytes | None = field(default=None, repr=False)
    reason: str = ""


class Fetching:
    """Fetches for the process that holds the channels. Several side by side do no harm.

    `channels` are the files of each channel by its name; `limit` is the largest file in bytes.
    """

    def __init__(
        self, database: Database, channels: Mapping[str, Files], keys: GateKeys, limit: int, seconds: float = 1.0
    ) -> None:
        self._database = database
        self._channels = channels
        self._keys = keys
        self._limit = limit
        self._rounds = Rounds(self.once, seconds, _failed, eager=True)

    async def once(self) -> int:
        """One round; returns how many files were looked after."""
        if not await self._database.read(_any_due):
            return 0
        claimed = await self._database.run(lambda tx: _claim(tx, tuple(self._channels)))
        await asyncio.gather(*(self._fetch(wanted) for wanted in claimed))
        return len(claimed)

    async def start(self) -> None:
        """Begin."""
        self._keys.must_have("files")
        self._rounds.start()

    async def stop(self) -> None:
        """Finish the round under way, and fetch no more."""
        await self._rounds.stop()

    async def _fetch(self, wanted: _Wanted) -> None:
        fetched = await self._read(wanted)
        sealed = None
        if fetched.content is not None:
            ring, content = self._keys.sealing("file"), fetched.content
            sealed = await asyncio.to_thread(ring.seal, content, file_context(wanted.file_id))
        await self._database.run(lambda tx: _keep(tx, wanted, fetched, sealed))

    async def _read(self, wanted: _Wanted) -> _Fetched:
        """What the channel gives, if it is what was said. Neither name nor address stands in the log."""
        attachment = wanted.attachment
        try:
            content = await self._channels[wanted.channel].read(attachment, min(self._limit, attachment.size))
        except FileRefused as error:
            return _Fetched(reason=error.reason)
        except ConnectorError as error:
            log.warning("file_not_fetched", system=error.system, attempts=wanted.tries)
            return _Fetched(reason="" if wanted.tries <= len(PAUSES) else "gone")
        except Exception as error:  # noqa: BLE001 - one file's trouble must not keep the others from being fetched
            log.error("file_crashed", error=type(error).__name__, attempts=wanted.tries)
            return _Fetched(reason="" if wanted.tries <= len(PAUSES) else "gone")
        if len(content) != attachment.size:  # the card says how large it is, and the card is what was agreed to
            return _Fetched(reason=UNWANTED_SIZE)
        if not is_what_it_claims(content, attachment.name, attachment.media_type):
            return _Fetched(reason=UNWANTED_TYPE)
        return _Fetched(content)


def _failed(error: Exception) -> None:
    if isinstance(error, LoketError):
        log.warning("fetching_failed", error=type(error).__name__)
    else:
        log.error("fetching_crashed", error=type(error).__name__)


def _any_due(tx: Tx) -> bool:
    return (
        tx.execute(sa.select(attachments.c.file_id).where(attachments.c.due_at <= now(tx)).limit(1)).first() is not None
    )


def _claim(tx: Tx, channels: tuple[str, ...]) -> list[_Wanted]:
    """The next files of answered messages, for this process alone until the lease ends."""
    moment = now(tx)
    joined = attachments.outerjoin(inbox, inbox.c.event_id == attachments.c.event_id)
    rows = tx.execute(
        sa.select(attachments, inbox.c.state.label("message_state"), inbox.c.message)
        .select_from(joined)
        .where(attachments.c.state == WANTED, attachments.c.due_at <= moment)
        .where(sa.or_(inbox.c.state == HANDLED, inbox.c.event_id.is_(None)))
        .order_by(attachments.c.due_at, attachments.c.file_id)
        .limit(AT_ONCE)
        .with_for_update(of=attachments, skip_locked=True)
    ).all()
    claimed: list[_Wanted] = []
    for row in rows:
        this = attachments.c.file_id == row.file_id
        if row.message is None or not row.message.get("files"):
            tx.change(sa.update(attachments).where(this).values(state=DROPPED, **FORGOTTEN))
            continue
        if row.channel not in channels:
            tx.change(sa.update(attachments).where(this).values(state=FAILED, reason="gone", due_at=None))
            continue
        tx.change(sa.update(attachments).where(this).values(tries=row.tries + 1, due_at=moment + LEASE))
        attachment = Attachment(row.attachment_id, row.name, row.media_type, row.size, "", row.locator)
        claimed.append(_Wanted(row.file_id, row.channel, row.tries + 1, attachment))
    return claimed


def _keep(tx: Tx, wanted: _Wanted, fetched: _Fetched, sealed: tuple[str, bytes, bytes] | None) -> None:
    """What became of it, unless another process has tried since: then that one says."""
    mine = (
        attachments.c.file_id == wanted.file_id,
        attachments.c.state == WANTED,
        attachments.c.tries == wanted.tries,
    )
    moment = now(tx)
    if fetched.content is None or sealed is None:
        again = {"due_at": moment + timedelta(seconds=PAUSES[min(wanted.tries, len(PAUSES)) - 1])}
        ended = {"state": FAILED, "reason": fetched.reason, "due_at": None}
        tx.change(sa.update(attachments).where(*mine).values(**(ended if fetched.reason else again)))
        return
    keep(tx, wanted.file_id, fetched.content, sealed, attachments.c.tries == wanted.tries)
