"""An approver who has to sign in for their yes: the click gives a link, the sign-in shows what it is for, a second
yes on that page casts the vote; by the same way as any other vote, and with everything checked again (S-06).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from actions import approval_links, ledger
from actions.approval_links import ApprovalLink
from actions.counting import sign_in_asked
from actions.flow import Overtaken, note
from actions.parts import GateParts
from actions.posting import background, card_of_an_approver
from actions.records import Action
from actions.refusing import Tried, note_refused, refused
from actions.results import alert
from actions.seal import seal_of
from actions.step_up import FreshSignIn
from actions.votes import Ballot, may_vote
from actions.voting import cast_and_tell
from actions.words import say
from core.errors import Refused
from core.outcomes import Outcome
from core.people import Employee
from core.ports import Decision
from core.replies import Card, Link
from core.sign_in import SignedIn
from storage import Tx, now

ORIGIN = "web"


@dataclass(frozen=True, slots=True)
class ToApprove:
    """What the page shows to whoever signed in: the approver's card, and what they said of ringing the person."""

    card: Card
    approver: Employee
    callback: str


def link_instead(parts: GateParts, tx: Tx, action_id: str, ballot: Ballot) -> Link | None:
    """What a click on "approve" gives where the approver has to sign in; None where the click is the vote.

    Raises `Refused` for whoever could not vote anyway, and where nobody can sign in although it is asked.
    """
    if ballot.verdict != "approve":
        return None
    action = may_vote(parts, tx, ledger.lock(tx, action_id), ballot.approver)
    if not sign_in_asked(parts, tx, action):
        return None
    if parts.systems.step_up is None:
        raise Refused("sign_in_not_set_up", Outcome.REFUSED_LIMIT)
    if action.proof_method == "callback_due" and not ballot.callback:
        raise Refused("callback_first", Outcome.REFUSED_LIMIT)
    actor = f"employee:{ballot.approver.employee_id}"
    note(tx, action, "vote.sign_in_asked", actor=actor, result="link", origin=ballot.origin)
    return approval_links.make(parts, tx, action, ballot, parts.systems.step_up)


async def is_wanted(parts: GateParts, reference: str) -> bool:
    """See `Signing.approval_wanted`."""

    def look(tx: Tx) -> bool:
        link = approval_links.find(parts, tx, reference)
        action = ledger.find(tx, link.action_id) if link else None
        return action is not None and action.state.value == "awaiting_approval"

    return await parts.database.read(look)


async def approver_signed_in(parts: GateParts, signed: SignedIn, browser_hash: str) -> Decision:
    """See `Signing.approver_signed_in`."""
    fresh = FreshSignIn(signed.method, signed.acr, str(signed.identity), signed.at)

    def enter(tx: Tx, link: ApprovalLink, action: Action, person: Employee) -> Decision:
        _refuse_unless_theirs(parts, tx, link, action, person)
        if not fresh.holds(now(tx)):
            raise Refused("stale_sign_in", Outcome.REFUSED_IDENTITY)
        approval_links.signed_in(parts, tx, link, fresh, browser_hash)
        actor = f"employee:{person.employee_id}"
        note(
            tx, action, "vote.signed_in", actor=actor, result=signed.method, origin=ORIGIN, acr=signed.acr,
            identity=str(signed.identity), at=signed.at.isoformat(),
        )  # fmt: skip
        return Decision(True, "", action.state.value)

    return await _with_link(parts, signed.reference, signed.employee_id, enter)


async def to_approve(parts: GateParts, reference: str, browser_hash: str) -> ToApprove | None:
    """See `Signing.to_approve`."""
    link = await parts.database.read(lambda tx: _signed_link(parts, tx, reference, browser_hash))
    action = await parts.database.read(lambda tx: ledger.find(tx, link.action_id)) if link else None
    person = await parts.systems.read.directory.by_id(link.employee_id) if link else None
    if link is None or action is None or person is None:
        return None
    try:
        await parts.database.read(lambda tx: _refuse_unless_theirs(parts, tx, link, action, person))
        return ToApprove(await card_of_an_approver(parts, action, person), person, link.callback)
    except Refused:
        return None


