"""Sign-in accounts: read them, and (executor only) change what a helpdesk may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr


class AccountKind(StrEnum):
    """What an account is for. Only `ordinary` ones are ever touched."""

    ORDINARY = "ordinary"
    PRIVILEGED = "privileged"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `groups` holds nested memberships; times are UTC."""

    account_id: str
    employee_id: str | None
    kind: AccountKind
    enabled: bool
    locked: bool
    groups: frozenset[str]
    credential_changed_at: datetime | None = None
    unlocked_at: datetime | None = None


class AccountReader(Protocol):
    """What may be read; the agent holds only this. Raises `ConnectorError`."""

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first."""

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh."""


class Accounts(AccountReader, Protocol):
    """What the executor may change. Each call refuses (`Refused`) an account that is not ordinary or not enabled.

    Raises `ConnectorError` when surely nothing happened, `EffectUnknown` when it may have.
    `repeats_safely` says whether the same `key` twice has one effect.
    """

    @property
    def repeats_safely(self) -> bool:
        """True when the system itself recognises a repeated `key`."""

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Replace the credential; it must be changed at the next sign-in."""

    async def unlock(self, account_id: str, key: str) -> None:
        """Lift a lock-out; the credential stays."""

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """A one-time pass that replaces the second factor once, valid at most `minutes` (1-60).

        Returns None when `credential` is the pass; else the pass that the system made itself, which then takes the
        place of `credential` (Microsoft Graph makes a Temporary Access Pass and lets nobody choose it).
        """
