"""Sending codes and credentials by their road, straight from the envelope: never through outbox, chat or log."""

from __future__ import annotations

from functools import partial

import structlog
from pydantic import SecretStr

from actions import codes, envelopes, ledger
from actions.delivering import AGAIN, delivery_now, give_up, receiver
from actions.envelopes import Envelope, Kind
from actions.flow import note, touch
from actions.made import is_pass
from actions.parts import GateParts
from actions.posting import post_requester
from actions.records import Action, State
from actions.revealing import look_after
from actions.roads import ON_A_PAGE, code_road
from actions.words import masked_phone, say
from connectors.notify import Road
from core.errors import Refused
from core.people import Contact
from storage import Tx, now
from storage.faultpoint import around_commit, reached

log = structlog.get_logger("secrets")


async def send_due(parts: GateParts, action: Action) -> None:
    """Send what waits for this action, if anything does. A road that fails is tried again until the secret expires."""
    if await parts.database.read(lambda tx: codes.lacks(tx, action.action_id)):
        await parts.database.run(lambda tx: codes.want_if_lacking(parts, tx, action.action_id))
    for kind in envelopes.KINDS:
        envelope = await parts.database.read(partial(envelopes.due, action_id=action.action_id, kind=kind))
        if envelope is None:
            continue
        if kind == "credential" and envelope.road in ON_A_PAGE:
            await look_after(parts, action, envelope)
            continue
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
        await parts.database.run(lambda tx: give_up(parts, tx, action, kind))
        return
    try:
        contact, language = await receiver(parts, action)
        road, address = await _road(parts, action, envelope, contact)
        words = "pass" if kind == "credential" and is_pass(parts, action) else kind
        text = SecretStr(say(f"{words}_text", language, secret=secret.get_secret_value(), title=action.title))
        reached(f"secrets.before_{kind}")
        key = f"{envelope.envelope_id}:{envelope.created_at.isoformat()}"
        await parts.systems.sending.send(road, address, say(f"{words}_subject", language), text, key)
    except Refused as error:
        log.warning("secret_not_sent", action_id=action.action_id, kind=kind, error=error.reason)
        await parts.database.run(lambda tx: give_up(parts, tx, action, kind))
        return
    except Exception as error:  # noqa: BLE001 - never up to a log: what a road raises may quote what it was to carry
        log.warning("secret_not_sent", action_id=action.action_id, kind=kind, error=type(error).__name__)
        await parts.database.run(lambda tx: envelopes.later(tx, action.action_id, kind, AGAIN))
        return
    reached(f"secrets.after_{kind}")
    await parts.database.run(lambda tx: _mark(tx, envelope, road, contact))


async def _road(parts: GateParts, action: Action, envelope: Envelope, contact: Contact) -> tuple[Road, str]:
    """By which road it leaves, and to which address. Raises `Refused` when that is not open, or not safe, any more."""
    if envelope.kind != "credential":
        return code_road(contact)
    chosen = await delivery_now(parts, action, envelope.road, contact)
    return Road(chosen.way.value), chosen.address


def _opens_something(tx: Tx, action: Action) -> bool:
    """A code for a page is sent while there is something to see on it."""
    credential = envelopes.get(tx, action.action_id, "credential")
    return credential is not None and credential.state == "offered"


def _unseal_if_due(parts: GateParts, tx: Tx, action: Action, kind: Kind) -> tuple[Envelope | None, SecretStr | None]:
    envelope = envelopes.get(tx, action.action_id, kind)
    if envelope is None or envelope.state != "waiting" or envelope.expires_at <= now(tx):
        return envelope, None
    wanted = State.AWAITING_PROOF if kind == "code" else State.DONE
    if ledger.get(tx, action.action_id).state is not wanted:
        return envelope, None
    if kind == "reveal_code" and not _opens_something(tx, action):
        return envelope, None
    return envelope, envelopes.unseal(tx, parts.keys, action.action_id, kind)


def _mark(tx: Tx, left: Envelope, road: Road, contact: Contact) -> None:
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
