"""The command line: what it prints, what it refuses in one line, and how it exits."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from loket.home import Home
from tests.command_line import Run, runner
from tests.desk import Desk

pytestmark = pytest.mark.slow  # each is a whole command, started and stopped


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a small handbook."""

    async def make() -> None:
        async with Desk.start(home=tmp_path / "home"):
            pass

    asyncio.run(make())
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run commands on the home folder with the small handbook, and in it."""
    return runner(home, home, monkeypatch, capsys)


def test_help_teaches_with_examples(run: Run) -> None:
    for words in (("ask",), ("chat",), ("policies", "search"), ("approvals", "approve"), ("audit", "verify")):
        code, out, _ = run(*words, "--help")
        assert code == 0
        assert f"loket {words[0]}" in out
        assert "Example" in out


def test_a_question_as_json_has_the_promised_fields(run: Run) -> None:
    code, out, _ = run("ask", "How many hours of annual leave do I get?", "--as", "E1002", "--json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["id", "outcome", "text", "language", "citations", "actions", "model", "ms"]
    assert answer["outcome"] == "answered"
    assert list(answer["citations"][0]) == ["path", "heading", "quote"]


def test_a_batch_goes_on_after_bad_lines_and_keeps_their_order(run: Run, home: Path) -> None:
    lines = [
        '{"id": "a", "question": "hello"}',
        "not json",
        '{"id": "b"}',
        '["a list"]',
        '{"id": "c", "question": "reset my password", "as": "E1044"}',
        '{"id": "d", "question": "hello", "as": "E9999"}',
    ]
    (home / "in.jsonl").write_text("\n".join(lines))
    code, _, _ = run("ask", "--batch", "in.jsonl", "--out", "out.jsonl", "--as", "E1002")
    answers = [json.loads(line) for line in (home / "out.jsonl").read_text().splitlines()]
    assert code == 0
    assert [answer["id"] for answer in answers] == ["a", "line 2", "b", "line 4", "c", "d"]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False, False]
    assert answers[4]["actions"][0]["tool"] == "reset_my_password"
    assert answers[5]["outcome"] == "refused_identity"


def test_chat_takes_buttons_as_commands(run: Run) -> None:
    lines = "reset my password\n/confirm\n/code 12\n/approve\n/cancel\n/nonsense\n/quit\n"
    code, out, _ = run("chat", "--as", "E1002", stdin=lines)
    assert code == 0
    assert "waits for proof of identity" in out
    assert "Please give the code" in out
    assert "withdrawn" in out
    assert "no command /nonsense" in out


def test_an_approval_on_the_command_line_is_carried_out_and_the_requester_hears_of_it(run: Run, home: Path) -> None:
    run("chat", "--as", "E1002", stdin="reset my password\n/confirm\n")
    note = next(json.loads(file.read_text()) for file in (home / "world/notes/sms").glob("*.json"))
    code = re.findall(r"\b\d{6}\b", note["text"])[0]
    run("chat", "--as", "E1002", stdin=f"/code {code}\n")
    listed = run("approvals", "list")[1]
    number = re.findall(r"\b[0-9a-f]{8}\b", listed)[0]
    assert run("approvals", "approve", number, "--as", "E1020")[0] == 1
    assert run("approvals", "approve", number, "--as", "E1003")[0] == 0
    assert "Nothing waits" in run("approvals", "list")[1]
    assert "Done" in run("chat", "--as", "E1002", stdin="/quit\n")[1]
    assert run("audit", "verify")[0] == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("ask", "hello", "--as", "E9999"), "there is no employee E9999"),
        (("ask",), "a question needs its asker"),
        (("ask", "--batch", "nowhere.jsonl", "--out", "x", "--as", "E1002"), "nowhere.jsonl cannot be read"),
        (("approvals", "deny", "12345678", "--as", "E1003", "--reason", "no"), "there is no request 12345678"),
        (("approvals", "settle", "12345678", "done", "--as", "E1003"), "there is no request 12345678"),
        (("approvals", "settle", "12345678", "perhaps", "--as", "E1003"), "say done or failed, not 'perhaps'"),
        (("rules", "propose", "nowhere.yaml", "--as", "E1009"), "nowhere.yaml cannot be read"),
        (("tools", "disable", "create_ticket", "--as", "E1002", "--reason", "fun"), "is no admin"),
        (("tools", "enable", "create_ticket", "--as", "E1009"), "is not switched off"),
        (("policies", "remove", "nothing.md"), "there is no document, folder or collection nothing.md"),
        (("audit", "verify", "nowhere.sqlite"), "there is no file nowhere.sqlite"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(run: Run, words: tuple[str, ...], line: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert line in err
    assert len(err.strip().splitlines()) == 1


def test_a_second_worker_is_told_who_has_the_home_folder(run: Run, home: Path) -> None:
    with Home(home).owned("loket chat"):
        code, _, err = run("ask", "hello", "--as", "E1002")
        assert code == 2
        assert "in use by `loket chat`" in err
        assert run("approvals", "list")[0] == 0


def test_a_shell_is_no_identity_with_a_real_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKET_DATABASE_URL", "postgresql+psycopg://127.0.0.1/nowhere")
    code, _, err = run("ask", "hello", "--as", "E1002")
    assert code == 2
    assert "--as exists only in the embedded form" in err


def test_a_search_is_ranked_and_shows_only_what_one_may_read(run: Run) -> None:
    code, out, _ = run("policies", "search", "annual leave hours", "--k", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found[0]) == ["path", "heading", "score", "text"]
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_doctor_finds_a_wrong_setting_before_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("doctor")[0] == 0
    monkeypatch.setenv("LOKET_LLM_MODEL", "some-model")
    code, out, _ = run("doctor")
    assert code == 1
    assert "LOKET_LLM_BASE_URL is not set" in out
    monkeypatch.setenv("LOKET_AI_LEVEL", "everything")
    code, out, _ = run("doctor")
    assert code == 1
    assert "LOKET_AI_LEVEL" in out


def test_tools_are_listed_with_their_tier(run: Run) -> None:
    code, out, _ = run("tools", "list")
    assert code == 0
    assert re.search(r"reset_my_password\s.*sensitive", out)
