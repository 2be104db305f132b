"""People for a measurement: as many employees as it needs, and approvers among them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from connectors.embedded import World
from connectors.seeding import insert_person

APPROVERS = "it-approvers"
STAFF = "all-staff"


def add_staff(world: World, count: int) -> list[str]:
    """So many employees, each with an ordinary account; returns their numbers."""
    return _add(world, "M", count, ())


def add_approvers(world: World, count: int) -> list[str]:
    """So many people who may approve what is done to accounts; returns their numbers."""
    return _add(world, "Q", count, (APPROVERS,))


def lock_accounts(world: World) -> None:
    """Everybody has typed a wrong password too often."""
    world.change(lambda connection: connection.execute("UPDATE accounts SET locked = 1 WHERE kind = 'ordinary'"))


def _add(world: World, letter: str, count: int, groups: tuple[str, ...]) -> list[str]:
    numbers = [f"{letter}{number:05d}" for number in range(1, count + 1)]
    moment = datetime.now(UTC)

    def work(connection: sqlite3.Connection) -> None:
        for number in numbers:
            person = {"id": number, "name": f"Noor {number}", "groups": groups, "manager": "E1007", "language": "en"}
            insert_person(connection, {**person, "title": "Lock keeper", "room": "R1.01"}, moment)

    world.change(work)
    return numbers
