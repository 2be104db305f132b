"""An answer that grows in Slack: opened when it is slow, filled sentence by sentence, finished by its delivery.

Rows of `slack_streams` tell every process which post shows it. Whatever happens, the reply takes the place of that
post, or the post goes.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from agent.language import language_of
from core.errors import ConnectorError
from core.events import Message
from slack_app import stream_rows
from slack_app.calling import (
    Features,
    SlackFailed,
    SlackMissing,
    SlackUnsure,
    WebApi,
)
from slack_app.growing import Growing, Rhythm
from slack_app.pacing import Budget
from slack_app.posts import Posts, Spot
from slack_app.stream_calls import FEATURE, Shown, StreamCalls
from slack_app.stream_rows import LEFT, OPENING, StreamRow
from storage import Database

STARTS_A_MINUTE = 15
"""Slack lets a workspace stop 20 streams a minute; the rest is left for what went wrong."""
SHOWN_AT_ONCE = 12
"""Answers of which Slack is shown more at a time. A hundred that grow at one moment would each take some milliseconds
of the loop before the next event is acknowledged."""
CALL_SECONDS = 5.0
LONGEST = 11_000
"""Characters of an answer that are shown while it grows: Slack takes 12,000 in a message."""
YOUNG = timedelta(seconds=15)
"""A post that is being made for longer than this is made by nobody any more."""
AROUND = timedelta(seconds=60)
log = structlog.get_logger("loket.slack")


class Streams:
    """Answers that are shown before they are whole."""

    def __init__(self, web: WebApi, posts: Posts, database: Database, features: Features, rhythm: Rhythm) -> None:
        self._web = web
        self._posts = posts
        self._calls = StreamCalls(web)
        self._database = database
        self._features = features
        self._rhythm = rhythm
        self._budget = Budget(STARTS_A_MINUTE, clock=web.pacing.clock)
        self._growing: dict[str, Growing] = {}
        self._room = asyncio.Semaphore(SHOWN_AT_ONCE)

    def begun(self, message: Message, spot: Spot) -> None:
        """The desk thinks about it: from now on the answer counts as slow or not."""
        self._of(message, spot).begin_again()

    def add(self, message: Message, spot: Spot, text: str) -> None:
        """The next sentence, fit to be shown."""
        self._of(message, spot).add(text)

    def withdraw(self, event_id: str) -> None:
        """What was shown of it goes."""
        growing = self._growing.get(event_id)
        if growing is not None:
            growing.withdraw()

    async def take_over(self, event_id: str, spot: Spot, language: str, *, until: float) -> str | None:
        """The ts of the post that the reply to an event takes the place of; None where the reply is a post of its own.

        The post is not written any more then. `finished` follows when it shows the reply.
        """
        growing = self._growing.pop(event_id, None)
        if growing is not None:
            await growing.end()
        row = await self._database.read(lambda tx: stream_rows.get(tx, event_id))
        if row is not None and not row.is_known and not row.is_doomed:
            row = await self._settled(row, until)
        if row is None or not row.is_known:
            return None
        if (row.tenant, row.room, row.thread) != (spot.tenant, spot.room, spot.thread):
            await self._doom(row, until)
            return None
        await self._calls.stop(spot, row.ts, until, language=language)
        return row.ts

    async def finished(self, event_id: str) -> None:
        """The reply stands, in the growing answer's place or elsewhere: the row has done its work."""
        row = await self._database.read(lambda tx: stream_rows.get(tx, event_id))
        if row is not None and row.is_known:
            await self._database.run(lambda tx: stream_rows.drop(tx, event_id))

    async def tidy(self) -> int:
        """Take away what nobody will finish; returns how much that was. What fails now is tried at the next round."""
        rows = await self._database.read(stream_rows.left_over)
        until = self._web.until(CALL_SECONDS * 2)
        done = 0
        for row in rows:
            try:
                done += await self._tidied(row, until)
            except ConnectorError as error:
                log.warning("slack_stream_untidied", event_id=row.event_id, error=type(error).__name__)
        self._growing = {event_id: one for event_id, one in self._growing.items() if not one.is_over}
        return done

    async def close(self) -> None:
        """Show nothing more. What is open stays with its row, for whoever delivers the reply."""
        growing, self._growing = list(self._growing.values()), {}
        for one in growing:
            await one.end()

    def _of(self, message: Message, spot: Spot) -> Growing:
        known = self._growing.get(message.event_id)
        if known is not None and not known.is_over:
            return known
        user = message.address.user or message.identity.user
        shown = Shown(message.event_id, spot, user, message.address.place)
        growing = Growing(
            self._rhythm,
            lambda text: self._show(shown, text),
            lambda: self._hide(shown),
            lambda: self._close(shown),
            self._room,
        )
        self._growing[message.event_id] = growing
        return growing

    async def _show(self, shown: Shown, text: str) -> bool:
        until = self._web.until(CALL_SECONDS)
        shown.chars += len(text)
        if shown.chars > LONGEST:
            return False
        try:
            if shown.ts:
                await self._calls.append(shown, text, until)
                return True
            shown.language = language_of(text)
            return await self._open(shown, text, until)
        except SlackMissing as error:
            self._features.lacks(shown.spot.tenant, FEATURE, shown.place, error)
        except ConnectorError as error:
            # Whether a piece got through may be unknown: nothing more is shown, so nothing is twice or out of order.
            log.info("slack_preview_ended", event_id=shown.event_id, error=type(error).__name__)
        return False

    async def _open(self, shown: Shown, text: str, until: float) -> bool:
        spot, event_id = shown.spot, shown.event_id
        if not self._features.has(spot.tenant, FEATURE, shown.place) or not self._budget.take(spot.tenant):
            return False
        if not await self._database.run(
            lambda tx: stream_rows.claim(tx, event_id, spot.tenant, spot.room, spot.thread)
        ):
            return False
        if await self._database.read(lambda tx: stream_rows.is_answered(tx, event_id)):
            await self._database.run(lambda tx: stream_rows.drop(tx, event_id))
            return False
        try:
            ts = await self._calls.start(shown, text, until)
        except SlackUnsure:
            await self._database.run(lambda tx: stream_rows.move(tx, event_id, OPENING, LEFT))
            raise
        except SlackFailed:
            await self._database.run(lambda tx: stream_rows.drop(tx, event_id))
            raise
        if not await self._database.run(lambda tx: stream_rows.move(tx, event_id, OPENING, ts)):
            await self._answered_meanwhile(shown, ts, until)
            return False
        shown.ts = ts
        return True

    async def _answered_meanwhile(self, shown: Shown, ts: str, until: float) -> None:
        """Another process delivered the reply while we opened the post: it stands already, ours goes."""
        event_id = shown.event_id
        row = await self._database.read(lambda tx: stream_rows.get(tx, event_id))
        if row is not None and await self._database.run(
            lambda tx: stream_rows.move(tx, event_id, LEFT, stream_rows.DOOMED + ts)
        ):
            await self._clear(event_id, shown.spot, ts, until)

    async def _close(self, shown: Shown) -> bool:
        """Slack would soon close it anyway; the post stays, and the reply takes its place."""
        if shown.ts:
            try:
                until = self._web.until(CALL_SECONDS)
                await self._calls.stop(shown.spot, shown.ts, until, language=shown.language, thinks=True)
            except ConnectorError as error:
                log.info("slack_preview_ended", event_id=shown.event_id, error=type(error).__name__)
        return False

    async def _hide(self, shown: Shown) -> bool:
        ts, shown.ts, shown.chars = shown.ts, "", 0
        if not ts:
            return False
        doomed, event_id = stream_rows.DOOMED + ts, shown.event_id
        try:
            if await self._database.run(lambda tx: stream_rows.move(tx, event_id, ts, doomed)):
                await self._clear(event_id, shown.spot, ts, self._web.until(CALL_SECONDS), thinks=True)
            return True
        except ConnectorError as error:
            log.warning("slack_stream_untidied", event_id=event_id, error=type(error).__name__)
            return False

    async def _clear(self, event_id: str, spot: Spot, ts: str, until: float, *, thinks: bool = False) -> None:
        await self._calls.stop(spot, ts, until, thinks=thinks)
        await self._posts.remove(spot, ts, until=until)
        await self._database.run(lambda tx: stream_rows.drop(tx, event_id))

    async def _doom(self, row: StreamRow, until: float) -> None:
        """Its post must go: said in the row first, so that whatever happens now, a later round does it."""
        doomed = stream_rows.DOOMED + row.ts
        if await self._database.run(lambda tx: stream_rows.move(tx, row.event_id, row.ts, doomed)):
            spot = Spot(row.tenant, row.room, row.thread)
            try:
                await self._clear(row.event_id, spot, row.ts, until)
            except ConnectorError as error:
                log.warning("slack_stream_untidied", event_id=row.event_id, error=type(error).__name__)

    async def _settled(self, row: StreamRow, until: float) -> StreamRow | None:
        """What became of a post of which nobody told us whether it was made: the row as it is now."""
        event_id, was = row.event_id, row.ts
        young = datetime.now(UTC) - row.at < YOUNG
        ts = None if was == OPENING and young else await self._orphan(row, until)
        if ts is None and was == LEFT:
            return None
        # From LEFT on, whoever is making the post sees that it comes too late.
        await self._database.run(lambda tx: stream_rows.move(tx, event_id, was, ts or LEFT))
        return await self._database.read(lambda tx: stream_rows.get(tx, event_id))

    async def _orphan(self, row: StreamRow, until: float) -> str | None:
        """A post of ours in that thread that was never finished and belongs to no other answer."""
        others = await self._database.read(lambda tx: stream_rows.neighbours(tx, row))
        near = row.at.timestamp() - AROUND.total_seconds()
        found = await self._posts.unmarked(Spot(row.tenant, row.room, row.thread), until=until)
        return next((ts for ts in found if ts not in others and float(ts) > near), None)

    async def _tidied(self, row: StreamRow, until: float) -> bool:
        ts = row.post if row.is_known or row.is_doomed else await self._orphan(row, until)
        if ts is None:
            await self._database.run(lambda tx: stream_rows.drop(tx, row.event_id))
            return False
        doomed = stream_rows.DOOMED + ts
        if not row.is_doomed and not await self._database.run(
            lambda tx: stream_rows.move(tx, row.event_id, row.ts, doomed)
        ):
            return False  # its reply has come after all
        await self._clear(row.event_id, Spot(row.tenant, row.room, row.thread), ts, until)
        return True
