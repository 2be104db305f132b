"""Sign-in accounts of Active Directory: read them, and (executor only) reset a password or lift a lock-out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import SecretStr

from connectors.accounts import Account
from connectors.accounts.active_directory_entry import AccountEntries
from connectors.accounts.protection import refuse_untouchable
from connectors.examination import Seen
from connectors.ldap.active_directory import (
    NOT_ALLOWED,
    PASSWORD_RULES,
    Flags,
    error_code,
    flags,
    quoted_password,
)
from connectors.ldap.active_directory_examination import examine
from connectors.ldap.active_directory_powers import powers_in_active_directory
from connectors.ldap.entry import Entry
from connectors.ldap.examining import look
from connectors.ldap.link import Change, Link
from connectors.ldap.refusal import RefusedByServer
from connectors.ldap.session import LdapSession
from connectors.ldap.settings import LdapSettings
from core.errors import ConnectorError, Refused

SYSTEM = "accounts"
INSUFFICIENT_RIGHTS = 50
TEMPORARY: Change = ("replace", "pwdLastSet", [b"0"])
"""The password must be changed at the next sign-in."""
NOT_LOCKED: Change = ("replace", "lockoutTime", [b"0"])


class ActiveDirectoryReader:
    """Implements `AccountReader`: all that the agent holds, signed in with the reading account of the settings.

    Raises `ConfigError` when that is not set.
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._open(settings, writing=False)

    def _open(self, settings: LdapSettings, *, writing: bool) -> None:
        self._session = LdapSession(settings, SYSTEM, writing=writing)
        self._entries = AccountEntries(settings)
        self._settings = settings
        self._changes = writing

    @property
    def name(self) -> str:
        """What people call it."""
        return f"Active Directory ({'resetting' if self._changes else 'reading'} account)"

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first; of several the one they are known by."""
        return await self._session.run(lambda link: self._entries.of(link, employee_id))

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh."""

        def work(link: Link) -> Account | None:
            found = self._entries.find(link, account_id)
            return self._entries.account(link, found) if found else None

        return await self._session.run(work)

    async def powers(self) -> Sequence[str]:
        """What the account Loket signs in with can change: empty for one that only reads."""
        return await self._session.run(lambda link: powers_in_active_directory(link, self._settings))

    async def examine(self) -> Sequence[Seen]:
        """What `loket doctor` tells about the domain and this account of Loket's."""
        work = partial(examine, settings=self._settings, changes=self._changes)
        return [*await self._session.reach(), *await look(self._session, work)]

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()


class ActiveDirectoryAccounts(ActiveDirectoryReader):
    """Implements `Accounts`: what the executor holds, signed in with the changing account of the settings.

    Before each change the account is read again over the same connection and refused when it is an administrator's,
    a service's, off, or in a protected group, whatever was approved; the change names the object by its GUID, so it
    cannot reach another one that has taken its name meanwhile.
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._open(settings, writing=True)

    @property
    def repeats_safely(self) -> bool:
        """No: the directory sets what it is told to set as often as it is told."""
        return False

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Replace the password; it must be changed at the next sign-in. A lock-out stays.

        Raises `Refused` too when the password rules of the domain or the rights of Loket's account forbid it.
        """

        def change(link: Link, entry: Entry) -> None:
            _refuse_what_would_not_be_temporary(entry)
            password: Change = ("replace", "unicodePwd", [quoted_password(credential.get_secret_value())])
            try:
                link.modify(_target(entry), [password, TEMPORARY])
            except RefusedByServer as refused:
                if error_code(refused.diagnostic) != PASSWORD_RULES:
                    raise
                length = self._entries.shortest_password(link)
                is_short = length is not None and len(credential.get_secret_value()) < length
                raise Refused("password_too_short" if is_short else "password_rules") from None

        await self._change(account_id, change)

    async def unlock(self, account_id: str, key: str) -> None:
        """Lift a lock-out; the password stays."""
        await self._change(account_id, lambda link, entry: link.modify(_target(entry), [NOT_LOCKED]))

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """Active Directory knows no such thing (Entra ID does). Always raises: `Refused`, or `ConnectorError`."""

        if not 1 <= minutes <= 60:
            raise ConnectorError(SYSTEM, f"a pass is valid for 1 to 60 minutes, not {minutes}")

        def change(link: Link, entry: Entry) -> None:
            raise Refused("no_access_pass")

        await self._change(account_id, change)
        return None

    async def _change(self, account_id: str, change: Callable[[Link, Entry], None]) -> None:
        def work(link: Link) -> None:
            found = self._entries.find(link, account_id)
            if found is None:
                raise ConnectorError(SYSTEM, "there is no such account")
            account = self._entries.account(link, found)
            refuse_untouchable(account, frozenset(self._settings.groups_protected))
            try:
                change(link, found)
            except RefusedByServer as refused:
                raise _in_words(refused) from None

        await self._session.run(work)


def _refuse_what_would_not_be_temporary(entry: Entry) -> None:
    """Raises `Refused` where the domain controller passes over `pwdLastSet`, or nobody signs in by password."""
    held = flags(entry.text("userAccountControl"))
    if held & Flags.NEVER_EXPIRES:
        raise Refused("password_never_expires")
    if held & Flags.SMART_CARD_ONLY:
        raise Refused("smart_card_only")


def _target(entry: Entry) -> str:
    """The object itself, not whatever has its name when the change arrives ([MS-ADTS] 3.1.1.3.1.2.4)."""
    guid = entry.all("objectGUID")
    if len(guid) != 1 or len(guid[0]) != 16:
        raise ConnectorError(SYSTEM, "the service account may not read objectGUID")
    return f"<GUID={guid[0].hex()}>"


def _in_words(refused: RefusedByServer) -> Exception:
    """A refusal somebody can act on; the server's own words stay out of it."""
    if refused.code == INSUFFICIENT_RIGHTS or error_code(refused.diagnostic) in NOT_ALLOWED:
        return Refused("not_delegated")
    return refused
