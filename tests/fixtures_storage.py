"""A pytest plug-in: the same test on an empty SQLite file and on an empty Postgres database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loket.bench.servers.databases import drop_database, fresh_database
from loket.bench.servers.postgres import PostgresMissing, running_postgres
from storage import Database, metadata


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a Postgres cluster of this session; skips where there is none."""
    with ExitStack() as open_until_then:
        try:
            cluster = open_until_then.enter_context(running_postgres())
        except PostgresMissing as missing:
            pytest.skip(str(missing))
        yield cluster.url


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty Postgres database."""
    url = fresh_database(request.getfixturevalue("postgres_server"))
    yield url
    drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'loket.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once on SQLite and once on Postgres."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with all tables that have been imported by then."""
    database = Database(database_url)
    metadata.create_all(database.engine)
    yield database
    database.close()
