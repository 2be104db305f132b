"""Search quality on real handbooks, with the built-in embedder. `docs/quality.md` has the figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policies.bench import measure
from policies.library import Library
from policies.settings import PolicySettings
from storage import Database, metadata
from tests.handbooks import embedder
from tests.policy_room import ALL

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, which is not there"),
]


FOLDER = "travel-and-leave"


async def test_questions_about_leave_find_their_section_among_the_first_five(tmp_path: Path) -> None:
    """A part of the real handbook, as a regression; `loket bench handbook` measures the whole."""
    pages, questions = tmp_path / "pages", tmp_path / "questions.jsonl"
    shutil.copytree(DATA / "tts-handbook" / "pages" / FOLDER, pages / FOLDER)
    rows = (DATA / "tts-questions-dev.jsonl").read_text(encoding="utf-8").splitlines()
    questions.write_text("\n".join(row for row in rows if f"pages/{FOLDER}/" in row), encoding="utf-8")
    database = Database(f"sqlite:///{tmp_path}/loket.db")
    metadata.create_all(database.engine)
    library = Library(database, tmp_path / "index", embedder(), PolicySettings())
    assert (await library.ingest(pages)).problems == ()

    result = await measure(library, questions, ALL)
    again = await library.ingest(pages)

    assert result.sets["easy"].found == result.sets["easy"].questions >= 4
    assert result.sets["multilingual"].found >= 1
    assert result.sets["paraphrase"].found >= 3
    assert (again.added, again.updated, again.removed) == (0, 0, 0)
    assert again.seconds < 5
    library.close()
    database.close()
