"""OpenLDAP under the contracts: a real slapd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.accounts.openldap import OpenLdapAccountReader, OpenLdapAccounts
from connectors.directory.ldap import LdapDirectory
from tests.contracts.case import SignIn
from tests.servers.openldap import running_openldap, shared_openldap
from tests.servers.openldap_server import OpenLdapServer

OF_LOOKING = {"pwdfailuretime", "modifytimestamp", "entrycsn", "pwdaccountlockedtime", "pwdlastsuccess", "memberof"}
"""What changes when somebody tries to sign in, which the test itself does."""


@dataclass
class OpenLdapCase:
    """Implements `AccountCase`."""

    server: OpenLdapServer
    accounts: OpenLdapAccounts
    reader: OpenLdapAccountReader
    has_passes: bool = False

    def now(self) -> datetime:
        """The server runs on this machine."""
        return datetime.now(UTC)

    def set_credential(self, account_id: str, secret: str) -> None:
        """At the sign-in page."""
        self.server.set_credential(account_id, secret)

    def signs_in(self, account_id: str, secret: str) -> SignIn:
        """A bind."""
        return self.server.signs_in(account_id, secret)

    def lock(self, account_id: str) -> None:
        """Three binds with a wrong password."""
        self.server.lock(account_id)

    def join(self, account_id: str, group: str) -> None:
        """One more member."""
        self.server.join(account_id, group)

    def fingerprint(self, account_id: str) -> object:
        """All attributes but those that a try to sign in changes."""
        return {name: values for name, values in self.server.entry(account_id).items() if name not in OF_LOOKING}


@contextmanager
def account_case(folder: Path) -> Iterator[OpenLdapCase]:
    """A server of its own."""
    with running_openldap() as server:
        settings = server.settings()
        yield OpenLdapCase(server, OpenLdapAccounts(settings), OpenLdapAccountReader(settings))


@contextmanager
def directory_case(folder: Path) -> Iterator[LdapDirectory]:
    """One server for all tests that only read."""
    yield LdapDirectory(shared_openldap().settings())
