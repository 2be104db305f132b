"""The one transaction of a turn: its row, its messages, what it proposes, what leaves, what it cost, and the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from actions import ledger
from actions.posting import slot
from actions.records import Origin, Prepared
from agent import budget, conversation, inbox
from agent.attached import noted
from agent.corrections import correction_in
from agent.parts import TurnParts
from agent.state import Asked, Ending, Past, Spent
from agent.suggesting import to_a_person
from agent.tables import turns
from agent.words import refusal, say
from core.encoding import encode
from core.errors import Refused
from core.outcomes import Outcome
from core.replies import Reply
from storage import AuditEntry, OutboxItem, Tx, now, outbox
from storage.audit import record
from storage.faultpoint import around_commit

NAMESPACE = uuid5(NAMESPACE_URL, "loket:action")


class AlreadyCommitted(Exception):
    """Another worker has committed the turn of this event."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What the transaction wrote, for the summary of the turn."""

    outcome: Outcome
    replies: tuple[Reply, ...]
    action_ids: tuple[str, ...]


def commit(tx: Tx, parts: TurnParts, asked: Asked, place: str, ending: Ending, spent: Spent, ms: int) -> Committed:
    """Write everything or nothing. Raises `AlreadyCommitted` when the turn was there before."""
    event_id = asked.message.event_id
    employee_id = asked.requester.employee_id
    replies, action_ids, outcome = _replies(tx, parts, asked, ending)
    if not tx.add(turns, **_turn_row(tx, asked, ending, outcome, spent, ms)):
        raise AlreadyCommitted(event_id)
    text = asked.message.text if ending.stored_text is None else ending.stored_text
    _save_messages(tx, asked, place, text, ending, replies)
    replies = noted(replies, ending)
    notice = [_notice(parts, asked, ending)] if asked.first_contact else []
    _post(tx, asked, [*notice, *replies, *_under_the_words(tx, asked, ending, replies), *_elsewhere(asked, replies)])
    budget.add_spend(tx, employee_id, spent)
    record(
        tx,
        AuditEntry(
            actor=f"employee:{employee_id}",
            verb="turn.ended",
            object=f"turn:{event_id}"[:160],
            result=outcome.value,
            origin=asked.message.identity.channel,
            request=event_id,
            subject=employee_id,
            payload={"model": ending.model, "conversation": asked.conversation_id},
        ),
    )
    around_commit(tx, "turn")
    return Committed(outcome, (*notice, *replies), action_ids)


def refuse_unknown(tx: Tx, parts: TurnParts, asked: Asked, ending: Ending) -> Committed:
    """The turn of somebody who is no employee: their words are not kept, and nothing is counted on anybody."""
    event_id = asked.message.event_id
    if not tx.add(turns, **_turn_row(tx, asked, ending, ending.outcome, Spent(), 0)):
        raise AlreadyCommitted(event_id)
    reply = Reply(ending.text, ending.language, ending.outcome, private=asked.shared)
    _post(tx, asked, [reply, *_elsewhere(asked, [reply])])
    inbox.mark_handled(tx, event_id, "")
    record(
        tx,
        AuditEntry(
            actor=f"identity:{asked.message.identity}"[:120],
            verb="turn.ended",
            object=f"turn:{event_id}"[:160],
            result=ending.outcome.value,
            origin=asked.message.identity.channel,
            request=event_id,
        ),
    )
    return Committed(ending.outcome, (reply,), ())


def _replies(tx: Tx, parts: TurnParts, asked: Asked, ending: Ending) -> tuple[list[Reply], tuple[str, ...], Outcome]:
    """The replies of the turn; proposals and moves are filed on the way. A brake becomes a reply of its own."""
    if ending.move is not None:
        reply = _move(tx, parts, asked, ending)
        return [reply], (ending.move.action_id,), reply.outcome or ending.outcome
    replies: list[Reply] = []
    action_ids: list[str] = []
    refused: list[Outcome] = []
    if ending.text:
        replies.append(_said(ending))
    replies += _replaced(tx, parts, asked, ending) if ending.proposals else []
    for number, prepared in enumerate(ending.proposals):
        action_id = str(uuid5(NAMESPACE, f"{asked.message.event_id}:{number}"))
        message = asked.message
        origin = Origin(action_id, message.event_id, asked.conversation_id, message.address, message.identity)
        try:
            replies.append(replace(_filed(tx, parts, prepared, origin, ending.replaces), model=ending.model))
            action_ids.append(action_id)
        except Refused as error:
            sentence = refusal(error.reason, ending.language, **error.details)
            replies.append(Reply(sentence, ending.language, error.outcome, private=True))
            refused.append(error.outcome)
    outcome = refused[0] if refused and not action_ids else ending.outcome
    return replies, tuple(action_ids), outcome


