"""The sign-in accounts of Entra ID over Microsoft Graph: read them, set temporary passwords, make access passes."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from pydantic import SecretStr

from connectors.accounts import Account
from connectors.accounts.protection import refuse_untouchable
from connectors.examination import Seen
from connectors.graph.account_reading import EntraAccount, account_by_id, accounts_of
from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.examining import examine_changing, examine_reading
from connectors.graph.passes import LONGEST, SHORTEST, Passes
from connectors.graph.permissions import powers_of
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, Refused
from core.outcomes import Outcome

log = structlog.get_logger("entra")
REVOKE_SECONDS = 4.0


class EntraAccountReader:
    """Implements `AccountReader`: all that the agent holds. An account's id is its object id."""

    def __init__(
        self, settings: EntraSettings, outside: OutsideSettings | None = None, client: GraphClient | None = None
    ) -> None:
        self._settings = settings
        self._client = client or GraphClient(settings, outside)

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first."""
        return [found.account for found in await self.found_of(employee_id)]

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh."""
        found = await self.found(account_id)
        return found.account if found else None

    async def found_of(self, employee_id: str) -> Sequence[EntraAccount]:
        """The same with where their passwords live."""
        return await accounts_of(self._client, self._settings, employee_id, self._deadline())

    async def found(self, account_id: str) -> EntraAccount | None:
        """The same for one account."""
        return await account_by_id(self._client, self._settings, account_id.lower(), self._deadline())

    async def powers(self) -> Sequence[str]:
        """What the application could change in the tenant."""
        return await powers_of(self._client, self._deadline())

    async def examine(self) -> Sequence[Seen]:
        """For `loket doctor`: permissions, too few and too many. Changes nothing."""
        return await examine_reading(self._client, self._settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _deadline(self) -> Deadline:
        return Deadline(self._settings.read_seconds)


class EntraAccounts(EntraAccountReader):
    """Implements `Accounts`: what the executor holds. Refuses what is kept in another system than Entra ID."""

    def __init__(
        self, settings: EntraSettings, outside: OutsideSettings | None = None, client: GraphClient | None = None
    ) -> None:
        super().__init__(settings, outside, client)
        self._passes = Passes(self._client)

    @property
    def repeats_safely(self) -> bool:
        """No: Graph knows no idempotency key for any of this."""
        return False

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Replace the password of a cloud-only account, to be changed at the next sign-in; then end its sessions."""
        found = await self._touchable(account_id)
        if not self._settings.allow_password_reset:
            raise Refused("reset_not_allowed", Outcome.REFUSED_FORBIDDEN)
        if found.synced or not await self._kept_here(found.sign_in_name):
            raise Refused("password_elsewhere", Outcome.REFUSED_FORBIDDEN)
        profile = {"forceChangePasswordNextSignIn": True, "password": credential.get_secret_value()}
        user = ("users", found.account.account_id)
        try:
            await self._client.change("PATCH", user, {"passwordProfile": profile}, self._change_deadline())
        except GraphRefusal as error:
            raise _named(error) from None
        await self._end_sessions(found.account.account_id, key)

    async def unlock(self, account_id: str, key: str) -> None:
        """Always refused: Entra ID's smart lockout ends by itself, and Graph can neither see nor lift it."""
        await self._touchable(account_id)
        raise Refused("unlock_by_waiting", Outcome.REFUSED_FORBIDDEN)

    async def issue_access_pass(self, account_id: str, credential: SecretStr, minutes: int, key: str) -> SecretStr:
        """The one-time pass that Graph made: `credential` is not used. Raises `ConnectorError` unless 10-60 minutes."""
        if not SHORTEST <= minutes <= LONGEST:
            raise ConnectorError(SYSTEM, f"a pass is valid for {SHORTEST} to {LONGEST} minutes, not {minutes}")
        found = await self._touchable(account_id)
        if not self._settings.allow_access_pass:
            raise Refused("no_access_pass", Outcome.REFUSED_FORBIDDEN)
        return await self._passes.issue(found.account.account_id, minutes, self._settings.change_seconds / 2)

    async def revoke_sessions(self, account_id: str) -> None:
        """End every session of the account: refresh tokens and cookies. Access tokens live on for up to an hour."""
        path = ("users", account_id, "revokeSignInSessions")
        await self._client.change("POST", path, None, Deadline(REVOKE_SECONDS))

    async def examine(self) -> Sequence[Seen]:
        """For `loket doctor`, as the executor."""
        return await examine_changing(self._client, self._settings)

    async def _touchable(self, account_id: str) -> EntraAccount:
        found = await self.found(account_id)
        if found is None:
            raise ConnectorError(SYSTEM, "there is no such account in Entra ID")
        refuse_untouchable(found.account, self._settings.protected)
        return found

    async def _kept_here(self, sign_in_name: str) -> bool:
        """Whether the account's domain signs in at Entra ID itself. What cannot be read is not."""
        domain = sign_in_name.rpartition("@")[2]
        if not domain:
            return False
        row = await self._client.get(("domains", domain), {"$select": "id,authenticationType"}, self._deadline())
        return row is not None and row.get("authenticationType") == "Managed"

    async def _end_sessions(self, account_id: str, key: str) -> None:
        """The password is replaced by now: what goes wrong here makes the reset no less done."""
        try:
            await self.revoke_sessions(account_id)
        except ConnectorError as error:
            log.warning("sessions_not_revoked", action_id=key, error=type(error).__name__)

    def _change_deadline(self) -> Deadline:
        return Deadline(self._settings.change_seconds)


def _named(error: GraphRefusal) -> ConnectorError | Refused:
    if error.status == 400:
        return Refused("password_rules", Outcome.REFUSED_FORBIDDEN)
    if error.status == 403:
        return Refused("not_delegated", Outcome.REFUSED_FORBIDDEN)
    return error
