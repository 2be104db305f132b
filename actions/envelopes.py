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
from actions.roads import ON_A_PAGE, Guard, Way
from actions.tables import envelopes
from connectors.notify import Road
from storage import Tx, now
from storage.keys import SealBroken

Kind = Literal["code", "credential", "reveal_code"]
KINDS: tuple[Kind, ...] = ("code", "credential", "reveal_code")
"""A code that proves identity, a temporary credential, and the code that the credential's page asks for."""
ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0OoIl1")))
"""What a credential is made of: nothing that is misread on paper or on a phone."""
TO_LEAVE = ("wanted", "waiting", "offered", "seen")
"""States in which something is still to be done with it, when it is due."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One secret's way, without the secret. `state`: `wanted` (still to be made), `made`, `waiting`, `sent`, `used`,
    `offered` (a link leads to it), `seen` (on a page; its person is still to be told), `gone` (a credential that has
    left), `failed`. `guard` and `link_until` belong to the link."""

    envelope_id: str
    action_id: str
    kind: Kind
    road: Way
    state: str
    tries: int
    created_at: datetime
    expires_at: datetime
    due_at: datetime
    guard: Guard = Guard.NONE
    link_until: datetime | None = None


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


def want_code(tx: Tx, action_id: str, road: Road | Way, *, life: timedelta) -> None:
    """Ask the executor for a code: who hears the requester's yes need hold no key that makes or reads one.

    A new code replaces the old one. Its wrong tries stay counted: else every new code would be another five guesses.
    """
    _file(tx, action_id, "code", road, life, {"state": "wanted"})


def make_code(tx: Tx, keys: GateKeys, action_id: str) -> bool:
    """Make the code that is wanted, ready to leave; false when none is."""
    wanted = get(tx, action_id, "code")
    if wanted is None or wanted.state != "wanted":
        return False
    _set(tx, action_id, "code", state="waiting", **_sealed(keys, action_id, "code", new_code(), wanted.road))
    return True


def put(
    tx: Tx, keys: GateKeys, action_id: str, kind: Kind, road: Way, secret: SecretStr, *, life: timedelta, ready: bool
) -> None:
    """Seal a secret. `ready` ones may leave at once; others wait for `release`."""
    state = "waiting" if ready else "made"
    _file(tx, action_id, kind, road, life, {"state": state, **_sealed(keys, action_id, kind, secret, road)})


def reseal(tx: Tx, keys: GateKeys, action_id: str, secret: SecretStr, minutes: int) -> bool:
    """Put the credential that the outside system made in the place of the one made before; false when there is none.

    `minutes`: how long it works (0: not known). It is not kept longer.
    """
    before = get(tx, action_id, "credential")
    if before is None or before.state != "made":
        return False
    until = min(before.expires_at, now(tx) + timedelta(minutes=minutes)) if minutes else before.expires_at
    _set(tx, action_id, "credential", expires_at=until, **_sealed(keys, action_id, "credential", secret, before.road))
    return True


def get(tx: Tx, action_id: str, kind: Kind) -> Envelope | None:
    """The envelope of an action, if it has one of this kind."""
    return _read(tx, envelopes.c.envelope_id == f"{action_id}:{kind}")


def by_token(tx: Tx, token_hash: str) -> Envelope | None:
    """The credential that this link leads to; None for a link that is no longer the newest, or never was one."""
    return _read(tx, envelopes.c.token_hash == token_hash)


def unseal(tx: Tx, keys: GateKeys, action_id: str, kind: Kind) -> SecretStr | None:
    """The secret, if it is still there."""
    envelope_id = f"{action_id}:{kind}"
    row = tx.execute(sa.select(envelopes).where(envelopes.c.envelope_id == envelope_id)).first()
    if row is None or row.ciphertext is None:
        return None
    sealed_as = _sealed_as(kind, Way(row.road))
    return SecretStr(keys.open(sealed_as, row.key_id, row.nonce, row.ciphertext, envelope_id.encode()).decode())


