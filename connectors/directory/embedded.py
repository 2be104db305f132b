"""The directory of the embedded form: the people of the outside world."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from connectors.directory.matching import best_matches
from connectors.embedded import World, groups_of_person
from core.people import ChannelIdentity, Contact, Employee, EmployeeKind

MOST = 25


class EmbeddedDirectory:
    """Implements `Directory`. Each call reads the world anew, so a changed right counts at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def by_identity(self, identity: ChannelIdentity) -> Employee | None:
        """The employee this channel identity is mapped to; None for strangers. Inactive ones are returned."""

        def work(connection: sqlite3.Connection) -> Employee | None:
            row = connection.execute(
                "SELECT people.* FROM people JOIN identities USING (employee_id) "
                "WHERE channel = ? AND tenant = ? AND user = ?",
                (identity.channel, identity.tenant, identity.user),
            ).fetchone()
            return _employee(connection, row) if row else None

        return await self._world.faults.around("directory", lambda: self._world.read(work))

    async def by_id(self, employee_id: str) -> Employee | None:
        """One employee as the directory has it now."""

        def work(connection: sqlite3.Connection) -> Employee | None:
            row = connection.execute("SELECT * FROM people WHERE employee_id = ?", (employee_id,)).fetchone()
            return _employee(connection, row) if row else None

        return await self._world.faults.around("directory", lambda: self._world.read(work))

    async def identities(self, employee_id: str) -> Sequence[ChannelIdentity]:
        """Every channel identity that is mapped to this employee."""

        def work(connection: sqlite3.Connection) -> Sequence[ChannelIdentity]:
            rows = connection.execute(
                "SELECT channel, tenant, user FROM identities WHERE employee_id = ? ORDER BY channel, tenant, user",
                (employee_id,),
            )
            return [ChannelIdentity(row["channel"], row["tenant"], row["user"]) for row in rows]

        return await self._world.faults.around("directory", lambda: self._world.read(work))

    async def find(self, words: str, limit: int = 5) -> Sequence[Employee]:
        """Active staff who fit `words`, best first, at most 25."""
        at_most = max(0, min(limit, MOST))

        def work(connection: sqlite3.Connection) -> Sequence[Employee]:
            rows = connection.execute("SELECT * FROM people WHERE active = 1 AND kind = 'staff'")
            return best_matches(words, [_employee(connection, row) for row in rows], at_most)

        return await self._world.faults.around("directory", lambda: self._world.read(work))

    async def contact(self, employee_id: str) -> Contact | None:
        """The private addresses of one employee."""

        def work(connection: sqlite3.Connection) -> Contact | None:
            row = connection.execute("SELECT * FROM people WHERE employee_id = ?", (employee_id,)).fetchone()
            return _contact(row) if row else None

        return await self._world.faults.around("directory", lambda: self._world.read(work))

    async def members(self, group: str) -> Sequence[Employee]:
        """The active staff of a group, nested groups included, by employee number."""

        def work(connection: sqlite3.Connection) -> Sequence[Employee]:
            rows = connection.execute(
                "SELECT * FROM people WHERE active = 1 AND kind = 'staff' AND employee_id IN ("
                " WITH RECURSIVE inside(name) AS ("
                "  VALUES (?) UNION SELECT group_parents.name FROM group_parents JOIN inside ON parent = inside.name)"
                " SELECT employee_id FROM person_groups JOIN inside USING (name)"
                ") ORDER BY employee_id",
                (group,),
            )
            return [_employee(connection, row) for row in rows]

        return await self._world.faults.around("directory", lambda: self._world.read(work))


def _employee(connection: sqlite3.Connection, row: sqlite3.Row) -> Employee:
    return Employee(
        employee_id=row["employee_id"],
        name=row["name"],
        given_name=row["given_name"],
        title=row["title"],
        department=row["department"],
        site=row["site"],
        room=row["room"],
        phone=row["phone"],
        email=row["email"],
        manager_id=row["manager_id"],
        groups=groups_of_person(connection, row["employee_id"]),
        language=row["language"],
        kind=EmployeeKind(row["kind"]),
        active=bool(row["active"]),
    )


def _contact(row: sqlite3.Row) -> Contact:
    return Contact(
        row["employee_id"],
        row["mobile"],
        row["private_email"],
        row["email"],
        datetime.fromisoformat(row["contact_changed_at"]),
    )
