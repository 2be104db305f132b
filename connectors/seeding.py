"""Filling a new embedded world from `people.yaml` and `tickets.yaml`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.spelling import plain
from core.own_yaml import load_yaml

HERE = Path(__file__).parent
LONG_AGO = timedelta(days=700)


def seed(connection: sqlite3.Connection, moment: datetime) -> None:
    """Write all people, groups, accounts and old tickets; relative times such as `-1d` count from `moment`."""
    document = load_yaml((HERE / "people.yaml").read_text(encoding="utf-8"))
    for group, parents in document["groups"].items():
        for parent in parents:
            connection.execute("INSERT INTO group_parents VALUES (?, ?)", (group, parent))
    for person in document["people"]:
        insert_person(connection, person, moment)
    for ticket in load_yaml((HERE / "tickets.yaml").read_text(encoding="utf-8"))["tickets"]:
        _insert_ticket(connection, ticket, moment)


def insert_person(connection: sqlite3.Connection, person: Mapping[str, Any], moment: datetime) -> None:
    """One person with identities, groups and accounts. What is not given is derived from the number and the name."""
    row = _filled_in(person, moment)
    columns = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO people ({columns}) VALUES ({marks})", row)
    employee_id = row["employee_id"]
    for channel, tenant, user in (
        ("terminal", "local", employee_id),
        ("slack", "TDHB", f"U{employee_id}"),
        ("teams", "dhb", employee_id),
        ("door", "local", employee_id),
    ):
        connection.execute("INSERT INTO identities VALUES (?, ?, ?, ?)", (channel, tenant, user, employee_id))
    held = [*person.get("groups", ()), *(["all-staff"] if row["kind"] == "staff" else [])]
    for group in held:
        connection.execute("INSERT INTO person_groups VALUES (?, ?)", (employee_id, group))
    for position, account in enumerate(_accounts(person, row)):
        _insert_account(connection, account, row, position)


def mail_name(name: str) -> str:
    """`given.family` in plain letters: `Henriëtte van Loon` is `henriette.vanloon`."""
    given, _, family = plain(name).partition(" ")
    return f"{given}.{''.join(letter for letter in family if letter.isalnum() or letter == '-')}".rstrip(".")


def _filled_in(person: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    employee_id = person["id"]
    digits = "".join(letter for letter in employee_id if letter.isdigit())[-4:].zfill(4)
    name = person["name"]
    address = mail_name(name)
    return {
        "employee_id": employee_id,
        "name": name,
        "given_name": person.get("given", name.split()[0]),
        "title": person.get("title", ""),
        "department": person.get("department", ""),
        "site": person.get("site", "Rotterdam"),
        "room": person.get("room", ""),
        "phone": person.get("phone", f"020 555 01{digits[-2:]}"),
        "email": person.get("email", f"{address}@dhb.example"),
        "manager_id": person.get("manager"),
        "language": person.get("language", "nl"),
        "kind": person.get("kind", "staff"),
        "active": int(person.get("active", True)),
        "mobile": person.get("mobile", f"+3165550{digits}"),
        "private_email": person.get("private_email", f"{address}@mail.example"),
        "contact_changed_at": _moment(person.get("contact_changed"), moment, LONG_AGO),
    }


def _accounts(person: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    ordinary = {"id": row["email"].split("@")[0], "kind": "ordinary", "enabled": bool(row["active"])}
    if row["kind"] == "service":
        return list(person["accounts"])
    return [ordinary, *person.get("accounts", ())]


def _insert_account(
    connection: sqlite3.Connection, account: Mapping[str, Any], row: Mapping[str, Any], position: int
) -> None:
    connection.execute(
        "INSERT INTO accounts (account_id, employee_id, kind, enabled, locked, position) VALUES (?, ?, ?, ?, ?, ?)",
        (
            account["id"],
            row["employee_id"],
            account["kind"],
            int(account.get("enabled", True)),
            int(account.get("locked", False)),
            position,
        ),
    )
    for group in account.get("groups", ()):
        connection.execute("INSERT INTO account_groups VALUES (?, ?)", (account["id"], group))


def _insert_ticket(connection: sqlite3.Connection, ticket: Mapping[str, Any], moment: datetime) -> None:
    connection.execute(
        "INSERT INTO tickets (ticket_id, queue, number, summary, description, requester_id, status, created_at,"
        " is_outage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            ticket["id"],
            ticket["id"].split("-")[0],
            int(ticket["id"].split("-")[1]),
            ticket["summary"],
            ticket["description"],
            ticket["requester"],
            ticket["status"],
            _moment(ticket["created"], moment, timedelta(0)),
            int(ticket.get("outage", False)),
        ),
    )


def _moment(relative: str | None, moment: datetime, default: timedelta) -> str:
    if relative is None:
        return (moment - default).isoformat()
    unit = {"d": "days", "h": "hours", "m": "minutes"}[relative[-1]]
    return (moment + timedelta(**{unit: float(relative[:-1])})).isoformat()