def release(tx: Tx, action_id: str, kind: Kind) -> None:
    """It may leave now."""
    _set(tx, action_id, kind, state="waiting", due_at=now(tx))


def offer(tx: Tx, action_id: str, token_hash: str, guard: Guard, until: datetime) -> None:
    """A link leads to it from now on, and none of before. Looked at again when the link is over."""
    values = {"state": "offered", "token_hash": token_hash, "guard": guard.value, "link_until": until, "due_at": until}
    _set(tx, action_id, "credential", **values)


def close_link(tx: Tx, action_id: str, due_at: datetime) -> None:
    """The link leads nowhere any more; the credential stays for another one, until `due_at`."""
    _set(tx, action_id, "credential", token_hash=None, due_at=due_at)


def seen(tx: Tx, action_id: str, who: str) -> None:
    """A person has it from the page: it is destroyed; that the person it belongs to must hear of it is left."""
    moment = now(tx)
    destroy(tx, action_id, "credential", state="seen")
    _set(tx, action_id, "credential", seen_at=moment, seen_by=who, due_at=moment)


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
    _set(tx, action_id, kind, state=state, ciphertext=None, nonce=None, key_id="", token_hash=None)


def check_code(tx: Tx, keys: GateKeys, action_id: str, typed: str, kind: Kind = "code") -> bool:
    """Compare in constant time and count the try. The caller has checked age and number of tries.

    A code that cannot be opened is a code that nobody can type: wrong. Raises `ConfigError` in a process that takes
    no proofs.
    """
    keys.must_have("votes")
    try:
        secret = unseal(tx, keys, action_id, kind)
    except SealBroken:
        secret = None
    tx.change(
        sa.update(envelopes).where(envelopes.c.envelope_id == f"{action_id}:{kind}").values(tries=envelopes.c.tries + 1)
    )
    digits = "".join(c for c in typed if c in string.digits)  # not isdigit(): "٣" cannot be compared
    return secret is not None and hmac.compare_digest(secret.get_secret_value(), digits)


def unfinished(tx: Tx, limit: int = 500) -> list[str]:
    """Ids of actions with a secret that is due to leave."""
    due = sa.and_(envelopes.c.state.in_(TO_LEAVE), envelopes.c.due_at <= now(tx))
    return list(tx.execute(sa.select(envelopes.c.action_id).where(due).limit(limit)).scalars())


def due(tx: Tx, action_id: str, kind: Kind) -> Envelope | None:
    """The envelope, if something is to be done with it now: not before the pause after a failure is over."""
    envelope = get(tx, action_id, kind)
    return envelope if envelope is not None and envelope.state in TO_LEAVE and envelope.due_at <= now(tx) else None


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


def _read(tx: Tx, which: sa.ColumnElement[bool]) -> Envelope | None:
    row = tx.execute(sa.select(envelopes).where(which)).mappings().first()
    if row is None:
        return None
    same = ("envelope_id", "action_id", "kind", "state", "tries", "created_at", "expires_at", "due_at", "link_until")
    return Envelope(road=Way(row["road"]), guard=Guard(row["guard"]), **{name: row[name] for name in same})


def _sealed_as(kind: Kind, road: Way) -> str:
    """Under which name the keys know it: the process with the pages opens what is meant for a page, and no other."""
    return "page" if kind == "credential" and road in ON_A_PAGE else kind


def _sealed(keys: GateKeys, action_id: str, kind: Kind, secret: SecretStr, road: Way) -> dict[str, Any]:
    context = f"{action_id}:{kind}".encode()
    key_id, nonce, ciphertext = keys.sealing(_sealed_as(kind, road)).seal(secret.get_secret_value().encode(), context)
    return {"key_id": key_id, "nonce": nonce, "ciphertext": ciphertext}


def _file(tx: Tx, action_id: str, kind: Kind, road: Road | Way, life: timedelta, values: dict[str, Any]) -> None:
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
