"""How fast audit rows are appended, and how fast the independent verifier reads them back."""

from __future__ import annotations

import time
from pathlib import Path

from loket.bench import Row
from loket.migrate import upgrade
from storage import AuditEntry, Database
from storage.audit import record
from storage.audit_verifier import verify

AT_ONCE = 1000


def append_and_verify(file: Path, rows: int) -> list[Row]:
    """A chain of `rows` rows in a new SQLite file, 1,000 a transaction."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    begun = time.perf_counter()
    for first in range(0, rows, AT_ONCE):
        with database.transaction() as tx:
            for number in range(first, min(first + AT_ONCE, rows)):
                payload = {"number": str(number)}
                record(tx, AuditEntry("employee:E1001", "bench.row", f"row:{number}", "written", payload=payload))
    appended = time.perf_counter() - begun
    database.close()
    report = verify(str(file))
    return [
        Row(f"audit, append {rows:,} rows", f"{appended / rows * 1000:.2f} ms a row"),
        Row(f"audit, verify {report.rows:,} rows", f"{report.seconds:.1f} s", "60 s a million"),
    ]
