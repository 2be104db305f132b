"""The log: every line is JSON with known fields, every event has a known name, no failure writes down what was said."""

from __future__ import annotations

import ast
import asyncio
import json
import logging
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from connectors.accounts.embedded import EmbeddedAccounts
from connectors.tickets.embedded import EmbeddedTickets
from core.errors import ConnectorError, ModelError
from loket.logs import FIELDS, DailyFile, JsonLines, log_files, logging_to, name_worker
from loket.telemetry.settings import LogSettings
from tests.desk import Desk
from tests.models import BrokenModel, ScriptedModel, calls, says
from tests.reading import holds
from tests.staff import JAN, PRIYA, SANNE, TOM

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "storage", "connectors", "policies", "tools", "actions", "agent", "slack_app", "web_app", "loket")
LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
CANARY = "Quetzalcoatl-9917"
ALWAYS = {"time", "level", "event"}


def lines_of(home_log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in log_files(home_log) for line in file.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log" / "loket.jsonl"


# --- the shape of a line -----------------------------------------------------------------------------------------


def test_every_line_says_when_how_bad_what_and_which_process(log: Path) -> None:
    with logging_to(log, "info", role="agent"):
        name_worker("agent-2")
        structlog.get_logger("x").warning("turn_failed", event_id="slack:T1:Ev1", outcome="failed_model")
        logging.getLogger("some.library").warning(f"the password is {CANARY}")
    first, second = lines_of(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first.pop("time"))
    assert first == {
        "level": "warning",
        "event": "turn_failed",
        "role": "agent",
        "worker": "agent-2",
        "event_id": "slack:T1:Ev1",
        "outcome": "failed_model",
    }
    assert (second["event"], second["system"], second["worker"]) == ("library_warned", "some.library", "agent-2")
    assert CANARY not in json.dumps([first, second])


def test_the_name_of_a_worker_ends_with_its_log(log: Path) -> None:
    with logging_to(log, "info"):
        name_worker("w1")
    with logging_to(log, "info"):
        structlog.get_logger("x").info("service_started")
    assert set(lines_of(log)[0]) == ALWAYS


@pytest.mark.parametrize("field", ["partition", "text", "detail", "room", "user", "name", "address", "message"])
def test_a_field_that_may_be_about_a_person_is_left_out(log: Path, field: str) -> None:
    assert field not in FIELDS
    with logging_to(log, "info"):
        structlog.get_logger("x").info("turn_failed", **{field: CANARY})
    assert CANARY not in log_files(log)[0].read_text()


@given(
    st.dictionaries(st.text(max_size=12), st.text(max_size=300) | st.integers() | st.binary(max_size=20), max_size=6)
)
def test_any_event_makes_one_line_of_json_with_known_fields_only(event: dict[str, Any]) -> None:
    line = JsonLines(DailyFile(Path("unused"))).line(event)
    assert "\n" not in line
    assert set(json.loads(line)) <= FIELDS | ALWAYS


def test_an_exception_is_logged_by_the_type_it_has(log: Path) -> None:
    with logging_to(log, "info"):
        try:
            raise ValueError(CANARY)
        except ValueError:
            logging.getLogger("some.library").exception("it broke")
    (line,) = lines_of(log)
    assert (line["level"], line["error"]) == ("error", "ValueError")
    assert CANARY not in json.dumps(line)


# --- where lines go ----------------------------------------------------------------------------------------------


def test_each_day_has_a_file_of_its_own_and_none_is_renamed(log: Path) -> None:
    day = ["2026-11-26"]
    lines = JsonLines(DailyFile(log, lambda: day[0]))
    lines.msg("one")
    first = log_files(log)[0]
    inode = first.stat().st_ino
    day[0] = "2026-11-27"
    lines.msg("two")
    lines.close()
    assert [file.name for file in log_files(log)] == ["loket-2026-11-26.jsonl", "loket-2026-11-27.jsonl"]
    assert [file.read_text() for file in log_files(log)] == ["one\n", "two\n"]
    assert first.stat().st_ino == inode
    assert first.stat().st_mode & 0o077 == 0


def test_many_threads_of_two_processes_worth_of_logs_never_tear_a_line(log: Path) -> None:
    logs = [JsonLines(DailyFile(log)) for _ in range(2)]
    line = json.dumps({"event": "x" * 3000})

    def write(lines: JsonLines) -> None:
        for _ in range(100):
            lines.msg(line)

    threads = [threading.Thread(target=write, args=(lines,)) for lines in logs for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for lines in logs:
        lines.close()
    written = log_files(log)[0].read_text().splitlines()
    assert len(written) == 800
    assert set(written) == {line}


class FullDisk:
    """A sink that takes nothing until there is room again."""

    def __init__(self) -> None:
        self.full = True
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines.append(line)

    def close(self) -> None:
        return


def test_a_full_disk_costs_lines_and_nothing_else_and_how_many_is_said() -> None:
    disk = FullDisk()
    lines = JsonLines(disk)
    for _ in range(3):
        lines.msg("lost")
    disk.full = False
    lines.msg("kept")
    lines.msg("kept too")
    assert json.loads(disk.lines[0])["event"] == "lines_lost"
    assert json.loads(disk.lines[0])["lost"] == 3
    assert disk.lines[1:] == ["kept", "kept too"]


def test_in_a_container_lines_go_to_standard_output(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert LogSettings().to == "file"
    with logging_to(log, "info", to="stdout", role="web"):
        structlog.get_logger("x").info("service_started")
        structlog.get_logger("x").debug("not_asked_for")
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["role"]) == ("service_started", "web")
    assert not log.parent.exists()


# --- the vocabulary ----------------------------------------------------------------------------------------------


@cache
def calls_of(file: Path) -> tuple[ast.Call, ...]:
    """Every call in a module."""
    return tuple(node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))


def events_in_code() -> dict[str, str]:
    """Each name that is logged somewhere, with one of its places."""
    return {
        node.args[0].value: f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in calls_of(file)
        if _logs(node)
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    } | {"library_warned": "loket/logs.py", "lines_lost": "loket/logs.py"}


def _logs(call: ast.Call) -> bool:
    """`log.info(…)` or `structlog.get_logger(…).info(…)`."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = function.value
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Attribute) and owner.func.attr == "get_logger"
    return isinstance(owner, ast.Name) and owner.id in ("log", "logger")


def documented() -> set[str]:
    """The first column of the table of events."""
    section = (ROOT / "docs" / "observe.md").read_text().partition("### Events")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_event_in_the_code_is_in_the_list_and_the_other_way_round() -> None:
    there = events_in_code()
    assert {name: place for name, place in there.items() if name not in documented()} == {}
    assert documented() - set(there) == set()


def test_every_event_is_named_in_snake_case_and_none_is_computed() -> None:
    assert {name for name in events_in_code() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)} == set()
    computed = {
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in calls_of(file)
        if _logs(node) and not (node.args and isinstance(node.args[0], ast.Constant))
    }
    assert computed == set()


def test_no_module_of_ours_logs_by_the_standard_library() -> None:
    there = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"^\w+ = logging\.getLogger", file.read_text(), re.MULTILINE)
    }
    assert there == set()


# --- failures ----------------------------------------------------------------------------------------------------


def crashing(secret: str) -> Callable[..., Any]:
    """A connector with a bug, and with everything it knows in its message."""

    async def crash(*_: object, **__: object) -> Any:
        raise RuntimeError(f"cannot do it: {secret}")

    return crash


Failure = Callable[[Desk, pytest.MonkeyPatch], Any]


async def directory_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    desk.world.faults.fail_next("directory", "refuse")
    await desk.say(TOM, f"hello {CANARY}")
    return "directory_failed"


async def directory_that_talks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    async def refuse(*_: object) -> Any:
        raise ConnectorError("directory", f"no entry for {CANARY}")

    monkeypatch.setattr(type(desk.counter.directory), "by_identity", refuse)
    await desk.say(TOM, f"hello {CANARY}")
    return "directory_failed"


async def tool_with_a_bug(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(EmbeddedTickets, "mine", crashing(CANARY))
    await desk.say(TOM, "What is the state of my tickets?")
    return "turn_crashed"


async def tool_system_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    async def refuse(*_: object, **__: object) -> Any:
        raise ConnectorError("tickets", f"the answer was: {CANARY}")

    monkeypatch.setattr(EmbeddedTickets, "mine", refuse)
    await desk.say(TOM, "What is the state of my tickets?")
    return "tool_failed"


async def effect_with_a_bug(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    async def crash(self: object, *arguments: object, **named: object) -> Any:
        raise RuntimeError(f"cannot set {arguments} {named} {CANARY}")

    monkeypatch.setattr(EmbeddedAccounts, "set_temporary_credential", crash, raising=True)
    await approved_reset(desk)
    return "effect_crashed"


async def notices_that_do_not_leave(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    reset = await desk.ask_for(TOM, "reset my password")
    for _ in range(4):
        desk.world.faults.fail_next("notify", "refuse")
    await desk.click(TOM, reset, "confirm")
    return "secret_not_sent"


async def channel_that_talks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    async def refuse(_address: object, reply: object, _key: str, **_: object) -> str:
        raise ValueError(f"cannot send {reply}")

    monkeypatch.setattr(desk._channels["terminal"], "send", refuse)
    await desk.deliver(desk.message(TOM, f"hello {CANARY}"))
    await desk.counter.engine.settle()
    await desk.counter.delivery.deliver_due()
    return "not_delivered"


async def sweep_that_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(desk.counter.gate, "sweep", crashing(CANARY))
    await desk.counter.sweep.stop()
    desk.counter.sweep.seconds = 0.01
    await desk.counter.sweep.start()
    await asyncio.sleep(0.05)
    await desk.counter.sweep.stop()
    return "sweep_failed"


async def approved_reset(desk: Desk) -> str:
    reset = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, reset)
    await desk.click(PRIYA, reset, "approve")
    return reset


FAILURES: list[Failure] = [
    directory_down,
    directory_that_talks,
    tool_with_a_bug,
    tool_system_down,
    effect_with_a_bug,
    notices_that_do_not_leave,
    channel_that_talks,
    sweep_that_fails,
]


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
async def test_a_failure_is_in_the_log_and_what_was_said_is_not(
    failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Desk.start(documents=()) as desk:
        expected = await failure(desk, monkeypatch)
        lines = lines_of(desk.counter.home.log)
        assert expected in {line["event"] for line in lines}
        nothing_personal(desk, lines)


@pytest.mark.slow
async def test_models_that_refuse_babble_or_make_names_up_leave_no_words_in_the_log() -> None:
    babble = [calls(f"tool_{CANARY}", text=CANARY), calls("my_tickets", nonsense=CANARY), says(CANARY * 3)]
    for model in (BrokenModel(ModelError(CANARY)), BrokenModel(RuntimeError(CANARY)), ScriptedModel(babble)):
        async with Desk.start(model=model, documents=()) as desk:
            await desk.say(TOM, f"How do I choose a good password, {CANARY}?")
            lines = lines_of(desk.counter.home.log)
            assert {"model_failed", "turn_crashed"} & {line["event"] for line in lines}
            nothing_personal(desk, lines)


@pytest.mark.slow
async def test_bad_clicks_and_strangers_leave_no_words_in_the_log() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await approved_reset(desk)
        for action_id in (reset, CANARY, "", "\0", reset[:8]):
            await desk.click(JAN, action_id, "approve", reason=CANARY)
            await desk.click(TOM, action_id, "prove", code="000000")
        await desk.say("E9999", CANARY)
        await desk.say(SANNE, f"my password is {CANARY}1! and my code is 123456")
        nothing_personal(desk, lines_of(desk.counter.home.log))


def nothing_personal(desk: Desk, lines: list[dict[str, Any]]) -> None:
    """No text, name, address, code, credential or token; known fields only."""
    text = json.dumps(lines)
    people = desk.world.read(lambda c: c.execute("SELECT name, email, mobile, private_email FROM people").fetchall())
    secrets = [CANARY, desk.code(TOM), desk.credential(TOM), "reset my password", "hello"]
    for secret in filter(None, secrets):
        assert not holds(text, secret), secret
    for value in {value for person in people for value in tuple(person) if value}:
        assert value not in text
    for line in lines:
        assert set(line) <= FIELDS | ALWAYS
        assert set(line) >= ALWAYS
