"""The sign-in accounts of the embedded form."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr

from connectors.accounts import Account, AccountKind
from connectors.accounts.protection import refuse_untouchable
from connectors.embedded import EffectKind, World, groups_of_account
from connectors.scrypt import hashed
from core.errors import ConnectorError

SYSTEM = "accounts"


class EmbeddedAccountReader:
    """Implements `AccountReader`: all that the agent holds."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first."""

        def work(connection: sqlite3.Connection) -> Sequence[Account]:
            rows = connection.execute(
                "SELECT * FROM accounts WHERE employee_id = ? ORDER BY kind != 'ordinary', position", (employee_id,)
            )
            return [_account(connection, row) for row in rows.fetchall()]

        return await self._world.faults.around("accounts.read", lambda: self._world.read(work))

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh."""
        return await self._world.faults.around(
            "accounts.read", lambda: self._world.read(lambda connection: _find(connection, account_id))
        )


class EmbeddedAccounts(EmbeddedAccountReader):
    """Implements `Accounts`: what the executor holds. Members of `protected_groups` are refused here as well."""

    def __init__(self, world: World, protected_groups: frozenset[str] = frozenset({"domain-admins"})) -> None:
        super().__init__(world)
        self._protected_groups = protected_groups

    @property
    def repeats_safely(self) -> bool:
        """No: like a real directory, it sets what it is told to set as often as it is told."""
        return False

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Replace the credential; it must be changed at the next sign-in. A lock-out stays."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE accounts SET credential = ?, must_change = 1, credential_changed_at = ? WHERE account_id = ?",
                (hashed(credential.get_secret_value()), self._world.clock().isoformat(), account_id),
            )

        await self._change(account_id, "credential_set", key, work)

    async def unlock(self, account_id: str, key: str) -> None:
        """Lift a lock-out; the credential stays."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE accounts SET locked = 0, unlocked_at = ? WHERE account_id = ?",
                (self._world.clock().isoformat(), account_id),
            )

        await self._change(account_id, "unlocked", key, work)

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """`credential` becomes the pass, valid for `minutes` (1-60); a newer one replaces it.

        Raises `ConnectorError` for another length.
        """
        if not 1 <= minutes <= 60:
            raise ConnectorError(SYSTEM, f"a pass is valid for 1 to 60 minutes, not {minutes}")

        def work(connection: sqlite3.Connection) -> None:
            until = self._world.clock() + timedelta(minutes=minutes)
            connection.execute(
                "UPDATE accounts SET pass = ?, pass_until = ?, credential_changed_at = ? WHERE account_id = ?",
                (
                    hashed(credential.get_secret_value()),
                    until.isoformat(),
                    self._world.clock().isoformat(),
                    account_id,
                ),
            )

        await self._change(account_id, "access_pass_issued", key, work)
        return None

    async def _change(
        self, account_id: str, kind: EffectKind, key: str, work: Callable[[sqlite3.Connection], None]
    ) -> None:
        def checked(connection: sqlite3.Connection) -> None:
            account = _find(connection, account_id)
            if account is None:
                raise ConnectorError(SYSTEM, f"there is no account {account_id!r}")
            refuse_untouchable(account, self._protected_groups)
            work(connection)
            self._world.record(connection, kind, account_id, key)

        await self._world.faults.around(SYSTEM, lambda: self._world.change(checked))


def _find(connection: sqlite3.Connection, account_id: str) -> Account | None:
    row = connection.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
    return _account(connection, row) if row else None


def _account(connection: sqlite3.Connection, row: sqlite3.Row) -> Account:
    return Account(
        account_id=row["account_id"],
        employee_id=row["employee_id"],
        kind=AccountKind(row["kind"]),
        enabled=bool(row["enabled"]),
        locked=bool(row["locked"]),
        groups=groups_of_account(connection, row["account_id"]),
        credential_changed_at=_moment(row["credential_changed_at"]),
        unlocked_at=_moment(row["unlocked_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
