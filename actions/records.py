"""The words of the ledger: the states of an action, the action itself, and what a proposal carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from actions.rules import Rule
from core.events import Address
from core.people import ChannelIdentity, Employee
from core.replies import Fact
from core.risk import Risk
from tools.manifest import RateLimit
from tools.registry import GATES_OWN
from tools.spec import Tool


class State(StrEnum):
    """Where an action stands. `actions/flow.py` holds the moves between them."""

    AWAITING_CONFIRMATION = "awaiting_confirmation"
    AWAITING_PROOF = "awaiting_proof"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A proposal that has been looked at and not yet filed: the tool, what it would do, and the rule that holds.

    `arguments` are validated and resolved (a person's name has become an employee number). Made by `Gate.prepare`,
    which only reads; filed by `Gate.propose` in the turn's transaction.
    """

    tool: Tool
    arguments: dict[str, Any]
    requester: Employee
    subject: Employee
    account_id: str | None
    tier: Risk
    rule: Rule
    rule_version: int
    proof_method: str
    title: str
    facts: tuple[Fact, ...]
    notice: str
    language: str
    proofs: tuple[str, ...] = ()
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a proposal came from: the event, the conversation and the place to answer."""

    action_id: str
    event_id: str
    conversation_id: str
    address: Address
    identity: ChannelIdentity


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the ledger.

    `version` grows with every change of the row. `proof_method` is empty until identity is proved: `code`, `callback`,
    `sign_in` or `sign_in_strong`; `callback_due` means that an approver has to ring the person before their yes counts.
    `proof_stamp` and `confirm_stamp` show that the gate itself heard the proof and the requester's yes.
    `proofs` are the ways that are open to this requester: `code`, `sign_in`, `callback`. While it waits for proof,
    cards may carry links to `link_page` that hold until `link_until`.
    `approvers_sign_in`: a yes counts only with a sign-in for it (the rules may ask that too, where this is false).
    `due_at` is when the present state runs out, `expires_at` (sealed) when the action itself does; both UTC.
    """

    action_id: str
    version: int
    event_id: str
    conversation_id: str
    address: Address
    tool: str
    tool_hash: str
    arguments: dict[str, Any]
    requester_id: str
    subject_id: str
    account_id: str | None
    tier: Risk
    rule_version: int
    approvals_needed: int
    approver_groups: tuple[str, ...]
    proof_needed: bool
    proof_method: str
    proof_detail: str
    proof_at: datetime | None
    proof_stamp: str
    confirm_stamp: str
    nonce: str
    seal: str
    state: State
    title: str
    facts: tuple[Fact, ...]
    language: str
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None
    asked_at: datetime | None
    reminded_at: datetime | None
    escalated_at: datetime | None
    taken_by: str
    taken_until: datetime | None
    fencing: str
    claimed_at: datetime | None
    reference: str
    result_address: str
    reason: str
    proofs: tuple[str, ...] = ("code", "callback")
    link_page: str = ""
    link_until: datetime | None = None
    approvers_sign_in: bool = False

    @property
    def can_be_edited(self) -> bool:
        """Whether it is a draft whose arguments are what people fill in: about no account, and none of the gate's own.

        Whom an action is about, and what is bound to a person, stands in no form.
        """
        draft = self.state is State.AWAITING_CONFIRMATION and bool(self.arguments)
        return draft and self.account_id is None and self.tool not in GATES_OWN
