"""Who may touch the indexes when: one writing process, and readers that are not cut off in mid-question."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigError, ConnectorError
from storage.connections import clear_errors
from storage.engine import Database

WRITER_LOCK = 7_046_029_254_386_353_132  # the key of the advisory lock, drawn once
_BUSY = "another process is changing the policies right now; try again when it is done"
_LOOK_AGAIN = 0.05  # seconds


class PoliciesBusy(ConfigError):
    """Another process is changing the policies."""


@contextmanager
def writing(folder: Path, wait_seconds: float = 0) -> Iterator[None]:
    """Only one process writes in this folder at a time. Freed by the system at a crash.

    Raises PoliciesBusy when another one still does after the given seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_seconds
    with (folder / "writer.lock").open("a") as file:
        while not _taken(file.fileno()):
            if time.monotonic() >= until:
                raise PoliciesBusy(_BUSY)
            time.sleep(_LOOK_AGAIN)
        yield


class OneWriter:
    """One process changes the handbook of one database at a time, wherever it runs.

    On Postgres an advisory lock on a connection of its own, which ends with the process or with the connection. On
    SQLite the lock of the folder is enough.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sa.Connection | None = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one. Raises PoliciesBusy when another process is, ConnectorError when the database is gone."""
        if self._database.engine.dialect.name != "postgresql":
            yield
            return
        with clear_errors():
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._take(connection)
            self._connection = connection
            yield
        finally:
            self._connection = None
            connection.invalidate()  # closed, not given back: the lock cannot outlive it
            connection.close()

    def check(self) -> None:
        """Raises ConnectorError when the lock was lost with its connection: somebody else may be changing by now."""
        if self._connection is None:
            return
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            raise ConnectorError("database", "the connection was lost while the policies were changed") from error

    def _take(self, connection: sa.Connection) -> None:
        with clear_errors():
            # A machine that is gone without a word must not keep the lock for hours.
            for name, value in (("idle", 30), ("interval", 10), ("count", 3)):
                connection.exec_driver_sql(f"SET tcp_keepalives_{name} = {value}")
            query = sa.select(sa.func.pg_try_advisory_lock(WRITER_LOCK))
            if not connection.execute(query).scalar_one():
                raise PoliciesBusy(_BUSY)


class SharedLock:
    """Many readers at once, or one that closes and opens the files."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._readers = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Read; waits while somebody is alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody reads, and keep new readers out."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone)
            self._alone = True
            self._condition.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._condition:
                self._alone = False
                self._condition.notify_all()


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
