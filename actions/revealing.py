"""Credentials that are seen on a page, from the executor's side: the link to it, its end, and telling afterwards.

The link goes into the requester's own chat, or for a hand-over into the approvers' room; what opens it comes by
another road. The ledger keeps the hash of the newest link only.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

import structlog

from actions import envelopes, ledger
from actions.delivering import AGAIN, delivery_now, give_up, receiver
from actions.envelopes import Envelope
from actions.flow import note
from actions.link_posts import post_hand_over, post_link, post_link_over
from actions.parts import GateParts
from actions.records import Action
from actions.requester import own, wake_later
from actions.results import not_me_code
from actions.roads import Delivery, Guard, Way, notice_roads
from actions.words import say
from core.errors import ConnectorError, Refused
from core.outcomes import Outcome
from core.people import Contact
from storage import OutboxItem, Tx, now, outbox
from storage.faultpoint import around_commit, reached

TOKEN_BYTES = 32
_FIRST_LETTER = {Guard.CODE: "c", Guard.SIGN_IN: "s", Guard.APPROVER: "a"}
"""The first letter of a token says what its page asks for: to draw that, the page need not look anything up."""
log = structlog.get_logger("revealing")


def new_token(guard: Guard) -> str:
    """44 characters that fit into an address; 256 bits of them nobody can guess."""
    return _FIRST_LETTER[guard] + secrets.token_urlsafe(TOKEN_BYTES)


def guard_of(token: str) -> Guard:
    """What the page of this token asks for; a code, for what is no token at all."""
    return {letter: guard for guard, letter in _FIRST_LETTER.items()}.get(token[:1], Guard.CODE)


def hash_of(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(b"loket reveal\n" + token.encode(errors="replace")).hexdigest()


async def look_after(parts: GateParts, action: Action, envelope: Envelope) -> None:
    """Do what is due for a credential on a page: make the link, say that it is over, tell who must know it was seen."""
    try:
        match envelope.state:
            case "waiting":
                await _make_link(parts, action, envelope)
            case "offered":
                await parts.database.run(lambda tx: _link_over(parts, tx, action))
            case "seen":
                await _tell(parts, action)
    except Refused as error:
        log.warning("link_not_made", action_id=action.action_id, error=error.reason)
        await parts.database.run(lambda tx: give_up(parts, tx, action, "credential"))
    except ConnectorError as error:
        log.warning("link_not_made", action_id=action.action_id, error=error.system)
        await parts.database.run(lambda tx: envelopes.later(tx, action.action_id, "credential", AGAIN))


def new_link(parts: GateParts, tx: Tx, action_id: str, requester_id: str) -> bool:
    """The requester asks for another link; false where no credential of theirs waits on a page. The old link, and its
    code, are void at once; wrong codes stay counted. At most one a minute. Raises `Refused`.
    """
    action = own(tx, action_id, requester_id)
    envelope = envelopes.get(tx, action_id, "credential")
    if envelope is None or envelope.road is not Way.REVEAL:
        return False
    if envelope.state != "offered" or envelope.expires_at <= now(tx):
        raise Refused("link_gone", Outcome.REFUSED_LIMIT)
    made_at = (envelope.link_until or now(tx)) - timedelta(minutes=parts.settings.reveal_minutes)
    if made_at > now(tx) - timedelta(minutes=1):
        raise Refused("code_too_soon", Outcome.REFUSED_LIMIT)
    envelopes.close_link(tx, action_id, due_at=now(tx))
    envelopes.destroy(tx, action_id, "reveal_code", state="failed")
    envelopes.release(tx, action_id, "credential")
    note(tx, action, "reveal.link_asked", actor=f"employee:{requester_id}", result="asked")
    wake_later(parts, tx, action)
    return True


async def _make_link(parts: GateParts, action: Action, envelope: Envelope) -> None:
    contact, _language = await receiver(parts, action)
    chosen = await delivery_now(parts, action, envelope.road, contact)
    token = new_token(chosen.guard)
    reached("reveal.before_link")
    await parts.database.run(lambda tx: _offer(parts, tx, action, chosen, token))


def _offer(parts: GateParts, tx: Tx, action: Action, chosen: Delivery, token: str) -> None:
    locked, envelope = _locked(tx, action.action_id)
    moment = now(tx)
    if locked is None or envelope is None or envelope.state != "waiting":
        return
    if envelope.expires_at <= moment or envelopes.unseal(tx, parts.keys, action.action_id, "credential") is None:
        raise Refused("expired")  # too old, or destroyed by a report: no link to nothing
    until = envelope.expires_at
    if chosen.guard is not Guard.APPROVER:  # for a hand-over its person has to come first; and no code can be guessed
        until = min(until, moment + timedelta(minutes=parts.settings.reveal_minutes))
    envelopes.offer(tx, action.action_id, hash_of(token), chosen.guard, until)
    if chosen.guard is Guard.CODE:
        code, life = envelopes.new_code(), until - moment
        envelopes.put(tx, parts.keys, action.action_id, "reveal_code", Way.SMS, code, life=life, ready=True)
    note(tx, locked, "reveal.link_made", actor="system:executor", result=f"opens by {chosen.guard}")
    around_commit(tx, "reveal.offer")
    if chosen.guard is Guard.APPROVER:
        post_hand_over(parts, tx, locked, token, until)
    else:
        post_link(parts, tx, locked, token, chosen, until)


def _link_over(parts: GateParts, tx: Tx, action: Action) -> None:
    """Nobody has looked in time. While the credential is kept its person can have another link."""
    locked, envelope = _locked(tx, action.action_id)
    moment = now(tx)
    if locked is None or envelope is None or envelope.state != "offered" or envelope.due_at > moment:
        return
    if envelope.expires_at <= moment:
        give_up(parts, tx, locked, "credential")
        return
    envelopes.close_link(tx, action.action_id, due_at=envelope.expires_at)
    envelopes.destroy(tx, action.action_id, "reveal_code", state="failed")
    note(tx, locked, "reveal.link_over", actor="system:executor", result="nobody looked")
    around_commit(tx, "reveal.link_over")
    post_link_over(tx, locked, envelope)


def _locked(tx: Tx, action_id: str) -> tuple[Action | None, Envelope | None]:
    """The action, its row locked, and then its credential: two who come at once see one after the other."""
    return ledger.lock(tx, action_id), envelopes.get(tx, action_id, "credential")


async def _tell(parts: GateParts, action: Action) -> None:
    """All registered addresses hear that it was seen, with the way to say "this was not me"."""
    contact = await parts.systems.read.directory.contact(action.subject_id)
    subject = await parts.systems.read.directory.by_id(action.subject_id)
    language = subject.language if subject else action.language

    def write(tx: Tx) -> None:
        locked, envelope = _locked(tx, action.action_id)
        if locked is None or envelope is None or envelope.state != "seen":
            return
        if contact is not None:
            _notify(tx, locked, contact, language, envelope.road)
        envelopes.sent(tx, action.action_id, "credential")
        around_commit(tx, "reveal.told")

    await parts.database.run(write)


def _notify(tx: Tx, action: Action, contact: Contact, language: str, way: Way) -> None:
    text = say(f"seen_notice_{way}", language, title=action.title, code=not_me_code(action))
    for road, address in notice_roads(contact):
        destination = {"road": road.value, "address": address, "employee_id": action.subject_id}
        payload = {"subject": say("notice_subject", language), "text": text}
        outbox.put(tx, OutboxItem(f"seen:{action.action_id}:{road}", "notify", destination, payload))
