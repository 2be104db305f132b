"""What people read in the chat about a credential that is seen on a page: its link, and what became of it."""

from __future__ import annotations

from datetime import datetime

from actions.cards import moment_of, short_id
from actions.envelopes import Envelope
from actions.escalation import asked_groups
from actions.parts import GateParts
from actions.posting import room_of, slot
from actions.records import Action
from actions.roads import Delivery, Guard
from actions.words import masked_phone, say
from core.encoding import encode
from core.events import Verb
from core.plain_text import reveal
from core.replies import Button, Card, Link, Reply
from storage import OutboxItem, Tx, now, outbox


def post_link(parts: GateParts, tx: Tx, action: Action, token: str, chosen: Delivery, until: datetime) -> None:
    """The link, in the requester's own chat. The code to it is not here."""
    language = action.language
    where = masked_phone(chosen.address) if chosen.guard is Guard.CODE else ""
    text = say(f"link_{chosen.guard}", language, title=action.title, where=where, minutes=_minutes(tx, until))
    address = f"{parts.systems.pages.address}/reveal/{token}?lang={language}"
    _post(tx, action, text, Link(say("link_label", language), address), can_ask=True)


def post_link_over(tx: Tx, action: Action, envelope: Envelope) -> None:
    """The link is over and nobody looked; a new one can be had for as long as the credential is kept."""
    if envelope.guard is not Guard.APPROVER:
        _post(tx, action, say("link_over", action.language, title=action.title), can_ask=True)


def post_link_ended(tx: Tx, action: Action, text: str) -> None:
    """Takes the place of the link, which leads nowhere any more."""
    _post(tx, action, text, can_ask=False)


def post_hand_over(parts: GateParts, tx: Tx, action: Action, token: str, until: datetime) -> None:
    """The link for those who approved, in their room: whoever else opens it is shown nothing."""
    language = parts.settings.approvers_language
    text = say("hand_over_line", language, id=short_id(action.action_id), title=action.title, until=moment_of(until))
    address = f"{parts.systems.pages.address}/reveal/{token}?lang={language}"
    card = Card(
        action_id=action.action_id,
        title=reveal(action.title),
        state=say(f"state_{action.state}", language),
        links=(Link(say("hand_over_label", language), address),),
    )
    reply = Reply(text=text, language=language, card=card)
    for group in asked_groups(parts, tx, action):
        item = OutboxItem(f"link:{action.action_id}:{group}", "reply", encode(room_of(parts, group)), encode(reply))
        outbox.put(tx, item)


def _post(tx: Tx, action: Action, text: str, *links: Link, can_ask: bool) -> None:
    language, place = action.language, slot(action.action_id, "link")
    card = Card(
        action_id=action.action_id,
        title=action.title,
        state=say(f"state_{action.state}", language),
        buttons=(Button(Verb.SEND_CODE, say("button_new_link", language)),) if can_ask else (),
        links=links,
    )
    reply = Reply(text=text, language=language, card=card, private=True)
    key = f"{place}:{now(tx).isoformat()}"
    outbox.put(tx, OutboxItem(key, "reply", encode(action.address), encode(reply), slot=place))


def _minutes(tx: Tx, until: datetime) -> int:
    return max(1, round((until - now(tx)).total_seconds() / 60))
