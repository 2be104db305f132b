"""A look at the tenant for `loket doctor`: what is missing, what is too much. Reads only."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.examination import Seen
from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.memberships import role_rows
from connectors.graph.permissions import (
    READING_ROLES,
    USER_ADMINISTRATOR,
    Feature,
    broader,
    changing_features,
    is_power,
    missing,
    reading_features,
    too_many,
)
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import Deadline
from connectors.graph.tokens import Claims
from connectors.graph.users import flag, person_of
from core.errors import ConnectorError

SECONDS = 20.0
SOON = 30
_POLICY = ("policies", "authenticationMethodsPolicy", "authenticationMethodConfigurations", "TemporaryAccessPass")


async def examine_reading(client: GraphClient, settings: EntraSettings) -> Sequence[Seen]:
    """As an application that only reads: powers are faults."""
    return await _Look(client, settings, reading_features(settings)).at_all(changes=False)


async def examine_changing(client: GraphClient, settings: EntraSettings) -> Sequence[Seen]:
    """As the executor's application."""
    features = [*reading_features(settings), *changing_features(settings)]
    return await _Look(client, settings, features).at_all(changes=True)


class _Look:
    def __init__(self, client: GraphClient, settings: EntraSettings, features: Sequence[Feature]) -> None:
        self._client = client
        self._settings = settings
        self._features = features
        self._deadline = Deadline(SECONDS)

    async def at_all(self, *, changes: bool) -> Sequence[Seen]:
        seen = [*self._certificate()]
        try:
            claims = await self._client.tokens.claims(self._deadline)
        except ConnectorError as error:
            return [*seen, Seen("Entra ID sign-in", False, error.detail, "docs/connect-entra.md, steps 1 to 3")]
        seen.append(Seen("Entra ID sign-in", True, f"signed in at {self._settings.hosts.login_host}"))
        if not claims.readable:
            return [*seen, Seen("Entra ID permissions", False, "the token does not say what it may do")]
        seen += self._permissions(claims, changes=changes)
        seen += await self._roles(claims, changes=changes)
        seen += [await self._people(), *[await self._group(group, name) for group, name in self._names()]]
        if self._settings.hosts.has_audit_log:
            seen.append(await self._audit())
        else:
            seen.append(Seen("Entra ID audit log", False, "this cloud has none", _NO_AUDIT, fatal=False))
        if changes and self._settings.allow_access_pass:
            seen.append(await self._policy())
        return seen

    def _certificate(self) -> Sequence[Seen]:
        certificate = self._client.tokens.certificate
        if certificate is None:
            return []
        if trouble := certificate.trouble():
            return [Seen("Entra ID certificate", False, trouble, "make a new one, upload it, then replace the file")]
        days = certificate.days_left()
        advice = "" if days >= SOON else "upload the next one now; both are taken until this one ends"
        return [Seen("Entra ID certificate", days >= SOON, f"ends in {days} days", advice, fatal=False)]

    def _permissions(self, claims: Claims, *, changes: bool) -> Sequence[Seen]:
        seen = []
        for feature in self._features:
            lacking = missing(claims.roles, feature)
            detail = f"missing: {', '.join(lacking)}" if lacking else "granted"
            advice = feature.advice if lacking else ""
            seen.append(Seen(f"Entra ID: {feature.name}", not lacking, detail, advice, feature.fatal))
            seen += [_broad(feature, *pair) for pair in broader(claims.roles, feature)]
        more = too_many(claims.roles, self._features)
        powers = [role for role in more if is_power(role)]
        if more:
            advice = "take away what Loket does not use"
            fatal = bool(powers) and not changes
            seen.append(Seen("Entra ID: no more than needed", False, f"too much: {', '.join(more)}", advice, fatal))
        return seen

    async def _roles(self, claims: Claims, *, changes: bool) -> Sequence[Seen]:
        what = "Entra ID: directory role of the application"
        try:
            rows = await role_rows(self._client, "roleAssignments", claims.object_id, self._deadline)
        except ConnectorError as error:
            return [Seen(what, False, error.detail, "grant RoleManagement.Read.Directory")]
        held = {str(row.get("roleDefinitionId")) for row in rows} - READING_ROLES
        wanted = {USER_ADMINISTRATOR} if changes and self._settings.allow_password_reset else set[str]()
        seen = []
        if wanted - held:
            seen.append(Seen(what, False, "missing: User Administrator", "assign it; without it resets are refused"))
        if held - wanted:
            seen.append(Seen(what, False, f"too much: {', '.join(sorted(held - wanted))}", "take the role away"))
        return seen or [Seen(what, True, "User Administrator" if wanted else "none that changes anything")]

    async def _people(self) -> Seen:
        what, attribute = "Entra ID: numbers of people", self._settings.person_attribute
        query = {
            "$filter": "accountEnabled eq true and userType eq 'Member'",
            "$select": "id,employeeId,onPremisesExtensionAttributes",
            "$top": "100",
        }
        try:
            rows = await self._client.rows(("users",), query, self._deadline, whole=False) or []
        except ConnectorError as error:
            return Seen(what, False, error.detail, "grant User.Read.All")
        having = sum(person_of(row, self._settings) is not None for row in rows)
        advice = "" if having == len(rows) else f"people without {attribute} are strangers to Loket"
        detail = f"{having} of {len(rows)} accounts looked at have {attribute}"
        return Seen(what, having > 0, detail, advice, fatal=having == 0)

    def _names(self) -> Sequence[tuple[str, str]]:
        return list(self._settings.group_names.items())

    async def _group(self, group: str, name: str) -> Seen:
        what = f"Entra ID: group {name}"
        try:
            row = await self._client.get(("groups", group), {"$select": "id,securityEnabled"}, self._deadline)
        except ConnectorError as error:
            return Seen(what, False, error.detail, "grant GroupMember.Read.All")
        if row is None:
            return Seen(what, False, "there is no such group", "correct LOKET_ENTRA_GROUPS")
        if not flag(row, "securityEnabled"):
            return Seen(what, False, "it is no security group", "its members let others in; use a security group")
        return Seen(what, True, "a security group")

    async def _audit(self) -> Seen:
        what = "Entra ID audit log"
        query = {"$select": "activityDateTime", "$top": "1"}
        try:
            await self._client.rows(("auditLogs", "directoryAudits"), query, self._deadline, whole=False)
        except ConnectorError as error:
            return Seen(what, False, error.detail, _NO_AUDIT, fatal=False)
        return Seen(what, True, "can be read")

    async def _policy(self) -> Seen:
        what = "Entra ID: policy for Temporary Access Passes"
        query = {"$select": "id,state"}
        try:
            row = await self._client.get(_POLICY, query, self._deadline)
        except GraphRefusal:
            return Seen(what, True, "not looked at: Policy.Read.AuthenticationMethod is not granted", fatal=False)
        except ConnectorError as error:
            return Seen(what, False, error.detail, fatal=False)
        if not row or row.get("state") != "enabled":
            return Seen(what, False, "the method is off", "turn it on for the staff, 10 to 60 minutes, one-time")
        return Seen(what, True, "the method is on")


def _broad(feature: Feature, held: str, enough: str) -> Seen:
    advice = f"{enough} is enough, where the tenant offers it"
    return Seen(f"Entra ID: {feature.name}", False, f"{held} can do more than this needs", advice, fatal=False)


_NO_AUDIT = "addresses count as just changed: no secret is sent to them; sign-in as proof and hand-over still work"
