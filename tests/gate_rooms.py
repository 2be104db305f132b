"""Fresh gates in milliseconds: a world and a ledger are made once and copied, on SQLite and on Postgres."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from loket.bench.servers.databases import drop_database, fresh_database
from storage import Database
from tests.gate_only import GateOnly

T = TypeVar("T")


@lru_cache(maxsize=1)
def _mould() -> Path:
    """A home with a seeded world, made once for this process."""
    home = Path(tempfile.mkdtemp(prefix="loket-mould-"))
    database = Database(f"sqlite:///{home / 'loket.db'}")
    room = GateOnly(database, home)
    with database.transaction() as tx:
        room.gate.parts.rules.open(tx)
    database.close()
    for name in ("loket.db", "outside.db"):
        with closing(sqlite3.connect(home / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


@contextmanager
def room_on(postgres: str = "") -> Iterator[GateOnly]:
    """An open gate on an empty ledger and the whole invented staff; `postgres` is the URL of a test cluster."""
    home = Path(tempfile.mkdtemp(prefix="loket-room-"))
    shutil.copy(_mould() / "outside.db", home / "outside.db")
    if not postgres:
        shutil.copy(_mould() / "loket.db", home / "loket.db")
    url = fresh_database(postgres) if postgres else f"sqlite:///{home / 'loket.db'}"
    database = Database(url)
    try:
        room = GateOnly(database, home)
        with database.transaction() as tx:
            room.gate.parts.rules.open(tx)
        yield room
    finally:
        database.close()
        if postgres:
            drop_database(url)
        shutil.rmtree(home, ignore_errors=True)
