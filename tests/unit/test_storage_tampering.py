"""An intruder with all rights on the database changes the audit in 1,000 ways; the verifier finds every one (S-53)."""

from __future__ import annotations

import ast
import hashlib
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rfc8785
import sqlalchemy as sa

from storage import AuditEntry, Database, metadata
from storage.audit import record
from storage.audit_heads import AuditHeads
from storage.audit_verifier import verify
from storage.erase import erase_payload
from storage.keys import load_or_create_signing_key

pytest_plugins = ["tests.fixtures_storage"]

ROWS = 40
Run = Callable[..., Any]
TEXT_COLUMNS = ["at", "actor", "verb", "object", "result", "origin", "request", "policy"]
HASHES = ["payload_hash", "previous", "hash"]


def fill(database: Database) -> None:
    for number in range(ROWS - 1):
        with database.transaction() as tx:
            payload = {"name": f"Persoon {number}", "reason": "vergeten"}
            who = f"employee:E{number % 7}"
            record(tx, AuditEntry(who, "approve", f"action:{number}", "done", subject=who, payload=payload))
    with database.transaction() as tx:
        erase_payload(tx, "employee:E3", "employee:E9")


def sign(database: Database, folder: Path) -> tuple[Path, Path]:
    key = load_or_create_signing_key(folder / "sign.pem")
    (folder / "public.pem").write_bytes(key.public_pem)
    AuditHeads(database, folder / "heads.jsonl", key).sign_now()
    return folder / "heads.jsonl", folder / "public.pem"


def changed(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text)) if text else 0  # not behind the end: a column cuts off what is too long
    other = dice.choice([letter for letter in "0123456789abcdefXYZ é" if letter != text[place : place + 1]])
    return text[:place] + other + text[place + 1 :]


def edit_a_row(run: Run, dice: random.Random) -> None:
    seq, column = dice.randint(1, ROWS), dice.choice(TEXT_COLUMNS + HASHES)
    value = run(f"SELECT {column} FROM audit WHERE seq = :seq", seq=seq)[0][0]
    run(f"UPDATE audit SET {column} = :value WHERE seq = :seq", value=changed(value, dice)[:64], seq=seq)


def edit_a_row_and_its_hash(run: Run, dice: random.Random) -> None:
    seq = dice.randint(1, ROWS)
    run("UPDATE audit SET result = 'denied' WHERE seq = :seq", seq=seq)
    rehash(run, seq)


def edit_a_row_and_every_hash_after_it(run: Run, dice: random.Random) -> None:
    first = dice.randint(1, ROWS)
    run("UPDATE audit SET actor = 'employee:E666' WHERE seq = :seq", seq=first)
    for seq in range(first, ROWS + 1):
        rehash(run, seq)
        run("UPDATE audit SET previous = (SELECT hash FROM audit WHERE seq = :s) WHERE seq = :n", s=seq, n=seq + 1)


def edit_a_payload(run: Run, dice: random.Random) -> None:
    seqs = [row[0] for row in run("SELECT seq FROM audit_payload ORDER BY seq")]
    seq, column = dice.choice(seqs), dice.choice(["salt", "subject", "payload"])
    value = run(f"SELECT CAST({column} AS TEXT) FROM audit_payload WHERE seq = :seq", seq=seq)[0][0]
    new = value.replace('": "', '": "niet ', 1) if column == "payload" else changed(value, dice)[:32]
    as_json = "CAST(:value AS JSON)" if run.__name__ == "on_postgres" and column == "payload" else ":value"
    run(f"UPDATE audit_payload SET {column} = {as_json} WHERE seq = :seq", value=new, seq=seq)


def delete_rows(run: Run, dice: random.Random) -> None:
    seq = dice.randint(1, ROWS - 1)
    last = min(ROWS - 1, seq + dice.choice([0, 0, 3]))
    if dice.random() < 0.7:
        run("DELETE FROM audit_payload WHERE seq BETWEEN :a AND :b", a=seq, b=last)
    run("DELETE FROM audit WHERE seq BETWEEN :a AND :b", a=seq, b=last)


def delete_a_row_and_close_the_gap(run: Run, dice: random.Random) -> None:
    seq = dice.randint(1, ROWS - 1)
    for table in ("audit_payload", "audit"):
        run(f"DELETE FROM {table} WHERE seq = :seq", seq=seq)
        for later in range(seq + 1, ROWS + 1):
            run(f"UPDATE {table} SET seq = :new WHERE seq = :old", new=later - 1, old=later)


def delete_a_payload(run: Run, dice: random.Random) -> None:
    seqs = [row[0] for row in run("SELECT seq FROM audit_payload ORDER BY seq")]
    run("DELETE FROM audit_payload WHERE seq = :seq", seq=dice.choice(seqs))


def cut_the_tail(run: Run, dice: random.Random) -> None:
    first = ROWS + 1 - dice.randint(1, ROWS)
    run("DELETE FROM audit_payload WHERE seq >= :first", first=first)
    run("DELETE FROM audit WHERE seq >= :first", first=first)


def insert_a_row(run: Run, dice: random.Random) -> None:
    place = dice.randint(1, ROWS)
    columns = ", ".join([*TEXT_COLUMNS, "payload_hash"])
    for later in range(ROWS, place - 1, -1):
        run("UPDATE audit SET seq = :new WHERE seq = :old", new=later + 1, old=later)
    before = run("SELECT hash FROM audit WHERE seq = :seq", seq=place - 1) or [("0" * 64,)]
    run(
        f"INSERT INTO audit (seq, {columns}, previous, hash) "
        f"SELECT :seq, {columns}, :previous, :hash FROM audit WHERE seq = :from_",
        seq=place,
        previous=before[0][0],
        hash=f"{dice.getrandbits(256):064x}",
        from_=ROWS + 1,
    )
    run("UPDATE audit SET actor = 'employee:E666' WHERE seq = :seq", seq=place)
    rehash(run, place)


