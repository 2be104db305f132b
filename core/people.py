"""Who somebody is: the identity a channel vouches for, and the employee the directory maps it to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EmployeeKind(StrEnum):
    """What sort of entry the directory holds; only `STAFF` may use tools."""

    STAFF = "staff"
    GUEST = "guest"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class ChannelIdentity:
    """Immutable ids from a verified channel: Slack team+user, Entra tenant+object id, terminal `local`+employee id.

    Never built from text, an e-mail address or a display name.
    """

    channel: str
    tenant: str
    user: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.tenant}:{self.user}"


class Standing(StrEnum):
    """What the channel itself says of whoever wrote or clicked. Whom the directory maps them to does not change it.

    `OUTSIDER`: a guest, somebody of another organisation, a bot, a deactivated account. `UNKNOWN`: the channel was
    asked and did not answer; then nobody is let in either.
    """

    MEMBER = "member"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Employee:
    """One person, as any colleague may see them, plus the group names that decide their rights.

    `employee_id` identifies the *person*: two accounts of one person share it.
    `groups` holds nested memberships too.
    """

    employee_id: str
    name: str
    given_name: str
    title: str
    department: str
    site: str
    room: str
    phone: str
    email: str
    manager_id: str | None
    groups: frozenset[str]
    language: str
    kind: EmployeeKind = EmployeeKind.STAFF
    active: bool = True

    @property
    def may_use_tools(self) -> bool:
        """Guests, service entries and deactivated people get no tools at all."""
        return self.active and self.kind is EmployeeKind.STAFF


@dataclass(frozen=True, slots=True)
class Contact:
    """Private addresses of one employee: used to reach them, never shown to a model or a colleague.

    `mobile` is in E.164 form; `changed_at` (UTC) is when any of these last changed.
    """

    employee_id: str
    mobile: str | None
    private_email: str | None
    work_email: str
    changed_at: datetime
