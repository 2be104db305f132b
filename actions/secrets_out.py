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
from core.errors import ConnectorError, Refused
from core.people import Contact
from storage import Tx, now
from storage.faultpoint import reached

log = structlog.get_logger("secrets")


async def send_due(parts: GateParts, action: Action) -> None:
    """Send what waits for this action, if anything does. A road that fails is tried again until the secret expires."""
    kinds: tuple[Kind, Kind] = ("code", "credential")
    for kind in kinds:
        await _send_if_waiting(parts, action, kind)


async def _send_if_waiting(parts: GateParts, action: Action, kind: Kind) -> None:
    waiting = await parts.database.read(lambda tx: envelopes.get(tx, action.action_id, kind))
    if waiting is not None and waiting.state == "waiting":
        await _send(parts, action, kind)


async def _send(parts: GateParts, action: Action, kind: Kind) -> None:
    envelope, secret = await parts.database.read(lambda tx: _unseal_if_due(parts, tx, action, kind))
    if envelope is None or secret is None:
        await parts.database.run(lambda tx: _give_up(parts, tx, action, kind))
        return
    try:
        contact = await _contact(parts, action)
        road, address = code_road(contact) if kind == "code" else credential_road(contact, action.proof_method)
        text = SecretStr(say(f"{kind}_text", action.language, secret=secret.get_secret_value(), title=action.title))
        subject = say(f"{kind}_subject", action.language)
        reached(f"secrets.before_{kind}")
        await parts.systems.notifier.send(
            road, address, subject, text, f"{envelope.envelope_id}:{envelope.created_at.isoformat()}"
        )
    except (ConnectorError, Refused) as error:
        log.warning("secret_not_sent", action_id=action.action_id, kind=kind, error=type(error).__name__)
        await parts.database.run(lambda tx: envelopes.later(tx, action.action_id, kind, timedelta(seconds=5)))
        return
    reached(f"secrets.after_{kind}")
    await parts.database.run(lambda tx: _mark(tx, action.action_id, kind, road, contact))


async def _contact(parts: GateParts, action: Action) -> Contact:
    contact = await parts.systems.read.directory.contact(action.subject_id)
    if contact is None:
        raise Refused("no_second_road")
    return contact


def _unseal_if_due(
    parts: GateParts, tx: Tx, action: Action, kind: Kind
) -> tuple[envelopes.Envelope | None, SecretStr | None]:
    envelope = envelopes.get(tx, action.action_id, kind)
    if envelope is None or envelope.state != "waiting" or envelope.expires_at <= now(tx):
        return envelope, None
    return envelope, envelopes.unseal(tx, parts.keys, action.action_id, kind)


def _give_up(parts: GateParts, tx: Tx, action: Action, kind: Kind) -> None:
    envelope = envelopes.get(tx, action.action_id, kind)
    if envelope is None or envelope.state != "waiting":
        return
    envelopes.destroy(tx, action.action_id, kind, state="failed")
    note(tx, action, f"{kind}.delivery", actor="system:executor", result="given_up")
    tell_requester(tx, action, f"{kind}-lost", say(f"{kind}_lost", action.language))
    if kind == "credential":
        alert(parts, tx, action, "alert_undelivered")


def _mark(tx: Tx, action_id: str, kind: Kind, road: Road, contact: Contact) -> None:
    action = ledger.lock(tx, action_id)
    envelope = envelopes.get(tx, action_id, kind)
    if action is None or envelope is None or envelope.state != "waiting":
        return
    envelopes.sent(tx, action_id, kind)
    note(tx, action, f"{kind}.delivery", actor="system:executor", result=f"sent by {road}")
    if kind == "code" and action.state is State.AWAITING_PROOF and contact.mobile:
        where = masked_phone(contact.mobile)
        action = touch(tx, action, proof_detail=where)
        post_requester(tx, action, say("code_sent", action.language, where=where))
