"""Links that an approver gets instead of a vote, where they have to sign in first: random, kept as hashes, stamped.

A link alone votes for nothing and shows nothing. It says whose yes to which sealed action a sign-in is for; every word
of it is under a stamp, so that who writes the table can neither make one nor turn one to something else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from actions.counting import moment
from actions.parts import GateParts
from actions.proof_links import hashed
from actions.records import Action
from actions.stamps import genuine, stamp
from actions.step_up import FreshSignIn, StepUp
from actions.tables import approval_links
from actions.votes import Ballot
from actions.words import say
from core.people import Employee
from core.replies import Link
from storage import Tx, now

LIFE = timedelta(minutes=10)
_SENTENCE = "approve"


@dataclass(frozen=True, slots=True)
class ApprovalLink:
    """One link that still holds. `browser_hash` and `signed` are there once its approver has signed in for it."""

    token_hash: str
    action_id: str
    seal: str
    employee_id: str
    callback: str
    origin: str
    expires_at: datetime
    browser_hash: str = ""
    signed: FreshSignIn | None = None


def make(parts: GateParts, tx: Tx, action: Action, ballot: Ballot, step_up: StepUp) -> Link:
    """A new link for this person's yes to this action as it is sealed. Older ones hold until one of them is used."""
    token, who = secrets.token_urlsafe(32), ballot.approver
    link = ApprovalLink(
        hashed(token), action.action_id, action.seal, who.employee_id, ballot.callback, ballot.origin, now(tx) + LIFE
    )
    row = {**_row(link), "stamp": _stamped(parts, link)}
    tx.change(sa.insert(approval_links).values(**row))
    return Link(say("approve_link_label", who.language), f"{step_up.approve_page}/{token}")


def find(parts: GateParts, tx: Tx, token_hash: str) -> ApprovalLink | None:
    """The link of this hash, if it still holds and the gate itself made it so."""
    mine = sa.and_(approval_links.c.token_hash == token_hash, approval_links.c.expires_at > now(tx))
    row = tx.execute(sa.select(approval_links).where(mine)).first()
    if row is None:
        return None
    signed = FreshSignIn(row.method, row.acr, row.identity, row.signed_at) if row.signed_at is not None else None
    link = ApprovalLink(
        row.token_hash, row.action_id, row.seal, row.employee_id, row.callback, row.origin, row.expires_at,
        row.browser_hash, signed,
    )  # fmt: skip
    return link if genuine(parts.keys, row.stamp, "sign_in", *_said(link)) else None


def signed_in(parts: GateParts, tx: Tx, link: ApprovalLink, signed: FreshSignIn, browser_hash: str) -> None:
    """Its approver has signed in for it, in this browser. Of several times the last one holds."""
    link = replace(link, signed=signed, browser_hash=browser_hash)
    changed = {**_row(link), "stamp": _stamped(parts, link)}
    tx.change(sa.update(approval_links).where(approval_links.c.token_hash == link.token_hash).values(**changed))


def spend(tx: Tx, token_hash: str) -> bool:
    """Use a link up; false when it was used before. What is too old goes with it."""
    tx.change(sa.delete(approval_links).where(approval_links.c.expires_at <= now(tx)))
    return tx.change(sa.delete(approval_links).where(approval_links.c.token_hash == token_hash)) == 1


def drop(tx: Tx, action_id: str, approver: Employee) -> None:
    """No link of this person for this action holds any more: their vote is cast."""
    mine = (approval_links.c.action_id == action_id, approval_links.c.employee_id == approver.employee_id)
    tx.change(sa.delete(approval_links).where(*mine))


def _row(link: ApprovalLink) -> dict[str, object]:
    signed = link.signed
    return {
        "token_hash": link.token_hash,
        "action_id": link.action_id,
        "seal": link.seal,
        "employee_id": link.employee_id,
        "callback": link.callback,
        "origin": link.origin,
        "expires_at": link.expires_at,
        "browser_hash": link.browser_hash,
        "method": signed.method if signed else "",
        "acr": signed.acr if signed else "",
        "identity": signed.identity if signed else "",
        "signed_at": signed.at if signed else None,
    }


def _said(link: ApprovalLink) -> tuple[str, ...]:
    signed_at = moment(link.signed.at if link.signed else None)
    words = {**_row(link), "expires_at": moment(link.expires_at), "signed_at": signed_at}
    return (_SENTENCE, *(str(words[name]) for name in sorted(words)))


def _stamped(parts: GateParts, link: ApprovalLink) -> str:
    return stamp(parts.keys, "sign_in", *_said(link))
