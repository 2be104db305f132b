"""The application permissions of Microsoft Graph that each feature needs, and which of them are powers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.graph.client import GraphClient
from connectors.graph.memberships import role_rows
from connectors.graph.settings import GUID, EntraSettings
from connectors.graph.throttling import Deadline

USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
READING_ROLES = frozenset(
    {
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",  # Directory Readers
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",  # Global Reader
        "5d6b6bb7-de71-4623-b4af-96380a352509",  # Security Reader
        "4a5d8f65-41da-4de4-8968-e035b65339cf",  # Reports Reader
    }
)


@dataclass(frozen=True, slots=True)
class Feature:
    """`needed`: for each line one of its permissions, the narrowest first. Not `fatal`: the rest works without."""

    name: str
    needed: tuple[tuple[str, ...], ...]
    advice: str
    fatal: bool = True


PEOPLE = Feature("reading people", (("User.Read.All", "Directory.Read.All"),), "without it nobody is known to Loket")
GROUPS = Feature(
    "reading groups",
    (("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"),),
    "without it nobody has any right",
)
ROLES = Feature(
    "telling administrators apart",
    (("RoleManagement.Read.Directory", "Directory.Read.All"),),
    "without it no account can be changed",
)
ELIGIBLE = Feature(
    "telling who may become an administrator (PIM)",
    (("RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory"),),
    "without it no account can be changed; a tenant without Entra ID P2 sets LOKET_ENTRA_ELIGIBLE_ROLES=false",
)
AUDIT = Feature(
    "knowing when a phone number changed",
    (("AuditLog.Read.All",), ("Directory.Read.All",)),
    "without it no code or credential is sent to anybody's phone or private mail",
    fatal=False,
)
PASSWORDS = Feature(
    "temporary passwords",
    (
        ("User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All"),
        ("Domain.Read.All", "Directory.Read.All"),
    ),
    "grant it, or set LOKET_ENTRA_ALLOW_PASSWORD_RESET=false",
)
SESSIONS = Feature(
    "ending sessions after a reset",
    (("User.RevokeSessions.All", "User.ReadWrite.All"),),
    "without it old sessions live on after a reset",
    fatal=False,
)
PASSES = Feature(
    "Temporary Access Passes",
    (("UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"),),
    "grant it, or set LOKET_ENTRA_ALLOW_ACCESS_PASS=false",
)


def reading_features(settings: EntraSettings) -> Sequence[Feature]:
    """What the agent's application needs, and the executor's as well."""
    eligible = [ELIGIBLE] if settings.eligible_roles else []
    audit = [AUDIT] if settings.hosts.has_audit_log else []
    return [PEOPLE, GROUPS, ROLES, *eligible, *audit]


def changing_features(settings: EntraSettings) -> Sequence[Feature]:
    """What the executor's application needs besides."""
    passwords = [PASSWORDS, SESSIONS] if settings.allow_password_reset else []
    passes = [PASSES] if settings.allow_access_pass else []
    return [*passwords, *passes]


def is_power(permission: str) -> bool:
    """Whether a permission can change anything: every one that does not say that it only reads."""
    return not {"Read", "ReadBasic"} & set(permission.split("."))


def too_many(held: Iterable[str], features: Iterable[Feature]) -> Sequence[str]:
    """Permissions that no feature in use asks for, sorted."""
    wanted = {permission for feature in features for line in feature.needed for permission in line}
    return sorted(set(held) - wanted - {"Policy.Read.AuthenticationMethod"})


def missing(held: frozenset[str], feature: Feature) -> Sequence[str]:
    """The narrowest permission of each line of which none is held."""
    return [line[0] for line in feature.needed if not held & set(line)]


def broader(held: frozenset[str], feature: Feature) -> Sequence[tuple[str, str]]:
    """Powers that are held although a narrower one would do, each with that one."""
    return [(other, line[0]) for line in feature.needed for other in line[1:] if other in held and is_power(other)]


async def powers_of(client: GraphClient, deadline: Deadline) -> Sequence[str]:
    """What the application can change: permissions in its token that do more than read, and directory roles.

    A token that does not say is one power by itself: the agent must not start with it. Raises `ConnectorError`.
    """
    claims = await client.tokens.claims(deadline)
    if not claims.readable or not GUID.fullmatch(claims.object_id):
        return ["Entra ID (its token does not say what)"]
    powers = [f"Entra ID ({role})" for role in sorted(claims.roles) if is_power(role)]
    roles = await role_rows(client, "roleAssignments", claims.object_id, deadline)
    kinds = sorted({str(row.get("roleDefinitionId")) for row in roles} - READING_ROLES)
    return [*powers, *(f"Entra ID (directory role {kind})" for kind in kinds)]
