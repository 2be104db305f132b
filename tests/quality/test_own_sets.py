"""Our own sets: messages as people write them, and questions on the sample handbook; tuned half and held half.

The targets are those of the held halves, which nobody looked at while the answers were improved. `-s` prints the
totals; `loket eval tests/quality/messages-tune.yaml` shows each case.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loket.evaluation.reading import read_suite
from loket.evaluation.report import Run, line_of
from loket.evaluation.running import evaluate
from loket.settings import Settings
from tests.handbooks import embedder
from tools.loading import load_builtin

HERE = Path(__file__).parent
SETS = ("messages", "handbook")
RIGHT_PLACE, RIGHT_LANGUAGE, RIGHT_OUTCOME = 0.80, 0.95, 0.85

pytestmark = [pytest.mark.thorough, pytest.mark.slow]


@pytest.fixture(scope="module")
def held() -> Run:
    """The held halves through one desk: the figures that count. `loket eval` tries the others."""
    tools = frozenset(load_builtin().names)
    names = [f"{name}-held" for name in SETS]
    suites = [read_suite(HERE / f"{name}.yaml", tools) for name in names]
    judged = asyncio.run(evaluate(Settings(_env_file=None), suites, embedder=embedder()))
    now = datetime.now(UTC)
    lines = {name: tuple(line_of(one) for one in judged if one.case.file == f"{name}.yaml") for name in names}
    runs = {name: Run((name,), now, 0.0, lines[name]) for name in names}
    held = Run(("held",), now, 0.0, tuple(line for name in SETS for line in lines[f"{name}-held"]))
    for name, run in {**runs, "held halves together": held}.items():
        print(f"{name}: right clause or tool {run.target}; language {run.language}; outcome {run.outcome}")
    return held


def test_no_turn_fails(held: Run) -> None:
    assert [line.place for line in held.lines if line.outcome.startswith(("failed", "none"))] == []


def test_replies_are_in_the_language_of_whoever_asks(held: Run) -> None:
    assert held.language.value >= RIGHT_LANGUAGE, str(held.language)


def test_the_right_clause_or_tool_comes(held: Run) -> None:
    assert held.target.value >= RIGHT_PLACE, str(held.target)


def test_a_turn_ends_as_a_reasonable_person_would_accept(held: Run) -> None:
    assert held.outcome.value >= RIGHT_OUTCOME, str(held.outcome)
