"""The audit chain: one chain whoever writes, no effect without its row, append-only, erasable, signed outside."""

# ruff: noqa: PT012 - what a transaction does inside is what is tested

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError
from structlog.testing import capture_logs

from core.errors import ConfigError, ConnectorError
from storage import AuditEntry, Database, OutboxItem, metadata, outbox
from storage.audit import record
from storage.audit_heads import AuditGap, AuditHeads
from storage.audit_verifier import main, verify
from storage.erase import erase_payload
from storage.grants import postgres_grants
from storage.keys import load_or_create_signing_key
from storage.tables import audit, audit_payload
from storage.tables import outbox as outbox_table

pytest_plugins = ["tests.fixtures_storage"]


def entry(number: int = 1, subject: str = "employee:E1007") -> AuditEntry:
    return AuditEntry(
        "employee:E1001", "approve", f"action:{number}", "done", subject=subject, payload={"name": "Zoë Ćosić – ⚓"}
    )


def write(database: Database, *entries: AuditEntry) -> None:
    with database.transaction() as tx:
        for one in entries:
            record(tx, one)


def unguard(database: Database) -> None:
    """What an intruder with the rights of the owner does first."""
    drops = {
        "sqlite": [
            "DROP TRIGGER audit_no_update",
            "DROP TRIGGER audit_no_delete",
            "DROP TRIGGER audit_only_next",
            "DROP TRIGGER audit_payload_no_update",
        ],
        "postgresql": [
            "DROP TRIGGER audit_append_only ON audit",
            "DROP TRIGGER audit_payload_no_update ON audit_payload",
        ],
    }
    with database.engine.begin() as connection:
        for statement in drops[connection.dialect.name]:
            connection.exec_driver_sql(statement)


def heads_of(database: Database, folder: Path) -> tuple[AuditHeads, Path, Path]:
    key = load_or_create_signing_key(folder / "sign.pem")
    (folder / "public.pem").write_bytes(key.public_pem)
    path = folder / "outside" / "heads.jsonl"
    return AuditHeads(database, path, key, every=0.05), path, folder / "public.pem"


def test_a_whole_chain_is_found_whole(database: Database) -> None:
    write(database, entry(1), entry(2))
    write(database, entry(3))
    report = verify(database.url)
    assert (report.ok, report.rows, report.problems) == (True, 3, ())


def test_an_empty_chain_is_whole_and_a_missing_one_is_not(database: Database, tmp_path: Path) -> None:
    assert verify(database.url).ok
    assert not verify(str(tmp_path / "nothing.db")).ok
    (tmp_path / "letter.db").write_text("Geachte mevrouw, " * 100)
    assert not verify(str(tmp_path / "letter.db")).ok


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    payload=st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5),
    actor=st.text(max_size=60),
)
def test_writer_and_verifier_agree_on_any_text(database: Database, payload: dict[str, str], actor: str) -> None:
    write(database, AuditEntry(actor, "v", "o", "r", payload=payload, subject=actor))
    assert verify(database.url).problems == ()


def test_text_that_a_database_cannot_hold_is_replaced_and_not_lost(database: Database) -> None:
    write(database, AuditEntry("a\x00b", "v", "o", "r", payload={"k\ud800": "x\x00"}))
    assert verify(database.url).ok
    with database.reading() as tx:
        assert tx.execute(sa.select(audit.c.actor)).scalar() == "a\ufffdb"


