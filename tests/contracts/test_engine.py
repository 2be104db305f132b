"""What every engine promises, asked of each of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from loket.engine import Engine, Queue
from loket.engine.dbos_postgres import PostgresEngine
from loket.engine.dbos_sqlite import SqliteEngine
from loket.engine.inline import InlineEngine
from loket.engine.tables import work
from storage import Database

pytest_plugins = ["tests.fixtures_storage"]
QUICK = (0.01, 0.02)
ROOT = Path(__file__).parents[2]


class Notebook:
    """Writes down what a handler did and watches for two at once in one partition."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.done: list[str] = []
        self.open: set[str] = set()
        self.overlaps = 0
        self.most_at_once = 0
        self.fail_first: set[str] = set()
        self.calls: list[str] = []

    async def __call__(self, work_id: str) -> None:
        partition = work_id.partition("/")[0]
        self.calls.append(work_id)
        self.overlaps += partition in self.open
        self.open.add(partition)
        self.most_at_once = max(self.most_at_once, len(self.open))
        try:
            await asyncio.sleep(self.pause)
            if work_id in self.fail_first:
                self.fail_first.discard(work_id)
                raise RuntimeError("crashed once")
            self.done.append(work_id)
        finally:
            self.open.discard(partition)


KINDS = ["inline", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def engine_of(kind: str, url: str, name: str = "contract-1") -> Engine:
    if kind == "inline":
        return InlineEngine(QUICK)
    if kind == "sqlite":
        return SqliteEngine(url, name, QUICK)
    database = Database(url)
    work.create(database.engine, checkfirst=True)
    return PostgresEngine(database, name, QUICK)


def url_for(kind: str, request: pytest.FixtureRequest) -> str:
    return "" if kind == "inline" else str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture(params=KINDS)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    made = engine_of(request.param, url_for(request.param, request))
    yield made
    await made.stop()
    if isinstance(made, PostgresEngine):
        made.database.close()


async def start(engine: Engine, handler: Callable[..., object]) -> None:
    await engine.start({Queue.TURNS: handler, Queue.ACTIONS: handler})  # type: ignore[dict-item]


async def settle(engine: Engine) -> None:
    await asyncio.wait_for(engine.settle(), 20)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_work_of_one_partition_is_done_in_the_order_submitted_and_never_overlaps(engine: Engine) -> None:
    notebook = Notebook(pause=0.005)
    await start(engine, notebook)
    submitted = [f"{partition}/{n}" for n in range(6) for partition in ("anna", "bram", "carla")]
    for work_id in submitted:
        engine.submit(Queue.TURNS, work_id, work_id.split("/")[0])
    await settle(engine)
    assert sorted(notebook.done) == sorted(submitted)
    for partition in ("anna", "bram", "carla"):
        assert [w for w in notebook.done if w.startswith(partition)] == [f"{partition}/{n}" for n in range(6)]
    assert notebook.overlaps == 0


async def test_partitions_are_worked_on_side_by_side(engine: Engine) -> None:
    notebook = Notebook(pause=0.4)
    await start(engine, notebook)
    for partition in ("anna", "bram", "carla"):
        engine.submit(Queue.TURNS, f"{partition}/0", partition)
    await settle(engine)
    assert notebook.most_at_once == 3


async def test_an_id_submitted_many_times_is_one_piece_of_work(engine: Engine) -> None:
    notebook = Notebook(pause=0.05)
    await start(engine, notebook)
    engine.submit(Queue.TURNS, "anna/first", "anna")
    for _ in range(10):
        engine.submit(Queue.TURNS, "anna/second", "anna")
    await settle(engine)
    assert notebook.done == ["anna/first", "anna/second"]


async def test_a_wake_up_while_the_handler_runs_makes_it_run_once_more(engine: Engine) -> None:
    notebook = Notebook(pause=0.3)
    await start(engine, notebook)
    engine.submit(Queue.ACTIONS, "act/1", "act")
    await until(lambda: bool(notebook.open))
    for _ in range(3):
        engine.submit(Queue.ACTIONS, "act/1", "act")
    await settle(engine)
    assert notebook.done == ["act/1", "act/1"]


async def test_an_id_can_come_back_after_it_was_done(engine: Engine) -> None:
    notebook = Notebook()
    await start(engine, notebook)
    for _ in range(3):
        engine.submit(Queue.ACTIONS, "act/1", "act")
        await settle(engine)
    assert notebook.done == ["act/1"] * 3


async def test_a_handler_that_raises_is_called_again_and_keeps_its_place(engine: Engine) -> None:
    notebook = Notebook()
    notebook.fail_first = {"anna/0"}
    await start(engine, notebook)
    for n in range(3):
        engine.submit(Queue.TURNS, f"anna/{n}", "anna")
    await settle(engine)
    assert notebook.calls == ["anna/0", "anna/0", "anna/1", "anna/2"]
    assert notebook.done == ["anna/0", "anna/1", "anna/2"]


async def test_a_handler_that_always_raises_does_not_block_its_partition(engine: Engine) -> None:
    done: list[str] = []

    async def handler(work_id: str) -> None:
        if work_id == "anna/poison":
            raise RuntimeError("always")
        done.append(work_id)

    await start(engine, handler)
    engine.submit(Queue.TURNS, "anna/poison", "anna")
    engine.submit(Queue.TURNS, "anna/next", "anna")
    await settle(engine)
    assert done == ["anna/next"]


async def test_any_thread_may_submit(engine: Engine) -> None:
    notebook = Notebook()
    await start(engine, notebook)
    threads = [threading.Thread(target=engine.submit, args=(Queue.ACTIONS, f"act-{n}/0", f"act-{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    await settle(engine)
    assert sorted(notebook.done) == sorted(f"act-{n}/0" for n in range(8))


async def test_a_stop_lets_the_running_work_finish_and_starts_nothing_new(engine: Engine) -> None:
    notebook = Notebook(pause=0.4)
    await start(engine, notebook)
    engine.submit(Queue.TURNS, "anna/0", "anna")
    engine.submit(Queue.TURNS, "anna/1", "anna")
    await until(lambda: bool(notebook.open))
    await engine.stop()
    assert notebook.done == ["anna/0"]
    await asyncio.to_thread(lambda: None)  # the loop is still usable
    assert notebook.calls == ["anna/0"]


def database_of(engine: Engine, tmp_path: Path) -> Database:
    """The queue's own on Postgres, some other one elsewhere."""
    return engine.database if isinstance(engine, PostgresEngine) else Database(f"sqlite:///{tmp_path}/ledger.db")


async def test_what_was_handed_over_with_a_transaction_is_done_if_that_commits(engine: Engine, tmp_path: Path) -> None:
    notebook, database = Notebook(), database_of(engine, tmp_path)
    await start(engine, notebook)
    with database.transaction() as tx:
        engine.enlist(tx, Queue.TURNS, "anna/0", "anna")
    with contextlib.suppress(ZeroDivisionError), database.transaction() as tx:
        engine.enlist(tx, Queue.TURNS, "anna/undone", "anna")
        _ = 1 // 0
    await settle(engine)
    assert notebook.done == ["anna/0"]
    if not isinstance(engine, PostgresEngine):
        database.close()


async def test_an_event_that_is_handed_over_twice_is_one_piece_of_work(engine: Engine, tmp_path: Path) -> None:
    notebook, database = Notebook(pause=0.05), database_of(engine, tmp_path)
    await start(engine, notebook)
    for _ in range(3):
        with database.transaction() as tx:
            engine.enlist(tx, Queue.TURNS, "anna/0", "anna")
    await settle(engine)
    assert set(notebook.done) == {"anna/0"}
    assert len(notebook.done) <= 2  # handed over while it ran, it may run once more
    if not isinstance(engine, PostgresEngine):
        database.close()


async def test_a_recall_changes_nothing_while_the_id_is_queued_or_running(engine: Engine) -> None:
    notebook = Notebook(pause=0.3)
    await start(engine, notebook)
    engine.submit(Queue.ACTIONS, "act/1", "act")
    await until(lambda: bool(notebook.open))
    for _ in range(3):
        engine.recall(Queue.ACTIONS, "act/1", "act")
    await settle(engine)
    assert notebook.done == ["act/1"]
    engine.recall(Queue.ACTIONS, "act/1", "act")
    await settle(engine)
    assert notebook.done == ["act/1"] * 2


async def test_finished_work_is_forgotten_when_it_is_old_and_open_work_is_not(engine: Engine) -> None:
    notebook = Notebook()
    await start(engine, notebook)
    engine.submit(Queue.ACTIONS, "act/1", "act")
    await settle(engine)
    assert await engine.forget(3_600) == 0
    await asyncio.sleep(0.05)
    assert await engine.forget(0) == (0 if isinstance(engine, InlineEngine) else 1)
    assert await engine.forget(0) == 0


@pytest.mark.postgres
@pytest.mark.slow
def test_what_a_dead_process_was_doing_is_taken_over_by_a_living_one(postgres_url: str, tmp_path: Path) -> None:
    """DBOS by itself would leave it running for ever under the dead one's name."""
    (tmp_path / "inbox").mkdir()
    script = WORKER.format(tests=str(Path(__file__).parent))
    (tmp_path / "inbox" / "anna-0").touch()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAUSE": "60", "NAME": "dead"}
    command = [sys.executable, "-c", script, "postgres", str(tmp_path), postgres_url]
    log = tmp_path / "log"
    first = subprocess.Popen(command, env=environment, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not log.exists() or "begin anna/0" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    takes_over = {**environment, "PAUSE": "0.1", "NAME": "alive", "TAKE": "1"}
    subprocess.run(command, env=takes_over, cwd=ROOT, check=True, timeout=90)
    assert log.read_text().count("end anna/0") == 1


WORKER = """
import asyncio, os, sys
from pathlib import Path
from loket.engine import Queue
sys.path.insert(0, {tests!r})
from test_engine import engine_of

async def main(kind, home, url):
    engine = engine_of(kind, url, os.environ.get("NAME", "contract-1"))
    async def handler(work_id):
        if not (home / "inbox" / work_id.replace("/", "-")).exists():
            return  # as ours do: called again for what is done, they find nothing left to do
        with (home / "log").open("a") as log:
            log.write("begin " + work_id + chr(10))
        hangs = work_id == os.environ.get("HANGS")
        await asyncio.sleep(3600 if hangs else float(os.environ.get("PAUSE", "0.15")))
        with (home / "log").open("a") as log:
            log.write("end " + work_id + chr(10))
        (home / "inbox" / work_id.replace("/", "-")).unlink(missing_ok=True)
    await engine.start({{Queue.TURNS: handler}})
    if os.environ.get("TAKE"):
        assert await engine.take_over(frozenset({{"alive"}})) == 1
        assert await engine.take_over(frozenset({{"alive"}})) == 0
    for file in sorted((home / "inbox").iterdir()):
        if os.environ.get("TAKE"):
            break
        partition, number = file.name.split("-")
        engine.submit(Queue.TURNS, partition + "/" + number, partition)
    await engine.settle()
    await engine.stop()

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(0.34)
def test_a_killed_process_loses_nothing_and_keeps_the_order(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "inbox").mkdir()
    for n in range(5):
        (tmp_path / "inbox" / f"anna-{n}").touch()
    script = WORKER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, kind, str(tmp_path), url_for(kind, request)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = tmp_path / "log"
    first = subprocess.Popen(command, env={**environment, "HANGS": "anna/1"}, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not log.exists() or "begin anna/1" not in log.read_text():
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=60)
    ended = [line.split()[1] for line in log.read_text().splitlines() if line.startswith("end")]
    assert ended == [f"anna/{n}" for n in range(5)]
    assert list((tmp_path / "inbox").iterdir()) == []
