"""Secrets on their way: a code or a temporary credential, encrypted until it has left by its road, then destroyed."""

from __future__ import annotations

import hmac
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import SecretStr

from actions.keys import GateKeys
from actions.tables import envelopes
from connectors.notify import Road
from storage import Tx, now
from storage.keys import SealBroken

Kind = Literal["code", "credential"]
KINDS: tuple[Kind, Kind] = ("code", "credential")
ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0OoIl1")))
"""What a credential is made of: nothing that is misread on paper or on a phone."""
TO_LEAVE = ("wanted", "waiting")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One secret's way, without the secret. `state`: `wanted` (still to be made), `made`, `waiting`, `sent`, `used`,
    `gone` (a credential that has left), `failed`."""

    envelope_id: str
    action_id: str
    kind: Kind
    road: Road
    state: str
    tries: int
    created_at: datetime
    expires_at: datetime
    due_at: datetime


def new_code() -> SecretStr:
    """Six random digits."""
    return SecretStr(f"{secrets.randbelow(10**6):06d}")


def new_credential() -> SecretStr:
    """20 characters with a capital, a small letter, a digit and a dash: about 105 bits, fits any password policy."""
    while True:
        groups = ["".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4)]
        word = "-".join(groups)
        if any(c.islower() for c in word) and any(c.isupper() for c in word) and any(c.isdigit() for c in word):
            return SecretStr(word)


def want_code(tx: Tx, action_id: str, road: Road, *, life: timedelta) -> None:
    """Ask the executor for a code: who hears the requester's yes need hold no key that makes or reads one.

    A new code replaces the old one. Its wrong tries stay counted: else every new code would be another five guesses.
    """
    _file(tx, action_id, "code", road, life, {"state": "wanted"})


def make_code(tx: Tx, keys: GateKeys, action_id: str) -> bool:
    """Make the code that is wanted, ready to leave; false when none is."""
    wanted = get(tx, action_id, "code")
    if wanted is None or wanted.state != "wanted":
        return False
    _set(tx, action_id, "code", state="waiting", **_sealed(keys, action_id, "code", new_code()))
    return True


def put(
    tx: Tx, keys: GateKeys, action_id: str, kind: Kind, road: Road, secret: SecretStr, *, life: timedelta, ready: bool
) -> None:
    """Seal a secret. `ready` ones may leave at once; others wait for `release`."""
    state = "waiting" if ready else "made"
    _file(tx, action_id, kind, road, life, {"state": state, **_sealed(keys, action_id, kind, secret)})


def get(tx: Tx, action_id: str, kind: Kind) -> Envelope | None:
    """The envelope of an action, if it has one of this kind."""
    row = tx.execute(sa.select(envelopes).where(envelopes.c.envelope_id == f"{action_id}:{kind}")).mappings().first()
    if row is None:
        return None
    return Envelope(
        row["envelope_id"],
        row["action_id"],
        row["kind"],
        Road(row["road"]),
        row["state"],
        row["tries"],
        row["created_at"],
        row["expires_at"],
        row["due_at"],
    )


def unseal(tx: Tx, keys: GateKeys, action_id: str, kind: Kind) -> SecretStr | None:
    """The secret, if it is still there."""
    envelope_id = f"{action_id}:{kind}"
    row = tx.execute(sa.select(envelopes).where(envelopes.c.envelope_id == envelope_id)).first()
    if row is None or row.ciphertext is None:
        return None
    return SecretStr(keys.open(kind, row.key_id, row.nonce, row.ciphertext, envelope_id.encode()).decode())


def release(tx: Tx, action_id: str, kind: Kind) -> None:
    """It may leave now."""
    _set(tx, action_id, kind, state="waiting", due_at=now(tx))


def sent(tx: Tx, action_id: str, kind: Kind) -> None:
    """It has left. A credential is destroyed; a code is kept sealed until it is typed, burnt or too old."""
    if kind == "credential":
        destroy(tx, action_id, kind, state="gone")
    else:
        _set(tx, action_id, kind, state="sent")


def later(tx: Tx, action_id: str, kind: Kind, pause: timedelta) -> None:
    """It could not leave; again after `pause`."""
    _set(tx, action_id, kind, due_at=now(tx) + pause)


def destroy(tx: Tx, action_id: str, kind: Kind, *, state: str) -> None:
    """Forget the secret; the row stays as the record of its way."""
    _set(tx, action_id, kind, state=state, ciphertext=None, nonce=None, key_id="")


def check_code(tx: Tx, keys: GateKeys, action_id: str, typed: str) -> bool:
    """Compare in constant time and count the try. The caller has checked age and number of tries.

    A code that cannot be opened is a code that nobody can type: wrong. Raises `ConfigError` in a process that takes
    no proofs.
    """
    keys.must_have("votes")
    try:
        secret = unseal(tx, keys, action_id, "code")
    except SealBroken:
        secret = None
    tx.change(
        sa.update(envelopes).where(envelopes.c.envelope_id == f"{action_id}:code").values(tries=envelopes.c.tries + 1)
    )
    digits = "".join(c for c in typed if c in string.digits)  # not isdigit(): "٣" cannot be compared
    return secret is not None and hmac.compare_digest(secret.get_secret_value(), digits)


def unfinished(tx: Tx, limit: int = 500) -> list[str]:
    """Ids of actions with a secret that is due to leave."""
    due = sa.and_(envelopes.c.state.in_(TO_LEAVE), envelopes.c.due_at <= now(tx))
    return list(tx.execute(sa.select(envelopes.c.action_id).where(due).limit(limit)).scalars())


def is_due(tx: Tx, action_id: str, kind: Kind) -> bool:
    """Whether it should leave now: not before the pause after a failure is over."""
    envelope = get(tx, action_id, kind)
    return envelope is not None and envelope.state in TO_LEAVE and envelope.due_at <= now(tx)


def any_expired(tx: Tx) -> bool:
    """Is there a secret to forget? Most of the time there is none, and nothing has to be written."""
    return tx.execute(sa.select(envelopes.c.envelope_id).where(_expired(tx)).limit(1)).first() is not None


def forget_expired(tx: Tx) -> int:
    """Destroy every secret that is past its time and not about to be given up; returns how many."""
    gone = {"state": "failed", "ciphertext": None, "nonce": None, "key_id": ""}
    return tx.change(sa.update(envelopes).where(_expired(tx)).values(**gone))


def _expired(tx: Tx) -> sa.ColumnElement[bool]:
    old = sa.and_(envelopes.c.expires_at <= now(tx), envelopes.c.state.in_(("made", "sent")))
    return sa.and_(old, envelopes.c.ciphertext.is_not(None))


def _sealed(keys: GateKeys, action_id: str, kind: Kind, secret: SecretStr) -> dict[str, Any]:
    context = f"{action_id}:{kind}".encode()
    key_id, nonce, ciphertext = keys.sealing(kind).seal(secret.get_secret_value().encode(), context)
    return {"key_id": key_id, "nonce": nonce, "ciphertext": ciphertext}


def _file(tx: Tx, action_id: str, kind: Kind, road: Road, life: timedelta, values: dict[str, Any]) -> None:
    envelope_id, moment = f"{action_id}:{kind}", now(tx)
    before = tx.execute(sa.select(envelopes.c.tries).where(envelopes.c.envelope_id == envelope_id)).scalar()
    tx.change(sa.delete(envelopes).where(envelopes.c.envelope_id == envelope_id))
    tx.change(
        sa.insert(envelopes).values(
            envelope_id=envelope_id,
            action_id=action_id,
            kind=kind,
            road=road.value,
            tries=before or 0,
            created_at=moment,
            expires_at=moment + life,
            due_at=moment,
            **values,
        )
    )


def _set(tx: Tx, action_id: str, kind: Kind, **values: object) -> None:
    tx.change(sa.update(envelopes).where(envelopes.c.envelope_id == f"{action_id}:{kind}").values(**values))
