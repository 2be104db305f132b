"""Triggers by which the database itself refuses changes to the audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_SQLITE = {
    "audit": (
        """CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END""",
        """CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END""",
        # an INSERT OR REPLACE would get past the trigger above on a connection without recursive_triggers
        """CREATE TRIGGER IF NOT EXISTS audit_only_next BEFORE INSERT ON audit
        WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
        BEGIN SELECT RAISE(ABORT, 'the audit chain has no gap and no second row in one place'); END""",
    ),
    "audit_payload": (
        """CREATE TRIGGER IF NOT EXISTS audit_payload_no_update BEFORE UPDATE ON audit_payload
        BEGIN SELECT RAISE(ABORT, 'audit payload is erased, never changed'); END""",
        """CREATE TRIGGER IF NOT EXISTS audit_payload_only_new BEFORE INSERT ON audit_payload
        WHEN EXISTS (SELECT 1 FROM audit_payload WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'audit payload is erased, never changed'); END""",
    ),
}

_POSTGRES = {
    "audit": (
        """CREATE OR REPLACE FUNCTION loket_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit chain is append-only' USING ERRCODE = 'restrict_violation'; END $$""",
        """CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION loket_append_only()""",
    ),
    "audit_payload": (
        """CREATE TRIGGER audit_payload_no_update BEFORE UPDATE OR TRUNCATE ON audit_payload
        FOR EACH STATEMENT EXECUTE FUNCTION loket_append_only()""",
    ),
}

_BY_DIALECT: Mapping[str, Mapping[str, tuple[str, ...]]] = {"sqlite": _SQLITE, "postgresql": _POSTGRES}


def guard_statements(dialect: str, table: str) -> tuple[str, ...]:
    """The statements that guard one of the two audit tables, for a migration. Dialects: `sqlite`, `postgresql`."""
    return _BY_DIALECT[dialect].get(table, ())


def guard(table: sa.Table, connection: Connection, **_: Any) -> None:
    """Guard a table that was just created; a listener of SQLAlchemy's `after_create`."""
    for statement in guard_statements(connection.dialect.name, table.name):
        connection.exec_driver_sql(statement)
