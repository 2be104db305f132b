"""The embedded directory behind the links that people make, under the contract of every directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.directory.linked import LinkedDirectory
from storage import Database, metadata
from tests.contracts import case_embedded


@contextmanager
def directory_case(folder: Path) -> Iterator[LinkedDirectory]:
    """A directory with no links yet."""
    database = Database(f"sqlite:///{folder / 'links.db'}")
    metadata.create_all(database.engine)
    with case_embedded.directory_case(folder) as inner:
        yield LinkedDirectory(inner, database)
    database.close()