def test_eight_writers_at_once_never_fork_the_chain(database: Database) -> None:
    def write_some(writer: int) -> None:
        for number in range(15):
            write(database, entry(number, f"employee:{writer}"), entry(number, f"employee:{writer}"))

    threads = [threading.Thread(target=write_some, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(database.url)
    assert (report.problems, report.rows) == ((), 240)


def test_without_its_audit_row_an_effect_does_not_stay(database: Database) -> None:
    """S-54: the table is gone, the right is gone, or the entry cannot be stored."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit_payload")
    with pytest.raises(DBAPIError), database.transaction() as tx:
        outbox.put(tx, OutboxItem("a", "reply", {}, {}))
        record(tx, entry())
    with database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(outbox_table)).scalar() == 0
        assert tx.execute(sa.select(sa.func.count()).select_from(audit)).scalar() == 0


def test_on_a_full_disk_neither_the_effect_nor_its_row_stays(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    metadata.create_all(database.engine)
    write(database, entry(1))
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ConnectorError, match="the disk is full"), database.transaction() as tx:
        outbox.put(tx, OutboxItem("a", "reply", {}, {}))
        record(tx, AuditEntry("a", "v", "o", "r", payload={"much": "x" * 100_000}))
    with database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(outbox_table)).scalar() == 0
    assert verify(database.url).rows == 1
    database.close()


def test_an_entry_that_is_too_long_or_nowhere_to_be_kept_is_an_error_at_once(database: Database) -> None:
    with pytest.raises(ValueError, match="'actor' is longer than 120"), database.transaction() as tx:
        record(tx, AuditEntry("a" * 121, "v", "o", "r"))
    with pytest.raises(RuntimeError, match="only reads"), database.reading() as tx:
        record(tx, entry())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET result = 'denied'",
        "UPDATE audit SET result = 'denied' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit",
        "UPDATE audit_payload SET subject = 'employee:E2'",
    ],
)
def test_the_database_itself_refuses_to_change_the_chain(database: Database, statement: str) -> None:
    write(database, entry(1), entry(2))
    with pytest.raises(IntegrityError), database.transaction() as tx:
        tx.execute(sa.text(statement))
    assert verify(database.url).rows == 2


def test_sqlite_refuses_to_replace_a_row_and_postgres_to_truncate(database: Database) -> None:
    write(database, entry(1))
    if database.url.startswith("sqlite"):
        columns = ", ".join(column.name if column.name != "result" else "'denied'" for column in audit.columns)
        statements = [
            f"INSERT OR REPLACE INTO audit SELECT {columns} FROM audit",
            "INSERT OR REPLACE INTO audit_payload SELECT seq, 'x', salt, payload FROM audit_payload",
        ]
    else:
        statements = ["TRUNCATE audit CASCADE", "TRUNCATE audit_payload"]
    for statement in statements:
        with pytest.raises(IntegrityError), database.transaction() as tx:
            tx.execute(sa.text(statement))
    assert verify(database.url).ok


@pytest.mark.postgres
def test_the_account_of_the_service_may_add_to_the_chain_and_nothing_else(postgres_url: str) -> None:
    owner = Database(postgres_url)
    metadata.create_all(owner.engine)
    role = f"loket_{secrets.token_hex(4)}"
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{role}" LOGIN')
        connection.exec_driver_sql(postgres_grants(role))
    url = sa.make_url(postgres_url).set(username=role).render_as_string()
    service = Database(url)
    write(service, entry(1), entry(2))
    with service.transaction() as tx:
        outbox.put(tx, OutboxItem("a", "reply", {}, {}))
        assert erase_payload(tx, "employee:E1007", "employee:E1001") == 2
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "DROP TRIGGER audit_append_only ON audit"):
        with (
            pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"),
            service.transaction() as tx,
        ):
            tx.execute(sa.text(statement))
    assert verify(postgres_url).problems == ()
    service.close()
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(f'DROP OWNED BY "{role}"')
        connection.exec_driver_sql(f'DROP ROLE "{role}"')
    owner.close()


def test_erasing_one_person_keeps_the_chain_whole_and_the_others(database: Database) -> None:
    write(database, *(entry(number, f"employee:E{number % 3}") for number in range(9)))
    with database.transaction() as tx:
        assert erase_payload(tx, "employee:E1", "employee:E9") == 3
        assert erase_payload(tx, "employee:E404", "employee:E9") == 0
    report = verify(database.url)
    assert (report.ok, report.rows, report.erased) == (True, 10, 3)
    with database.reading() as tx:
        left = tx.execute(sa.select(audit_payload.c.subject)).scalars().all()
    assert sorted(set(left)) == ["", "employee:E0", "employee:E2"]
    with pytest.raises(ValueError, match="whose"), database.transaction() as tx:
        erase_payload(tx, "", "employee:E9")


def test_what_was_erased_is_gone_from_the_file_too(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    metadata.create_all(database.engine)
    write(database, AuditEntry("a", "v", "o", "r", subject="employee:E5", payload={"note": "KANARIE-4711"}))
    with database.transaction() as tx:
        erase_payload(tx, "employee:E5", "employee:E9")
    database.close()  # the last connection folds the log into the file
    assert b"KANARIE" not in b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_a_payload_taken_away_without_a_record_is_found(database: Database) -> None:
    write(database, entry(1), entry(2))
    with database.transaction() as tx:
        tx.execute(sa.text("DELETE FROM audit_payload WHERE seq = 2"))
    assert verify(database.url).problems == ("row 2: its payload is gone, and no row records that it was erased",)


def test_a_tail_cut_after_a_signed_head_is_found_only_with_the_heads(database: Database, tmp_path: Path) -> None:
    heads, path, public = heads_of(database, tmp_path)
    write(database, *(entry(number) for number in range(6)))
    head = heads.sign_now()
    assert head is not None
    assert head.seq == 6
    assert verify(database.url, path, public).heads == 1
    unguard(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_payload WHERE seq > 4")
        connection.exec_driver_sql("DELETE FROM audit WHERE seq > 4")
    assert verify(database.url).ok
    report = verify(database.url, path, public)
    assert report.problems == ("row 6: a head was signed for it, but the chain ends at row 4: the tail was cut off",)
    with pytest.raises(AuditGap, match="row 6"):
        heads_of(database, tmp_path)[0].sign_now()


def test_heads_are_signed_only_when_the_chain_has_grown(database: Database, tmp_path: Path) -> None:
    heads, path, public = heads_of(database, tmp_path)
    assert heads.sign_now() is None
    write(database, entry(1))
    assert heads.sign_now() is not None
    assert heads.sign_now() is None
    assert heads_of(database, tmp_path)[0].sign_now() is None  # after a restart
    write(database, entry(2))
    assert heads.sign_now() is not None
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [1, 2]
    assert verify(database.url, path, public).heads == 2


def test_a_forged_head_a_foreign_key_and_a_head_of_another_chain_are_found(database: Database, tmp_path: Path) -> None:
    heads, path, public = heads_of(database, tmp_path)
    write(database, entry(1), entry(2))
    heads.sign_now()
    line = json.loads(path.read_text())

    path.write_text(json.dumps(line | {"hash": "0" * 64}) + "\n")
    assert "no valid signature" in verify(database.url, path, public).problems[0]

    other = tmp_path / "other"
    other.mkdir()
    heads_of(database, other)[0].sign_now()
    assert "no valid signature" in verify(database.url, other / "outside" / "heads.jsonl", public).problems[0]
    both = tmp_path / "both.pem"
    both.write_bytes(public.read_bytes() + (other / "public.pem").read_bytes())
    assert verify(database.url, other / "outside" / "heads.jsonl", both).ok

    third = Database(f"sqlite:///{tmp_path / 'third.db'}")
    metadata.create_all(third.engine)
    write(third, entry(1), entry(2))
    path.write_text(json.dumps(line) + "\n")
    assert verify(third.url, path, public).problems == ("row 2: a head was signed for another row in this place",)
    third.close()


def test_a_line_of_the_heads_cut_by_a_crash_is_a_note_and_the_next_line_is_whole(
    database: Database, tmp_path: Path
) -> None:
    heads, path, public = heads_of(database, tmp_path)
    write(database, entry(1))
    heads.sign_now()
    path.write_text(path.read_text() + '{"seq": 2, "ha')
    write(database, entry(2))
    assert heads_of(database, tmp_path)[0].sign_now() is not None
    report = verify(database.url, path, public)
    assert (report.ok, report.heads, len(report.notes)) == (True, 2, 1)


async def test_heads_are_signed_in_the_background_and_once_more_at_stop(database: Database, tmp_path: Path) -> None:
    heads, path, public = heads_of(database, tmp_path)
    write(database, entry(1))
    await heads.start()
    for _ in range(100):
        if path.exists():
            break
        await asyncio.sleep(0.02)
    heads._every = 60
    await asyncio.sleep(0.12)
    write(database, entry(2))
    await heads.stop()
    await heads.stop()
    assert verify(database.url, path, public).heads == 2


async def test_while_the_outside_cannot_be_reached_heads_wait_and_catch_up(database: Database, tmp_path: Path) -> None:
    heads, path, _ = heads_of(database, tmp_path)
    path.parent.write_text("a file where the folder should be")
    write(database, entry(1))
    with capture_logs() as logged:
        await heads.start()
        await heads.stop()
    assert "audit_head_failed" in {line["event"] for line in logged}
    path.parent.unlink()
    head = await asyncio.to_thread(heads.sign_now)
    assert head is not None
    assert head.seq == 1


def test_a_signing_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    load_or_create_signing_key(tmp_path / "sign.pem")
    (tmp_path / "sign.pem").chmod(0o644)
    with pytest.raises(ConfigError):
        load_or_create_signing_key(tmp_path / "sign.pem")


def test_the_verifier_runs_as_one_file_with_nothing_of_ours(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    metadata.create_all(database.engine)
    write(database, entry(1))
    alone = tmp_path / "alone.py"
    alone.write_text((Path(__file__).parents[2] / "storage" / "audit_verifier.py").read_text())
    command = [sys.executable, "-I", "-S", str(alone), sqlite_url.removeprefix("sqlite:///")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout[:13]) == (0, "whole: 1 rows"), done.stderr
    unguard(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET result = 'denied'")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "row 1: it was changed after it was written" in done.stdout
    database.close()


def test_the_command_of_the_verifier_says_what_it_found(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads, path, public = heads_of(database, tmp_path)
    write(database, entry(1))
    heads.sign_now()
    assert main([database.url, "--heads", str(path), "--public-key", str(public)]) == 0
    assert "whole: 1 rows, 0 payloads erased, 1 signed heads found" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([database.url, "--heads", str(path)])
