"""Browsers that are signed in: a random secret in a cookie, its hash in a table, for a purpose and for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from connectors.directory import Directory
from core.people import Employee
from core.sign_in import SignedIn
from storage import Database, Tx, now
from web_app.sign_in.cookies import cookie, drop_cookie, hashed, new_secret, set_cookie
from web_app.tables import web_sessions


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, as the directory has them now. `purpose` and `reference` are what they signed in for:
    a page that asks for more than that does not take it."""

    employee: Employee
    method: str
    purpose: str
    reference: str
    signed_in_at: datetime
    expires_at: datetime


class Sessions:
    """The signed-in browsers. `name` keeps cookies of different pages apart, such as `session` or `hand-over`."""

    def __init__(self, database: Database, directory: Directory, name: str, life: timedelta) -> None:
        self._database = database
        self._directory = directory
        self._name = f"loket-{name}"
        self._life = life

    async def open(self, signed: SignedIn, response: Response) -> None:
        """Keep this browser signed in. Always a new secret: one that was there before is worth nothing."""
        secret = new_secret()
        await self._database.run(lambda tx: self._file(tx, signed, secret))
        set_cookie(response, self._name, secret, int(self._life.total_seconds()))

    async def of(self, request: Request) -> Session | None:
        """Who is at this browser; None for nobody, for a session that is over, for somebody who may do nothing.

        Raises `ConnectorError` when the directory cannot be asked: rights are read again each time.
        """
        secret = cookie(request, self._name)
        if not secret:
            return None
        row = await self._database.read(lambda tx: _find(tx, self._hashed(secret)))
        employee = await self._directory.by_id(row.employee_id) if row is not None else None
        if row is None or employee is None or not employee.may_use_tools:
            return None
        return Session(employee, row.method, row.purpose, row.reference, row.signed_in_at, row.expires_at)

    async def close(self, request: Request, response: Response) -> None:
        """Sign this browser out."""
        secret = cookie(request, self._name)
        drop_cookie(response, self._name)
        if secret:
            gone = sa.delete(web_sessions).where(web_sessions.c.session_hash == self._hashed(secret))
            await self._database.run(lambda tx: tx.change(gone))

    def _hashed(self, secret: str) -> str:
        return hashed(f"{self._name}:{secret}")  # a cookie of one kind of page opens none of another

    def _file(self, tx: Tx, signed: SignedIn, secret: str) -> None:
        tx.change(sa.delete(web_sessions).where(web_sessions.c.expires_at <= now(tx)))
        tx.add(
            web_sessions,
            session_hash=self._hashed(secret),
            employee_id=signed.employee_id,
            issuer=signed.identity.tenant[:300],
            subject=signed.identity.user,
            method=signed.method,
            purpose=signed.purpose,
            reference=signed.reference,
            signed_in_at=signed.at,
            expires_at=now(tx) + self._life,
        )


def _find(tx: Tx, session_hash: str) -> sa.Row[tuple[object, ...]] | None:
    mine = sa.and_(web_sessions.c.session_hash == session_hash, web_sessions.c.expires_at > now(tx))
    return tx.execute(sa.select(web_sessions).where(mine)).first()
