"""Links on a requester's card that lead to the page of proof: random, kept as hashes, for one seal, good for one proof.

A link alone proves nothing and shows nothing. It says which action a sign-in is for.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from actions import ledger
from actions.flow import touch
from actions.parts import GateParts
from actions.records import Action, State
from actions.tables import proof_links
from actions.words import say
from core.replies import Link
from storage import Tx, now


@dataclass(frozen=True, slots=True)
class ProofLink:
    """One link that still holds."""

    token_hash: str
    action_id: str
    seal: str


def allow(parts: GateParts, tx: Tx, action: Action) -> Action:
    """From now on the cards of this action carry links, for as long as a code would hold."""
    if parts.systems.step_up is None or "sign_in" not in action.proofs:
        return action
    until = now(tx) + timedelta(minutes=parts.settings.code_minutes)
    return touch(tx, action, link_page=parts.systems.step_up.page, link_until=until)


def links_of(tx: Tx, action: Action) -> tuple[Link, ...]:
    """A new link for a card that is being drawn, while one may be given. Older ones hold until the first proof."""
    until = action.link_until
    if action.state is not State.AWAITING_PROOF or not action.link_page or until is None or until <= now(tx):
        return ()
    token = secrets.token_urlsafe(32)
    row = {"token_hash": hashed(token), "action_id": action.action_id, "seal": action.seal, "expires_at": until}
    tx.change(sa.insert(proof_links).values(**row))
    return (Link(say("proof_link_label", action.language), f"{action.link_page}/{token}"),)


def hashed(token: str) -> str:
    """What is kept of a token, and what names it from then on. It is 256 random bits: no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(tx: Tx, token_hash: str) -> ProofLink | None:
    """The link of this hash, if it still holds."""
    mine = sa.and_(proof_links.c.token_hash == token_hash, proof_links.c.expires_at > now(tx))
    row = tx.execute(sa.select(proof_links).where(mine)).first()
    return ProofLink(row.token_hash, row.action_id, row.seal) if row else None


def is_wanted(tx: Tx, token_hash: str) -> bool:
    """Whether the link of this hash still holds and its action still waits for proof."""
    link = find(tx, token_hash)
    action = ledger.find(tx, link.action_id) if link else None
    return action is not None and action.state is State.AWAITING_PROOF


def spend(tx: Tx, token_hash: str) -> bool:
    """Use a link up; false when it was used before. What is too old goes with it."""
    tx.change(sa.delete(proof_links).where(proof_links.c.expires_at <= now(tx)))
    return tx.change(sa.delete(proof_links).where(proof_links.c.token_hash == token_hash)) == 1


def drop(tx: Tx, action_id: str) -> None:
    """No link of this action holds any more."""
    tx.change(sa.delete(proof_links).where(proof_links.c.action_id == action_id))
