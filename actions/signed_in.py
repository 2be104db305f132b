"""A fresh sign-in as proof of identity: held against the action its link was made for, then taken as a code is."""

from __future__ import annotations

from actions import envelopes, ledger, proof_links
from actions.cards import Background
from actions.flow import Overtaken, note, touch
from actions.parts import GateParts
from actions.posting import background, post_approvers, post_requester, tell_requester
from actions.records import Action, State
from actions.refusing import Tried, note_refused, refused
from actions.requester import ask_approvers, timely
from actions.seal import seal_of
from actions.stamps import stamp
from actions.step_up import on_offer, suffices
from actions.words import say
from core.errors import Refused, ToolRetry
from core.outcomes import Outcome
from core.people import Employee
from core.ports import Decision
from core.sign_in import SignedIn
from storage import Tx, now

ORIGIN = "web"


async def prove_by_sign_in(parts: GateParts, signed: SignedIn) -> Decision:
    """See `Gate.prove_by_sign_in`."""
    link = await parts.database.read(lambda tx: proof_links.find(tx, signed.reference))
    action = await parts.database.read(lambda tx: ledger.find(tx, link.action_id)) if link else None
    person = await parts.systems.read.directory.by_id(signed.employee_id)
    language = person.language if person else "en"
    try:
        if person is None or not person.may_use_tools:
            raise Refused("stranger", Outcome.REFUSED_IDENTITY)
        if action is None:
            raise Refused("proof_link_gone", Outcome.REFUSED_LIMIT)
        known = await background(parts, action)
        return await parts.database.run(lambda tx: _prove(parts, tx, signed, person, known))
    except Overtaken:
        return Decision(False, say("overtaken", language), "")
    except Refused as refusal:
        no = refusal
        await parts.database.run(lambda tx: _note_refused(parts, tx, signed, no, action))
        return refused(no, language, action.state.value if action and action.requester_id == signed.employee_id else "")


def _prove(parts: GateParts, tx: Tx, signed: SignedIn, person: Employee, known: Background) -> Decision:
    """All of it under the action's row lock: the link, the person, the seal, the way of signing in."""
    link = proof_links.find(tx, signed.reference)
    action = ledger.lock(tx, link.action_id) if link else None
    if link is None or action is None or not proof_links.spend(tx, link.token_hash):
        raise Refused("proof_link_gone", Outcome.REFUSED_LIMIT)
    if action.requester_id != person.employee_id:
        raise Refused("other_person", Outcome.REFUSED_IDENTITY)
    timely(tx, action, State.AWAITING_PROOF)
    if link.seal != action.seal or seal_of(action) != action.seal:
        raise Refused("seal_broken")
    _refuse_unless_enough(parts, tx, signed, action)
    action = _taken(parts, tx, signed, action)
    text = say("signed_in_proved", action.language, title=action.title)
    post_requester(tx, action, text)
    post_approvers(parts, tx, action, known)
    return Decision(True, say("signed_in_proved", person.language, title=action.title), action.state.value)


def _refuse_unless_enough(parts: GateParts, tx: Tx, signed: SignedIn, action: Action) -> None:
    """The rules in force decide, not those of the moment at which the link was made."""
    _version, rules = parts.rules.current(tx)
    rule = rules.tools.get(action.tool)
    try:
        tool = parts.tool(action.tool, action.tool_hash)
    except ToolRetry:
        raise Refused("no_proof_possible") from None  # it is gone
    if rule is None or not on_offer(parts.systems.step_up, tool, rule, action.requester_id, action.subject_id):
        raise Refused("no_proof_possible")
    if not suffices(tool, action, signed.method):
        raise Refused("not_strong", Outcome.REFUSED_IDENTITY)


def _taken(parts: GateParts, tx: Tx, signed: SignedIn, action: Action) -> Action:
    actor = f"employee:{signed.employee_id}"
    envelopes.destroy(tx, action.action_id, "code", state="failed")
    proof_links.drop(tx, action.action_id)
    proved = stamp(parts.keys, "proof", action.action_id, action.seal, signed.method)
    action = touch(
        tx, action, proof_method=signed.method, proof_detail="", proof_at=now(tx), proof_stamp=proved, link_until=None
    )
    note(
        tx, action, "proof.given", actor=actor, result=signed.method, origin=ORIGIN, acr=signed.acr,
        identity=str(signed.identity), at=signed.at.isoformat(),
    )  # fmt: skip
    return ask_approvers(parts, tx, action, actor, ORIGIN)


def _note_refused(parts: GateParts, tx: Tx, signed: SignedIn, refusal: Refused, action: Action | None) -> None:
    """Of a stranger's sign-in the requester hears at once, and that link is spent."""
    note_refused(parts, tx, refusal, action, Tried(signed.employee_id, "proof.sign_in", ORIGIN))
    if action is not None and refusal.reason == "other_person":
        proof_links.spend(tx, signed.reference)
        tell_requester(tx, action, f"other:{signed.reference[:16]}", say("other_signed_in", action.language))
