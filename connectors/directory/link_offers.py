"""The rows of links that were offered to strangers: random, kept as hashes, for one account, good once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from connectors.directory.links import hashed
from connectors.directory.tables import link_offers
from core.linking import Profile
from core.people import ChannelIdentity
from core.plain_text import visible
from storage import Tx, now

LIFE = timedelta(minutes=15)
MOST_AN_HOUR = 3
"""Offers to one account: who writes on and on gets no more of them."""
_C = link_offers.c


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that still holds: to which account, and what the channel said of it."""

    token_hash: str
    identity: ChannelIdentity
    profile: Profile


def make(tx: Tx, identity: ChannelIdentity, profile: Profile) -> str | None:
    """A new token for this account; None after three in an hour. Earlier ones hold until one is used."""
    moment = now(tx)
    recent = sa.select(sa.func.count()).where(_of(identity), _C.made_at > moment - timedelta(hours=1))
    if tx.execute(recent).scalar_one() >= MOST_AN_HOUR:
        return None
    token = secrets.token_urlsafe(32)
    tx.add(
        link_offers,
        token_hash=hashed(token),
        channel=identity.channel,
        tenant=identity.tenant,
        user=identity.user,
        name=_line(profile.name, 200),
        address=_line(profile.address, 320),
        workspace=_line(profile.workspace, 200),
        made_at=moment,
        expires_at=moment + LIFE,
        spent=False,
    )
    return token


def find(tx: Tx, token_hash: str) -> Offer | None:
    """The offer of this hash, if it still holds."""
    row = tx.execute(sa.select(link_offers).where(_holds(tx, token_hash))).first()
    if row is None:
        return None
    identity = ChannelIdentity(row.channel, row.tenant, row.user)
    return Offer(row.token_hash, identity, Profile(row.name, row.address, row.workspace))


def spend(tx: Tx, token_hash: str) -> bool:
    """Use an offer up; false when it does not hold (any more): of two who try at once, one."""
    return tx.change(sa.update(link_offers).where(_holds(tx, token_hash)).values(spent=True)) == 1


def spend_all(tx: Tx, identity: ChannelIdentity) -> None:
    """No offer to this account holds any more."""
    tx.change(sa.update(link_offers).where(_of(identity), _C.spent.is_(False)).values(spent=True))


def _holds(tx: Tx, token_hash: str) -> sa.ColumnElement[bool]:
    return sa.and_(_C.token_hash == token_hash, _C.spent.is_(False), _C.expires_at > now(tx))


def _of(identity: ChannelIdentity) -> sa.ColumnElement[bool]:
    return sa.and_(_C.channel == identity.channel, _C.tenant == identity.tenant, _C.user == identity.user)


def _line(text: str, longest: int) -> str:
    """Words of somebody else on one line, with nothing hidden in them."""
    return " ".join(visible(text).split())[:longest]
