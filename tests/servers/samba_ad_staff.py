"""What the domain of the tests holds: the sample staff of `connectors/people.yaml`, as an administrator enters them."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.ldap.settings import LdapSettings
from tests.outside import new_world

REALM, SHORT_NAME = "dhb.example", "DHB"
DOMAIN = "DC=dhb,DC=example"
TOP = f"OU=DHB,{DOMAIN}"
UNITS = ("Staff", "Field", "Admins", "Services", "Groups")
STAFF, FIELD, ADMINS, SERVICES, GROUPS = (f"OU={unit},{TOP}" for unit in UNITS)
READER, RESETTER = "svc-loket-read", "svc-loket-reset"
READER_PASSWORD, RESETTER_PASSWORD = "Lees-Alleen-Havens-7", "Zet-Terug-Sluizen-9"
ADMINISTRATOR_PASSWORD, FIRST_PASSWORD = "Beheer-Waterwegen-3", "Eerste-Wachtwoord-1"

PAGE = Path(__file__).parents[2] / "docs" / "connect-active-directory.md"
USER_OBJECTS = "bf967aba-0de6-11d0-a285-00aa003049e2"
IDENTIFIERS = {
    "Reset Password": "00299570-246d-11d0-a768-00aa006e0529",
    "pwdLastSet": "bf967a0a-0de6-11d0-a285-00aa003049e2",
    "lockoutTime": "28630ebf-41d5-11d1-a9c1-0000f80367c1",
}
LETTERS = {"CA": "CR", "WP": "WP"}
"""What `dsacls` calls a right, and what it is called in an access list."""
DSACLS = re.compile(r'^dsacls "([^"]+)" /I:S /G "DHB\\([^:]+):(CA|WP);([^;]+);user"$', re.MULTILINE)

PASSWORD_POLICY = [
    "--complexity=on",
    "--min-pwd-length=12",
    "--history-length=5",
    "--min-pwd-age=0",
    "--max-pwd-age=0",
    "--account-lockout-threshold=3",
    "--account-lockout-duration=30",
    "--reset-account-lockout-after=30",
]


def settings(address: str, authority: Path, **changes: Any) -> LdapSettings:
    """What the page says an operator sets, for this server; with `changes`."""
    found = re.findall(r"^LOKET_LDAP_([A-Z_]+)=(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    ours = {
        "urls": f"ldaps://{address}",
        "ca_file": authority,
        "bind_password": READER_PASSWORD,
        "write_bind_password": RESETTER_PASSWORD,
    }
    return LdapSettings.model_validate({**{name.lower(): value for name, value in found}, **ours, **changes})


def delegations() -> list[dict[str, str]]:
    """The commands of the page as what they write into the access list of an OU (SDDL)."""
    found = DSACLS.findall(PAGE.read_text(encoding="utf-8"))
    return [
        {
            "unit": unit,
            "account": account,
            "sddl": f"(OA;CIIO;{LETTERS[right]};{IDENTIFIERS[what]};{USER_OBJECTS};{{sid}})",
        }
        for unit, account, right, what in found
    ]


def sample_domain() -> dict[str, Any]:
    """The whole of it, for `samba_ad_seed.py`. The same call gives the same answer, so that it can be cached by it."""
    with TemporaryDirectory(prefix="loket-staff-") as folder:
        return new_world(Path(folder)).read(_spec)


def _spec(connection: sqlite3.Connection) -> dict[str, Any]:
    people = {row["employee_id"]: row for row in connection.execute("SELECT * FROM people ORDER BY employee_id")}
    rows = connection.execute("SELECT * FROM accounts ORDER BY employee_id, position").fetchall()
    main: dict[str, str] = {}
    for row in rows:
        main.setdefault(row["employee_id"], row["account_id"])
    managers = {main[number]: main[person["manager_id"]] for number, person in people.items() if person["manager_id"]}
    identities: dict[str, list[str]] = {}
    for row in connection.execute("SELECT * FROM identities ORDER BY employee_id, channel, tenant, user"):
        identities.setdefault(row["employee_id"], []).append(f"{row['channel']}:{row['tenant']}:{row['user']}")
    accounts = [
        _account(row, people[number], main[number] == row["account_id"], identities[number])
        for row in rows
        for number in [row["employee_id"]]
    ]
    return {
        "domain": DOMAIN,
        "realm": REALM,
        "short_name": SHORT_NAME,
        "top": TOP,
        "administrator_password": ADMINISTRATOR_PASSWORD,
        "password_policy": PASSWORD_POLICY,
        "days_old": 700,
        "units": UNITS,
        "indexed": re.findall(r"lDAPDisplayName=(\w+)", PAGE.read_text(encoding="utf-8")),
        "accounts": accounts,
        "managers": managers,
        "groups": _groups(connection, main),
        "inside_built_in": {"domain-admins": "Domain Admins"},
        "services": [
            {"id": READER, "password": READER_PASSWORD},
            {"id": RESETTER, "password": RESETTER_PASSWORD},
        ],
        "delegations": delegations(),
    }


def _account(row: sqlite3.Row, person: sqlite3.Row, is_main: bool, identities: list[str]) -> dict[str, Any]:
    attributes = {"employeeID": person["employee_id"], **(_of_person(person, identities) if is_main else {})}
    if row["kind"] == "service":
        attributes["servicePrincipalName"] = f"HTTP/{row['account_id']}.{REALM}"
    return {
        "id": row["account_id"],
        "unit": "Admins" if row["kind"] == "privileged" else "Staff" if is_main else "Field",
        "is_privileged": row["kind"] == "privileged",
        "enabled": bool(row["enabled"]),
        "password": FIRST_PASSWORD,
        "attributes": attributes,
    }


def _of_person(person: sqlite3.Row, identities: list[str]) -> dict[str, Any]:
    """Only the account somebody is known by carries their name, mail address and telephone numbers."""
    given, _, family = person["name"].partition(" ")
    found = {
        "displayName": person["name"],
        "givenName": person["given_name"],
        "sn": family or given,
        "title": person["title"],
        "department": person["department"],
        "physicalDeliveryOfficeName": person["site"],
        "roomNumber": person["room"],
        "telephoneNumber": person["phone"],
        "mail": person["email"],
        "preferredLanguage": person["language"],
        "employeeType": person["kind"],
        "extensionName": identities,
        "mobile": person["mobile"],
        "otherMailbox": person["private_email"],
    }
    return {name: value for name, value in found.items() if value}


def _groups(connection: sqlite3.Connection, main: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in connection.execute("SELECT name, employee_id FROM person_groups ORDER BY name, employee_id"):
        found.setdefault(row["name"], []).append(main[row["employee_id"]])
    for row in connection.execute("SELECT name, account_id FROM account_groups ORDER BY name, account_id"):
        found.setdefault(row["name"], []).append(row["account_id"])
    for row in connection.execute("SELECT name, parent FROM group_parents ORDER BY name, parent"):
        found.setdefault(row["name"], [])
        found.setdefault(row["parent"], []).append(row["name"])
    return found
