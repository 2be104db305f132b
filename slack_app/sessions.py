"""What Slack shows beside an exchange: that the desk thinks, that something waits for a person, what it is about."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from actions.records import State
from actions.words import say as say_of_actions
from agent.language import language_of
from agent.secrets_in_text import cover_secrets
from agent.tables import inbox
from core.encoding import decode
from core.errors import ConnectorError
from core.events import Message, Place
from core.plain_text import visible
from core.replies import Reply
from slack_app.afterwards import Afterwards
from slack_app.calling import Features, SlackMissing, WebApi
from slack_app.posts import Spot
from slack_app.words import say
from storage import Database, Tx

Status = Literal["processing", "suspended", "active"]
STATUS = "agents.sessions.setStatus"
LINE = "assistant.threads.setStatus"
TITLE = 200
KNOWN = 5_000
"""Threads whose status is remembered, so that nothing is said twice."""
AT_ONCE = 24
"""Threads of which Slack is told something at a time: what changes while one waits is told as it is then."""
CALL_SECONDS = 10.0
log = structlog.get_logger("loket.slack")


@dataclass(slots=True)
class _Session:
    """One thread: what is to be said of it, and what was said last. `wait` says that it may take long.

    `left`: nothing will be posted there that takes the line under it away.
    """

    spot: Spot
    place: Place
    wanted: Status = "active"
    said: str = ""
    event_id: str = ""
    text: str = ""
    wait: str = ""
    said_wait: str = ""
    titled: bool = False
    left: bool = False
    busy: bool = False

    @property
    def is_told(self) -> bool:
        """Whether Slack shows what it should."""
        return self.wanted == self.said and (self.wanted != "processing" or self.wait == self.said_wait)


class Sessions:
    """Sets the status of agent sessions, beside everything else: nobody waits for it, and a failure costs nothing.

    Of several changes only the last is told: Slack never shows an old status after a new one.
    """

    def __init__(self, web: WebApi, features: Features, database: Database, afterwards: Afterwards) -> None:
        self._web = web
        self._features = features
        self._database = database
        self._afterwards = afterwards
        self._known: OrderedDict[Spot, _Session] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], Spot] = OrderedDict()
        self._room = asyncio.Semaphore(AT_ONCE)

    def thinks(self, message: Message, spot: Spot, wait: str = "") -> None:
        """The desk begins to think about a message, or took it in: then `wait` may say that it will take long.

        In a direct chat what people write in one go is answered under the last of it: there the sign moves along.
        """
        session = self._of(spot, message.address.place)
        known = session.text if session.event_id == message.event_id else ""
        session.event_id, session.text = message.event_id, message.text or known
        session.wait, session.left = wait, False
        if session.place is Place.DIRECT:
            self._leave_others(spot)
        self._want(session, "processing")

    def answered(self, reply: Reply, spot: Spot, place: Place) -> None:
        """A reply stands there: the desk waits for a person, or for the next question."""
        session = self._of(spot, place)
        session.left = False
        self._want(session, "suspended" if waits_for_a_person(reply) else "active")

    def _of(self, spot: Spot, place: Place) -> _Session:
        session = self._known.setdefault(spot, _Session(spot, place))
        self._known.move_to_end(spot)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return session

    def _leave_others(self, spot: Spot) -> None:
        chat = (spot.tenant, spot.room)
        before = self._known.get(self._newest.get(chat, spot))
        if before is not None and before.spot != spot and before.wanted == "processing":
            before.left = True
            self._want(before, "active")
        self._newest[chat] = spot
        self._newest.move_to_end(chat)
        if len(self._newest) > KNOWN:
            self._newest.popitem(last=False)

    def _want(self, session: _Session, status: Status) -> None:
        session.wanted = status
        if not session.busy and not session.is_told and session.spot.thread:
            session.busy = True
            self._afterwards.do("session", self._tell(session))

    async def _tell(self, session: _Session) -> None:
        try:
            async with self._room:
                while not session.is_told:
                    status, wait = session.wanted, session.wait
                    await self._status(session, status, wait)
                    session.said, session.said_wait = status, wait if status == "processing" else ""
        except ConnectorError as error:
            log.info("slack_session_untold", error=type(error).__name__)
        finally:
            session.busy = False

    async def _status(self, session: _Session, status: Status, wait: str) -> None:
        spot, until = session.spot, self._web.until(CALL_SECONDS)
        question = session.text
        if status == "processing" and not question:  # words do not travel between processes with the news
            question = await self._database.read(lambda tx: _question(tx, session.event_id))
        title = self._title(session, question, status)

        async def tell(client: AsyncWebClient) -> Any:
            return await client.agents_sessions_setStatus(
                channel_id=spot.room, thread_ts=spot.thread, status=status, title=title
            )

        async def show(client: AsyncWebClient) -> Any:
            line = say("status_thinking", language_of(question)) if status == "processing" else ""
            return await client.assistant_threads_setStatus(
                channel_id=spot.room, thread_ts=spot.thread, status=line, loading_messages=[wait] if wait else None
            )

        if session.left and status != "processing":  # first: a line, even an empty one, looks like work
            await self._tried(session, LINE, show, until)
        if status != session.said and await self._tried(session, STATUS, tell, until) and title:
            session.titled = True
        if status == "processing" and session.wanted == "processing":
            await self._tried(session, LINE, show, until)

    async def _tried(self, session: _Session, method: str, work: Any, until: float) -> bool:
        """One call of a feature that a workspace may not have; whether it has."""
        tenant = session.spot.tenant
        if not self._features.has(tenant, method, session.place):
            return False
        try:
            await self._web.call(tenant, method, work, until=until)
        except SlackMissing as error:
            self._features.lacks(tenant, method, session.place, error)
            return False
        return True

    def _title(self, session: _Session, question: str, status: Status) -> str | None:
        """In a direct chat, the first words of the first question: Slack takes a title when a session begins."""
        if session.titled or status != "processing" or session.place is not Place.DIRECT:
            return None
        words = " ".join(visible(cover_secrets(question)).split())
        return words if len(words) <= TITLE else words[: TITLE - 1].rpartition(" ")[0][:TITLE] + "…"


def waits_for_a_person(reply: Reply) -> bool:
    """Whether a reply shows an action on which approvers have to decide."""
    waiting = say_of_actions(f"state_{State.AWAITING_APPROVAL}", reply.language)
    return reply.card is not None and reply.card.state == waiting


def _question(tx: Tx, event_id: str) -> str:
    stored = tx.execute(inbox.select().where(inbox.c.event_id == event_id)).mappings().first()
    return decode(Message, stored["message"]).text if stored is not None else ""