async def approve_signed_in(parts: GateParts, reference: str, browser_hash: str, language: str) -> Decision:
    """See `Signing.approve_signed_in`."""
    mine = await parts.database.read(lambda tx: _signed_link(parts, tx, reference, browser_hash))
    action = await parts.database.read(lambda tx: ledger.find(tx, mine.action_id)) if mine else None
    if mine is None or action is None:
        return Decision(False, say("no_approval_link_gone", language), "")
    known = await background(parts, action)

    def vote(tx: Tx, link: ApprovalLink, action: Action, person: Employee) -> Decision:
        if not _is_of(link, browser_hash) or link.signed is None or not approval_links.spend(tx, reference):
            raise Refused("approval_link_gone", Outcome.REFUSED_LIMIT)
        if not link.signed.holds(now(tx)):
            raise Refused("stale_sign_in", Outcome.REFUSED_IDENTITY)
        _refuse_unless_theirs(parts, tx, link, action, person)
        ballot = Ballot(person, "approve", ORIGIN, callback=link.callback, signed=link.signed)
        decision = cast_and_tell(parts, tx, action.action_id, ballot, known)
        approval_links.drop(tx, action.action_id, person)
        return decision

    return await _with_link(parts, reference, mine.employee_id, vote)


async def _with_link(
    parts: GateParts, reference: str, employee_id: str, do: Callable[[Tx, ApprovalLink, Action, Employee], Decision]
) -> Decision:
    """Do something under the lock of the action's row; never raises for what a person may do wrong."""
    person = await parts.systems.read.directory.by_id(employee_id) if employee_id else None
    language = person.language if person else "en"

    def under_lock(tx: Tx) -> Decision:
        link = approval_links.find(parts, tx, reference)
        action = ledger.lock(tx, link.action_id) if link else None
        link = approval_links.find(parts, tx, reference)  # the lock may have been waited for
        if link is None or action is None:
            raise Refused("approval_link_gone", Outcome.REFUSED_LIMIT)
        if person is None or not person.may_use_tools:
            raise Refused("stranger", Outcome.REFUSED_IDENTITY)
        return do(tx, link, action, person)

    try:
        return await parts.database.run(under_lock)
    except Overtaken:
        return Decision(False, say("overtaken", language), "")
    except Refused as no:
        refusal = no
        state = await parts.database.run(lambda tx: _note_refused(parts, tx, reference, employee_id, refusal))
        return refused(refusal, language, state)


def _refuse_unless_theirs(parts: GateParts, tx: Tx, link: ApprovalLink, action: Action, person: Employee) -> None:
    """The person who clicked, by person, who may still vote, on the action as it was sealed when they clicked."""
    if link.employee_id != person.employee_id:
        raise Refused("other_approver", Outcome.REFUSED_IDENTITY)
    may_vote(parts, tx, action, person)
    if link.seal != action.seal or seal_of(action) != action.seal:
        raise Refused("seal_broken")


def _signed_link(parts: GateParts, tx: Tx, reference: str, browser_hash: str) -> ApprovalLink | None:
    link = approval_links.find(parts, tx, reference)
    return link if link is not None and link.signed is not None and _is_of(link, browser_hash) else None


def _is_of(link: ApprovalLink, browser_hash: str) -> bool:
    """Whether its approver signed in for it in this browser."""
    return bool(link.browser_hash) and hmac.compare_digest(link.browser_hash.encode(), browser_hash.encode())


def _note_refused(parts: GateParts, tx: Tx, reference: str, employee_id: str, refusal: Refused) -> str:
    """Keep that somebody tried. A link with which somebody else signed in is spent, and security hears of it."""
    link = approval_links.find(parts, tx, reference)
    action = ledger.find(tx, link.action_id) if link else None
    note_refused(parts, tx, refusal, action, Tried(employee_id, "vote.sign_in", ORIGIN))
    if action is not None and refusal.reason == "other_approver":
        approval_links.spend(tx, reference)
        alert(parts, tx, action, "alert_other_signed_in")
        return ""
    return action.state.value if action else ""