def _filed(tx: Tx, parts: TurnParts, prepared: Prepared, origin: Origin, replaces: str) -> Reply:
    """The draft as a reply; one that was edited takes the place of the earlier."""
    return parts.gate.replace(tx, replaces, prepared, origin) if replaces else parts.gate.propose(tx, prepared, origin)


def _said(ending: Ending) -> Reply:
    """The words of the ending, with what may be said next; a draft's card says that itself."""
    if ending.proposals:
        return Reply(ending.text, ending.language, None, ending.citations, None, ending.private, ending.model)
    return Reply(
        ending.text,
        ending.language,
        ending.outcome,
        ending.citations,
        private=ending.private,
        model=ending.model,
        suggestions=ending.suggestions or to_a_person(ending.outcome, ending.language),
        form=ending.form,
    )


def _replaced(tx: Tx, parts: TurnParts, asked: Asked, ending: Ending) -> list[Reply]:
    """A correction, or a file that came later, makes a new draft: there are never two open drafts for one wish."""
    if ending.files is not None and ending.files.replaces:
        return _withdrawn(tx, parts, asked, ending.files.replaces)
    if correction_in(asked.message.text) is None:
        return []
    return parts.gate.replace_draft(tx, asked.requester.employee_id, asked.conversation_id)


def _withdrawn(tx: Tx, parts: TurnParts, asked: Asked, action_id: str) -> list[Reply]:
    try:
        return [parts.gate.cancel(tx, action_id, asked.requester.employee_id)]
    except Refused:
        return []  # confirmed or over meanwhile: it stays what it is


def _move(tx: Tx, parts: TurnParts, asked: Asked, ending: Ending) -> Reply:
    """A yes or no in text. The draft may have gone in the meantime: then the gate says why."""
    move = ending.move
    assert move is not None  # noqa: S101 - the caller looked
    change = parts.gate.confirm if move.yes else parts.gate.cancel
    try:
        return change(tx, move.action_id, asked.requester.employee_id)
    except Refused as error:
        return Reply(refusal(error.reason, ending.language, **error.details), ending.language, error.outcome)


def _turn_row(tx: Tx, asked: Asked, ending: Ending, outcome: Outcome, spent: Spent, ms: int) -> dict[str, object]:
    return {
        "event_id": asked.message.event_id,
        "conversation_id": asked.conversation_id,
        "employee_id": asked.requester.employee_id,
        "channel": asked.message.address.channel,
        "outcome": outcome.value,
        "language": ending.language,
        "model": ending.model,
        "ms": ms,
        "tokens": spent.tokens,
        "at": now(tx),
    }


def _save_messages(tx: Tx, asked: Asked, place: str, text: str, ending: Ending, replies: Sequence[Reply]) -> None:
    """A signposted exchange leaves no words behind, the reply's neither; nor does one that was stopped."""
    wordless = ending.outcome in (Outcome.SIGNPOSTED, Outcome.STOPPED) and not text
    said = "" if wordless else "\n\n".join(reply.text for reply in replies)
    if ending.files is not None and ending.files.kept and not wordless:
        said = f"{said}\n\n{ending.files.kept}".strip()
    lines = [
        (Past("user", text, ending.language), ()),
        (Past("assistant", said, ending.language), ending.citations),
    ]
    conversation.save(tx, (asked.conversation_id, asked.requester.employee_id, place), asked.message, lines)


def _notice(parts: TurnParts, asked: Asked, ending: Ending) -> Reply:
    """What must be said at first contact: this is an AI, which one, how long text stays, how to reach a person."""
    said = say(
        "ai_notice",
        ending.language,
        model=parts.model.name,
        days=parts.settings.retention_days,
        service_desk=parts.settings.service_desk,
    )
    return Reply(said, ending.language, private=asked.shared)


def _under_the_words(tx: Tx, asked: Asked, ending: Ending, replies: Sequence[Reply]) -> list[Reply]:
    """What became of a yes or a no, where it was written: its card may hang under an earlier post."""
    if ending.move is None or replies[0].card is None:
        return []
    card = ledger.find(tx, ending.move.action_id)
    if card is None or card.address == asked.message.address:
        return []
    return [replace(replies[0], card=None)]


def _elsewhere(asked: Asked, replies: Sequence[Reply]) -> list[Reply]:
    """A note where others read along, when every answer went to the direct chat: the same words whatever it was about,
    so that neither the note nor its absence tells them anything.
    """
    if not asked.shared or not replies or not all(reply.private for reply in replies):
        return []
    language = replies[-1].language
    return [Reply(say("answered_in_direct", language), language)]


def _post(tx: Tx, asked: Asked, replies: Sequence[Reply]) -> None:
    """Into the outbox. A card goes to its own place in the chat, where the gate keeps it current from now on."""
    event_id = asked.message.event_id
    for number, reply in enumerate(replies):
        key = f"turn:{event_id}:{number}"
        place = slot(reply.card.action_id, "requester") if reply.card else ""
        outbox.put(tx, OutboxItem(key, "reply", encode(asked.message.address), encode(reply), slot=place))
