"""Who may read what: the library against a brute-force oracle, over generated audiences and readers (S-39)."""

from __future__ import annotations

import random
import sqlite3
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.validity import Term, last_days, status
from tests.policy_room import room

GROUPS = ["all-staff", "hr", "it", "managers", "board", "Board", "north"]
DAYS = st.none() | st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.slow
async def test_readers_see_exactly_what_an_oracle_lets_them_see(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    with room(tmp_path) as desk:
        audiences: dict[str, frozenset[str]] = {}
        for number in range(40):
            audience = frozenset(chance.sample(GROUPS, chance.randint(1, 3)))
            path = f"handbook/rule{number}.md"
            audiences[path] = audience
            names = ", ".join(sorted(audience))
            desk.write(
                f"rule{number}.md", f"---\naudience: [{names}]\n---\n# Rule {number}\nThe parking rule {number}.\n"
            )
        await desk.library.ingest(desk.folder)
        search = desk.library._search.run
        for _reader in range(250):  # of 40 documents: 10,000 decisions
            groups = frozenset(chance.sample(GROUPS, chance.randint(0, 4)))
            expected = {path for path, audience in audiences.items() if audience & groups}
            found = {passage.path for passage in search("parking rule", groups, 100, None)}
            assert found == expected, (groups, found ^ expected)


async def test_no_forbidden_text_is_even_fetched_for_the_reader(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        desk.write("open.md", "# Parking\nPark at the back.\n")
        desk.write("closed.md", "---\naudience: [board]\n---\n# Parking\nThe canary sings of parking.\n")
        await desk.library.ingest(desk.folder)
        asked: list[str] = []
        nearest = desk.library._indexes.vectors.nearest

        def watched(generation: int, partition: str, *rest: object) -> object:
            asked.append(partition)
            return nearest(generation, partition, *rest)  # type: ignore[arg-type]

        desk.library._indexes.vectors.nearest = watched  # type: ignore[method-assign,assignment]
        found = await desk.library.search("canary parking", frozenset({"all-staff"}))
        assert [passage.path for passage in found] == ["handbook/open.md"]
        assert len(set(asked)) == 1


@given(DAYS, DAYS, DAYS, st.dates(date(2023, 6, 1), date(2028, 6, 1)))
def test_a_document_is_current_exactly_between_its_days(
    start: date | None, until: date | None, replaced_from: date | None, on: date
) -> None:
    old = Term("old", start, until)
    ends = last_days([old, Term("new", replaced_from, None, ("old",))])
    replaced = replaced_from is None or on >= replaced_from
    over = replaced or (until is not None and on > until)
    expected = "superseded" if over else "upcoming" if start is not None and on < start else "current"
    assert status(old, ends, on) == expected


def test_documents_without_an_id_do_not_supersede_each_other() -> None:
    ends = last_days([Term("new", date(2026, 1, 1), None, ("",))])
    assert status(Term("", None, None), ends, date(2026, 6, 1)) == "current"


@given(st.lists(st.text(max_size=30), max_size=4))
def test_the_cache_gives_the_same_vector_twice(texts: list[str]) -> None:
    import numpy as np

    from policies.indexes.vector_cache import VectorCache
    from tests.policy_room import HashingEmbedder

    with TemporaryDirectory() as folder:
        embedder = HashingEmbedder()
        cache = VectorCache(Path(folder) / "vectors.sqlite", embedder)
        first = cache.embed(texts)
        embedder.embedded = 0
        assert np.array_equal(first, cache.embed(texts))
        assert embedder.embedded == 0
        with sqlite3.connect(Path(folder) / "vectors.sqlite") as connection:
            assert connection.execute("SELECT count(*) FROM vectors").fetchone()[0] == len(set(texts))
        connection.close()