def put_an_erased_payload_back(run: Run, dice: random.Random) -> None:
    seqs = [row[0] for row in run("SELECT seq FROM audit WHERE seq NOT IN (SELECT seq FROM audit_payload)")]
    seq = dice.choice(seqs)
    run("INSERT INTO audit_payload (seq, subject, salt, payload) VALUES (:seq, 'employee:E3', 's', '{}')", seq=seq)


def swap_two(run: Run, dice: random.Random) -> None:
    table = dice.choice(["audit", "audit_payload"])
    one, two = dice.sample([row[0] for row in run(f"SELECT seq FROM {table} ORDER BY seq")], 2)
    for old, new in ((one, 100_000), (two, one), (100_000, two)):
        run(f"UPDATE {table} SET seq = :new WHERE seq = :old", new=new, old=old)


def rehash(run: Run, seq: int) -> None:
    names = ["seq", *TEXT_COLUMNS, "payload_hash", "previous"]
    values = run(f"SELECT {', '.join(names)} FROM audit WHERE seq = :seq", seq=seq)[0]
    digest = hashlib.sha256(rfc8785.dumps(dict(zip(names, values, strict=True)))).hexdigest()
    run("UPDATE audit SET hash = :hash WHERE seq = :seq", hash=digest, seq=seq)


WAYS = [
    edit_a_row,
    edit_a_row_and_its_hash,
    edit_a_row_and_every_hash_after_it,
    edit_a_payload,
    delete_rows,
    delete_a_row_and_close_the_gap,
    delete_a_payload,
    cut_the_tail,
    insert_a_row,
    put_an_erased_payload_back,
    swap_two,
]


@pytest.mark.slow
def test_one_thousand_changes_of_a_file_are_all_found(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'whole.db'}")
    metadata.create_all(database.engine)
    fill(database)
    heads, public = sign(database, tmp_path)
    database.close()
    assert verify(str(tmp_path / "whole.db"), heads, public).problems == ()
    dice = random.Random(20261123)
    copy = tmp_path / "copy.db"
    missed = []
    for number in range(1000):
        shutil.copy(tmp_path / "whole.db", copy)
        way = WAYS[number % len(WAYS)]
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f"DROP TRIGGER {name}")

            def on_sqlite(statement: str, connection: sqlite3.Connection = connection, **values: Any) -> list[Any]:
                return connection.execute(statement, values).fetchall()

            way(on_sqlite, dice)
            connection.commit()
        if verify(str(copy), heads, public).ok:
            missed.append((number, way.__name__))
    assert missed == []


@pytest.mark.slow
@pytest.mark.postgres
def test_changes_in_postgres_are_all_found(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url)
    metadata.create_all(database.engine)
    fill(database)
    heads, public = sign(database, tmp_path)
    assert verify(postgres_url, heads, public).problems == ()
    dice = random.Random(4711)
    missed = []
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # no triggers, no foreign keys
        for table in ("audit", "audit_payload"):
            connection.exec_driver_sql(f"CREATE TABLE {table}_whole AS SELECT * FROM {table}")
        connection.commit()

        def on_postgres(statement: str, **values: Any) -> list[Any]:
            result = connection.execute(sa.text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

        for number in range(15 * len(WAYS)):
            way = WAYS[number % len(WAYS)]
            way(on_postgres, dice)
            connection.commit()
            if verify(postgres_url, heads, public).ok:
                missed.append((number, way.__name__))
            for table in ("audit_payload", "audit"):
                on_postgres(f"DELETE FROM {table}")
                on_postgres(f"INSERT INTO {table} SELECT * FROM {table}_whole")
            connection.commit()
    assert verify(postgres_url, heads, public).ok
    database.close()
    assert missed == []


def test_a_copy_with_any_byte_of_a_row_changed_fails(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'whole.db'}")
    metadata.create_all(database.engine)
    fill(database)
    database.close()
    whole = (tmp_path / "whole.db").read_bytes()
    dice = random.Random(7)
    text = b"Persoon 5"
    places = [whole.index(text) + offset for offset in range(len(text))]
    places += [whole.index(b"action:21") + offset for offset in range(9)]
    copy = tmp_path / "copy.db"
    for place in places:
        changed_bytes = bytearray(whole)
        changed_bytes[place] ^= 1 << dice.randrange(8)
        copy.write_bytes(changed_bytes)
        assert not verify(str(copy)).ok, f"byte {place} was changed"


def test_any_byte_of_the_file_changed_never_ends_in_an_exception(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'whole.db'}")
    metadata.create_all(database.engine)
    fill(database)
    database.close()
    whole = (tmp_path / "whole.db").read_bytes()
    dice = random.Random(11)
    copy = tmp_path / "copy.db"
    for _ in range(150):
        changed_bytes = bytearray(whole)
        changed_bytes[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        copy.write_bytes(changed_bytes)
        report = verify(str(copy))
        assert report.ok is (not report.problems)


def test_the_verifier_imports_nothing_of_ours() -> None:
    source = Path(__file__).parents[2] / "storage" / "audit_verifier.py"
    imported = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported <= set(sys.stdlib_module_names) | {"psycopg", "cryptography"}
