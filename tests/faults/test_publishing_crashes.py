"""SIGKILL while policies come in force: people are told the old ones or the new ones, never some of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actions.records import State
from policies.library import Library
from policies.settings import PolicySettings
from policies.versions import versions
from storage import Database
from tests.desk import Desk
from tests.faults.publishing_process import DOCUMENTS, NEW
from tests.handbooks import embedder

pytestmark = [pytest.mark.thorough, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
ALL = frozenset({"all-staff"})
POINTS = ("policies.indexed", "policies.swap.before_commit", "policies.swap.after_commit")


def killed(home: Path, point: str) -> None:
    command = [sys.executable, "-m", "tests.faults.publishing_process", str(home), point]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == -9, f"{point} was never reached: {ended.stderr[-400:]}"


async def told(library: Library) -> set[str]:
    """The texts that anybody finds."""
    asked = ("days of leave a year", "scale of directors", "fares of trains")
    return {one.text for query in asked for one in await library.search(query, ALL)}


def texts(documents: dict[str, str]) -> set[str]:
    return {text.rsplit("\n\n", 1)[1].strip() for text in documents.values()}


@pytest.mark.parametrize("point", POINTS)
async def test_a_publication_that_is_cut_off_is_the_old_or_the_new_and_is_then_finished(
    tmp_path: Path, point: str
) -> None:
    killed(tmp_path, point)

    database = Database(f"sqlite:///{tmp_path / 'loket.sqlite'}")
    reader = Library(database, tmp_path / "index", embedder(), PolicySettings(search_seconds=120))
    assert await told(reader) == texts(NEW if point.endswith("after_commit") else DOCUMENTS)
    reader.close()
    database.close()

    async with Desk.start(home=tmp_path, documents=()) as desk:
        await desk.clock.advance(minutes=2)

        assert await told(desk.counter.library) == texts(NEW)
        action = await desk.counter.gate.show("publication")
        assert action is not None
        assert action.state is State.DONE
        assert len(await desk.database.read(versions.published)) == 1
