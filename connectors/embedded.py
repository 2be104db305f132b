"""The outside world of the embedded form: people, accounts and tickets in one SQLite file of their own."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from connectors.faults import Faults
from connectors.scrypt import hashed, matches
from connectors.seeding import insert_person, seed
from connectors.world_schema import GROUPS_OF, SCHEMA
from core.errors import ConfigError
from core.people import ChannelIdentity
from core.write_ahead import write_ahead

T = TypeVar("T")
BUSY_SECONDS = 30.0
MOST_IDLE = 8

EffectKind = Literal[
    "credential_set",
    "unlocked",
    "access_pass_issued",
    "ticket_created",
    "comment_added",
    "file_attached",
    "ticket_moved",
]
"""Everything that can happen outside."""


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """One thing that happened outside. It never holds a credential. `at` is the world's clock, UTC."""

    kind: EffectKind
    object_id: str
    key: str
    at: datetime


class World:
    """What exists outside Loket in the embedded form; the doubles of all tests, and what the demo changes.

    Every call is one short transaction on a connection that no other call has, so any number of threads and
    processes may share the file, and a process killed in the middle of a call leaves the file as it was before it.
    `clock` gives the outside world's time (aware, UTC); `notes` is the folder where sent messages lie. A world that
    is `read_only` must be there already, and nothing in it can be changed through this object.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime], notes: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.clock = clock
        self.notes = notes
        self.faults = Faults()
        self._read_only = read_only
        self._idle: deque[sqlite3.Connection] = deque()
        if read_only:
            if not path.is_file():
                raise ConfigError(f"there is no embedded world at {path}: start the executor first")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._begin_world()

    async def powers(self) -> tuple[str, ...]:
        """What could be changed through this object: what a real system says of the account it is asked with."""
        return () if self._read_only else ("accounts", "tickets")

    # --- for the embedded connectors -------------------------------------------------------------------------

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on one consistent view of the world."""
        return self._transaction("BEGIN DEFERRED", work)

    def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` as one transaction: all of it or nothing. The write lock is taken first."""
        return self._transaction("BEGIN IMMEDIATE", work)

    def record(self, connection: sqlite3.Connection, kind: EffectKind, object_id: str, key: str) -> None:
        """Note an effect in the transaction that makes it."""
        connection.execute(
            "INSERT INTO effects (kind, object_id, key, at) VALUES (?, ?, ?, ?)",
            (kind, object_id, key, self.clock().isoformat()),
        )

    # --- what tests look at ----------------------------------------------------------------------------------

    def effects(self) -> list[EffectRecord]:
        """What happened outside, in order."""
        rows = self.read(lambda c: c.execute("SELECT kind, object_id, key, at FROM effects ORDER BY seq").fetchall())
        return [
            EffectRecord(row["kind"], row["object_id"], row["key"], datetime.fromisoformat(row["at"])) for row in rows
        ]

    def signs_in(self, account_id: str, secret: str) -> Literal["ok", "must_change", "no"]:
        """What the sign-in page would say to this account name and credential."""
        row = self.read(lambda c: c.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone())
        if row is None or not row["enabled"] or row["locked"] or not matches(secret, row["credential"]):
            return "no"
        return "must_change" if row["must_change"] else "ok"

    def pass_works(self, account_id: str, secret: str) -> bool:
        """Whether an access pass of this account would be taken now. Looking does not use it up."""
        row = self.read(lambda c: c.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone())
        if row is None or not row["enabled"] or row["pass_until"] is None:
            return False
        return self.clock() < datetime.fromisoformat(row["pass_until"]) and matches(secret, row["pass"])

    # --- what the outside's own administrators do (tests and the demo) ---------------------------------------

    def add_person(self, employee_id: str, name: str, **details: Any) -> None:
        """A new person with an ordinary account; `details` are the keys of `people.yaml`."""
        self.change(lambda c: insert_person(c, {"id": employee_id, "name": name, **details}, self.clock()))

    def deactivate(self, employee_id: str) -> None:
        """Somebody leaves: the person and all accounts go off."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE people SET active = 0 WHERE employee_id = ?", (employee_id,))
            connection.execute("UPDATE accounts SET enabled = 0 WHERE employee_id = ?", (employee_id,))

        self.change(work)

    def change_contact(self, employee_id: str, *, mobile: str | None, private_email: str | None) -> None:
        """Replace both private addresses; `changed_at` becomes now."""
        values = (mobile, private_email, self.clock().isoformat(), employee_id)
        statement = "UPDATE people SET mobile = ?, private_email = ?, contact_changed_at = ? WHERE employee_id = ?"
        self.change(lambda c: c.execute(statement, values))

    def set_groups(self, employee_id: str, groups: Iterable[str]) -> None:
        """Replace somebody's direct groups; write `all-staff` too when it should stay."""
        rows = [(employee_id, group) for group in sorted(set(groups))]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM person_groups WHERE employee_id = ?", (employee_id,))
            connection.executemany("INSERT INTO person_groups VALUES (?, ?)", rows)

        self.change(work)

    def map_identity(self, identity: ChannelIdentity, employee_id: str) -> None:
        """Say who a channel identity is; replaces what was said before."""
        row = (identity.channel, identity.tenant, identity.user, employee_id)
        self.change(lambda c: c.execute("INSERT OR REPLACE INTO identities VALUES (?, ?, ?, ?)", row))

    def lock_account(self, account_id: str) -> None:
        """Too many wrong tries: the account is locked out."""
        self.change(lambda c: c.execute("UPDATE accounts SET locked = 1 WHERE account_id = ?", (account_id,)))

    def disable_account(self, account_id: str) -> None:
        """The account goes off; the person stays."""
        self.change(lambda c: c.execute("UPDATE accounts SET enabled = 0 WHERE account_id = ?", (account_id,)))

    def set_credential(self, account_id: str, secret: str) -> None:
        """The person chose this credential at the sign-in page: no effect of Loket, `credential_changed_at` stays."""
        kept = hashed(secret)
        statement = "UPDATE accounts SET credential = ?, must_change = 0 WHERE account_id = ?"
        self.change(lambda c: c.execute(statement, (kept, account_id)))

    def fail_next(self, system: str, how: str) -> None:
        """Let the next call of a system fail; see `connectors.faults.Faults`."""
        self.faults.fail_next(system, how)

    # --- inside ----------------------------------------------------------------------------------------------

    def _begin_world(self) -> None:
        with closing(self._connect()) as connection:
            write_ahead(connection, BUSY_SECONDS)
        self.path.chmod(0o600)
        self.change(self._seed_once)

    def _seed_once(self, connection: sqlite3.Connection) -> None:
        for statement in filter(str.strip, SCHEMA.split(";")):
            connection.execute(statement)
        if connection.execute("SELECT 1 FROM meta WHERE name = 'seeded'").fetchone() is None:
            seed(connection, self.clock())
            connection.execute("INSERT INTO meta VALUES ('seeded', ?)", (self.clock().isoformat(),))

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rwc"
        address = f"file:{quote(str(self.path))}?mode={mode}"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _transaction(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            connection.execute(begin)
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()  # which undoes what was begun
            raise
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return result


def groups_of_person(connection: sqlite3.Connection, employee_id: str) -> frozenset[str]:
    """All groups of a person, nested ones included."""
    start = "SELECT name FROM person_groups WHERE employee_id = ?"
    rows = connection.execute(GROUPS_OF.format(start=start), (employee_id,))
    return frozenset(row["name"] for row in rows)


def groups_of_account(connection: sqlite3.Connection, account_id: str) -> frozenset[str]:
    """All groups of an account, nested ones included: its own, and those of its person when it is ordinary."""
    start = (
        "SELECT name FROM account_groups WHERE account_id = ?1 UNION "
        "SELECT name FROM person_groups JOIN accounts USING (employee_id) "
        "WHERE account_id = ?1 AND kind = 'ordinary'"
    )
    rows = connection.execute(GROUPS_OF.format(start=start), (account_id,))
    return frozenset(row["name"] for row in rows)
