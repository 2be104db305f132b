"""Short ordinary questions on the sample handbook: how many, how long, when, who, how, may I. `-s` prints the totals.

The held half was written before an answer to it was seen; of its answers nothing but totals was looked at. `loket eval`
shows each case of the tuning half.
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
HALVES = ("everyday-tune", "everyday-held", "asked-tune", "asked-held")
LEAST = {"everyday-tune": 0.75, "everyday-held": 0.60, "asked-tune": 0.60, "asked-held": 0.55}
"""What is right now, less a little for noise: no aim, but a fall shows."""

pytestmark = [pytest.mark.thorough, pytest.mark.slow]


@pytest.fixture(scope="module")
def halves() -> dict[str, Run]:
    """Both halves through one desk."""
    tools = frozenset(load_builtin().names)
    suites = [read_suite(HERE / f"{name}.yaml", tools) for name in HALVES]
    judged = asyncio.run(evaluate(Settings(_env_file=None), suites, embedder=embedder()))
    now = datetime.now(UTC)
    runs = {
        name: Run((name,), now, 0.0, tuple(line_of(one) for one in judged if one.case.file == f"{name}.yaml"))
        for name in HALVES
    }
    for name, run in runs.items():
        print(f"{name}: right clause {run.target}; language {run.language}; outcome {run.outcome}")
    return runs


@pytest.mark.parametrize("half", HALVES)
def test_ordinary_questions_find_their_clause(halves: dict[str, Run], half: str) -> None:
    assert halves[half].target.value >= LEAST[half], str(halves[half].target)


@pytest.mark.parametrize("half", HALVES)
def test_they_are_answered_in_the_language_they_were_asked_in(halves: dict[str, Run], half: str) -> None:
    assert halves[half].language.value >= 0.95, str(halves[half].language)
