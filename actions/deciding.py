"""From a click to a decision: which verb does what, in one transaction, with everybody's card updated in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from actions import ledger
from actions.approving import link_instead
from actions.cards import Background
from actions.flow import Overtaken
from actions.linking.young import quiet_hours, refuse_if_young
from actions.parts import GateParts
from actions.posting import background, post_approvers, post_requester
from actions.records import Action, State
from actions.refusing import Tried, note_refused, refused
from actions.requester import confirm, prove, send_code, withdraw, without_code
from actions.results import alert, tell_result
from actions.revealing import new_link
from actions.step_up import confirmed_key
from actions.unwanted import by_notice, report
from actions.votes import Ballot, take
from actions.voting import cast_and_tell
from actions.words import say
from core.errors import Refused
from core.events import Click, Verb
from core.outcomes import Outcome
from core.people import Employee
from core.ports import Decision
from storage import Tx


@dataclass(frozen=True, slots=True)
class Deciding:
    """One click being applied: by whom, in which transaction, and what the cards should say besides."""

    parts: GateParts
    tx: Tx
    click: Click
    decider: Employee
    known: Background

    @property
    def action_id(self) -> str:
        """The action that was clicked."""
        return self.click.action_id

    @property
    def who(self) -> str:
        """The person who clicked, by employee number."""
        return self.decider.employee_id

    @property
    def origin(self) -> str:
        """The channel it came through."""
        return self.click.identity.channel

    def say(self, key: str, **values: object) -> str:
        """A sentence in the language of the person who clicked."""
        return say(key, self.decider.language, **values)


async def decide(parts: GateParts, click: Click, decider: Employee) -> Decision:
    """See `Gate.decide`."""
    action = await parts.database.read(lambda tx: ledger.find(tx, click.action_id))
    try:
        person = await parts.systems.read.directory.by_id(decider.employee_id)
        if person is None or not person.may_use_tools or not decider.may_use_tools:
            raise Refused("stranger", Outcome.REFUSED_IDENTITY)
        if click.verb is Verb.NOT_ME and click.fields.get("code"):
            return await parts.database.run(
                lambda tx: by_notice(
                    parts, tx, click.fields["code"], click.identity.channel, f"employee:{person.employee_id}"
                )
            )
        if action is None:
            raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
        known = await background(parts, action)
        return await parts.database.run(lambda tx: _apply(Deciding(parts, tx, click, person, known)))
    except Overtaken:
        return Decision(False, say("overtaken", decider.language), "")
    except Refused as refusal:
        return await _refuse(parts, click, decider, refusal, action)


def _apply(now: Deciding) -> Decision:
    handler = _VERBS.get(now.click.verb)
    if handler is None:
        raise Refused("wrong_state", Outcome.REFUSED_LIMIT, state="")
    if now.click.verb not in _ALWAYS:
        _refuse_if_young(now)
    return handler(now)


def _refuse_if_young(now: Deciding) -> None:
    action = ledger.find(now.tx, now.action_id)
    if action is not None:
        _version, rules = now.parts.rules.current(now.tx)
        hours = quiet_hours(rules, about_account=action.account_id is not None)
        refuse_if_young(now.tx, now.click.identity, action.tier, hours)


def _confirm(now: Deciding) -> Decision:
    action = confirm(now.parts, now.tx, now.action_id, now.who, now.origin)
    return _moved(now, action, confirmed_key(action))


def _cancel(now: Deciding) -> Decision:
    return _moved(now, withdraw(now.tx, now.action_id, now.who, now.origin), "ended_cancelled")


def _send_code(now: Deciding) -> Decision:
    if new_link(now.parts, now.tx, now.action_id, now.who):
        return Decision(True, now.say("reveal_link_again"), State.DONE.value)
    action = send_code(now.parts, now.tx, now.action_id, now.who)
    key = "code_again" if "code" in action.proofs else "proof_link_again"
    if action.link_page:
        post_requester(now.tx, action, say(key, action.language))
    return Decision(True, now.say(key), action.state.value)


def _no_code(now: Deciding) -> Decision:
    return _moved(now, without_code(now.parts, now.tx, now.action_id, now.who, now.origin), "callback_asked")


def _prove(now: Deciding) -> Decision:
    action, key = prove(now.parts, now.tx, now.action_id, now.who, now.click.fields.get("code", ""), now.origin)
    text = now.say(key, tries=now.parts.settings.code_tries)
    if action.state is State.AWAITING_APPROVAL:
        post_requester(now.tx, action, say(key, action.language))
        post_approvers(now.parts, now.tx, action, now.known)
    elif action.state is State.REFUSED:
        tell_result(now.parts, now.tx, action, None)
        alert(now.parts, now.tx, action, "alert_burnt")
    return Decision(key == "code_right", text, action.state.value)


def _take(now: Deciding) -> Decision:
    action = take(now.parts, now.tx, now.action_id, now.decider, now.origin, now.known.taken_by)
    post_approvers(now.parts, now.tx, action, replace(now.known, taken_by=now.decider.name))
    return Decision(True, now.say("taken"), action.state.value)


def _vote(now: Deciding) -> Decision:
    verdict = "approve" if now.click.verb is Verb.APPROVE else "deny"
    ballot = Ballot.of(now.decider, verdict, now.origin, now.click.fields)
    link = link_instead(now.parts, now.tx, now.action_id, ballot)
    if link is not None:
        return Decision(False, now.say("sign_in_to_approve"), State.AWAITING_APPROVAL.value, (link,))
    return cast_and_tell(now.parts, now.tx, now.action_id, ballot, now.known)


def _not_me(now: Deciding) -> Decision:
    action = ledger.lock(now.tx, now.action_id)
    if action is None or action.subject_id != now.who:
        raise Refused("not_yours", Outcome.REFUSED_NOT_ENTITLED)
    return Decision(True, report(now.parts, now.tx, action, f"employee:{now.who}", now.origin), "held")


def _edit(now: Deciding) -> Decision:
    """A channel with forms opens one and never sends this; elsewhere people say what should be different."""
    raise Refused("edit_in_form", Outcome.REFUSED_LIMIT)


_ALWAYS = frozenset({Verb.CANCEL, Verb.DENY, Verb.NOT_ME})
"""Verbs that only stop something: an account that was linked a minute ago may, too."""
_VERBS: dict[Verb, Callable[[Deciding], Decision]] = {
    Verb.CONFIRM: _confirm,
    Verb.CANCEL: _cancel,
    Verb.EDIT: _edit,
    Verb.SEND_CODE: _send_code,
    Verb.NO_CODE: _no_code,
    Verb.PROVE: _prove,
    Verb.TAKE: _take,
    Verb.APPROVE: _vote,
    Verb.DENY: _vote,
    Verb.NOT_ME: _not_me,
}


def _moved(now: Deciding, action: Action, key: str) -> Decision:
    post_requester(now.tx, action, say(key, action.language, title=action.title))
    if action.asked_at is not None:
        post_approvers(now.parts, now.tx, action, now.known)
    return Decision(True, now.say(key, title=action.title), action.state.value)


async def _refuse(
    parts: GateParts, click: Click, decider: Employee, refusal: Refused, action: Action | None
) -> Decision:
    """Say why nothing changed, and keep that somebody tried."""
    tried = Tried(decider.employee_id, f"click.{click.verb}", click.identity.channel, click.action_id, click.event_id)
    await parts.database.run(lambda tx: note_refused(parts, tx, refusal, action, tried))
    return refused(refusal, decider.language, action.state.value if action else "")
