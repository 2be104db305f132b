"""News of a ticket, told where it was asked for: to its requester, in the conversation of the action that filed it.

A change comes in by a webhook, by asking, or by both, and any number of times. Its number makes it one: who was told
that number, or a later one, is not told again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog

from actions import ledger
from actions.posting import tell_requester
from actions.records import Action, State
from actions.tables import actions
from actions.words import say
from connectors.tickets import TicketChange
from core.plain_text import inert, one_line
from storage import Database, Tx, now
from storage.tables import outbox

FILING_TOOLS = frozenset({"create_ticket", "hand_over_to_person"})
"""The tools that file a ticket. A comment on one names it too, and does not make it one's own conversation."""
REMEMBERED = timedelta(days=90)
"""News of older tickets is not told here: Jira itself tells by mail."""
MOST_CHARACTERS = 100
_NEWS = "ticket:"
log = structlog.get_logger("ticket_news")


class TicketNews:
    """Tells requesters. Works in any process that has the database, and needs no account anywhere."""

    def __init__(self, database: Database, tools: Collection[str] = FILING_TOOLS) -> None:
        self._database = database
        self._tools = tools

    async def heard(self, change: TicketChange) -> bool:
        """A ticket has another status. Says whether its requester is told by this; not, when nobody here asked for
        it, or they know already. Raises `ConnectorError` of the database.
        """
        told = await self._database.run(partial(_tell, change=change, tools=self._tools))
        if told:
            log.info("ticket_news_told")
        return told


def _tell(tx: Tx, change: TicketChange, tools: Collection[str]) -> bool:
    filed = _filed_by(tx, change.ticket_id, tools)
    action = ledger.lock(tx, filed) if filed else None  # two who hear of it at once take turns
    if action is None or not action.arguments or _knows(tx, action, change.change_id):
        return False  # without arguments its words were taken away, its address among them: nobody is left to tell
    status = inert(one_line(change.status))[:MOST_CHARACTERS]
    key = "ticket_closed" if change.closed else "ticket_moved"
    text = say(key, action.language, ticket=change.ticket_id, status=status, address=action.result_address)
    tell_requester(tx, action, f"{_NEWS}{change.change_id}", text.rstrip())
    return True


def _filed_by(tx: Tx, ticket_id: str, tools: Collection[str]) -> str:
    """The action that filed a ticket; empty for a ticket that nobody asked for here."""
    filed = (
        sa.select(actions.c.action_id)
        .where(
            actions.c.reference == ticket_id,
            actions.c.state == State.DONE.value,
            actions.c.tool.in_(sorted(tools)),
            actions.c.created_at >= now(tx) - REMEMBERED,
        )
        .order_by(actions.c.created_at)
        .limit(1)
    )
    return tx.execute(filed).scalar() or ""


def _knows(tx: Tx, action: Action, change_id: int) -> bool:
    """Whether this change, or a later one of the ticket, was told: what comes late must not contradict it."""
    prefix = f"told:{action.action_id}:{_NEWS}"
    told = tx.execute(sa.select(outbox.c.key).where(outbox.c.key.startswith(prefix, autoescape=True))).scalars()
    return any(int(key.removeprefix(prefix)) >= change_id for key in told)
