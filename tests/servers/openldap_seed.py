"""What the OpenLDAP of the tests holds: the sample staff of `connectors/people.yaml`, and generated people on top."""

from __future__ import annotations

import base64
import hashlib
import random
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.outside import new_world

SUFFIX = "dc=dhb,dc=example"
PEOPLE, ACCOUNTS, ADMINS, GROUPS = (f"ou={unit},{SUFFIX}" for unit in ("people", "accounts", "admins", "groups"))
READER, RESETTER = (f"cn=svc-loket-{what},ou=services,{SUFFIX}" for what in ("read", "reset"))
READER_PASSWORD, RESETTER_PASSWORD = "lees-alleen-havens-7", "zet-terug-sluizen-9"
ROOT_PASSWORD, FIRST_PASSWORD = "beheer-waterwegen-3", "eerste-wachtwoord-1"
SWITCHED_OFF = "000001010000Z"

GIVEN = "Anouk Bas Chantal Dirk Esra Floor Gijs Hugo Imke Jelle Katja Lars Meryem Niels Okke Pim Renske Stijn Teun Ymke"
FAMILY = "Aalbers Beekman Coolen Driessen Evers Faber Groot Huisman Ilmer Jaspers Kramer Leenders Mertens Nolet Otten"
ENDINGS = ("", "se", "ma", "stra", "huis", "veld", "kamp", "dijk", "man", "sen")

Pairs = Iterable[tuple[str, str | None]]


def data_ldif(more_people: int, entries: str) -> str:
    """Everything below the suffix as LDIF; `entries` goes in after the organisational units."""
    with TemporaryDirectory(prefix="loket-staff-") as folder:
        sample = new_world(Path(folder)).read(lambda connection: list(_sample(connection, more_people)))
    top = _entry(SUFFIX, [("objectClass", "dcObject"), ("objectClass", "organization"), ("dc", "dhb"), ("o", "DHB")])
    units = ("people", "accounts", "admins", "groups", "services", "policies", "elsewhere")
    below = [_entry(f"ou={unit},{SUFFIX}", [("objectClass", "organizationalUnit"), ("ou", unit)]) for unit in units]
    return "\n".join([top, *below, entries.strip() + "\n", *sample])


def ssha(password: str) -> str:
    """A password as slapd keeps it."""
    salt = b"havens42"
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def _sample(connection: sqlite3.Connection, more_people: int) -> Iterator[str]:
    people = {row["employee_id"]: row for row in connection.execute("SELECT * FROM people ORDER BY employee_id")}
    rows = connection.execute("SELECT * FROM accounts ORDER BY employee_id, position").fetchall()
    names: dict[str, str] = {}  # of the account somebody is known by
    places: dict[str, str] = {}
    for row in rows:
        is_main = names.setdefault(row["employee_id"], row["account_id"]) == row["account_id"]
        unit = PEOPLE if is_main else ADMINS if row["kind"] == "privileged" else ACCOUNTS
        places[row["account_id"]] = f"uid={row['account_id']},{unit}"
    for row in rows:
        person, dn = people[row["employee_id"]], places[row["account_id"]]
        is_main = names[row["employee_id"]] == row["account_id"]
        more = _of_person(connection, person, places.get(names.get(person["manager_id"], ""))) if is_main else []
        yield _entry(dn, [*_of_account(row, person), *more])
    members = _groups(connection, {number: places[name] for number, name in names.items()}, places)
    yield from _generated(more_people, members)
    for group, dns in members.items():
        held: Pairs = [("member", dn) for dn in dns]
        yield _entry(f"cn={group},{GROUPS}", [("objectClass", "groupOfNames"), ("cn", group), *held])


