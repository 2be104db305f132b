"""An admin tries questions before people do: through the real desk, in a home that is thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.settings import LlmSettings
from loket.evaluation.judging import Judged
from loket.evaluation.reading import parse_suite
from loket.evaluation.running import Watching, evaluate
from loket.settings import Settings
from tests.handbooks import SAMPLES, embedder
from tests.models import ScriptedModel, calls, says
from tests.servers.strict_llm import strict_llm
from tools.loading import load_builtin

pytestmark = pytest.mark.slow  # each reads a handbook in

TOOLS = frozenset(load_builtin().names)


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """Three documents: one for everybody, one for managers, one that is not yet in force."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    for name in (
        "leave-2026.md",
        "performance-guide-managers.md",
        "travel-expenses-2026.md",
        "travel-expenses-2027.md",
    ):
        (folder / name).write_text((SAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    return folder


async def tried(handbook: Path, cases: str, today: str = "2026-11-26") -> list[Judged]:
    text = f"version: 1\ntoday: {today}\nhandbook: {handbook.name}\ncases:\n{cases}"
    suite = parse_suite(text, handbook.parent / "cases.yaml", TOOLS)
    return await evaluate(Settings(home=handbook.parent / "live", _env_file=None), [suite], embedder=embedder())


async def test_right_and_wrong_expectations_are_told_apart(handbook: Path) -> None:
    right, wrong, tool = await tried(
        handbook,
        '  - {question: "Within how many working days does my manager decide on leave?", as: E1002, outcome: answered,'
        " clause: leave-2026.md, language: en}\n"
        '  - {question: "hello there", as: E1002, outcome: answered, clause: leave-2026.md#3, language: nl}\n'
        '  - {question: "I forgot my password", as: E1002, outcome: proposed, tool: reset_my_password, language: en}\n',
    )
    assert right.passed, right.failures
    assert tool.passed, tool.failures
    assert not wrong.passed
    assert (wrong.target, wrong.language) == (False, False)


async def test_a_case_finds_nothing_of_the_one_before(handbook: Path) -> None:
    """The same person asks for the same reset again and again, which nobody may in one day; tickets do not pile up."""
    resets = "".join(
        f'  - {{question: "reset my password please{"!" * number}", as: E1002, outcome: proposed,'
        " tool: reset_my_password}\n"
        for number in range(5)
    )
    filed = '  - {talk: ["my mouse is broken, please file a ticket", "yes"], as: E1039, outcome: proposed}\n'
    looked = '  - {question: "show my tickets", as: E1039, never: [mouse]}\n'
    judged = await tried(handbook, resets + filed + looked)
    assert [one.failures for one in judged] == [()] * 7


async def test_nothing_live_is_touched(handbook: Path) -> None:
    live = handbook.parent / "live"
    live.mkdir()
    (live / "loket.sqlite").write_bytes(b"not to be opened")
    await tried(handbook, '  - {question: "I forgot my password", as: E1002, outcome: proposed}\n')
    assert [file.name for file in live.rglob("*")] == ["loket.sqlite"]
    assert (live / "loket.sqlite").read_bytes() == b"not to be opened"


async def test_a_colleague_described_by_groups_reads_what_those_groups_read(handbook: Path) -> None:
    question = 'question: "How long does an improvement plan last at least?"'
    staff, manager = await tried(
        handbook,
        f"  - {{{question}, as: {{language: en}}, never: [at least 3 and at most 6 months]}}\n"
        f"  - {{{question}, as: {{language: en, groups: [managers]}}, outcome: answered,"
        " clause: performance-guide-managers.md#3}\n",
    )
    assert staff.passed, staff.failures
    assert manager.passed, manager.failures


async def test_next_years_rules_can_be_tried_on_a_day_of_next_year(handbook: Path) -> None:
    case = (
        '  - {question: "What do I get per kilometre with my own bicycle on a business trip?", as: E1002,'
        " outcome: answered, clause: travel-expenses-2027.md}\n"
    )
    (before,) = await tried(handbook, case, today="2026-11-26")
    (after,) = await tried(handbook, case, today="2027-01-05")
    assert "travel-expenses-2026.md" in " ".join(before.came.cited)
    assert after.passed, after.failures


async def test_somebody_who_is_not_there_is_a_failed_case_and_the_others_go_on(handbook: Path) -> None:
    stranger, known = await tried(
        handbook,
        "  - {question: hello, as: E9999, outcome: clarified}\n  - {question: hello, as: E1002, outcome: clarified}\n",
    )
    assert "there is no employee E9999" in stranger.failures[0]
    assert known.passed, known.failures


async def test_whoever_waits_is_told_of_every_case_and_unfinished_ones_are_not_asked(handbook: Path) -> None:
    text = (
        f"version: 1\nhandbook: {handbook.name}\ncases:\n"
        "  - {question: hello, as: E1002, outcome: clarified}\n"
        "  - {question: later, as: E1002}\n"
    )
    suite = parse_suite(text, handbook.parent / "cases.yaml", TOOLS)
    done: list[None] = []
    watching = Watching(asked=lambda: done.append(None))
    judged = await evaluate(Settings(_env_file=None), [suite], embedder=embedder(), watching=watching)
    assert len(judged) == len(done) == 1


async def test_a_configured_language_model_is_what_answers(handbook: Path) -> None:
    rule = "Full-time employees get 200 hours of annual leave a year."
    _with_only(handbook, "leave-2026.md", f"# Annual leave\n\n{rule}\n")
    turns = [calls("search_policies", question="annual leave"), says(f"{rule} [1]")]
    text = (
        f"version: 1\nhandbook: {handbook.name}\ncases:\n"
        '  - {question: "annual leave?", as: E1002, outcome: answered, clause: leave-2026.md}\n'
    )
    suite = parse_suite(text, handbook.parent / "cases.yaml", TOOLS)
    async with strict_llm(ScriptedModel(turns)) as server:
        settings = Settings(_env_file=None, llm=LlmSettings(base_url=server.url, model="m"))
        (one,) = await evaluate(settings, [suite], embedder=embedder())
        assert server.violations == []
        assert len(server.bodies) == 2
    assert one.came.model == "m"


def _with_only(handbook: Path, name: str, text: str) -> None:
    for file in handbook.iterdir():
        file.unlink()
    (handbook / name).write_text(text)
