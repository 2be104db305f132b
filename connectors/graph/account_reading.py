"""An account of Entra ID with all that decides whether it may be touched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.accounts import Account, AccountKind
from connectors.graph.client import GraphClient
from connectors.graph.memberships import has_roles, memberships
from connectors.graph.people import own_account, users_of
from connectors.graph.settings import GUID, EntraSettings
from connectors.graph.throttling import Deadline
from connectors.graph.users import USER_FIELDS, User, read_user


@dataclass(frozen=True, slots=True)
class EntraAccount:
    """`synced`: its password lives in Active Directory, where it is `local_name`. `sign_in_name` ends in its domain."""

    account: Account
    synced: bool
    local_name: str
    sign_in_name: str


async def accounts_of(
    client: GraphClient, settings: EntraSettings, employee_id: str, deadline: Deadline
) -> Sequence[EntraAccount]:
    """All accounts of a person, the person's own first. Raises `ConnectorError`, also for a number given out twice."""
    users = await users_of(client, settings, employee_id, deadline)
    own = own_account(users, settings)
    found = await asyncio.gather(*(_look(client, settings, user, deadline) for user in users))
    ordinary = AccountKind.ORDINARY

    def order(one: EntraAccount) -> tuple[bool, bool, str]:
        return one.account.kind is not ordinary, own is None or one.account.account_id != own.user_id, one.sign_in_name

    return sorted(found, key=order)


async def account_by_id(
    client: GraphClient, settings: EntraSettings, account_id: str, deadline: Deadline
) -> EntraAccount | None:
    """One account, fresh from the directory."""
    if not GUID.fullmatch(account_id):
        return None
    row = await client.get(("users", account_id), {"$select": USER_FIELDS}, deadline)
    return await _look(client, settings, read_user(row, settings), deadline) if row else None


async def _look(client: GraphClient, settings: EntraSettings, user: User, deadline: Deadline) -> EntraAccount:
    held, roles = await asyncio.gather(
        memberships(client, settings, user.user_id, deadline), has_roles(client, settings, user.user_id, deadline)
    )
    privileged = held.privileged or roles or user.kind in settings.administrators
    account = Account(
        account_id=user.user_id,
        employee_id=None if user.guest else user.person,  # a guest's account is kept elsewhere: nobody's here
        kind=_kind(user, settings, privileged=privileged),
        enabled=user.enabled,
        locked=False,  # Graph does not say, and nobody can lift it
        groups=held.groups,
        credential_changed_at=user.credential_changed_at,
    )
    return EntraAccount(account, user.synced, user.local_name, user.sign_in_name)


def _kind(user: User, settings: EntraSettings, *, privileged: bool) -> AccountKind:
    if privileged:
        return AccountKind.PRIVILEGED
    return AccountKind.SERVICE if user.kind in settings.not_people else AccountKind.ORDINARY
