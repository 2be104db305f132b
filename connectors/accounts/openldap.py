"""The sign-in accounts of OpenLDAP: RFC 3062 for a new password, the password policy overlay for the rest."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import SecretStr

from connectors.accounts.ldap_reading import SYSTEM, LdapAccountReader
from connectors.examination import Seen
from connectors.ldap.link import Control, Link
from connectors.ldap.openldap import LOCKED_AT, MUST_CHANGE
from connectors.ldap.policy_answer import REQUEST, reason_of
from connectors.ldap.refusal import RefusedByServer
from connectors.ldap.settings import LdapSettings
from core.errors import ConnectorError, Refused

NO_SUCH_ATTRIBUTE = 16
TRIES, BETWEEN_SECONDS = 10, 0.02
POLICY: tuple[Control, ...] = ((REQUEST, False, None),)
"""Asks the overlay to say why a password is not taken (draft-behera-ldap-password-policy)."""


class OpenLdapAccountReader(LdapAccountReader):
    """Implements `AccountReader` with the reading account."""

    async def powers(self) -> Sequence[str]:
        """What the configured account can change. Changes nothing to find out."""
        from connectors.ldap.powers import powers_of

        return await self._session.run(lambda link: powers_of(link, self._settings))

    async def examine(self) -> Sequence[Seen]:
        """What a look at the accounts finds, for `loket doctor`."""
        from connectors.ldap.examining import examine_accounts

        return await examine_accounts(self._session, changes=self._changes)


class OpenLdapAccounts(OpenLdapAccountReader):
    """Implements `Accounts` with the account that may change things: what the executor holds.

    A password that the policy does not take is `Refused` with a reason somebody can act on.
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._begin(settings, writing=True)

    @property
    def repeats_safely(self) -> bool:
        """No: a second time sets it a second time."""
        return False

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Replace the credential; it must be changed at the next sign-in. A lock-out stays.

        Two requests, for OpenLDAP has none that does both and hashes the password. When the second fails, the password
        is a new one that need not be changed: `EffectUnknown`, and somebody looks.
        """

        def work(link: Link) -> None:
            entry, _account = self._fresh(link, account_id)
            self._must_be_able_to_mark(link, entry.dn)
            _set_beside_others(link, entry.dn, credential)
            link.modify(entry.dn, [("replace", MUST_CHANGE, [b"TRUE"])])

        await self._session.run(work)

    async def unlock(self, account_id: str, key: str) -> None:
        """Lift a lock-out; the credential stays. An account that is not locked stays as it is."""

        def work(link: Link) -> None:
            entry, account = self._fresh(link, account_id)
            if not account.locked:
                return
            try:
                link.modify(entry.dn, [("delete", LOCKED_AT, [])])
            except RefusedByServer as refusal:
                if refusal.code != NO_SUCH_ATTRIBUTE:  # somebody else was quicker
                    raise _in_words(refusal) from None

        await self._session.run(work)

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """There is no such thing over LDAP. Raises `Refused`, or `ConnectorError` for what no pass may be."""
        if not 1 <= minutes <= 60:
            raise ConnectorError(SYSTEM, f"a pass is valid for 1 to 60 minutes, not {minutes}")
        await self._session.run(lambda link: self._fresh(link, account_id))
        raise Refused("no_access_pass")

    def _must_be_able_to_mark(self, link: Link, dn: str) -> None:
        """Raises `Refused` when the second request would surely fail: then the first is not made."""
        from connectors.ldap.powers import may_change

        if not may_change(link, dn, MUST_CHANGE):
            raise Refused("not_delegated")


def _set_beside_others(link: Link, dn: str, credential: SecretStr) -> None:
    """Set it, again where the policy overlay was about to delete what another change of that moment deleted first.

    Such an answer says that nothing was changed, so a second try is no second effect.
    """
    for left in reversed(range(TRIES)):
        try:
            link.set_password(dn, credential, POLICY)
            return
        except RefusedByServer as refusal:
            if refusal.code != NO_SUCH_ATTRIBUTE or not left:
                raise _in_words(refusal) from None
        time.sleep(BETWEEN_SECONDS)


def _in_words(refusal: RefusedByServer) -> Exception:
    reason = reason_of(refusal.controls.get(REQUEST), refusal.code, refusal.diagnostic)
    return Refused(reason) if reason else refusal
