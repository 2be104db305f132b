"""Two processes that open one new database at once both get it."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.write_ahead import write_ahead


def open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)


def test_a_file_somebody_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(open_file(path)) as holder, closing(open_file(path)) as late:
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("CREATE TABLE something (id INTEGER)")
        release = threading.Timer(0.3, holder.execute, ["COMMIT"])
        release.start()
        write_ahead(late)
        release.join()
        assert late.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.timed
def test_a_file_that_stays_held_is_given_up_after_the_patience(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(open_file(path)) as holder, closing(open_file(path)) as late:
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("CREATE TABLE something (id INTEGER)")
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(late, patience=0.2)
        assert 0.2 <= time.monotonic() - began < 5


@pytest.mark.timed
def test_a_file_that_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(b"this is not a database" * 100)
    began = time.monotonic()
    with closing(open_file(path)) as connection, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        write_ahead(connection)
    assert time.monotonic() - began < 5


def test_twelve_threads_open_one_new_file_at_once(tmp_path: Path) -> None:
    path, start = tmp_path / "new.db", threading.Barrier(12)

    def begin(number: int) -> int:
        with closing(open_file(path)) as connection:
            start.wait()
            write_ahead(connection)
            connection.execute("PRAGMA busy_timeout=20000")
            connection.execute("CREATE TABLE IF NOT EXISTS something (id INTEGER)")
        return number

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(begin, range(12))) == list(range(12))
