"""When a fresh sign-in proves identity: for the requester's own account, where the rule says so, and no further; and
when an approver's yes counts only with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.records import Action
from actions.rules import Rule
from core.risk import Risk, strictest
from tools.spec import NOBODY, Tool

METHODS = frozenset({"sign_in", "sign_in_strong"})
FRESH, SKEW = timedelta(seconds=300), timedelta(minutes=1)
"""How long ago an approver may have signed in (S-06), and how far the provider's clock may be before ours."""


@dataclass(frozen=True, slots=True)
class StepUp:
    """Signing in as proof, where it is set up. `page` is the address under which the pages of proof are, `approve_page`
    the one under which approvers sign in for their yes.

    `strong`: the provider can vouch for a way of signing in that may stand in for a second factor.
    """

    page: str
    strong: bool = False
    approve_page: str = ""


@dataclass(frozen=True, slots=True)
class FreshSignIn:
    """A sign-in that a vote is cast with: how, by what word of the provider, as whom there, and when (UTC)."""

    method: str
    acr: str
    identity: str
    at: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether it is of a kind that proves something, and still fresh at this moment."""
        return self.method in METHODS and moment - FRESH <= self.at <= moment + SKEW


def on_offer(step_up: StepUp | None, tool: Tool, rule: Rule, requester_id: str, subject_id: str) -> bool:
    """Whether the requester may prove who they are by signing in.

    Never for somebody else's account: a colleague's sign-in says nothing about a caller. Not for what is critical in
    itself, such as replacing a second factor, unless the provider can vouch for more: whoever holds the password and
    the chat would otherwise get the factor that is to keep them out.
    """
    if step_up is None or "sign_in" not in rule.proof or tool.subject == NOBODY or requester_id != subject_id:
        return False
    return tool.risk is not Risk.CRITICAL or step_up.strong


def suffices(tool: Tool, action: Action, method: str) -> bool:
    """Whether a sign-in of this kind proves enough for this tool, by the tool's own risk and not by the row's."""
    if method not in METHODS or tool.subject == NOBODY or action.requester_id != action.subject_id:
        return False
    return tool.risk is not Risk.CRITICAL or method == "sign_in_strong"


def approvers_sign_in(step_up: StepUp | None, rule: Rule | None, action: Action, *tiers: Risk) -> bool:
    """Whether a yes to this action counts only with a sign-in for it.

    Everything that could ask for it is heard, and each can only add: what was asked when the approvers got the card,
    the rule, and, where people can sign in, a tier of `critical` by whichever account: the row's, the rule's, those
    given (the tool's own; what it is by now), or a call-back in the place of a proof.
    """
    if action.approvers_sign_in or (rule is not None and rule.approvers_sign_in):
        return True
    known = [action.tier, *tiers, *([rule.tier] if rule is not None else [])]
    if action.proof_method.startswith("callback"):
        known.append(Risk.CRITICAL)
    return step_up is not None and strictest(*known).rank >= Risk.CRITICAL.rank


def confirmed_key(action: Action) -> str:
    """The sentence that answers a requester's yes, by what comes next."""
    if action.state.value != "awaiting_proof" or "sign_in" not in action.proofs:
        return f"confirmed_{action.state}"
    return "confirmed_code_or_sign_in" if "code" in action.proofs else "confirmed_sign_in"
