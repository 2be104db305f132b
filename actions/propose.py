"""Filing a proposal in the ledger, in the transaction of the turn that made it."""

from __future__ import annotations

from datetime import datetime, timedelta

from actions import ledger
from actions.brake import refuse_if_too_many
from actions.cards import is_for_a_caller, requester_card
from actions.flow import note
from actions.holding import refuse_if_held
from actions.linking.young import quiet_hours, refuse_if_young
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.records import Origin, Prepared, State
from actions.rules import Rules
from actions.seal import Sealed, new_nonce
from actions.switches import refuse_if_off
from actions.words import say
from core.encoding import encode
from core.errors import Refused
from core.outcomes import Outcome
from core.replies import Reply
from core.risk import Risk
from storage import Tx, now
from storage.faultpoint import around_commit
from tools.limits import use
from tools.spec import NOBODY


def propose(parts: GateParts, tx: Tx, prepared: Prepared, origin: Origin) -> Reply:
    """See `Gate.propose`."""
    refuse_if_off(tx, prepared.tool.name)
    version, rules = parts.rules.current(tx)
    if version != prepared.rule_version:
        raise Refused("rules_changed")
    if prepared.tier in (Risk.SENSITIVE, Risk.CRITICAL):
        one_at_a_time(tx, "requester", prepared.requester.employee_id)
        who, whom = prepared.requester.employee_id, prepared.subject.employee_id
        refuse_if_too_many(tx, rules, who, whom, prepared.tool.name)
    use(tx, prepared.tool.name, prepared.requester.employee_id, prepared.rate_limit)
    about_account = prepared.tool.subject != NOBODY
    refuse_if_young(tx, origin.identity, prepared.tier, quiet_hours(rules, about_account=about_account))
    if about_account:
        one_at_a_time(tx, "subject", prepared.subject.employee_id)
        refuse_if_held(tx, prepared.subject.employee_id)
    if not _file(parts, tx, prepared, origin, rules, about_account):
        raise Refused("already_open", Outcome.REFUSED_LIMIT)
    action = ledger.get(tx, origin.action_id)
    note(
        tx,
        action,
        "action.proposed",
        actor=f"employee:{action.requester_id}",
        result=action.state.value,
        origin=origin.identity.channel,
        title=action.title,
    )
    around_commit(tx, "propose")
    sensitive = "proposed_for_caller" if is_for_a_caller(action) else "proposed_sensitive"
    text = say("proposed" if prepared.tier is Risk.WRITE else sensitive, prepared.language)
    return Reply(
        text=f"{prepared.notice}\n\n{text}".strip(),
        language=prepared.language,
        outcome=Outcome.PROPOSED,
        card=requester_card(action),
        private=True,
    )


def _file(parts: GateParts, tx: Tx, prepared: Prepared, origin: Origin, rules: Rules, about_account: bool) -> bool:
    moment = now(tx)
    draft_until = moment + timedelta(minutes=parts.settings.draft_minutes)
    sealed = Sealed(
        tool=prepared.tool.name,
        tool_hash=prepared.tool.definition_hash,
        arguments=prepared.arguments,
        requester_id=prepared.requester.employee_id,
        subject_id=prepared.subject.employee_id,
        account_id=prepared.account_id,
        rule_version=prepared.rule_version,
        nonce=new_nonce(),
        expires_at=_expires_at(prepared, rules, moment),
        title=prepared.title,
        facts=prepared.facts,
    )
    return ledger.file(
        tx,
        {
            **sealed.row(),
            "seal": sealed.hash(),
            "action_id": origin.action_id,
            "event_id": origin.event_id,
            "conversation_id": origin.conversation_id,
            "address": encode(origin.address),
            "tier": prepared.tier.value,
            "approvals_needed": rules.needed(prepared.tier, prepared.rule),
            "approver_groups": list(prepared.rule.approvers),
            "proof_needed": prepared.tool.proof,
            "proof_method": prepared.proof_method,
            "proofs": " ".join(prepared.proofs),
            "state": State.AWAITING_CONFIRMATION.value,
            "language": prepared.language,
            "created_at": moment,
            "due_at": min(draft_until, sealed.expires_at),
            "open_subject": prepared.subject.employee_id if about_account else None,
        },
    )


def _expires_at(prepared: Prepared, rules: Rules, moment: datetime) -> datetime:
    hours = rules.hours.get(prepared.rule.hours)
    life = prepared.rule.lifetime
    return hours.after(moment, life) if hours else moment + life
