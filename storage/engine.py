"""One engine, synchronous; one thread per transaction. SQLite and Postgres behave alike behind it.

Measured (ADR 0003): SQLAlchemy's async engine on SQLite lost an update with default transactions and doubled the
cost of a turn.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, CursorResult, Engine, Result
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.base import Executable

from core.errors import ConfigError

T = TypeVar("T")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.TypeDecorator[datetime]):
    """A moment, always aware and in UTC in Python, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; SQLite keeps them without zone, in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Tx:
    """One open transaction. Audit entries handed to it are appended last, just before the commit."""

    def __init__(self, connection: Connection, clock_offset: timedelta) -> None:
        self.connection = connection
        self.clock_offset = clock_offset
        self.audit_entries: list[Any] = []
        self.after_commit: list[Callable[[], None]] = []

    def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Run a statement of SQLAlchemy Core."""
        return self.connection.execute(statement, parameters)

    def change(self, statement: Executable, parameters: Any = None) -> int:
        """Run an INSERT, UPDATE or DELETE and return how many rows it touched: the heart of compare-and-set."""
        result = self.connection.execute(statement, parameters)
        if not isinstance(result, CursorResult):
            raise TypeError("change() takes INSERT, UPDATE or DELETE")
        return result.rowcount

    def add(self, table: sa.Table, **values: Any) -> bool:
        """Insert a row unless a unique key of it is taken; says whether it was new. A taken row stays as it is."""
        insert = postgresql.insert if self.is_postgres else sqlite.insert
        return self.change(insert(table).values(**values).on_conflict_do_nothing()) == 1

    @property
    def is_postgres(self) -> bool:
        """True on Postgres, false on SQLite."""
        return self.connection.dialect.name == "postgresql"


class Database:
    """Opens transactions on one database URL (`sqlite:///…` or `postgresql+psycopg://…`).

    `clock_offset` shifts database time and exists for tests only.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.clock_offset = timedelta(0)
        self.engine = _build_engine(url, pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """All or nothing. On leaving: the audit entries are appended, then everything commits."""
        from storage.audit import append

        with self.engine.connect() as connection:
            tx = Tx(connection, self.clock_offset)
            with connection.begin():
                yield tx
                append(tx)
        for callback in tx.after_commit:
            callback()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction that only reads: on SQLite it does not wait for writers."""
        with self.engine.connect().execution_options(loket_reading=True) as connection, connection.begin():
            yield Tx(connection, self.clock_offset)

    async def run(self, work: Callable[[Tx], T]) -> T:
        """`work` in a transaction of its own, in a thread."""
        return await asyncio.to_thread(self._run, work)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """`work` in a reading transaction, in a thread."""
        return await asyncio.to_thread(self._read, work)

    def _run(self, work: Callable[[Tx], T]) -> T:
        with self.transaction() as tx:
            return work(tx)

    def _read(self, work: Callable[[Tx], T]) -> T:
        with self.reading() as tx:
            return work(tx)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def now(tx: Tx) -> datetime:
    """The database's clock (UTC, microseconds) plus the test-only offset; asked anew at each call."""
    if tx.is_postgres:
        moment: datetime = tx.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC) + tx.clock_offset
    text = tx.execute(sa.text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + tx.clock_offset


def _build_engine(url: str, pool_size: int) -> Engine:
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": 30, "isolation_level": None})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.startswith("postgresql+psycopg"):
        return sa.create_engine(url, pool_size=pool_size, max_overflow=5, pool_pre_ping=True)
    raise ConfigError(
        f"the database URL must start with 'sqlite' or 'postgresql+psycopg', not {url.split(':', 1)[0]!r}"
    )


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=30000")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock first: two readers that both turn writer would lose one update.
    reading = connection.get_execution_options().get("loket_reading", False)
    connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")
