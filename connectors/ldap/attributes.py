"""Which attributes of an entry hold what, and what is usual for each kind of directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attributes:
    """The names in force. An empty name: this directory does not hold it."""

    employee_id: str
    account_id: str
    identity: str
    name: str
    given_name: str
    title: str
    department: str
    site: str
    room: str
    phone: str
    mail: str
    manager: str
    language: str
    mobile: str
    private_mail: str
    contact_changed: str
    group_name: str
    member: str

    @property
    def of_people(self) -> tuple[str, ...]:
        """What a colleague may see, and what decides the rights; nothing private."""
        names = (
            self.employee_id, self.account_id, self.name, "cn", self.given_name, self.title, self.department,
            self.site, self.room, self.phone, self.mail, self.manager, self.language,
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in names if name))


DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "openldap": {
        "employee_id": "employeeNumber",
        "account_id": "uid",
        "name": "cn",
        "department": "ou",
        "site": "l",
    },
    "active_directory": {
        "employee_id": "employeeID",
        "account_id": "sAMAccountName",
        "name": "displayName",
        "department": "department",
        "site": "physicalDeliveryOfficeName",
    },
}
"""What is usual; the other names are the same everywhere and stand in the settings."""

USERS: Mapping[str, str] = {
    "openldap": "(objectClass=inetOrgPerson)",
    "active_directory": "(&(objectCategory=person)(objectClass=user))",
}
"""The filter that usually finds whoever can sign in."""
