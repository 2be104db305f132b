"""Search quality on real handbooks, with the built-in embedder. `docs/quality.md` has the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.models.sentence_encoder import SentenceEncoder
from policies.bench import measure
from policies.library import Library
from policies.settings import PolicySettings
from storage import Database, metadata
from tests.policy_room import ALL

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, which is not there"),
]


async def test_the_right_section_of_the_tts_handbook_is_among_the_first_five(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/loket.db")
    metadata.create_all(database.engine)
    library = Library(database, tmp_path / "index", SentenceEncoder(), PolicySettings())
    report = await library.ingest(DATA / "tts-handbook" / "pages")
    assert report.added > 230
    assert all("no text" in problem.sentence for problem in report.problems)
    result = await measure(library, DATA / "tts-questions-dev.jsonl", ALL)
    assert result.sets["easy"].found >= 12
    assert result.sets["paraphrase"].found >= 5
    assert result.sets["multilingual"].found >= 5
    again = await library.ingest(DATA / "tts-handbook" / "pages")
    assert (again.added, again.updated, again.removed) == (0, 0, 0)
    assert again.seconds < 5
    library.close()
    database.close()
