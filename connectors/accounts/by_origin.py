"""One front for a hybrid house: what lives in Active Directory is changed there, what lives in Entra ID here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from connectors.accounts import Account, AccountKind, AccountReader, Accounts
from connectors.accounts.entra import EntraAccountReader, EntraAccounts
from connectors.accounts.protection import refuse_untouchable
from connectors.examination import Seen
from connectors.graph.account_reading import EntraAccount
from core.errors import ConnectorError

SYSTEM = "accounts"


class Examined(Protocol):
    """What both systems offer besides."""

    async def powers(self) -> Sequence[str]:
        """What the configured account can change."""

    async def examine(self) -> Sequence[Seen]:
        """What a look at the system found."""

    async def close(self) -> None:
        """Close the connections."""


class LocalReader(AccountReader, Examined, Protocol):
    """Active Directory, read."""


class LocalAccounts(Accounts, Examined, Protocol):
    """Active Directory, changed."""


class AccountReaderByOrigin:
    """Implements `AccountReader`. A synced account is one account with two faces, and the stricter face counts.

    Its id is Entra ID's object id; in Active Directory it is found by `onPremisesSamAccountName`, so the local
    connector must name accounts by sAMAccountName. An account that only Active Directory has keeps its local id.
    """

    def __init__(self, entra: EntraAccountReader, local: LocalReader) -> None:
        self._entra = entra
        self._local = local

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first."""
        clouds, locals_ = await asyncio.gather(self._entra.found_of(employee_id), self._local.of(employee_id))
        by_name = {account.account_id.casefold(): account for account in locals_}
        faces = [by_name.pop(found.local_name.casefold(), None) if found.synced else None for found in clouds]
        joined = [_joined(found, face) for found, face in zip(clouds, faces, strict=True)]
        both = [*joined, *by_name.values()]
        return sorted(both, key=lambda account: account.kind is not AccountKind.ORDINARY)

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh from both."""
        found, local = await self._faces(account_id)
        return replace(_joined(found, local), account_id=account_id) if found else local

    async def powers(self) -> Sequence[str]:
        """What both accounts can change."""
        return [*await self._entra.powers(), *await self._local.powers()]

    async def examine(self) -> Sequence[Seen]:
        """What a look at both found."""
        return [*await self._entra.examine(), *await self._local.examine()]

    async def close(self) -> None:
        """Close the connections of both."""
        await self._entra.close()
        await self._local.close()

    async def _faces(self, account_id: str) -> tuple[EntraAccount | None, Account | None]:
        """Both faces, by whichever id was given: a local name must not be a way around what Entra ID says."""
        found = await self._entra.found(account_id)
        if found is not None:
            has_other = found.synced and bool(found.local_name)
            return found, await self._local.by_id(found.local_name) if has_other else None
        local = await self._local.by_id(account_id)
        if local is None or local.employee_id is None:
            return None, local
        synced = [one for one in await self._entra.found_of(local.employee_id) if one.synced]
        name = local.account_id.casefold()
        return next((one for one in synced if one.local_name.casefold() == name), None), local


class AccountsByOrigin(AccountReaderByOrigin):
    """Implements `Accounts`. Both faces of a synced account must be touchable before either is touched."""

    def __init__(self, entra: EntraAccounts, local: LocalAccounts, protected_groups: frozenset[str]) -> None:
        super().__init__(entra, local)
        self._changing_entra = entra
        self._changing_local = local
        self._protected = protected_groups

    @property
    def repeats_safely(self) -> bool:
        """Only if both do."""
        return self._changing_entra.repeats_safely and self._changing_local.repeats_safely

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Where the password lives."""
        local_id = await self._local_id(account_id)
        if local_id is None:
            await self._changing_entra.set_temporary_credential(account_id, credential, key)
        else:
            await self._changing_local.set_temporary_credential(local_id, credential, key)

    async def unlock(self, account_id: str, key: str) -> None:
        """In Active Directory; an account that only Entra ID has cannot be unlocked by anybody."""
        local_id = await self._local_id(account_id)
        if local_id is None:
            await self._changing_entra.unlock(account_id, key)
        else:
            await self._changing_local.unlock(local_id, key)

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """In Entra ID, for synced accounts too: the second factor lives there. Only local ones go to the local one."""
        found, _ = await self._faces(account_id)
        if found is None:
            return await self._changing_local.issue_access_pass(account_id, credential, minutes, key)
        await self._local_id(account_id)  # the local face may be one that nobody touches
        return await self._changing_entra.issue_access_pass(found.account.account_id, credential, minutes, key)

    async def _local_id(self, account_id: str) -> str | None:
        """The account's name in Active Directory, None when its password lives in Entra ID. Raises `Refused`."""
        found, local = await self._faces(account_id)
        if found is None:
            return account_id
        if not found.synced:
            return None
        if local is None:
            raise ConnectorError(SYSTEM, "Entra ID says that this account is synced, but Active Directory has none")
        refuse_untouchable(_joined(found, local), self._protected)
        return local.account_id


def _joined(found: EntraAccount, local: Account | None) -> Account:
    """The stricter of two faces. A synced account whose other face is missing belongs to nobody."""
    cloud = found.account
    if not found.synced:
        return cloud
    if local is None:
        return replace(cloud, employee_id=None)
    kinds = {cloud.kind, local.kind}
    order = (AccountKind.PRIVILEGED, AccountKind.SERVICE, AccountKind.ORDINARY)
    return replace(
        cloud,
        employee_id=cloud.employee_id if cloud.employee_id == local.employee_id else None,
        kind=next(kind for kind in order if kind in kinds),
        enabled=cloud.enabled and local.enabled,
        locked=local.locked,
        groups=cloud.groups | local.groups,
        credential_changed_at=_later(cloud.credential_changed_at, local.credential_changed_at),
        unlocked_at=local.unlocked_at,
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    times = [moment for moment in (one, other) if moment is not None]
    return max(times, default=None)
