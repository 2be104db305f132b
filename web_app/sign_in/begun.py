"""A sign-in under way: bound to one browser, good once, for ten minutes.

The browser keeps one secret. From it and the `state` follow the nonce and the PKCE verifier, so that what is kept
here, hashes, is of no use to somebody who reads it; and the nonce holds what the sign-in is for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage import Tx, now
from web_app.sign_in.cookies import hashed, new_secret
from web_app.tables import sign_ins

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """One sign-in as it was begun. `state` goes through the browser's address bar, `secret` in its cookie."""

    purpose: str
    reference: str
    fresh: bool
    begun_at: datetime
    state: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def nonce(self) -> str:
        """What the ID token must carry: nobody can make it fit another purpose."""
        return self._derived("nonce", self.purpose, self.reference)

    @property
    def verifier(self) -> str:
        """The PKCE code verifier, 43 characters (RFC 7636 section 4.1)."""
        return self._derived("verifier")

    def _derived(self, *words: str) -> str:
        said = "\n".join((*words, self.state)).encode()
        return base64.urlsafe_b64encode(hmac.digest(self.secret.encode(), said, hashlib.sha256)).rstrip(b"=").decode()


def cookie_name(state: str) -> str:
    """Each sign-in has a cookie of its own: two tabs do not disturb each other."""
    return f"loket-signing-in-{hashed(state)[:16]}"


def begin(tx: Tx, purpose: str, reference: str, *, fresh: bool) -> Begun:
    """File a new one."""
    begun = Begun(purpose, reference, fresh, now(tx), new_secret(), new_secret())
    tx.add(
        sign_ins,
        state_hash=hashed(begun.state),
        browser_hash=hashed(begun.secret),
        purpose=purpose,
        reference=reference,
        fresh=fresh,
        begun_at=begun.begun_at,
        expires_at=begun.begun_at + LIFE,
    )
    return begun


def is_there(tx: Tx, state: str, secret: str) -> bool:
    """Whether `take` would find something: a look that locks nothing, for attempts that anybody can make."""
    mine = sa.and_(sign_ins.c.state_hash == hashed(state), sign_ins.c.browser_hash == hashed(secret))
    return tx.execute(sa.select(sign_ins.c.purpose).where(mine)).first() is not None


def take(tx: Tx, state: str, secret: str) -> Begun | None:
    """The sign-in of this state and this browser, which is thereby used up; None when there is none (any more).

    Another browser's attempt uses nothing up: it cannot spoil a sign-in by guessing.
    """
    mine = sa.and_(sign_ins.c.state_hash == hashed(state), sign_ins.c.browser_hash == hashed(secret))
    row = tx.execute(sa.select(sign_ins).where(mine).with_for_update()).first()
    if row is None or tx.change(sa.delete(sign_ins).where(mine)) != 1 or row.expires_at <= now(tx):
        return None
    return Begun(row.purpose, row.reference, row.fresh, row.begun_at, state, secret)


def forget_old(tx: Tx) -> int:
    """Drop those whose time is over; returns how many."""
    return tx.change(sa.delete(sign_ins).where(sign_ins.c.expires_at <= now(tx)))
