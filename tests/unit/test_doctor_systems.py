"""`loket doctor` and the real systems: none holds up another, none breaks the look, none shows a secret."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from connectors.examination import Seen
from connectors.loopback import is_loopback
from connectors.settings import LlmSettings
from core.errors import ConfigError, ConnectorError
from loket.command.doctor_report import Report, secrets_of
from loket.command.doctor_server import Finding
from loket.command.doctor_systems import look_at_systems
from loket.settings import Settings
from tests.command_line import runner
from web_app.settings import EventsSettings

SECRET = "Zw4rte-Kat é#7"


@dataclass
class System:
    """A system that shows what it is told to."""

    name: str
    look: Callable[[], Awaitable[Sequence[Seen]]]

    async def examine(self) -> Sequence[Seen]:
        """Show it."""
        return await self.look()


def shows(name: str, *seen: Seen, after: float = 0.0) -> System:
    """A system that answers."""

    async def look() -> Sequence[Seen]:
        await asyncio.sleep(after)
        return seen

    return System(name, look)


def breaks(name: str, error: Exception) -> System:
    """A system whose look raises."""

    async def look() -> Sequence[Seen]:
        raise error

    return System(name, look)


async def looked(*systems: System, seconds: float = 0.3) -> list[Finding]:
    findings: list[Finding] = []
    await look_at_systems(systems, findings.append, seconds=seconds)
    return findings


# --- time --------------------------------------------------------------------------------------------------------


async def test_a_hanging_system_delays_nobody_and_is_named() -> None:
    begun, told = time.monotonic(), []

    def note(finding: Finding) -> None:
        told.append((finding.what, time.monotonic() - begun))

    systems = [
        shows("jira", after=60),
        shows("directory", Seen("directory", good=True, detail="answers")),
        shows("mail", Seen("mail", good=True, detail="answers"), after=0.1),
    ]
    await look_at_systems(systems, note, seconds=0.5)
    assert [what for what, _ in told] == ["directory", "mail", "jira"]
    assert told[0][1] < 0.1
    assert told[1][1] < 0.3
    assert 0.5 <= told[2][1] < 0.8


@pytest.mark.timed
async def test_all_systems_are_asked_at_once() -> None:
    begun = time.monotonic()
    answers = [shows(f"s{index}", Seen(f"s{index}", good=True, detail="x"), after=0.2) for index in range(10)]
    assert len(await looked(*answers, seconds=1)) == 10
    assert time.monotonic() - begun < 0.6


async def test_silence_is_a_problem_with_advice() -> None:
    (finding,) = await looked(shows("jira", after=60))
    assert (finding.what, finding.good, finding.fatal) == ("jira", False, True)
    assert "no answer in 0 seconds" in finding.detail
    assert "firewall" in finding.advice


@pytest.mark.timed
async def test_a_look_that_does_not_let_go_is_left_behind() -> None:
    async def stubborn() -> Sequence[Seen]:
        for _ in range(3):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue
        return []

    begun = time.monotonic()
    (finding,) = await looked(System("jira", stubborn))
    assert not finding.good
    assert time.monotonic() - begun < 2
    await asyncio.sleep(2)  # it ends by itself; a task left over would be a warning


async def test_who_is_still_awaited_is_told_until_nobody_is() -> None:
    awaited: list[list[str]] = []
    systems = [shows("b", Seen("b", good=True, detail="x"), after=0.1), shows("a", Seen("a", good=True, detail="x"))]
    await look_at_systems(systems, lambda _: None, lambda names: awaited.append(list(names)))
    assert awaited == [["a", "b"], ["b"], []]


# --- errors ------------------------------------------------------------------------------------------------------


async def test_an_error_of_ours_is_shown_and_one_of_a_library_only_by_its_kind() -> None:
    findings = await looked(
        breaks("directory", ConnectorError("directory", "the certificate is not accepted")),
        breaks("entra", ConfigError("LOKET_ENTRA_TENANT is not set")),
        breaks("jira", RuntimeError(f"bind with {SECRET} failed")),
        breaks("mail", KeyError(SECRET)),
    )
    by_name = {finding.what: finding for finding in findings}
    assert by_name["directory"].detail == "directory: the certificate is not accepted"
    assert "LOKET_ENTRA_TENANT" in by_name["entra"].detail
    assert "RuntimeError" in by_name["jira"].detail
    assert "test_doctor_systems.py" in by_name["jira"].detail
    assert not any(finding.good for finding in findings)
    assert SECRET not in repr(findings)


async def test_what_is_shown_is_one_line_without_commands_for_the_terminal() -> None:
    (finding,) = await looked(shows("jira", Seen("jira", good=False, detail="a\x1b[2J\nok b", advice="c\r\nd")))
    assert (finding.detail, finding.advice) == ("a[2J ok b", "c d")


async def test_a_system_that_shows_nothing_is_not_called_good() -> None:
    (finding,) = await looked(shows("jira"))
    assert not finding.good


async def test_something_else_than_findings_is_a_finding() -> None:
    (finding,) = await looked(shows("jira", "all fine"))  # type: ignore[arg-type]
    assert (finding.what, finding.good) == ("jira", False)


# --- what is printed ---------------------------------------------------------------------------------------------


def settings() -> Settings:
    """With secrets of every shape."""
    return Settings(
        database_url="postgresql+psycopg://loket:pg%40ssw0rd@db.example/loket",
        llm=LlmSettings(key=SecretStr("sk-model-1234567890")),
        events=EventsSettings(keys=SecretStr("intranet=door-secret-1 intranet=door-secret-2")),
    )


def test_no_secret_is_printed_whoever_quotes_it(capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    secrets = ["pg@ssw0rd", "sk-model-1234567890", "door-secret-1", "door-secret-2"]
    for as_json in (False, True):
        with Report(Console(file=screen, width=300), as_json=as_json) as report:
            report.hide(settings())
            for secret in secrets:
                report.tell(Finding("jira", good=False, detail=f"401 for {secret}!", advice=f"{secret} is wrong"))
        report.finish()
    seen = screen.getvalue() + capsys.readouterr().out
    assert seen.count("401 for •••!") == 2 * len(secrets)
    assert not [secret for secret in secrets if secret in seen]
    assert {"pg@ssw0rd", "sk-model-1234567890", "door-secret-1", "door-secret-2"} <= secrets_of(settings())


def test_the_json_is_one_object_with_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    with Report(Console(), as_json=True) as report:
        report.tell(Finding("mail", good=True, detail="answers", advice="never shown"))
        report.waiting(["jira"])
        report.tell(Finding("mail certificate", good=False, detail="valid for 3 days", advice="renew", fatal=False))
        assert report.good
        report.tell(Finding("jira", good=False, detail="no answer", advice="look"))
        assert not report.good
    report.finish()
    assert json.loads(capsys.readouterr().out) == {
        "good": False,
        "findings": [
            {"what": "mail", "good": True, "fatal": True, "detail": "answers", "advice": ""},
            {
                "what": "mail certificate",
                "good": False,
                "fatal": False,
                "detail": "valid for 3 days",
                "advice": "renew",
            },
            {"what": "jira", "good": False, "fatal": True, "detail": "no answer", "advice": "look"},
        ],
    }


@pytest.mark.parametrize("terminal", [True, False])
def test_who_is_awaited_is_shown_on_a_terminal_only(terminal: bool) -> None:
    screen = io.StringIO()
    with Report(Console(file=screen, force_terminal=terminal, width=100), as_json=False) as report:
        report.waiting(["jira", "mail"])
        report.tell(Finding("mail", good=True, detail="answers"))
        report.waiting(["jira"])
    assert ("asking jira, mail" in screen.getvalue()) is terminal
    assert "mail: answers" in screen.getvalue()


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost:8000", True), ("http://127.0.0.1", True), ("http://127.8.9.1/x", True),
        ("http://[::1]:1", True), ("http://127.evil.example", False), ("http://localhost.evil.example", False),
        ("http://10.0.0.1", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine_is_known_by_its_number_not_by_its_spelling(url: str, near: bool) -> None:
    assert is_loopback(url) is near


# --- the command -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_gives_json_for_a_monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runner(tmp_path / "home", tmp_path, monkeypatch, capsys)
    code, out, _ = run("doctor", "--json")
    found = json.loads(out)
    assert (code, found["good"]) == (0, True)
    assert {"settings", "home folder", "database", "rules", "tools", "model"} <= {
        one["what"] for one in found["findings"]
    }
    monkeypatch.setenv("LOKET_LLM_KEY", f"{SECRET} with spaces")
    code, out, err = run("doctor", "--json")
    found = json.loads(out)
    assert (code, found["good"]) == (1, False)
    assert "LOKET_LLM_KEY" in found["findings"][0]["detail"]
    assert SECRET not in out + err
