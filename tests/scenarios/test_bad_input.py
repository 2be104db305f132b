"""Bad input: a clear sentence that says what to do, the rest goes on, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.builtin_model import NAME
from core.outcomes import Outcome
from loket import command
from tests.desk import Desk
from tests.handbooks import SAMPLES, write_documents
from tests.reading import outcome_of, text_of
from tests.servers.llm import WAYS, bad_llm
from tests.staff import TOM

Run = Callable[..., tuple[int, str]]
QUESTION = "How many hours of annual leave do I get?"


# --- a language model's server -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_however_bad_the_model_s_server_is_the_question_is_answered(way: str) -> None:
    async with bad_llm(way) as url:
        settings = {
            "llm": {"base_url": url, "model": "m", "timeout_seconds": 0.5},
            "ai": {"call_seconds": 0.8},
            "agent": {"deadline_seconds": 30, "max_model_calls": 4},
        }
        async with Desk.start(documents=("leave-2026.md",), settings=settings) as desk:
            replies = await desk.say(TOM, QUESTION)
            assert outcome_of(replies) in (Outcome.ANSWERED, Outcome.NOT_FOUND)
            assert "99" not in text_of(replies)
            assert replies[-1].model == NAME
            assert desk.effects() == []
            assert len(desk.turns()) == 1


async def test_a_model_s_server_that_is_not_there_costs_nobody_their_answer() -> None:
    settings = {"llm": {"base_url": "http://127.0.0.1:9/v1", "model": "m"}, "ai": {"call_seconds": 2}}
    async with Desk.start(documents=("leave-2026.md",), settings=settings) as desk:
        assert "200 hours" in text_of(await desk.say(TOM, QUESTION))


async def test_a_turn_that_runs_out_of_time_says_so_and_the_next_one_is_answered() -> None:
    async with bad_llm("hangs") as url:
        settings = {
            "llm": {"base_url": url, "model": "m", "timeout_seconds": 5},
            "ai": {"call_seconds": 5},
            "agent": {"deadline_seconds": 0.3},
        }
        async with Desk.start(documents=(), settings=settings) as desk:
            replies = await desk.say(TOM, "who is Sanne de Wit")
            assert outcome_of(replies) is Outcome.FAILED_DEADLINE
            assert "Nothing was done" in text_of(replies)
            assert outcome_of(await desk.say(TOM, "hi")) is Outcome.CLARIFIED


# --- outside systems ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "line", "after"),
    [
        ("tickets.read", "what is the state of my ticket", Outcome.ANSWERED),
        ("accounts.read", "reset my password", Outcome.PROPOSED),
    ],
)
async def test_a_system_that_is_down_is_said_to_be_down_and_the_next_try_works(
    system: str, line: str, after: Outcome
) -> None:
    async with Desk.start(documents=()) as desk:
        desk.world.fail_next(system, "refuse")
        replies = await desk.say(TOM, line)
        assert outcome_of(replies) is Outcome.FAILED_CONNECTOR
        assert "Nothing was changed" in text_of(replies)
        assert outcome_of(await desk.say(TOM, line)) is after


# --- documents ---------------------------------------------------------------------------------------------------


async def test_bad_documents_are_named_one_by_one_and_the_good_ones_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    write_documents(
        folder,
        {
            "leave-2026.md": (SAMPLES / "leave-2026.md").read_text(encoding="utf-8"),
            "empty.md": "",
            "date.md": "---\ntitle: Odd\neffective_from: 2026-13-45\n---\n\n# Odd\n\nText that counts for nothing.\n",
            "open.md": "---\ntitle: Never closed\n\n# Text\n",
        },
    )
    (folder / "bytes.md").write_bytes(b"\xff\xfe\x00\xd8" * 20)
    (folder / "not-a.pdf").write_bytes(b"this is no PDF")
    (folder / "round").symlink_to(folder)
    with (folder / "huge.md").open("wb") as file:
        file.truncate(200_000_000)
    async with Desk.start(documents=()) as desk:
        report = await desk.counter.library.ingest(folder, "handbook")
        said = str(report)
        for name in ("empty.md", "date.md", "open.md", "huge.md", "not-a.pdf"):
            assert name in said, name
        assert "200 hours" in text_of(await desk.say(TOM, QUESTION))


# --- the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `loket …` here, with a home of its own: (exit code, all it said)."""

    async def make() -> None:
        async with Desk.start(home=tmp_path / "home", documents=()):
            pass

    asyncio.run(make())
    monkeypatch.setenv("LOKET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["loket", *words])
        with pytest.raises(SystemExit) as ended:
            command.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return call


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LOKET_LLM_MODLE", "gpt", "LOKET_LLM_MODEL"),
        ("LOKET_LLM_BASE_URL", "llm.example", "https://"),
        ("LOKET_AGENT_DEADLINE_SECONDS", "soon", "LOKET_AGENT_DEADLINE_SECONDS"),
        ("LOKET_DATABASE_URL", "mysql://x", ""),
    ],
)
def test_a_wrong_setting_stops_every_command_with_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    code, said = run("ask", "hi", "--as", TOM)
    assert code == 2
    assert says in said
    assert len([line for line in said.splitlines() if line.strip()]) == 1
