"""What a contract test needs of a system beside the connector: to arrange something there, and to see what is so.

Each system has a `case_<system>.py` with `account_case(folder)` and `directory_case(folder)`, context managers that
give a fresh `AccountCase` or `Directory` with the sample staff in it, and that skip where the system cannot run.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Literal, Protocol

import pytest

from connectors.accounts import AccountReader, Accounts

SignIn = Literal["ok", "must_change", "no"]

SYSTEMS = (
    "embedded",
    pytest.param("openldap", marks=pytest.mark.slow),
    pytest.param("active_directory", marks=pytest.mark.slow),
)


class AccountCase(Protocol):
    """An account system with the sample staff of `connectors/people.yaml`, protecting the group domain-admins."""

    @property
    def accounts(self) -> Accounts:
        """The connector that changes things."""

    @property
    def reader(self) -> AccountReader:
        """The connector of the agent."""

    @property
    def has_passes(self) -> bool:
        """Can the system issue access passes?"""

    def now(self) -> datetime:
        """The time of that system."""

    def set_credential(self, account_id: str, secret: str) -> None:
        """The person has chosen this password; nothing has to be changed."""

    def signs_in(self, account_id: str, secret: str) -> SignIn:
        """What the system says to somebody who tries. A wrong one may count."""

    def lock(self, account_id: str) -> None:
        """Too many wrong tries: from now on the right password is refused as well."""

    def join(self, account_id: str, group: str) -> None:
        """An administrator of the system adds the account to a group."""

    def fingerprint(self, account_id: str) -> object:
        """All that the system holds of the account, to see that nothing happened to it."""


def of(system: str) -> ModuleType:
    """The case of a system. Loaded only when it is asked for: what one needs must not keep another from running."""
    return import_module(f"tests.contracts.case_{system}")
