"""The audit for a SIEM: every row once and in order, in the shape of OCSF 1.3, resumable, without personal words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.tables import actions
from core.errors import ConfigError
from loket.audit_export.lines import Format, last_number, line_of, to_file
from loket.audit_export.ocsf import Product, event
from loket.audit_export.rows import BATCH, Entry, entries
from loket.migrate import upgrade
from storage import AuditEntry, Database, metadata
from storage.audit import record
from storage.audit_verifier import verify
from storage.erase import erase_payload
from tests.command_line import Run

pytest_plugins = ["tests.fixtures_storage", "tests.fixtures_command"]

PRODUCT = Product("1.2.3")
EVERY_VERB = (
    "action.proposed", "action.awaiting_proof", "action.awaiting_approval", "action.approved", "action.executing",
    "action.done", "action.failed", "action.unknown", "action.refused", "action.denied", "action.expired",
    "action.cancelled", "action.taken", "action.unwanted", "action.resumed", "vote.cast", "proof.given",
    "proof.wrong", "proof.code_made", "proof.callback_asked", "brake.approver", "claim.refused", "rules.released",
    "switch.off", "switch.on", "turn.ended", "click.approve", "code.delivery", "credential.delivery",
    "erase_payload", "person.erased", "person.exported", "audit.exported", "policy.published", "something.new",
    "identity.linked", "identity.unlinked", "identity.link_refused", "person.held",
)  # fmt: skip

# What OCSF 1.3 requires, by hand from its schema (events/base_event, events/iam/*, events/application/api_activity).
BASE = {
    "class_uid": int, "category_uid": int, "activity_id": int, "type_uid": int, "time": int, "severity_id": int,
    "metadata": {"version": str, "product": {"vendor_name": str, "name": str}},
}  # fmt: skip
REQUIRED: dict[int, dict[str, Any]] = {
    3001: {"user": {"uid": str}},
    3004: {"entity": {"uid": str, "name": str}},
    6003: {"actor": dict, "api": {"operation": str}, "src_endpoint": {"name": str}},
}
ACTIVITIES = {3001: {*range(12), 99}, 3004: {*range(14), 99}, 6003: {0, 1, 2, 3, 4, 99}}
USER_TYPES = {0, 1, 2, 3, 99}


def missing(value: Mapping[str, Any], wanted: Mapping[str, Any], path: str = "") -> list[str]:
    """What a value lacks of what is wanted, or has as another type."""
    found: list[str] = []
    for name, kind in wanted.items():
        there = value.get(name)
        if isinstance(kind, dict):
            found += missing(there, kind, f"{path}{name}.") if isinstance(there, dict) else [f"{path}{name}"]
        elif type(there) is not kind or there == "":
            found.append(f"{path}{name}")
    return found


def problems(values: Mapping[str, Any]) -> list[str]:
    """How an event breaks OCSF 1.3."""
    found = missing(values, BASE | REQUIRED.get(values["class_uid"], {"a known class": str}))
    if values["type_uid"] != values["class_uid"] * 100 + values["activity_id"]:
        found.append("type_uid")
    if values["category_uid"] != values["class_uid"] // 1000:
        found.append("category_uid")
    if values["activity_id"] not in ACTIVITIES[values["class_uid"]]:
        found.append("activity_id")
    if values["activity_id"] == 99 and not values["activity_name"]:
        found.append("activity_name")
    if values["severity_id"] not in range(1, 7) or values["status_id"] not in (1, 2, 99):
        found.append("severity_id or status_id")
    actor = values["actor"]
    if not (actor.get("user") or actor.get("app_name")):
        found.append("actor is nobody")
    if "user" in actor and actor["user"]["type_id"] not in USER_TYPES:
        found.append("actor.user.type_id")
    return found


def entry(number: int = 1, verb: str = "turn.ended", **changes: Any) -> AuditEntry:
    values = {"actor": "employee:E1002", "verb": verb, "object": f"turn:{number}", "result": "answered"}
    return AuditEntry(**{**values, "subject": "E1002", "payload": {"words": f"zandloper {number}"}, **changes})


def write(database: Database, *new: AuditEntry) -> None:
    with database.transaction() as tx:
        for one in new:
            record(tx, one)


def file_action(database: Database, action_id: str, tool: str, account: str | None) -> None:
    """A row of the ledger with only what the export looks at."""
    moment = datetime.now(UTC)
    text = {
        column.name: "-" for column in actions.columns if isinstance(column.type, sa.String) and not column.nullable
    }
    numbers = {"version": 1, "rule_version": 1, "approvals_needed": 1, "proof_needed": True}
    lists: dict[str, Any] = {"address": {}, "arguments": {}, "approver_groups": [], "facts": []}
    values = {**text, **numbers, **lists, "action_id": action_id, "tool": tool, "account_id": account}
    values |= {"subject_id": "E1002", "created_at": moment, "expires_at": moment}
    with database.transaction() as tx:
        tx.execute(sa.insert(actions).values(**values))


def numbers_in(path: Path) -> list[int]:
    return [json.loads(line)["unmapped"]["seq"] for line in path.read_text().splitlines()]


def exported(database: Database, path: Path, **how: Any) -> int:
    found = entries(database, last_number(path), **how)
    return to_file(path, (line_of(one, Format.OCSF, PRODUCT) for one in found))


@pytest.mark.parametrize("verb", EVERY_VERB)
@pytest.mark.parametrize("tool", ["", "reset_my_password", "unlock_my_account", "restore_access", "create_ticket"])
def test_every_verb_has_the_shape_of_its_class(verb: str, tool: str) -> None:
    for actor in ("employee:E1002", "system:executor", "identity:slack:T:U1", "operator:beheer@loket-1", "odd"):
        row = an_entry(verb=verb, actor=actor, tool=tool, person="E1002" if tool else "", account=bool(tool))
        assert problems(event(row, PRODUCT)) == []


@settings(deadline=None)
@given(
    verb=st.text(min_size=1, max_size=60),
    actor=st.text(min_size=1, max_size=60),
    about=st.text(min_size=1, max_size=60),
    result=st.text(max_size=60),
)
def test_no_row_however_odd_breaks_the_shape_or_the_line(verb: str, actor: str, about: str, result: str) -> None:
    row = an_entry(verb=verb, actor=actor, object=about, result=result)
    for form in Format:
        line = line_of(row, form, PRODUCT)
        assert "\n" not in line
        json.loads(line)
    shaped = event(row, PRODUCT)
    assert [problem for problem in problems(shaped) if not problem.startswith("entity")] == []


@pytest.mark.parametrize(
    ("verb", "tool", "account", "wanted"),
    [
        ("action.done", "reset_my_password", True, (3001, 300104)),
        ("action.failed", "reset_for_caller", True, (3001, 300104)),
        ("action.done", "restore_access", True, (3001, 300110)),
        ("action.done", "unlock_my_account", True, (3001, 300199)),
        ("action.done", "create_ticket", False, (6003, 600303)),
        ("action.approved", "reset_my_password", True, (3004, 300403)),
        ("vote.cast", "reset_my_password", True, (3004, 300401)),
        ("rules.released", "", False, (3004, 300403)),
        ("switch.off", "", False, (3004, 300411)),
        ("policy.published", "", False, (3004, 300403)),
        ("turn.ended", "", False, (6003, 600301)),
    ],
)
def test_each_kind_of_row_is_the_class_a_siem_looks_for(
    verb: str, tool: str, account: bool, wanted: tuple[int, int]
) -> None:
    values = event(an_entry(verb=verb, tool=tool, person="E1002", account=account), PRODUCT)
    assert (values["class_uid"], values["type_uid"]) == wanted


def test_what_went_wrong_is_a_failure_and_what_smells_is_severe() -> None:
    denied = event(an_entry(verb="action.denied", result="denied"), PRODUCT)
    doubt = event(an_entry(verb="action.unknown", result="unknown", tool="reset_x", account=True), PRODUCT)
    tampered = event(an_entry(verb="click.approve", result="refused:seal_broken"), PRODUCT)
    fine = event(an_entry(), PRODUCT)
    assert [one["status_id"] for one in (denied, doubt, tampered, fine)] == [2, 99, 2, 1]
    assert [one["severity_id"] for one in (denied, doubt, tampered, fine)] == [2, 3, 4, 1]


def test_a_line_says_where_its_row_stands_in_the_chain(database: Database) -> None:
    write(database, entry(1), entry(2))
    lines = [json.loads(line_of(one, Format.OCSF, PRODUCT)) for one in entries(database)]
    assert [line["unmapped"]["seq"] for line in lines] == [1, 2]
    assert lines[1]["unmapped"]["previous"] == lines[0]["unmapped"]["hash"]
    with database.reading() as tx:
        kept = tx.execute(sa.text("SELECT hash FROM audit ORDER BY seq")).scalars().all()
    assert [line["metadata"]["uid"] for line in lines] == kept
    assert abs(lines[0]["time"] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_the_account_a_row_is_about_comes_from_the_ledger_also_after_its_payload_was_erased(
    database: Database,
) -> None:
    file_action(database, "a-1", "reset_my_password", "tom.bakker")
    file_action(database, "a-2", "create_ticket", None)
    write(
        database,
        entry(verb="action.done", object="action:a-1", result="done"),
        entry(verb="action.done", object="action:a-2", result="done"),
    )
    with database.transaction() as tx:
        erase_payload(tx, "E1002", "operator:x")
    first, second, _erased = (event(one, PRODUCT) for one in entries(database))
    assert (first["class_uid"], first["user"]["uid"]) == (3001, "E1002")
    assert second["class_uid"] == 6003
    assert "tom.bakker" not in json.dumps(first)


def test_personal_words_leave_only_when_they_are_asked_for(database: Database) -> None:
    write(database, entry(1), entry(2, subject="E1009"))
    with database.transaction() as tx:
        erase_payload(tx, "E1009", "operator:x")
    for form in Format:
        without = [line_of(one, form, PRODUCT) for one in entries(database)]
        assert "zandloper" not in "".join(without)
        first, second, *_ = [line_of(one, form, PRODUCT) for one in entries(database, with_payload=True)]
        assert "zandloper 1" in first
        assert "zandloper" not in second


def test_rows_are_chosen_by_number(database: Database) -> None:
    write(database, *(entry(number) for number in range(1, 8)))
    assert [one.seq for one in entries(database, 2, 5)] == [3, 4, 5]
    assert [one.seq for one in entries(database, 7)] == []
    assert [one.seq for one in entries(database, 0, 0)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(min_value=0, max_value=2_000), max_size=4), more=st.integers(1, 4))
def test_a_torn_export_goes_on_without_gap_or_repeat(
    database: Database, tmp_path: Path, cuts: list[int], more: int
) -> None:
    path = tmp_path / "audit.jsonl"
    for cut in [*cuts, 0]:
        write(database, *(entry(number) for number in range(more)))
        exported(database, path)
        os.truncate(path, path.stat().st_size - min(cut, path.stat().st_size))
    exported(database, path)
    with database.reading() as tx:
        rows = tx.execute(sa.text("SELECT count(*) FROM audit")).scalar_one()
    assert numbers_in(path) == list(range(1, rows + 1))


def test_a_file_that_is_no_export_is_not_touched(tmp_path: Path) -> None:
    for content in ("a letter\n", '{"seq": "x"}\n', "a letter without an end", '{"other": 1}\n'):
        path = tmp_path / "letter"
        path.write_text(content)
        with pytest.raises(ConfigError, match="is not an export"):
            last_number(path)
        assert path.read_text() == content


def test_following_sees_every_row_that_others_write_meanwhile_once_and_in_order(database: Database) -> None:
    def writer(number: int) -> None:
        for step in range(20):
            write(database, entry(number * 100 + step))

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    seen = []
    for one in entries(database, pause=lambda: any(thread.is_alive() for thread in threads)):
        seen.append(one.seq)
    seen += [one.seq for one in entries(database, seen[-1])]
    assert seen == list(range(1, 81))


@pytest.mark.thorough
def test_a_long_chain_is_streamed_and_not_held_in_memory(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    metadata.create_all(database.engine)
    for start in range(0, BATCH * 12, BATCH):
        write(database, *(entry(start + number) for number in range(BATCH)))

    def peak(until: int) -> int:
        tracemalloc.start()
        exported(database, tmp_path / f"{until}.jsonl", until=until)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    short, long = peak(BATCH * 2), peak(BATCH * 12)
    assert long < short * 1.3
    database.close()


def test_the_command_writes_goes_on_and_refuses_a_number_that_does_not_fit(loket: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, _, err = loket("audit", "export")
    assert code == 2
    assert "no database yet" in err
    database = prepared(home)
    write(database, entry(1), entry(2))
    code, out, _ = loket("audit", "export", "--format", "jsonl")
    first = [json.loads(line) for line in out.splitlines()]
    assert (code, [line["verb"] for line in first][-2:]) == (0, ["turn.ended"] * 2)
    assert "payload" not in first[-1]
    code, _, _ = loket("audit", "export", "--out", "siem.jsonl")
    assert code == 0
    write(database, entry(3))
    code, out, _ = loket("audit", "export", "--out", "siem.jsonl")
    assert (code, "1 row(s)" in out) == (0, True)
    numbers = numbers_in(tmp_path / "siem.jsonl")
    assert numbers == list(range(1, numbers[-1] + 1))
    code, _, err = loket("audit", "export", "--out", "siem.jsonl", "--since", "1")
    assert (code, "leave --since out" in err) == (2, True)
    assert (tmp_path / "siem.jsonl").stat().st_mode & 0o077 == 0
    database.close()


def test_taking_personal_payload_out_leaves_a_row_of_the_operator(loket: Run, tmp_path: Path) -> None:
    database = prepared(tmp_path / "home")
    write(database, entry(1))
    code, out, _ = loket("audit", "export", "--format", "jsonl", "--with-payload")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert any(row.get("payload") == {"words": "zandloper 1"} for row in rows)
    assert (rows[-1]["verb"], rows[-1]["actor"].startswith("operator:")) == ("audit.exported", True)
    assert verify(database.url).ok
    database.close()


FOLLOW = """
import sys
sys.argv = ["loket", "audit", "export", "--follow", "--seconds", "0.1", *sys.argv[1:]]
from loket.command import main
main()
"""


@pytest.mark.slow
def test_a_follower_that_is_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    database = prepared(tmp_path / "home")
    out = tmp_path / "siem.jsonl"
    for round_ in range(3):
        command = [sys.executable, "-c", FOLLOW, "--out", str(out)]
        environment = {**os.environ, "LOKET_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(command, cwd=tmp_path, env=environment) as process:
            write(database, *(entry(number) for number in range(round_ * 50, round_ * 50 + 50)))
            deadline = datetime.now(UTC) + timedelta(seconds=60)
            while (not out.exists() or len(out.read_bytes()) < 2_000 * (round_ + 1)) and datetime.now(UTC) < deadline:
                write(database, entry())
                threading.Event().wait(0.05)
            process.send_signal(signal.SIGKILL)
    with database.reading() as tx:
        rows = tx.execute(sa.text("SELECT count(*) FROM audit")).scalar_one()
    exported(database, out)
    assert numbers_in(out) == list(range(1, rows + 1))
    database.close()


def an_entry(account: bool = False, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "seq": 7, "at": datetime(2026, 3, 1, 12, tzinfo=UTC), "actor": "employee:E1002", "verb": "turn.ended",
        "object": "action:a-1", "result": "done", "origin": "slack", "request": "slack:T:1", "policy": "rules:1",
        "payload_hash": "0" * 64, "previous": "1" * 64, "hash": "2" * 64, "about_account": account,
    }  # fmt: skip
    return Entry(**{**values, **changes})


def prepared(home: Path) -> Database:
    """The database of a home folder, with all tables."""
    home.mkdir(exist_ok=True)
    database = Database(f"sqlite:///{home / 'loket.sqlite'}")
    upgrade(database)
    return database
