"""What may be asked of the gate without changing anything."""

from __future__ import annotations

from collections.abc import Sequence

from actions import ledger, overview
from actions.cards import requester_card
from actions.editing import draft_of
from actions.parts import GateParts
from actions.posting import card_of_an_approver
from actions.records import Action, State
from actions.switches import switched_off
from actions.tables import actions
from core.errors import Refused
from core.front_page import RequestSummary
from core.outcomes import Outcome
from core.people import Employee
from core.replies import Card
from storage import Tx


class Looking:
    """The questions of `Gate`; all of them read only."""

    parts: GateParts

    async def mine(self, employee_id: str, limit: int = 10) -> Sequence[RequestSummary]:
        """A person's own actions, newest first."""
        return await overview.OwnRequests(self.parts.database).mine(employee_id, limit)

    async def waiting(self) -> list[Action]:
        """Everything that is not over, oldest first."""
        return await overview.waiting(self.parts.database)

    async def show(self, action_id: str) -> Action | None:
        """One action by its whole id or by the eight characters people use, when these are unambiguous."""
        if len(action_id) < 8:
            return None
        matches = actions.c.action_id.startswith(action_id, autoescape=True)
        found = await self.parts.database.read(lambda tx: ledger.select(tx, matches, limit=2))
        return found[0] if len(found) == 1 else None

    async def card_for(self, action_id: str, reader: Employee) -> Card:
        """The card as this reader sees it: their own request, or what an approver must know. Raises `Refused`."""
        action = await self.show(action_id)
        if action is not None and action.requester_id == reader.employee_id:
            return requester_card(action)
        if action is None:
            raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
        return await card_of_an_approver(self.parts, action, reader)

    async def draft_to_edit(self, action_id: str, requester_id: str) -> Action:
        """The requester's own draft, whose form they want to fill in anew. Raises `Refused`."""
        return await self.parts.database.read(lambda tx: draft_of(tx, action_id, requester_id))

    async def open_drafts(self, requester_id: str, conversation_id: str) -> list[Action]:
        """What waits for this person's yes in this conversation, newest first."""
        return await self.parts.database.read(
            lambda tx: ledger.select(
                tx,
                actions.c.requester_id == requester_id,
                actions.c.conversation_id == conversation_id,
                ledger.in_states([State.AWAITING_CONFIRMATION]),
            )
        )

    async def waiting_for_code(self, requester_id: str) -> bool:
        """Does an action of theirs wait for a code? Then six bare digits are no message for a model."""
        found = await self.parts.database.read(
            lambda tx: ledger.select(
                tx, actions.c.requester_id == requester_id, ledger.in_states([State.AWAITING_PROOF]), limit=1
            )
        )
        return bool(found)

    async def rules(self) -> tuple[int, str]:
        """The version of the rules in force, and their text."""

        def read(tx: Tx) -> tuple[int, str]:
            version, _rules = self.parts.rules.current(tx)
            return version, self.parts.rules.document(tx, version)

        return await self.parts.database.read(read)

    async def switched_off(self) -> dict[str, str]:
        """What is off, and why."""
        return await self.parts.database.read(switched_off)
