"""Sending codes and credentials by their road, straight from the envelope: never through outbox, chat or log."""

from __future__ import annotations

from datetime import timedelta

import structlog
from pydantic import SecretStr

from actions import envelopes, ledger
from actions.envelopes import Kind
from actions.flow import note, touch
from actions.parts import GateParts
from actions.posting import post_requester, tell_requester
from actions.records import Action, State
from actions.results import alert
from actions.roads import code_road, credential_road
from actions.words import masked_phone, say
from connectors.notify import Road
from core.errors import Refused
from core.people import Contact
from storage import Tx, now
from storage.faultpoint import around_commit, reached

log = structlog.get_logger("secrets")


async def send_due(parts: GateParts, action: Action) -> None:
    """Send what waits for this action, if anything does. A road that fails is tried again until the secret expires."""
    for kind in envelopes.KINDS:
        await _send_if_waiting(parts, action, kind)


async def _send_if_waiting(parts: GateParts, action: Action, kind: Kind) -> None:
    if await parts.database.read(lambda tx: envelopes.is_due(tx, action.action_id, kind)):
        if kind == "code":
            await parts.database.run(lambda tx: _make_code(parts, tx, action))
        await _send(parts, action, kind)


def _make_code(parts: GateParts, tx: Tx, action: Action) -> None:
    locked = ledger.lock(tx, action.action_id)
    if locked is not None and envelopes.make_code(tx, parts.keys, action.action_id):
        note(tx, locked, "proof.code_made", actor="system:executor", result="sealed")
        around_commit(tx, "secrets.make_code")


async def _send(parts: GateParts, action: Action, kind: Kind) -> None:
    envelope, secret = await parts.database.read(lambda tx: _unseal_if_due(parts, tx, action, kind))
    if envelope is None or secret is None:
        await parts.database.run(lambda tx: _give_up(parts, tx, action, kind))
        return
    try:
        contact, language = await _receiver(parts, action)
        road, address = code_road(contact) if kind == "code" else credential_road(contact, action.proof_method)
        text = SecretStr(say(f"{kind}_text", language, secret=secret.get_secret_value(), title=action.title))
        reached(f"secrets.before_{kind}")
        key = f"{envelope.envelope_id}:{envelope.created_at.isoformat()}"
        await parts.systems.sending.send(road, address, say(f"{kind}_subject", language), text, key)
    except Refused as error:
        log.warning("secret_not_sent", action_id=action.action_id, kind=kind, error=error.reason)
        await parts.database.run(lambda tx: _give_up(parts, tx, action, kind))
        return
    except Exception as error:  # noqa: BLE001 - never up to a log: what a road raises may quote what it was to carry
        log.warning("secret_not_sent", action_id=action.action_id, kind=kind, error=type(error).__name__)
        await parts.database.run(lambda tx: envelopes.later(tx, action.action_id, kind, timedelta(seconds=5)))
        return
    reached(f"secrets.after_{kind}")
    await parts.database.run(lambda tx: _mark(tx, envelope, road, contact))


async def _receiver(parts: GateParts, action: Action) -> tuple[Contact, str]:
    """The subject's addresses and language. Raises `Refused` for addresses that changed since it was asked for:
    whoever changed them would get the secret."""
    directory = parts.systems.read.directory
    contact = await directory.contact(action.subject_id)
    if contact is None:
        raise Refused("no_second_road")
    if contact.changed_at > action.created_at:
        raise Refused("contact_changed", hours="0")
    subject = await directory.by_id(action.subject_id)
    return contact, subject.language if subject else action.language


def _unseal_if_due(
    parts: GateParts, tx: Tx, action: Action, kind: Kind
) -> tuple[envelopes.Envelope | None, SecretStr | None]:
    envelope = envelopes.get(tx, action.action_id, kind)
    if envelope is None or envelope.state != "waiting" or envelope.expires_at <= now(tx):
        return envelope, None
    wanted = State.AWAITING_PROOF if kind == "code" else State.DONE
    if ledger.get(tx, action.action_id).state is not wanted:
        return envelope, None
    return envelope, envelopes.unseal(tx, parts.keys, action.action_id, kind)


def _give_up(parts: GateParts, tx: Tx, action: Action, kind: Kind) -> None:
    fresh = ledger.lock(tx, action.action_id)
    envelope = envelopes.get(tx, action.action_id, kind)
    if fresh is None or envelope is None or envelope.state != "waiting":
        return
    envelopes.destroy(tx, action.action_id, kind, state="failed")
    note(tx, action, f"{kind}.delivery", actor="system:executor", result="given_up")
    around_commit(tx, f"secrets.give_up_{kind}")
    if kind == "credential" or fresh.state is State.AWAITING_PROOF:
        times = envelope.created_at.isoformat()
        tell_requester(tx, action, f"{kind}-lost:{times}", say(f"{kind}_lost", action.language))
    if kind == "credential":
        alert(parts, tx, action, "alert_undelivered")


def _mark(tx: Tx, left: envelopes.Envelope, road: Road, contact: Contact) -> None:
    action, kind = ledger.lock(tx, left.action_id), left.kind
    envelope = envelopes.get(tx, left.action_id, kind)
    if action is None or envelope is None or envelope.state != "waiting" or envelope.created_at != left.created_at:
        return  # the newer code that has taken its place has not left yet
    envelopes.sent(tx, left.action_id, kind)
    around_commit(tx, f"secrets.mark_{kind}")
    note(tx, action, f"{kind}.delivery", actor="system:executor", result=f"sent by {road}")
    if kind == "code" and action.state is State.AWAITING_PROOF and contact.mobile:
        where = masked_phone(contact.mobile)
        action = touch(tx, action, proof_detail=where)
        post_requester(tx, action, say("code_sent", action.language, where=where))
