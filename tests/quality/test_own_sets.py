"""Our own sets: messages as people write them, and questions on the sample handbook; tuned half and held half.

The targets hold for the held halves, which nobody looked at while the answers were improved. `-s` prints the totals;
`loket eval tests/quality/messages-tune.yaml` shows each case.
"""

from __future__ import annotations

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


@pytest.mark.slow
async def test_the_held_halves_reach_their_targets(capsys: pytest.CaptureFixture[str]) -> None:
    tools = frozenset(load_builtin().names)
    names = [f"{name}-{half}" for half in ("tune", "held") for name in SETS]
    suites = [read_suite(HERE / f"{name}.yaml", tools) for name in names]
    judged = await evaluate(Settings(_env_file=None), suites, embedder=embedder())
    now = datetime.now(UTC)
    runs = {
        name: Run((name,), now, 0.0, tuple(line_of(one) for one in judged if one.case.file == f"{name}.yaml"))
        for name in names
    }
    held = Run(("held",), now, 0.0, tuple(line for name in SETS for line in runs[f"{name}-held"].lines))
    with capsys.disabled():
        for name, run in {**runs, "held halves together": held}.items():
            print(f"\n{name}: right clause or tool {run.target}; language {run.language}; outcome {run.outcome}")
