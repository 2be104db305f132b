"""An invented tenant: people, groups, roles, passes and an audit log, and what its administrators do by hand."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from connectors.seeding import HERE, mail_name

TENANT = "7a0f0000-0000-4000-8000-00000000d4b0"
APP = "0a990000-0000-4000-8000-00000000a990"
SERVICE_PRINCIPAL = "5e770000-0000-4000-8000-000000005e77"
LONG_AGO = "2024-11-01T09:00:00Z"


def guid(name: str) -> str:
    """The same id for the same name, in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.dhb.example"))


@dataclass
class Tenant:
    """Objects by id, as Graph would show them."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    managers: dict[str, str] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    assigned: list[dict[str, Any]] = field(default_factory=list)
    eligible: list[dict[str, Any]] = field(default_factory=list)
    audits: list[dict[str, Any]] = field(default_factory=list)
    passes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    passwords: dict[str, tuple[str, bool]] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    domains: dict[str, str] = field(default_factory=lambda: {"dhb.example": "Managed"})
    effects: list[tuple[str, str]] = field(default_factory=list)
    index: dict[str, dict[str, Any]] | None = None
    tracked: list[tuple[str, set[str]]] = field(default_factory=list)

    # --- what administrators do ------------------------------------------------------------------------------

    def add_user(self, name: str, **values: Any) -> str:
        """A cloud-only member; `values` are properties of the CSDL."""
        user_id = guid(name)
        self.users[user_id] = {
            "id": user_id,
            "userPrincipalName": f"{name}@dhb.example",
            "displayName": name,
            "accountEnabled": True,
            "userType": "Member",
            "mail": f"{name}@dhb.example",
            "businessPhones": [],
            "otherMails": [],
            "onPremisesSyncEnabled": None,
            "onPremisesExtensionAttributes": dict.fromkeys(f"extensionAttribute{n}" for n in range(1, 16)),
            "createdDateTime": LONG_AGO,
            "lastPasswordChangeDateTime": LONG_AGO,
            **values,
        }
        return user_id

    def add_group(self, name: str, members: Iterable[str] = (), **values: Any) -> str:
        """A security group."""
        group_id = guid(f"group-{name}")
        kept = {"id": group_id, "displayName": name, "securityEnabled": True, "isAssignableToRole": None, **values}
        self.groups[group_id] = kept
        self.members.setdefault(group_id, []).extend(members)
        return group_id

    def assign(self, principal: str, role: str) -> None:
        """A directory role."""
        row = {"id": f"ra-{len(self.assigned)}", "principalId": principal, "roleDefinitionId": role}
        self.assigned.append({**row, "directoryScopeId": "/"})

    def make_eligible(self, principal: str, role: str) -> None:
        """A role to be activated at will."""
        row = {"id": f"re-{len(self.eligible)}", "principalId": principal, "roleDefinitionId": role}
        self.eligible.append({**row, "directoryScopeId": "/"})

    def change(self, user_id: str, at: datetime | None = None, logged: bool = True, **values: Any) -> None:
        """Change a person's properties: it stands in the audit log, unless that lags behind."""
        names = {"mobilePhone": "MobilePhone", "otherMails": "OtherMail", "mail": "Mail"}
        changed = [{"displayName": names.get(name, name), "oldValue": "[]", "newValue": "[]"} for name in values]
        listed = ", ".join(names.get(name, name) for name in values)
        changed.append({"displayName": "Included Updated Properties", "oldValue": None, "newValue": f'"{listed}"'})
        self.users[user_id].update(values)
        self.tracked.append((user_id, set(values)))
        if logged:
            self.log(user_id, "Update user", changed, at)

    def log(self, user_id: str, name: str, changed: list[dict[str, Any]], at: datetime | None = None) -> None:
        """One event of the audit log."""
        target = {"id": user_id, "displayName": None, "type": "User", "modifiedProperties": changed}
        self.audits.append(
            {
                "id": f"Directory_{len(self.audits)}",
                "category": "UserManagement",
                "result": "success",
                "activityDisplayName": name,
                "activityDateTime": (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
                "targetResources": [target],
            }
        )

    def freeze_index(self) -> None:
        """From now on `$search` and advanced queries see the users as they are at this moment."""
        self.index = copy.deepcopy(self.users)

    # --- what Graph reads ------------------------------------------------------------------------------------

    def parents(self, member: str) -> list[str]:
        """Every group above a member, nested ones included."""
        found, left = list[str](), [member]
        while left:
            one = left.pop()
            above = [group for group, inside in self.members.items() if one in inside and group not in found]
            found += above
            left += above
        return found

    def below(self, group: str) -> list[str]:
        """Every user and group inside a group."""
        found, left = list[str](), [group]
        while left:
            inside = [one for one in self.members.get(left.pop(), ()) if one not in found]
            found += inside
            left += inside
        return found

    def is_administrator(self, user_id: str) -> bool:
        """Whether only a stronger role than User Administrator may reset this one."""
        return any(row["principalId"] == user_id for row in self.assigned)

    # --- what happens when somebody signs in -----------------------------------------------------------------

    def signs_in(self, user_id: str, secret: str) -> str:
        """What the sign-in page says."""
        password, must_change = self.passwords.get(user_id, ("", False))
        if not secret or secret != password or not self.users[user_id]["accountEnabled"]:
            return "no"
        return "must_change" if must_change else "ok"

    def pass_works(self, user_id: str, code: str) -> bool:
        """Whether a pass would be taken now. Looking does not use it up."""
        return any(one["code"] == code and self.usability(one)[0] for one in self.passes.get(user_id, ()))

    def usability(self, one: dict[str, Any]) -> tuple[bool, str]:
        """`isUsable` and `methodUsabilityReason`."""
        until = datetime.fromisoformat(one["startDateTime"]) + timedelta(minutes=one["lifetimeInMinutes"])
        if one.get("used"):
            return False, "OneTimeUsed"
        return (True, "EnabledByPolicy") if datetime.now(UTC) < until else (False, "Expired")

    def make_pass(self, user_id: str, minutes: int, once: bool, began: datetime | None = None) -> dict[str, Any]:
        """A new pass; the old ones go, as Graph does it."""
        moment = (began or datetime.now(UTC)).isoformat().replace("+00:00", "Z")
        one = {
            "id": str(uuid.uuid4()),
            "code": f"P+{uuid.uuid4().hex[:8]}",
            "createdDateTime": moment,
            "startDateTime": moment,
            "lifetimeInMinutes": minutes,
            "isUsableOnce": once,
        }
        self.passes[user_id] = [one]
        return one


def agency() -> Tenant:
    """The sample staff as a cloud-only tenant; group and account ids come from their names by `guid`."""
    document, tenant = yaml.safe_load((HERE / "people.yaml").read_text(encoding="utf-8")), Tenant()
    names = {group for person in document["people"] for group in person.get("groups", ())} | {"domain-admins"}
    for name in sorted(names | set(document["groups"]) | {"all-staff"}):
        tenant.add_group(name)
    for group, parents in document["groups"].items():
        for parent in parents:
            tenant.members[guid(f"group-{parent}")].append(guid(f"group-{group}"))
    for person in document["people"]:
        _add_person(tenant, person)
    for person in document["people"]:
        if "manager" in person:
            tenant.managers[account_of(tenant, person["id"])] = account_of(tenant, person["manager"])
    return tenant


def account_of(tenant: Tenant, employee_id: str) -> str:
    """The person's own account."""
    return next(
        user_id
        for user_id, user in tenant.users.items()
        if user["employeeId"] == employee_id and user.get("employeeType") in (None, "service")
    )


def _add_person(tenant: Tenant, person: dict[str, Any]) -> None:
    number, kind = person["id"], person.get("kind", "staff")
    digits, name = number[1:], mail_name(person["name"])
    private = person.get("private_email", f"{name}@mail.example")
    shared = {"employeeId": number, "displayName": person["name"], "accountEnabled": person.get("active", True)}
    extensions = dict.fromkeys(f"extensionAttribute{n}" for n in range(1, 16)) | {
        "extensionAttribute5": f"TDHB:U{number}"
    }
    first = person["accounts"][0]["id"] if kind == "service" else name
    user_id = tenant.add_user(
        first,
        **shared,
        givenName=person["name"].split()[0],
        jobTitle=person.get("title"),
        department=person.get("department"),
        city=person.get("site", "Rotterdam"),
        officeLocation=person.get("room"),
        mail=f"{name}@dhb.example",
        mobilePhone=person.get("mobile", f"+31 6 5550 {digits}"),
        otherMails=[private] if private else [],
        preferredLanguage="en-GB" if person.get("language") == "en" else "nl-NL",
        userType="Guest" if kind == "guest" else "Member",
        employeeType="service" if kind == "service" else None,
        onPremisesExtensionAttributes=extensions,
    )
    for group in [*person.get("groups", ()), *(["all-staff"] if kind == "staff" else [])]:
        tenant.members[guid(f"group-{group}")].append(user_id)
    if person.get("contact_changed"):
        tenant.change(user_id, datetime.now(UTC) - timedelta(days=1), mobilePhone=f"+31 6 5550 {digits}")
    for extra in () if kind == "service" else person.get("accounts", ()):
        marked = "admin" if extra["kind"] == "privileged" else "second"
        account = tenant.add_user(extra["id"], **shared, employeeType=marked)
        for group in extra.get("groups", ()):
            tenant.members[guid(f"group-{group}")].append(account)
