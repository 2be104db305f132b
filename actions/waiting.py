"""An action that waits for its approvers: they are reminded once, others may decide as well, and at last it expires."""

from __future__ import annotations

from collections.abc import Mapping

from actions import envelopes, ledger
from actions.cards import Background, moment_of, short_id
from actions.escalation import next_look, passing_on, reminding
from actions.flow import Overtaken, move, note, touch
from actions.parts import GateParts
from actions.posting import background_or_nothing, post_approvers, tell_requester
from actions.records import Action, State
from actions.reminding import rooms, where_to_remind
from actions.results import tell_result
from actions.words import say
from core.encoding import encode
from core.events import Address
from core.plain_text import reveal
from core.replies import Reply
from storage import OutboxItem, Tx, now, outbox
from storage.faultpoint import around_commit


async def look(parts: GateParts, action: Action) -> None:
    """Do what is due for an action that waits for approvers; idempotent, also with several sweeps at once."""
    known = await background_or_nothing(parts, action)
    places = await where_to_remind(parts, action)
    await parts.database.run(lambda tx: _look(parts, tx, action.action_id, known, places))


async def expire(parts: GateParts, action: Action) -> None:
    """End an action that was not confirmed, proved or carried out in time."""
    known = await background_or_nothing(parts, action)
    await parts.database.run(lambda tx: _expire(parts, tx, action, known))


def _look(parts: GateParts, tx: Tx, action_id: str, known: Background, places: Mapping[str, Address]) -> None:
    action = ledger.lock(tx, action_id)
    moment = now(tx)
    if action is None or action.state is not State.AWAITING_APPROVAL or action.due_at is None or action.due_at > moment:
        return
    if action.expires_at <= moment:
        _expire(parts, tx, action, known)
        return
    remind = reminding(parts, tx, action)
    if remind is not None and remind <= moment:
        action = _remind(parts, tx, action, known, places)
    groups, passed_on = passing_on(parts, tx, action)
    if action.escalated_at is None and passed_on is not None and passed_on <= moment:
        action = _pass_on(parts, tx, action, groups, known)
    touch(tx, action, due_at=next_look(parts, tx, action))


def _expire(parts: GateParts, tx: Tx, action: Action, known: Background) -> None:
    try:
        after = move(tx, action, State.EXPIRED, actor="system:sweep", due_at=None)
    except Overtaken:
        return
    envelopes.destroy(tx, action.action_id, "code", state="failed")
    tell_result(parts, tx, after, None)
    if action.asked_at is not None:
        post_approvers(parts, tx, after, known)


def _remind(parts: GateParts, tx: Tx, action: Action, known: Background, places: Mapping[str, Address]) -> Action:
    """A message of its own to those who may decide, or in their group's room, and nowhere else: no phone, no mail."""
    after = touch(tx, action, reminded_at=now(tx))
    language = parts.settings.approvers_language
    text = _reminder(after, known, language)
    for name, place in (places or rooms(parts, tx, action)).items():
        reply = encode(Reply(text=text, language=language, private=bool(place.user)))
        outbox.put(tx, OutboxItem(f"remind:{action.action_id}:{name}", "reply", encode(place), reply))
    note(tx, after, "action.reminded", actor="system:sweep", result="reminded")
    around_commit(tx, "waiting.remind")
    return after


def _reminder(action: Action, known: Background, language: str) -> str:
    text = say(
        "reminder",
        language,
        id=short_id(action.action_id),
        title=reveal(action.title),
        who=reveal(known.requester) or action.requester_id,
        since=moment_of(action.asked_at or action.created_at),
        until=moment_of(action.expires_at),
    )
    taken = say("reminder_taken", language, who=reveal(known.taken_by) or action.taken_by) if action.taken_by else ""
    return f"{text} {taken}".strip()


def _pass_on(parts: GateParts, tx: Tx, action: Action, groups: tuple[str, ...], known: Background) -> Action:
    """The second groups get the card, and the requester hears of it; who may decide follows from the clock."""
    after = touch(tx, action, escalated_at=now(tx))
    note(tx, after, "action.escalated", actor="system:sweep", result="passed_on", groups=", ".join(groups))
    around_commit(tx, "waiting.pass_on")
    post_approvers(parts, tx, after, known)
    text = say("passed_on", after.language, title=after.title, groups=", ".join(groups))
    tell_requester(tx, after, "passed-on", text)
    return after
