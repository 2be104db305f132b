"""Active Directory under the contracts: a real Samba domain controller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.accounts.active_directory import ActiveDirectoryAccounts, ActiveDirectoryReader
from connectors.directory.ldap import LdapDirectory
from tests.contracts.case import SignIn
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import FIRST_PASSWORD, settings

OF_LOOKING = {
    *("badpwdcount", "badpasswordtime", "lastlogon", "lastlogontimestamp", "logoncount", "lockouttime"),
    *("whenchanged", "usnchanged", "memberof"),
}
"""What changes when somebody tries to sign in, which the test itself does, or joins a group."""


@dataclass
class ActiveDirectoryCase:
    """Implements `AccountCase` on a domain that all tests share; `restore` puts back what a test arranged."""

    domain: Domain
    accounts: ActiveDirectoryAccounts
    reader: ActiveDirectoryReader
    has_passes: bool = False
    joined: list[tuple[str, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        """The server runs on this machine."""
        return datetime.now(UTC)

    def set_credential(self, account_id: str, secret: str) -> None:
        """As if chosen at the sign-in page."""
        self.used.add(account_id)
        self.domain.set_credential(account_id, secret)

    def signs_in(self, account_id: str, secret: str) -> SignIn:
        """A bind."""
        self.used.add(account_id)
        said = self.domain.signs_in(account_id, secret)
        return said if said in ("ok", "must_change") else "no"

    def lock(self, account_id: str) -> None:
        """Three binds with a wrong password."""
        self.used.add(account_id)
        self.domain.lock_account(account_id)

    def join(self, account_id: str, group: str) -> None:
        """One more member."""
        self.joined.append((account_id, group))
        self.domain.join(account_id, group)

    def fingerprint(self, account_id: str) -> object:
        """All attributes but those that a try to sign in changes, and when the password was last written."""
        held = self.domain.attributes(account_id, "*")
        shown = {name: value for name, value in held.items() if name.lower() not in OF_LOOKING}
        return shown, self.domain.written_at(account_id, "unicodePwd")

    def restore(self) -> None:
        """As the domain was before, but for the history of passwords."""
        for account_id, group in self.joined:
            self.domain.leave(account_id, group)
        for account_id in self.used:
            self.domain.set_credential(account_id, FIRST_PASSWORD)


@contextmanager
def account_case(folder: Path) -> Iterator[ActiveDirectoryCase]:
    """The domain, put back afterwards."""
    domain = shared_domain()
    chosen = settings(domain.address, domain.ca_file)
    case = ActiveDirectoryCase(domain, ActiveDirectoryAccounts(chosen), ActiveDirectoryReader(chosen))
    try:
        yield case
    finally:
        case.restore()


@contextmanager
def directory_case(folder: Path) -> Iterator[LdapDirectory]:
    """The domain that all tests share."""
    domain = shared_domain()
    yield LdapDirectory(settings(domain.address, domain.ca_file))
