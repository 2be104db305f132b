"""A process killed in the middle of a transaction leaves nothing half, and the next one goes on at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import AuditEntry, Database
from storage.audit import record
from storage.audit_verifier import verify
from storage.tables import audit, audit_payload, outbox

pytest_plugins = ["tests.fixtures_storage"]

WRITER = """
import sys, time
import sqlalchemy as sa
from storage import AuditEntry, Database, OutboxItem, outbox
from storage.audit import record
url, stop = sys.argv[1:]
database = Database(url)
number = 0
while True:
    number += 1
    with database.transaction() as tx:
        outbox.put(tx, OutboxItem(f"{stop}:{number}:a", "reply", {}, {}))
        record(tx, AuditEntry("employee:E1", "v", f"action:{number}", "done", payload={"n": str(number)}))
        outbox.put(tx, OutboxItem(f"{stop}:{number}:b", "reply", {}, {}))
        if stop == "inside":
            for last in tx.before_commit:
                last(tx)
            print("inside", flush=True)
            time.sleep(60)
    if number == 1:
        print("running", flush=True)
"""


def kill_a_writer(url: str, stop: str, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, stop], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    process.wait()
    process.stdout.close()


def counts(database: Database) -> tuple[int, int, int]:
    with database.reading() as tx:
        found = [
            tx.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in (outbox, audit, audit_payload)
        ]
    return found[0], found[1], found[2]


@pytest.mark.timed
def test_a_process_killed_inside_a_transaction_leaves_nothing(database: Database) -> None:
    kill_a_writer(database.url, "inside", 0)
    assert counts(database) == (0, 0, 0)
    started = time.monotonic()
    with database.transaction() as tx:
        record(tx, AuditEntry("employee:E2", "v", "o", "done"))
    assert time.monotonic() - started < 5
    assert verify(database.url).rows == 1


@pytest.mark.slow
def test_killed_at_any_moment_effects_and_audit_rows_are_as_many(database: Database) -> None:
    dice = random.Random(3)
    for turn in range(4):
        kill_a_writer(database.url, f"turn {turn}", dice.uniform(0.02, 0.3))
        deadline = time.monotonic() + 5
        while True:  # a Postgres session may still finish the commit it was given
            items, rows, payloads = counts(database)
            if (items, payloads) == (2 * rows, rows) or time.monotonic() > deadline:
                break
        assert rows > turn
        assert (items, payloads) == (2 * rows, rows)
        assert verify(database.url).problems == ()
