"""Telling people how an action ended: the requester in the chat, the subject on every registered address."""

from __future__ import annotations

import hashlib
import secrets

from actions import envelopes
from actions.envelopes import Envelope
from actions.escalation import asked_groups
from actions.parts import GateParts
from actions.posting import post_requester, room_of, tell_requester
from actions.records import Action, State
from actions.roads import ON_A_PAGE, Way, notice_roads
from actions.words import CATALOGUE, masked_mail, masked_phone, say
from core.encoding import encode
from core.people import Contact
from core.replies import Reply
from storage import OutboxItem, Tx, outbox


def tell_result(parts: GateParts, tx: Tx, action: Action, contact: Contact | None, subject_language: str = "") -> None:
    """Everybody who has to know hears it once; all of it in the transaction that ended the action."""
    text = _sentence(tx, action, contact)
    post_requester(tx, action, say(f"state_{action.state}", action.language))
    tell_requester(tx, action, action.state.value, text)
    if action.state is State.DONE and contact is not None and action.account_id:
        _notify_subject(tx, action, contact, subject_language or action.language)
    if action.state is State.UNKNOWN:
        alert(parts, tx, action, "alert_unknown")


def alert(parts: GateParts, tx: Tx, action: Action, key: str) -> None:
    """Tell the groups that must look at it: the approvers, and whom the rules name."""
    _version, rules = parts.rules.current(tx)
    language = parts.settings.approvers_language
    text = say(key, language, id=action.action_id[:8], title=action.title, person=action.subject_id)
    for group in dict.fromkeys((*asked_groups(parts, tx, action), *rules.alerts)):
        reply = Reply(text=text, language=language)
        item = OutboxItem(
            f"alert:{key}:{action.action_id}:{group}", "reply", encode(room_of(parts, group)), encode(reply)
        )
        outbox.put(tx, item)


def not_me_code(action: Action) -> str:
    """What the notice about a change carries, to report it as unwanted. Follows from the nonce; not guessable."""
    return _code(action.nonce, action.seal)


def is_not_me_code(nonce: str, seal: str, typed: str) -> bool:
    """Is this the code of the action with that nonce and seal? Compared in constant time."""
    return secrets.compare_digest(_code(nonce, seal).encode(), typed.strip().upper().encode(errors="replace"))


def _code(nonce: str, seal: str) -> str:
    return hashlib.sha256(f"not-me:{nonce}:{seal}".encode()).hexdigest()[:12].upper()


def _sentence(tx: Tx, action: Action, contact: Contact | None) -> str:
    language = action.language
    values = {
        "title": action.title,
        "reference": action.reference,
        "address": action.result_address,
        "reason": _why(action),
    }
    if action.reason == "restored" and action.state is not State.DONE:
        return say(f"restored_{action.state}", language, title=action.title)
    if action.state is State.DONE:
        envelope = envelopes.get(tx, action.action_id, "credential")
        if envelope is not None and envelope.state != "failed" and contact is not None:
            key = f"done_{envelope.road}" if envelope.road in ON_A_PAGE else "done_credential"
            return say(key, language, where=_where(envelope, contact), **values)
        return say("done_with_link" if action.result_address else "done", language, **values)
    key = f"ended_{action.state}" if not values["reason"] else f"ended_{action.state}_because"
    return say(key, language, **values)


def _why(action: Action) -> str:
    """The reason in words: a denial's own, or a sentence; nothing for a reason that only a plug-in knows."""
    if action.state is State.DENIED or not action.reason:
        return action.reason
    key = f"why_{action.reason}"
    return say(key, action.language) if key in CATALOGUE.keys("en") else ""


def _where(envelope: Envelope, contact: Contact) -> str:
    if envelope.road is Way.SMS and contact.mobile:
        return masked_phone(contact.mobile)
    return masked_mail(contact.private_email or contact.work_email)


def _notify_subject(tx: Tx, action: Action, contact: Contact, language: str) -> None:
    """S-28: all registered addresses, once each, in the subject's language, with a way to say "this was not me"."""
    text = say("notice_text", language, title=action.title, code=not_me_code(action))
    for road, address in notice_roads(contact):
        destination = {"road": road.value, "address": address, "employee_id": action.subject_id}
        payload = {"subject": say("notice_subject", language), "text": text}
        outbox.put(tx, OutboxItem(f"notice:{action.action_id}:{road}", "notify", destination, payload))
