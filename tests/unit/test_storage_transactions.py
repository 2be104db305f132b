"""Transactions: all or nothing, no lost update, one moment in one zone, and failures in words."""

# ruff: noqa: PT012 - what a transaction does inside is what is tested

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError
from structlog.testing import capture_logs

from core.errors import ConfigError, ConnectorError
from storage import Database, Instant, Tx, metadata, now

pytest_plugins = ["tests.fixtures_storage"]

own = sa.MetaData()  # these tables are not the product's
counter = sa.Table("test_counter", own, sa.Column("name", sa.String(20), primary_key=True), sa.Column("n", sa.Integer))
moments = sa.Table("test_moment", own, sa.Column("id", sa.Integer, primary_key=True), sa.Column("at", Instant))


@pytest.fixture
def database(database: Database) -> Database:
    own.create_all(database.engine)
    return database


def count(database: Database, name: str = "a") -> int | None:
    with database.reading() as tx:
        found: int | None = tx.execute(sa.select(counter.c.n).where(counter.c.name == name)).scalar()
        return found


def test_eight_threads_that_read_and_add_one_lose_no_update(database: Database) -> None:
    with database.transaction() as tx:
        tx.add(counter, name="a", n=0)

    def add_some() -> None:
        for _ in range(25):
            with database.transaction() as tx:
                row = sa.select(counter.c.n).where(counter.c.name == "a").with_for_update()
                tx.change(sa.update(counter).values(n=tx.execute(row).scalar_one() + 1))

    threads = [threading.Thread(target=add_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 200


def test_two_databases_on_one_file_lose_no_update_either(sqlite_url: str) -> None:
    one, two = Database(sqlite_url), Database(sqlite_url)
    own.create_all(one.engine)
    with one.transaction() as tx:
        tx.add(counter, name="a", n=0)

    def add_some(database: Database) -> None:
        for _ in range(25):
            with database.transaction() as tx:
                tx.change(sa.update(counter).values(n=tx.execute(sa.select(counter.c.n)).scalar_one() + 1))

    threads = [threading.Thread(target=add_some, args=(database,)) for database in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(one) == 50
    one.close()
    two.close()


def test_an_error_undoes_everything_and_gives_the_connection_back(database: Database) -> None:
    for _ in range(40):
        with pytest.raises(KeyError), database.transaction() as tx:
            tx.add(counter, name="a", n=1)
            raise KeyError
    assert count(database) is None
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_broken_key_stays_an_integrity_error_and_the_next_transaction_works(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as tx:
        tx.execute(sa.insert(counter).values(name="a", n=1))
        tx.execute(sa.insert(counter).values(name="a", n=2))
    with database.transaction() as tx:
        assert tx.add(counter, name="a", n=3)
        assert not tx.add(counter, name="a", n=4)
    assert count(database) == 3


def test_change_counts_the_rows_it_touched(database: Database) -> None:
    with database.transaction() as tx:
        assert tx.change(sa.insert(moments).values(at=now(tx))) == 1
        assert tx.change(sa.update(moments).values(at=now(tx))) == 1
        assert tx.change(sa.update(moments).where(moments.c.id == -1).values(at=now(tx))) == 0


def test_callbacks_run_after_the_commit_and_only_then(database: Database) -> None:
    seen: list[int | None] = []
    with pytest.raises(KeyError), database.transaction() as tx:
        tx.after_commit.append(lambda: seen.append(-1))
        raise KeyError
    with database.transaction() as tx:
        tx.add(counter, name="a", n=7)
        tx.after_commit.append(lambda: seen.append(count(database)))
        assert seen == []
    assert seen == [7]


def test_a_callback_that_fails_neither_undoes_nor_hides_the_commit(
    database: Database,
) -> None:
    called: list[str] = []

    def fails() -> None:
        raise OSError("the queue is away")

    with capture_logs() as logged, database.transaction() as tx:
        tx.add(counter, name="a", n=7)
        tx.after_commit += [fails, lambda: called.append("second")]
    assert (count(database), called) == (7, ["second"])
    assert [(line["event"], line["error"]) for line in logged] == [("callback_failed", "OSError")]


def test_a_reading_transaction_sees_one_snapshot_and_cannot_write(database: Database) -> None:
    with database.transaction() as tx:
        tx.add(counter, name="a", n=1)
    with database.reading() as reader:
        first = reader.execute(sa.select(counter.c.n)).scalar()
        with database.transaction() as writer:
            writer.change(sa.update(counter).values(n=2))
        assert reader.execute(sa.select(counter.c.n)).scalar() == first == 1
    with pytest.raises(ConnectorError), database.reading() as reader:
        reader.change(sa.update(counter).values(n=3))
    with database.transaction() as tx:
        tx.change(sa.update(counter).values(n=4))
    assert count(database) == 4


def test_a_transaction_inside_a_transaction_is_an_error_at_once(database: Database) -> None:
    with pytest.raises(RuntimeError, match="pass the `tx` on"), database.transaction(), database.transaction():
        pass
    with database.transaction() as tx:
        assert tx.add(counter, name="a", n=1)


@pytest.mark.parametrize("hours", [-11, 0, 2, 14])
def test_an_instant_keeps_its_moment_whatever_zone_it_comes_in(database: Database, hours: int) -> None:
    moment = datetime(2026, 10, 25, 2, 30, 15, 123456, tzinfo=timezone(timedelta(hours=hours)))
    with database.transaction() as tx:
        tx.add(moments, id=1, at=moment)
        tx.add(moments, id=2, at=moment + timedelta(microseconds=1))
        back = tx.execute(sa.select(moments.c.at).where(moments.c.id == 1)).scalar_one()
        later = tx.execute(sa.select(moments.c.id).where(moments.c.at > moment)).scalars().all()
        earliest = tx.execute(sa.select(sa.func.min(moments.c.at, type_=Instant()))).scalar_one()
    assert back == earliest == moment
    assert back.tzinfo is UTC
    assert later == [2]


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="needs a time zone"), database.transaction() as tx:
        tx.add(moments, id=1, at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_database_time_moves_only_by_the_offset_of_the_test(database: Database) -> None:
    with database.transaction() as tx:
        before = now(tx)
        assert now(tx) >= before
    assert abs(before - datetime.now(UTC)) < timedelta(seconds=5)
    database.clock_offset = timedelta(days=3)
    with database.transaction() as tx:
        assert timedelta(days=3) <= now(tx) - before < timedelta(days=3, seconds=30)


async def test_work_in_a_thread_returns_its_result_or_its_error(database: Database) -> None:
    assert await database.run(lambda tx: tx.add(counter, name="a", n=5)) is True
    assert await database.read(lambda tx: tx.execute(sa.select(counter.c.n)).scalar()) == 5

    def fails(tx: Tx) -> None:
        tx.add(counter, name="b", n=1)
        raise KeyError

    with pytest.raises(KeyError):
        await database.run(fails)
    assert count(database, "b") is None


@pytest.mark.postgres
def test_after_a_deadlock_the_work_is_done_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    metadata.create_all(database.engine)
    own.create_all(database.engine)
    with database.transaction() as tx:
        tx.add(counter, name="a", n=0)
        tx.add(counter, name="b", n=0)
    both_hold_one = threading.Barrier(2)

    def crosswise(first: str, second: str) -> None:
        waited = False

        def work(tx: Tx) -> None:
            nonlocal waited
            tx.change(sa.update(counter).where(counter.c.name == first).values(n=counter.c.n + 1))
            if not waited:
                waited = True
                both_hold_one.wait(10)
            tx.change(sa.update(counter).where(counter.c.name == second).values(n=counter.c.n + 1))

        import asyncio

        asyncio.run(database.run(work))

    threads = [threading.Thread(target=crosswise, args=order) for order in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count(database, "a"), count(database, "b")) == (2, 2)
    database.close()


def test_a_full_disk_is_said_and_leaves_nothing(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    metadata.create_all(database.engine)
    own.create_all(database.engine)
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(ConnectorError, match="the disk is full"), database.transaction() as tx:
        for number in range(2000):
            tx.add(counter, name=f"row {number}", n=number)
    with database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(counter)).scalar() == 0
    with database.transaction() as tx:
        assert tx.add(counter, name="a", n=1)
    database.close()


def test_a_missing_folder_a_read_only_file_and_a_wrong_file_are_said_in_one_line(tmp_path: Path) -> None:
    missing = Database(f"sqlite:///{tmp_path}/nowhere/loket.db")
    with pytest.raises(ConfigError, match="its folder does not exist"):
        missing.check()
    assert not missing.healthy()

    made = Database(f"sqlite:///{tmp_path}/made.db")
    made.check()
    assert made.healthy()
    made.close()
    read_only = Database(f"sqlite:///file:{tmp_path}/made.db?mode=ro&uri=true")
    with pytest.raises(ConfigError, match="may not be written to"):
        read_only.check()

    (tmp_path / "letter.db").write_text("Geachte heer, " * 200)
    with pytest.raises(ConfigError, match="not a SQLite database") as caught:
        Database(f"sqlite:///{tmp_path}/letter.db").check()
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_unhealthy_and_its_password_is_not_repeated(tmp_path: Path) -> None:
    away = Database(f"postgresql+psycopg://loket:Geheim-123@/loket?host={tmp_path}")
    assert not away.healthy()
    with pytest.raises(ConfigError) as caught:
        away.check()
    assert "Geheim-123" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://loket:Geheim-123@db/loket", "sqlite://", "sqlite:///:memory:", "Geheim-123"])
def test_other_kinds_of_database_are_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Database(url)
    assert "Geheim-123" not in str(caught.value)


def test_the_values_of_a_failed_statement_stay_out_of_its_error(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught, database.transaction() as tx:
        for _ in range(2):
            tx.execute(sa.insert(counter).values(name="a", n=90210))
    assert "90210" not in str(caught.value)
