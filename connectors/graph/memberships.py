"""Which groups and roles somebody is in, however deep, and whether that makes the account a privileged one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.graph.client import GraphClient
from connectors.graph.odata import literal
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import flag, user_id_of
from core.errors import ConnectorError

GROUP, ROLE = "#microsoft.graph.group", "#microsoft.graph.directoryRole"


@dataclass(frozen=True, slots=True)
class Memberships:
    """`groups`: names of the rules, or ids. `privileged`: in a directory role or in a group that can hold one."""

    groups: frozenset[str]
    privileged: bool


async def memberships(client: GraphClient, settings: EntraSettings, user_id: str, deadline: Deadline) -> Memberships:
    """Read from the directory itself, not from its index: a right that was taken away counts at once.

    Only security groups count: into others people invite each other. Raises `ConnectorError` when the application
    may not see what the groups are, rather than leave any out.
    """
    query = {"$select": "id,securityEnabled,isAssignableToRole", "$top": "999"}
    rows = await client.rows(("users", user_id, "transitiveMemberOf"), query, deadline)
    if rows is None:
        raise ConnectorError(SYSTEM, "the account went away while it was read")
    groups = [row for row in rows if row.get("@odata.type") == GROUP]
    if any(not isinstance(row.get("securityEnabled"), bool) for row in groups):
        raise ConnectorError(SYSTEM, "the application may not read groups: `loket doctor` says what is missing")
    secure = [row for row in groups if flag(row, "securityEnabled")]
    privileged = any(flag(row, "isAssignableToRole") for row in groups) or any(
        row.get("@odata.type") == ROLE for row in rows
    )
    return Memberships(frozenset(name_of(settings, user_id_of(row)) for row in secure), privileged)


def name_of(settings: EntraSettings, group_id: str) -> str:
    """What rules call a group: the mapped name, else the id. Never its display name, which anybody may copy."""
    return settings.group_names.get(group_id, group_id)


async def has_roles(client: GraphClient, settings: EntraSettings, user_id: str, deadline: Deadline) -> bool:
    """Whether a directory role is assigned to this account, in the whole tenant or in a part of it, now or at will.

    Roles that come through a group are told by `Memberships.privileged`. Raises `ConnectorError`.
    """
    asked = [_assigned(client, "roleAssignments", user_id, deadline)]
    if settings.eligible_roles:
        asked.append(_assigned(client, "roleEligibilityScheduleInstances", user_id, deadline))
    return any(await asyncio.gather(*asked))


async def _assigned(client: GraphClient, kind: str, principal: str, deadline: Deadline) -> bool:
    return bool(await role_rows(client, kind, principal, deadline))


async def role_rows(client: GraphClient, kind: str, principal: str, deadline: Deadline) -> Sequence[Mapping[str, Any]]:
    """The role assignments of one principal: a person's account or an application's."""
    query = {"$filter": f"principalId eq {literal(principal)}", "$select": "id,principalId,roleDefinitionId"}
    rows = await client.rows(("roleManagement", "directory", kind), query, deadline)
    if rows is None:
        raise ConnectorError(SYSTEM, "Graph does not say which roles somebody has")
    return rows
