"""The revisions and the tables in the code are the same thing, on both databases."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import LoketError
from loket.migrate import all_tables, head, upgrade
from storage import AuditEntry, Database
from storage.audit import record

pytest_plugins = ["tests.fixtures_storage"]


def test_migrated_tables_are_the_tables_of_the_code(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = Database(database_url)
    upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
    database.close()


def test_a_migrated_audit_chain_cannot_be_changed(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    with database.transaction() as tx:
        record(tx, AuditEntry(actor="employee:E1001", verb="test", object="thing:1", result="done"))
    with pytest.raises((sa.exc.DBAPIError, LoketError)), database.transaction() as tx:
        tx.execute(sa.text("UPDATE audit SET actor = 'somebody else'"))
    database.close()


@pytest.mark.timed
def test_an_upgrade_of_a_current_database_is_quick_and_changes_nothing(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    upgrade(database)
    began = time.perf_counter()
    upgrade(database)
    assert time.perf_counter() - began < 0.2
    with database.reading() as tx:
        assert tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == head()
    database.close()


def test_several_processes_may_start_on_an_empty_database_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, databases))
    for database in databases:
        database.close()


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "loket.db").write_bytes(b"this is not a database" * 100)
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    with pytest.raises(LoketError, match="not a SQLite database"):
        upgrade(database)
    database.close()


def test_all_of_an_upgrade_happens_or_nothing(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("power cut")

    database = Database(sqlite_url)
    monkeypatch.setattr(op, "create_index", fail)
    with pytest.raises(RuntimeError):
        upgrade(database)
    database.close()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
