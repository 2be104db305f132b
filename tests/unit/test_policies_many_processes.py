"""Three processes, each with a home of its own, one Postgres and one Chroma server: all search the same handbook."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import policies.tables  # noqa: F401 - the tables must be known before they are made
from policies import shelf
from policies.indexes.locks import OneWriter
from storage import Database, metadata
from tests.policy_worker import PLACES, Worker, worker
from tests.servers.chroma import ChromaServer, running_chroma

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
AFTER_THE_SWAP = {"after the swap", "in the middle of taking out"}
SOON = 6.0  # seconds in which another process must know


class House:
    """A handbook, its database, its Chroma server, and the processes that read it."""

    def __init__(self, folder: Path, database_url: str, chroma: ChromaServer, stack: ExitStack) -> None:
        self.handbook = folder / "handbook"
        self.handbook.mkdir()
        self.database = Database(database_url, pool_size=2)
        metadata.create_all(self.database.engine)
        stack.callback(self.database.close)
        self._folder, self._chroma, self._stack, self._count = folder, chroma, stack, 0
        self.one, self.two, self.three = (self.another() for _ in range(3))

    def another(self) -> Worker:
        """One more process, with an empty home."""
        self._count += 1
        home = self._folder / f"home{self._count}"
        return self._stack.enter_context(worker(self.database.url, home, self._chroma.url))

    def write(self, name: str, text: str, *audience: str) -> Path:
        """A document for some groups, or for everybody."""
        file = self.handbook / f"{name}.md"
        file.write_text(f"---\naudience: [{', '.join(audience or ('all-staff',))}]\n---\n{text}\n", encoding="utf-8")
        return file

    def version(self) -> int:
        """The number that grows with every change."""
        with self.database.reading() as tx:
            return shelf.state(tx).version

    def wanted(self) -> dict[str, list[str]]:
        """What the database says that every word index must hold."""
        with self.database.reading() as tx:
            return {name: sorted(ids) for name, ids in shelf.ids_by_partition(tx).items()}


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, postgres_url, stack.enter_context(running_chroma()), stack)


def soon(holds: Callable[[], bool]) -> bool:
    """Whether it becomes true in time."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False


def paths(found: list[tuple[str, str]]) -> set[str]:
    return {path.removeprefix("handbook/").removesuffix(".md") for path, _ in found}


def test_what_one_process_brings_in_the_others_find_and_what_it_removes_they_do_not(house: House) -> None:
    gone = house.write("leave", "You may carry over eighty hours of leave.")
    assert house.one.ingest(house.handbook) == [1, 0, 0]
    for reader in (house.one, house.two, house.three):
        assert paths(reader.ask("carry over hours", "all-staff")) == {"leave"}
    house.write("laptop", "Report a lost laptop at once.")
    gone.unlink()
    assert house.two.ingest(house.handbook) == [1, 0, 1]
    for reader in (house.three, house.one, house.two):
        assert paths(reader.ask("carry over hours lost laptop", "all-staff")) == {"laptop"}  # at once, by the database
    for reader in (house.three, house.one, house.two):
        assert soon(lambda reader=reader: reader.words() == house.wanted())  # and the words in a moment


def test_a_process_that_searches_nothing_brings_its_words_up_all_the_same(house: House) -> None:
    house.write("leave", "You may carry over eighty hours of leave.")
    house.one.ingest(house.handbook)
    house.two.ask("hours", "all-staff")  # from its first search on it follows
    house.write("laptop", "Report a lost laptop at once.")
    house.one.ingest(house.handbook)
    assert soon(lambda: house.two.words() == house.wanted())


def test_nobody_reads_a_passage_of_others_while_its_readers_change_all_the_time(house: House) -> None:
    """The text names who may read it. A search that starts after a change was committed may not see the text before."""
    for number in range(8):
        audience = "all-staff" if number % 2 == 0 else "board"
        house.write("plan", f"The parking plan number {number} is for {audience}.", audience)
        house.write("other", "The parking rule is for all-staff.")
        house.one.start_ingest(house.handbook)
        seen = []
        for _ in range(12):
            for reader in (house.two, house.three):
                seen += reader.ask("parking plan", "all-staff")
        assert [text for _, text in seen if "board" in text] == []
        house.one.answer()
        for reader in (house.two, house.three):
            now = [text for _, text in reader.ask("parking plan", "all-staff") if "plan number" in text]
            assert now == ([f"The parking plan number {number} is for all-staff."] if number % 2 == 0 else [])
            mine = [text for _, text in reader.ask("parking plan", "board") if "plan number" in text]
            assert mine == ([f"The parking plan number {number} is for board."] if number % 2 else [])


def test_a_kill_in_the_middle_of_an_ingest_leaves_all_usable_and_the_next_one_repairs(house: House) -> None:
    """At each place a fresh process dies while it replaces the text of the last round by the next."""
    old = house.write("round0", "The rule of round zero: bicycles stand outside.")
    house.write("desk", "The desk is open on weekdays.")
    house.one.ingest(house.handbook)
    question = "bicycles stand outside desk open"
    for number, place in enumerate(PLACES, start=1):
        assert paths(house.two.ask(question, "all-staff")) == {f"round{number - 1}", "desk"}
        new = house.write(f"round{number}", f"The rule of round {number}: bicycles stand outside.")
        old.unlink()
        before = house.version()
        victim = house.another()
        victim.die_at(place)
        victim.start_ingest(house.handbook)
        assert victim.process.wait(60) == -signal.SIGKILL, place
        swapped = house.version() > before
        assert swapped == (place in AFTER_THE_SWAP), place
        usable = {f"round{number}" if swapped else f"round{number - 1}", "desk"}
        assert all(paths(reader.ask(question, "all-staff")) == usable for reader in (house.two, house.three)), place
        house.one.ingest(house.handbook)
        for reader in (house.one, house.two, house.three):
            assert paths(reader.ask(question, "all-staff")) == {f"round{number}", "desk"}, place
            assert soon(lambda reader=reader: reader.words() == house.wanted()), place
        old = new
    assert paths(house.another().ask(question, "all-staff")) == {f"round{len(PLACES)}", "desk"}
    with house.database.reading() as tx:
        assert not shelf.state(tx).busy


def test_two_processes_never_change_the_handbook_at_once(house: House) -> None:
    house.write("leave", "You may carry over eighty hours of leave.")
    with OneWriter(house.database).alone(), pytest.raises(RuntimeError, match="another process is changing"):
        house.one.ingest(house.handbook)
    assert house.one.ingest(house.handbook) == [1, 0, 0]


def test_a_writer_that_lost_its_lock_swaps_nothing(house: House) -> None:
    from core.errors import ConnectorError

    writer = OneWriter(house.database)
    with writer.alone():
        writer.check()
        with house.database.transaction() as tx:
            query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            tx.connection.exec_driver_sql(query)
        with pytest.raises(ConnectorError, match="connection was lost"):
            writer.check()
    with OneWriter(house.database).alone():
        """Free again."""
