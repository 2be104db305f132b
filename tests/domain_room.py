"""People and groups made for one test in the Active Directory that the tests share, and taken away afterwards."""

from __future__ import annotations

import itertools

import pytest
from pydantic import SecretStr

from connectors.accounts.active_directory import ActiveDirectoryAccounts
from core.errors import Refused
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import STAFF

OLD, NEW = "Havenlicht-Oud-42", "Canary-Kx7-dike-swan"
NUMBERS = itertools.count(1)


class Staff:
    """Makes people for one test, and takes them away."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._made: list[str] = []

    def somebody(self, base: str = STAFF, employee_id: str | None = "", **attributes: object) -> str:
        """A new ordinary account with the password `OLD`; its name."""
        number = next(NUMBERS)
        name = f"proef.persoon{number}"
        if employee_id is not None:
            attributes["employeeID"] = employee_id or f"E8{number:03}"
        self._domain.add_account(name, base, OLD, **attributes)
        self._made.append(name)
        return name

    def group(self, *members: str, inside: str = "") -> str:
        """A new group, perhaps inside another; its name."""
        name = f"proefgroep{next(NUMBERS)}"
        self._domain.add_group(name, members)
        self._made.append(name)
        if inside:
            self._domain.join(name, inside)
        return name

    def leave(self) -> None:
        for name in reversed(self._made):
            self._domain.delete(name)


async def refused(accounts: ActiveDirectoryAccounts, name: str) -> str:
    """The reason for which an account is refused; the same for every change."""
    reasons = set()
    for attempt in (
        accounts.set_temporary_credential(name, SecretStr(NEW), "a"),
        accounts.unlock(name, "a"),
        accounts.issue_access_pass(name, SecretStr(NEW), 10, "a"),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        reasons.add(refusal.value.reason)
    (reason,) = reasons
    return reason


async def refused_as(accounts: ActiveDirectoryAccounts, name: str, secret: str = NEW) -> str:
    with pytest.raises(Refused) as refusal:
        await accounts.set_temporary_credential(name, SecretStr(secret), "a")
    assert secret not in repr(refusal.value) + str(refusal.value.__dict__)
    return refusal.value.reason
