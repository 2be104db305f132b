"""Transactions: one engine, synchronous, one thread per transaction. SQLite and Postgres behave alike behind it.

Measured (ADR 0003): SQLAlchemy's async engine on SQLite lost an update with default transactions and doubled the
cost of a turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, CursorResult, Result
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.base import Executable

from core.errors import ConfigError, ConnectorError
from core.tracing import transaction_span
from storage.connections import LOCK_SECONDS, READING, build_engine, clear_errors, probe_writing, worth_repeating
from storage.statements import CLOCK, clock_time, insert_or_update, insert_unless_taken
from storage.threads import Threads

T = TypeVar("T")
REPEATS = 3
log = structlog.get_logger(__name__)

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
    """One open transaction. `before_commit` is written last, in the transaction: the audit.

    `after_commit` callbacks run in the thread of the transaction, when it has committed; one that raises is logged.
    """

    def __init__(self, connection: Connection, clock_offset: timedelta, *, read_only: bool = False) -> None:
        self.connection = connection
        self.clock_offset = clock_offset
        self.read_only = read_only
        self.before_commit: list[Callable[[Tx], None]] = []
        self.after_commit: list[Callable[[], None]] = []
        self.audit_listeners: Sequence[Callable[[Any], None]] = ()
        self._began: tuple[datetime, float] | None = None

    def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Run a statement of SQLAlchemy Core."""
        return self.connection.execute(statement, parameters)

    def change(self, statement: Executable, parameters: Any = None) -> int:
        """Run an INSERT, UPDATE or DELETE and return how many rows it touched: the heart of compare-and-set."""
        # preserve_rowcount: without it an INSERT that draws its own key counts -1 on Postgres
        result = self.connection.execute(statement, parameters, execution_options={"preserve_rowcount": True})
        if not isinstance(result, CursorResult):
            raise TypeError("change() takes INSERT, UPDATE or DELETE")
        return result.rowcount

    def add(self, table: sa.Table, **values: Any) -> bool:
        """Insert a row unless a unique key of it is taken; says whether it was new. A taken row stays as it is."""
        return self.change(insert_unless_taken(table, self.is_postgres), values) == 1

    def put(
        self, table: sa.Table, *, replaces: tuple[str, ...] = (), adds: tuple[str, ...] = (), **values: Any
    ) -> None:
        """Insert a row; where its primary key is taken, replace some columns by the new values and add to others."""
        self.change(insert_or_update(table, self.is_postgres, replaces, adds), values)

    @property
    def is_postgres(self) -> bool:
        """True on Postgres, false on SQLite."""
        return self.connection.dialect.name == "postgresql"

    def moment(self) -> datetime:
        """See `now`. The database is asked once a transaction; from then on its answer and the time that has passed."""
        if self._began is None:
            answer = self.execute(CLOCK[self.is_postgres]).scalar_one()
            self._began = clock_time(answer), time.monotonic()
        at, since = self._began
        moment = at + timedelta(seconds=time.monotonic() - since)
        if not self.is_postgres:  # it answers in milliseconds: with more, the next transaction could begin before this
            moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return moment + self.clock_offset


class Database:
    """Opens transactions on one database URL (`sqlite:///…` or `postgresql+psycopg://…`).

    `clock_offset` shifts database time and exists for tests only. `audit_listeners` hear of every `AuditEntry` once it
    is committed, in the thread that did. Raises ConfigError for another kind of URL. What
    the server or the disk does wrong later is a ConnectorError; a broken key stays SQLAlchemy's IntegrityError.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.clock_offset = timedelta(0)
        self.audit_listeners: list[Callable[[Any], None]] = []
        self.engine = build_engine(url, pool_size)
        # SQLite has one writer. Threads that queue here wait their turn; those that meet in SQLite itself sleep and
        # poll: half the throughput and five times the longest wait (8 threads, docs/performance.md).
        self._writing = threading.Lock() if self.engine.dialect.name == "sqlite" else None
        self._here = threading.local()
        self._threads = Threads("database", pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """All or nothing. On leaving: what waits for the end (the audit) is written, then everything commits.

        Raises ConnectorError when the database is full, locked, read-only or gone: then nothing has changed, except
        that a connection lost during the commit itself may have committed. RuntimeError for a transaction inside
        a transaction of the same thread: it would wait for itself.
        """
        with self._not_nested(), clear_errors(), self._turn_to_write(), self.engine.connect() as connection:
            tx = Tx(connection, self.clock_offset)
            tx.audit_listeners = self.audit_listeners
            with connection.begin():
                yield tx
                for last in tx.before_commit:
                    last(tx)
        for callback in tx.after_commit:
            _call(callback)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction that only reads, in one snapshot: it waits for no writer, and a write in it is an error."""
        with clear_errors(), self.engine.connect() as connection:
            connection.execution_options(**READING[connection.dialect.name])
            with connection.begin():
                yield Tx(connection, self.clock_offset, read_only=True)

    async def run(self, work: Callable[[Tx], T]) -> T:
        """`work` in a transaction of its own, in a thread.

        After a deadlock Postgres undoes one of the two transactions: `work` is then called again, so it may change
        nothing but the database. A cancelled caller does not stop the thread: the work may still commit.
        """
        return await self._threads.call(self._run, work)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """`work` in a reading transaction, in a thread."""
        return await self._threads.call(self._read, work)

    def check(self) -> None:
        """Raises ConfigError, one line, when the database cannot be opened for writing."""
        try:
            with self.transaction() as tx:
                probe_writing(tx.connection)
        except ConnectorError as error:
            raise ConfigError(f"the database cannot be used: {error.detail}") from error

    def healthy(self) -> bool:
        """Whether the database answers. Never raises for a database that does not."""
        try:
            with self.reading() as tx:
                now(tx)
        except ConnectorError as error:
            log.warning("database_unanswered", problem=error.detail)
            return False
        return True

    def close(self) -> None:
        """Give all connections back, and the threads."""
        self._threads.close()
        self.engine.dispose()

    def _run(self, work: Callable[[Tx], T]) -> T:
        for attempt in range(1, REPEATS + 1):
            try:
                with transaction_span(), self.transaction() as tx:
                    return work(tx)
            except ConnectorError as error:
                if attempt == REPEATS or not worth_repeating(error):
                    raise
        raise AssertionError("unreachable")

    def _read(self, work: Callable[[Tx], T]) -> T:
        with transaction_span(), self.reading() as tx:
            return work(tx)

    @contextmanager
    def _not_nested(self) -> Iterator[None]:
        if getattr(self._here, "busy", False):
            raise RuntimeError("a transaction inside a transaction would wait for itself: pass the `tx` on")
        self._here.busy = True
        try:
            yield
        finally:
            self._here.busy = False

    def _turn_to_write(self) -> AbstractContextManager[None]:
        return nullcontext() if self._writing is None else _locked(self._writing)


def now(tx: Tx) -> datetime:
    """The database's clock in UTC plus the test-only offset; it moves on within a transaction."""
    return tx.moment()


@contextmanager
def _locked(lock: threading.Lock) -> Iterator[None]:
    if not lock.acquire(timeout=LOCK_SECONDS):
        raise ConnectorError("database", f"another transaction of this process holds it for over {LOCK_SECONDS} s")
    try:
        yield
    finally:
        lock.release()


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception as error:  # noqa: BLE001 - it is committed: whoever sees an error here would take it for undone
        log.error("callback_failed", error=type(error).__name__)
