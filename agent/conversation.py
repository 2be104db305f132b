"""Which conversation a message belongs to, and what was said in it: per conversation and person, never another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from agent.settings import AgentSettings
from agent.state import Past
from agent.tables import conversations, messages
from core.encoding import encode
from core.events import Message, Place
from core.replies import Citation
from storage import Tx, now

NAMESPACE = uuid5(NAMESPACE_URL, "loket:conversation")

# Building a statement costs as much as running it: those of every turn are built once.
_SAY = sa.insert(messages)
_MET = (
    sa.select(conversations.c.conversation_id)
    .where(
        conversations.c.employee_id == sa.bindparam("employee_id"), conversations.c.channel == sa.bindparam("channel")
    )
    .limit(1)
)
_LATEST = (
    sa.select(conversations.c.conversation_id, conversations.c.last_at)
    .where(conversations.c.employee_id == sa.bindparam("employee_id"), conversations.c.place == sa.bindparam("place"))
    .order_by(conversations.c.last_at.desc())
    .limit(1)
)
_ANCHORED = (
    sa.select(messages.c.conversation_id)
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .where(
        messages.c.employee_id == sa.bindparam("employee_id"),
        messages.c.anchor == sa.bindparam("anchor"),
        messages.c.anchor != sa.literal_column("''"),  # the index holds only these
        conversations.c.place == sa.bindparam("place"),
    )
    .order_by(messages.c.message_id.desc())
    .limit(1)
)
_HISTORY = (
    sa.select(messages.c.role, messages.c.text, messages.c.language)
    .where(
        messages.c.conversation_id == sa.bindparam("conversation_id"),
        messages.c.employee_id == sa.bindparam("employee_id"),
        messages.c.text != "",
    )
    .order_by(messages.c.message_id.desc())
    .limit(sa.bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a message stands. `first_contact`: this person has no conversation in this channel yet."""

    conversation_id: str
    place: str
    history: tuple[Past, ...]
    first_contact: bool


def load(tx: Tx, message: Message, employee_id: str, settings: AgentSettings) -> Conversation:
    """The conversation and its history, oldest first.

    A thread is one conversation. Top-level messages in a direct chat are one while less than the set minutes lie
    between them; a top-level message in a shared room starts its own. What hangs under a post of an earlier exchange
    goes on with the conversation of that one, however old.
    """
    place = place_of(message)
    first = tx.execute(_MET, {"employee_id": employee_id, "channel": message.address.channel}).first()
    conversation_id = _running(tx, message, employee_id, place, settings)
    if conversation_id is None:
        started = str(uuid5(NAMESPACE, f"{message.event_id}:{employee_id}"))
        return Conversation(started, place, (), first is None)
    return Conversation(conversation_id, place, history(tx, conversation_id, employee_id, settings), first is None)


def history(tx: Tx, conversation_id: str, employee_id: str, settings: AgentSettings) -> tuple[Past, ...]:
    """The last messages of this person's side of a conversation, oldest first. Signposted ones are not in it."""
    whose = {"conversation_id": conversation_id, "employee_id": employee_id, "most": settings.history_messages}
    rows = tx.execute(_HISTORY, whose).all()
    return tuple(Past(row.role, row.text, row.language) for row in reversed(rows))


def save(
    tx: Tx,
    where: tuple[str, str, str],
    message: Message,
    lines: Sequence[tuple[Past, Sequence[Citation]]],
) -> None:
    """Add what was said. `where` is (conversation id, employee id, place)."""
    conversation_id, employee_id, place = where
    moment = now(tx)
    language = lines[-1][0].language
    tx.put(
        conversations,
        replaces=("last_at", "language"),
        conversation_id=conversation_id,
        employee_id=employee_id,
        place=place,
        channel=message.address.channel,
        language=language,
        last_at=moment,
    )
    rows = [
        {
            "conversation_id": conversation_id,
            "employee_id": employee_id,
            "role": past.role,
            "text": past.text,
            "language": past.language,
            "citations": [encode(citation) for citation in citations],
            "event_id": message.event_id,
            "at": moment,
            "anchor": message.address.anchor,
        }
        for past, citations in lines
    ]
    tx.execute(_SAY, rows)


def place_of(message: Message) -> str:
    """The room and thread as one key."""
    address = message.address
    return f"{address.channel}:{address.tenant}:{address.room}:{address.thread or '-'}"


def _running(tx: Tx, message: Message, employee_id: str, place: str, settings: AgentSettings) -> str | None:
    if message.address.anchor:
        whose = {"employee_id": employee_id, "anchor": message.address.anchor, "place": place}
        hangs_under = tx.execute(_ANCHORED, whose).first()
        if hangs_under is not None:
            return str(hangs_under.conversation_id)
    if message.address.thread is None and message.address.place is Place.SHARED:
        return None
    row = tx.execute(_LATEST, {"employee_id": employee_id, "place": place}).first()
    if row is None:
        return None
    pause = timedelta(minutes=settings.direct_conversation_minutes)
    if message.address.thread is None and row.last_at <= now(tx) - pause:
        return None
    return str(row.conversation_id)
