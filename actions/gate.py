"""The gate: the only door to the ledger. The agent proposes through it, people decide, the engine drives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from actions import ledger, sweep
from actions.attaching import attach_due
from actions.cards import Background
from actions.deciding import decide
from actions.doubt import settle_by_hand
from actions.editing import replace
from actions.executor import execute, resume
from actions.flow import Overtaken
from actions.keys import GateKeys
from actions.looking import Looking
from actions.own_tools import own_tools
from actions.parts import GateParts, GateSystems, ToolSource
from actions.posting import drawn, post_approvers, post_requester
from actions.prepare import prepare
from actions.propose import propose
from actions.records import Action, Origin, Prepared, State
from actions.requester import confirm, withdraw
from actions.restored import void_after_restore
from actions.rules import RuleBook
from actions.secrets_out import send_due
from actions.settings import GateSettings
from actions.signing import Signing
from actions.step_up import confirmed_key
from actions.switches import switch_off
from actions.tables import actions
from actions.unwanted import by_notice
from actions.words import say
from core.errors import Refused
from core.events import Address, Click
from core.measures import Measures, Relay
from core.outcomes import Outcome
from core.people import Employee
from core.ports import Decision
from core.replies import Reply
from core.tracing import span
from storage import Database, Tx


class Gate(Looking, Signing):
    """All that the rest of the house may do with actions."""

    def __init__(
        self,
        database: Database,
        registry: ToolSource,
        systems: GateSystems,
        rules: RuleBook,
        keys: GateKeys,
        settings: GateSettings,
        wake: Callable[[str], None],
        measures: Measures | None = None,
    ) -> None:
        own = own_tools(database, rules, lambda: self.parts)
        self.parts = GateParts(database, registry, systems, rules, keys, settings, wake, own, measures or Relay())
        self._running: set[str] = set()

    async def open(self, *, alone: bool = True) -> None:
        """Put the first rules in force, and look at what a crash left behind (`alone`: no other executor lives)."""
        await self.parts.database.run(self.parts.rules.open)
        await sweep.take_up(self.parts, alone=alone)

    async def prepare(
        self,
        requester: Employee,
        tool_name: str,
        arguments: object,
        language: str,
        said: Sequence[str] | None = None,
        address: Address | None = None,
    ) -> Prepared:
        """Look at a proposal; reads only. `said` is what the requester wrote: whom a tool is about must be in it.

        `address` is where they ask: a new version of a tool may be offered in some rooms first.

        Raises `Refused`, `ToolRetry` (for the model), `ToolFailed`, `ConnectorError`.
        """
        return await prepare(self.parts, requester, tool_name, arguments, language, said, address)

    def propose(self, tx: Tx, prepared: Prepared, origin: Origin) -> Reply:
        """File it, in the transaction of the turn. Raises `Refused` when a brake or a change of rules holds."""
        return propose(self.parts, tx, prepared, origin)

    def replace(self, tx: Tx, action_id: str, prepared: Prepared, origin: Origin) -> Reply:
        """File it in the place of the draft `action_id`, which ends. Raises `Refused`: then nothing is filed."""
        return replace(self.parts, tx, action_id, prepared, origin)

    def confirm(self, tx: Tx, action_id: str, requester_id: str) -> Reply:
        """ "ok" in text: the requester's own yes to their own draft. It never approves anything else."""
        action = confirm(self.parts, tx, action_id, requester_id, "text")
        return self._moved(tx, action, confirmed_key(action))

    def cancel(self, tx: Tx, action_id: str, requester_id: str) -> Reply:
        """ "no" in text: the requester withdraws their own draft."""
        action = withdraw(tx, action_id, requester_id, "text")
        return self._moved(tx, action, "ended_cancelled")

    def replace_draft(self, tx: Tx, requester_id: str, conversation_id: str) -> list[Reply]:
        """The requester put their request right: withdraw their newest draft in this conversation.

        Empty when there is none (any more): a draft that was confirmed meanwhile stays what it is.
        """
        newest = ledger.select(
            tx,
            actions.c.requester_id == requester_id,
            actions.c.conversation_id == conversation_id,
            ledger.in_states([State.AWAITING_CONFIRMATION]),
            limit=1,
        )
        return [self.cancel(tx, draft.action_id, requester_id) for draft in newest]

    async def decide(self, click: Click, decider: Employee) -> Decision:
        """Apply a click; `decider` comes from the verified channel. Never raises for what a person may do wrong."""
        return await decide(self.parts, click, decider)

    async def not_me(self, code: str, actor: str = "", origin: str = "notice") -> Decision:
        """ "This was not me", with the code of a notice. Raises `Refused` for a code that was never sent.

        `actor` is who typed it, where that is known; it need not be the person it is about.
        """
        return await self.parts.database.run(lambda tx: by_notice(self.parts, tx, code, origin, actor))

    async def advance(self, action_id: str) -> None:
        """Do what is to be done now: send a secret, execute what is approved, end what a crash left. Idempotent."""
        if action_id in self._running:
            return
        self._running.add(action_id)
        try:
            await self._advance(action_id)
        finally:
            self._running.discard(action_id)

    async def sweep(self) -> None:
        """Expiry, reminders and doubtful effects; wakes every action that should move."""
        await sweep.sweep(self.parts)

    async def void_after_restore(self, reason: str, actor: str = "system:executor") -> int:
        """End all that is open in an older copy of the database; returns how many. Before anything executes."""
        return await void_after_restore(self.parts, reason, actor)

    async def settle(self, action_id: str, approver: Employee, *, done: bool) -> Decision:
        """A person looked outside and says whether an `unknown` action happened. Raises `Refused` if not entitled."""
        action = await self.show(action_id)
        if action is None or action.state is not State.UNKNOWN:
            return Decision(False, say("no_wrong_state", approver.language, state="-"), "")
        if not await settle_by_hand(self.parts, action, approver, done):
            return Decision(False, say("overtaken", approver.language), "")
        return Decision(True, say("settled", approver.language), "done" if done else "failed")

    async def switch_off(self, admin: Employee, scope: str, reason: str) -> bool:
        """The kill switch, for one tool or `*`: works at once. Raises `Refused` for anybody but an admin."""
        if "admins" not in admin.groups or not admin.may_use_tools:
            raise Refused("not_for_you", Outcome.REFUSED_NOT_ENTITLED)
        return await self.parts.database.run(lambda tx: switch_off(tx, f"employee:{admin.employee_id}", scope, reason))

    async def _advance(self, action_id: str) -> None:
        action = await self.parts.database.read(lambda tx: ledger.find(tx, action_id))
        if action is None:
            return
        with span("advance", event_id=action.event_id, action_id=action_id, state=action.state.value):
            await self._move_on(action)

    async def _move_on(self, action: Action) -> None:
        await send_due(self.parts, action)
        await attach_due(self.parts, action)
        try:
            if action.state is State.APPROVED:
                await execute(self.parts, action)
            elif action.state is State.EXECUTING:
                await resume(self.parts, action)
            else:
                return
        except Overtaken:
            return
        after = await self.parts.database.read(lambda tx: ledger.find(tx, action.action_id))
        if after is None:
            return
        if action.due_at is not None and action.state is State.APPROVED and after.claimed_at is not None:
            approved_at = action.due_at - timedelta(minutes=self.parts.settings.claim_minutes)
            self.parts.measures.action_started(action.tool, (after.claimed_at - approved_at).total_seconds())
        await send_due(self.parts, after)
        await attach_due(self.parts, after)

    def _moved(self, tx: Tx, action: Action, key: str) -> Reply:
        text = say(key, action.language, title=action.title)
        if action.state is not State.CANCELLED:
            post_requester(tx, action, text)
        elif action.asked_at is not None:
            post_approvers(self.parts, tx, action, Background())
        return Reply(
            text=text,
            language=action.language,
            outcome=Outcome.ANSWERED if action.state is State.CANCELLED else Outcome.PROPOSED,
            card=drawn(tx, action),
            private=True,
        )
