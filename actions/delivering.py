"""What every way of a credential shares: who receives it, which way is open to them now, and giving it up."""

from __future__ import annotations

from datetime import timedelta

from actions import envelopes, ledger
from actions.envelopes import Envelope, Kind
from actions.flow import note
from actions.parts import GateParts
from actions.posting import tell_requester
from actions.records import Action, State
from actions.results import alert
from actions.roads import Delivery, Situation, Way, delivery_by, delivery_for
from actions.words import say
from core.errors import Refused
from core.people import Contact
from storage import Tx
from storage.faultpoint import around_commit

AGAIN = timedelta(seconds=5)
"""How long after a road has failed it is tried again."""


def situation_of(parts: GateParts, tx: Tx, action: Action) -> Situation:
    """What decides the way of this action's credential, by the rules in force."""
    _version, rules = parts.rules.current(tx)
    own = action.requester_id == action.subject_id
    return Situation(action.proof_method, own, rules.delivery, parts.systems.pages)


async def best_way(parts: GateParts, action: Action, contact: Contact) -> Way:
    """The way this credential will take. Raises `Refused` when there is none."""
    situation = await parts.database.read(lambda tx: situation_of(parts, tx, action))
    return delivery_for(contact, situation).way


async def delivery_now(parts: GateParts, action: Action, way: Way, contact: Contact) -> Delivery:
    """The way that was chosen at the claim, as it stands now. Raises `Refused` when it is not open any more."""
    situation = await parts.database.read(lambda tx: situation_of(parts, tx, action))
    return delivery_by(way, contact, situation)


async def receiver(parts: GateParts, action: Action) -> tuple[Contact, str]:
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


def give_up(parts: GateParts, tx: Tx, action: Action, kind: Kind) -> None:
    """Destroy a secret that cannot leave, and tell the people who have to know."""
    fresh = ledger.lock(tx, action.action_id)
    envelope = envelopes.get(tx, action.action_id, kind)
    if fresh is None or envelope is None or envelope.state not in ("waiting", "offered"):
        return
    envelopes.destroy(tx, action.action_id, kind, state="failed")
    note(tx, action, f"{kind}.delivery", actor="system:executor", result="given_up")
    around_commit(tx, f"secrets.give_up_{kind}")
    if kind == "credential":
        envelopes.destroy(tx, action.action_id, "reveal_code", state="failed")
        alert(parts, tx, action, "alert_undelivered")
    if _is_missed(tx, fresh, kind):
        times = envelope.created_at.isoformat()
        tell_requester(tx, action, f"{kind}-lost:{times}", say(f"{kind}_lost", action.language))


def _is_missed(tx: Tx, action: Action, kind: Kind) -> bool:
    """Whether its requester still waits for it, so that they must hear that it does not come."""
    if kind == "code":
        return action.state is State.AWAITING_PROOF
    if kind == "reveal_code":
        return _is_offered(envelopes.get(tx, action.action_id, "credential"))
    return True


def _is_offered(credential: Envelope | None) -> bool:
    return credential is not None and credential.state == "offered"