def _of_account(row: sqlite3.Row, person: sqlite3.Row) -> Pairs:
    kind = "admin" if row["kind"] == "privileged" else person["kind"]
    return [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "loketPerson"),
        ("uid", row["account_id"]),
        ("cn", person["name"]),
        ("sn", person["name"].partition(" ")[2] or person["name"]),
        ("employeeNumber", person["employee_id"]),
        ("employeeType", kind),
        ("userPassword", ssha(FIRST_PASSWORD)),
        ("pwdAccountLockedTime", None if row["enabled"] else SWITCHED_OFF),
    ]


def _of_person(connection: sqlite3.Connection, person: sqlite3.Row, manager: str | None) -> Pairs:
    identities = connection.execute(
        "SELECT channel, tenant, user FROM identities WHERE employee_id = ?", (person["employee_id"],)
    )
    changed = datetime.fromisoformat(person["contact_changed_at"])
    return [
        ("displayName", person["name"]),
        ("givenName", person["given_name"]),
        ("title", person["title"]),
        ("ou", person["department"]),
        ("l", person["site"]),
        ("roomNumber", person["room"]),
        ("telephoneNumber", person["phone"]),
        ("mail", person["email"]),
        ("preferredLanguage", person["language"]),
        ("mobile", person["mobile"]),
        ("manager", manager),
        ("loketPrivateMail", person["private_email"]),
        ("loketContactChanged", changed.strftime("%Y%m%d%H%M%SZ")),
        *(("loketIdentity", f"{row['channel']}:{row['tenant']}:{row['user']}") for row in identities),
    ]


def _groups(connection: sqlite3.Connection, people: dict[str, str], accounts: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in connection.execute("SELECT name, employee_id FROM person_groups ORDER BY name, employee_id"):
        found.setdefault(row["name"], []).append(people[row["employee_id"]])
    for row in connection.execute("SELECT name, account_id FROM account_groups ORDER BY name, account_id"):
        found.setdefault(row["name"], []).append(accounts[row["account_id"]])
    for row in connection.execute("SELECT name, parent FROM group_parents ORDER BY name, parent"):
        found.setdefault(row["parent"], []).append(f"cn={row['name']},{GROUPS}")
    return found


def _generated(count: int, members: dict[str, list[str]]) -> Iterator[str]:
    """People with numbers from P00000; 60 teams, each in a department of teams. The same call gives the same people."""
    chance = random.Random(5)
    given, family = GIVEN.split(), [name + ending for name in FAMILY.split() for ending in ENDINGS]
    password = ssha(FIRST_PASSWORD)
    for index in range(count):
        first, last, uid = chance.choice(given), chance.choice(family), f"p{index:05d}"
        dn = f"uid={uid},{PEOPLE}"
        members["all-staff"].append(dn)
        members.setdefault(f"team-{index % 60:02d}", []).append(dn)
        boss = f"uid=p{chance.randrange(max(1, index // 8)):05d},{PEOPLE}" if index else None
        yield _entry(
            dn,
            [
                ("objectClass", "inetOrgPerson"),
                ("objectClass", "loketPerson"),
                ("uid", uid),
                *(("cn", f"{first} {last}"), ("displayName", f"{first} {last}"), ("sn", last), ("givenName", first)),
                *(("employeeNumber", f"P{index:05d}"), ("employeeType", "staff"), ("title", "Inspector")),
                *(("mail", f"{uid}@dhb.example"), ("telephoneNumber", f"020 555 {index % 10000:04d}")),
                *(
                    ("mobile", f"+316666{index:05d}"),
                    ("manager", boss),
                    ("loketIdentity", f"slack:TDHB:UP{index:05d}"),
                ),
                ("userPassword", password),
            ],
        )
    for team in range(60 if count else 0):
        members.setdefault(f"teams-{team % 6}", []).append(f"cn=team-{team:02d},{GROUPS}")


def _entry(dn: str, pairs: Pairs) -> str:
    lines = [_line("dn", dn), *(_line(name, value) for name, value in pairs if value)]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable() and value[0] not in " :<" and value[-1] != " ":
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
