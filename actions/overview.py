"""Lists of actions: a person's own, and all that waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence

from actions import ledger
from actions.flow import OPEN
from actions.records import Action, State
from actions.tables import actions
from actions.words import say
from core.front_page import RequestSummary
from storage import Database


class OwnRequests:
    """`core.ports.Requests` over the ledger: what `my_requests` reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mine(self, employee_id: str, limit: int = 10) -> Sequence[RequestSummary]:
        """The person's own actions, newest first."""
        found = await self._database.read(
            lambda tx: ledger.select(tx, actions.c.requester_id == employee_id, limit=limit)
        )
        return [summary_of(action) for action in found]


async def waiting(database: Database) -> list[Action]:
    """Everything that is not over, oldest first, the doubtful ones too."""
    return await database.read(lambda tx: ledger.select(tx, ledger.in_states([*OPEN, State.UNKNOWN]))[::-1])


def summary_of(action: Action, language: str = "") -> RequestSummary:
    """One action as its requester sees it in a list; in the language of the request where no other is given."""
    waits = ", ".join(action.approver_groups) if action.state is State.AWAITING_APPROVAL else ""
    return RequestSummary(
        action_id=action.action_id,
        title=action.title,
        state=say(f"state_{action.state}", language or action.language),
        created_at=action.created_at,
        waits_for=waits,
        reference=action.reference,
    )
