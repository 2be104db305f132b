"""Switches SQLite's write-ahead log on, also while other processes try the same."""

from __future__ import annotations

import sqlite3
import time

PATIENCE_SECONDS = 30.0
_BETWEEN_SECONDS = 0.01


def write_ahead(connection: sqlite3.Connection, patience: float = PATIENCE_SECONDS) -> None:
    """Let readers go on beside one writer; the file remembers it. Waits at most `patience` seconds for other holders.

    SQLite does not wait its busy time for this one statement: of two that open a new file at once, one is told at
    once that it is locked (https://www.sqlite.org/c3ref/busy_handler.html, on deadlocks). Raises
    sqlite3.OperationalError when the file stays locked, or cannot be written at all.
    """
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
            if not locked or time.monotonic() > until:
                raise
        time.sleep(_BETWEEN_SECONDS)
