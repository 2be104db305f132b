"""Connections as both databases need them, and their failures in words an operator can act on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import ConfigError, ConnectorError
from core.write_ahead import write_ahead

LOCK_SECONDS = 30
REST_SECONDS = 1.0

READING: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {"loket_reading": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}

# Serialization failure and deadlock: Postgres has undone everything and asks for another try.
# https://www.postgresql.org/docs/15/mvcc-serialization-failure-handling.html
REPEAT_STATES = frozenset({"40001", "40P01"})

_OPERATOR_STATES = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58")  # SQLSTATE classes, not our statements


def build_engine(url: str, pool_size: int) -> Engine:
    """An engine for a SQLite file or a Postgres server; nothing is opened yet. Raises ConfigError."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError:  # not `from` it: the text may hold a password
        raise ConfigError("the database URL cannot be read; it looks like 'sqlite:///path/to/loket.db'") from None
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite_engine(parsed, pool_size)
    if parsed.drivername == "postgresql+psycopg":
        return _postgres_engine(parsed, pool_size)
    raise ConfigError(f"the database URL must start with 'sqlite' or 'postgresql+psycopg', not {parsed.drivername!r}")


def _sqlite_engine(url: sa.URL, pool_size: int) -> Engine:
    if url.database in {None, "", ":memory:"} or "mode=memory" in str(url):
        raise ConfigError("a SQLite database needs a file: every thread would see another one in memory")
    # hide_parameters: the values of a failed statement are personal and would end in the log
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        hide_parameters=True,
        connect_args={"timeout": LOCK_SECONDS, "isolation_level": None},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres_engine(url: sa.URL, pool_size: int) -> Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
    )
    sa.event.listen(engine, "connect", _prepare_postgres)
    sa.event.listen(engine, "checkin", _note_time)
    sa.event.listen(engine, "checkout", _ping_after_rest)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    write_ahead(connection, LOCK_SECONDS)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what is erased leaves the file, not only the table
    connection.execute("PRAGMA recursive_triggers=ON")  # else INSERT OR REPLACE deletes without a trigger


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock first: two readers that both turn writer would lose one update.
    reading = connection.get_execution_options().get("loket_reading", False)
    if connection.info.get("reading") is not reading:
        connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
        connection.info["reading"] = reading
    connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")


def _note_time(_connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["rested_since"] = time.monotonic()


def _ping_after_rest(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
    # The server may have gone while a connection lay in the pool. Asking at every use would be a round trip each.
    if time.monotonic() - entry.info.get("rested_since", float("inf")) < REST_SECONDS:
        return
    import psycopg

    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error as error:
        raise DisconnectionError("the server closed this connection") from error


def _prepare_postgres(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # A lock that nobody gives back must not hold a turn for ever; SQLite has the same limit.
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.execute("SET idle_in_transaction_session_timeout = '25s'")
    connection.autocommit = False


def probe_writing(connection: Connection) -> None:
    """Write something that changes nothing: SQLite begins a writing transaction on a read-only file all the same.

    Raises ConnectorError for a Postgres that only reads (a standby), SQLAlchemy's error for a SQLite file.
    """
    if connection.dialect.name == "sqlite":
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version={int(version)}")
    elif connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
        raise ConnectorError("database", "this Postgres server only reads: give the address of the primary")


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what the disk or the server did wrong into a ConnectorError; errors of our statements stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise ConnectorError("database", "all connections are in use") from error
    except DBAPIError as error:
        if isinstance(error, IntegrityError) or not _is_operators(error):
            raise
        raise ConnectorError("database", _explain(error)) from error


def worth_repeating(error: ConnectorError) -> bool:
    """Whether the database undid the transaction and asks for another try."""
    return getattr(_original(error.__cause__), "sqlstate", None) in REPEAT_STATES


def _is_operators(error: DBAPIError) -> bool:
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in _SQLITE_ADVICE
    state = getattr(original, "sqlstate", None)
    return error.connection_invalidated or state is None or state.startswith(_OPERATOR_STATES)


def _original(error: BaseException | None) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else None


# https://www.sqlite.org/rescode.html: the primary codes that somebody beside the machine has to act on
_SQLITE_ADVICE = {
    sqlite3.SQLITE_CANTOPEN: "its folder does not exist or may not be read",
    sqlite3.SQLITE_READONLY: "its file or folder may not be written to",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_PERM: "its file may not be read",
    sqlite3.SQLITE_PROTOCOL: "its file lies on a disk that cannot lock files",
    sqlite3.SQLITE_BUSY: f"another process holds it for over {LOCK_SECONDS} s",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore the latest backup",
}


def _explain(error: DBAPIError) -> str:
    original = _original(error)
    code = getattr(original, "sqlite_errorcode", None)
    advice = _SQLITE_ADVICE.get(code & 0xFF) if isinstance(code, int) else None
    first_line = str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__
    return f"{advice} ({first_line})" if advice else first_line
