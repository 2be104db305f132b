"""Statements that differ between the two databases, each built once: building one costs as much as running it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable

CLOCK = {
    True: sa.text("SELECT clock_timestamp()"),
    False: sa.text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"),
}
"""What time it is there, for Postgres (microseconds) and for SQLite (milliseconds)."""


def clock_time(answer: datetime | str) -> datetime:
    """The answer to `CLOCK`, in UTC."""
    moment = datetime.fromisoformat(answer).replace(tzinfo=UTC) if isinstance(answer, str) else answer
    return moment.astimezone(UTC)


@lru_cache(maxsize=100)
def insert_unless_taken(table: sa.Table, is_postgres: bool) -> Executable:
    """An INSERT that leaves a row alone whose unique key is there."""
    insert = postgresql.insert if is_postgres else sqlite.insert
    return insert(table).on_conflict_do_nothing()


@lru_cache(maxsize=100)
def insert_or_update(
    table: sa.Table, is_postgres: bool, replaces: tuple[str, ...], adds: tuple[str, ...]
) -> Executable:
    """An INSERT that replaces some columns of the row whose primary key is there, and adds to others."""
    statement = (postgresql.insert if is_postgres else sqlite.insert)(table)
    changes: dict[str, sa.ColumnElement[object]] = {}
    for name in replaces:
        changes[name] = statement.excluded[name]
    for name in adds:
        changes[name] = table.c[name] + statement.excluded[name]
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
