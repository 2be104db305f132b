"""The embedded systems under the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.directory.embedded import EmbeddedDirectory
from connectors.embedded import World
from tests.contracts.case import SignIn
from tests.outside import new_world

PROTECTED = frozenset({"domain-admins"})


@dataclass
class EmbeddedCase:
    """Implements `AccountCase` on a world of its own."""

    world: World
    accounts: EmbeddedAccounts
    reader: EmbeddedAccountReader
    has_passes: bool = True

    def now(self) -> datetime:
        """The clock of the world."""
        return self.world.clock()

    def set_credential(self, account_id: str, secret: str) -> None:
        """At the sign-in page."""
        self.world.set_credential(account_id, secret)

    def signs_in(self, account_id: str, secret: str) -> SignIn:
        """At the sign-in page."""
        return self.world.signs_in(account_id, secret)

    def lock(self, account_id: str) -> None:
        """Locked out."""
        self.world.lock_account(account_id)

    def join(self, account_id: str, group: str) -> None:
        """By the person it belongs to."""
        account = self.world.read(
            lambda c: c.execute("SELECT employee_id FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
        )
        self.world.set_groups(account["employee_id"], ["all-staff", group])

    def fingerprint(self, account_id: str) -> object:
        """The row, and every effect on it."""
        row = self.world.read(
            lambda c: c.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
        )
        return tuple(row), [effect for effect in self.world.effects() if effect.object_id == account_id]


@contextmanager
def account_case(folder: Path) -> Iterator[EmbeddedCase]:
    """A new world in `folder`."""
    world = new_world(folder)
    yield EmbeddedCase(world, EmbeddedAccounts(world, PROTECTED), EmbeddedAccountReader(world))


@contextmanager
def directory_case(folder: Path) -> Iterator[EmbeddedDirectory]:
    """A new world in `folder`."""
    yield EmbeddedDirectory(new_world(folder))
