"""Bringing the database to the tables this version needs; fast when it is there already."""

from __future__ import annotations

from storage import Database, metadata


def upgrade(database: Database) -> None:
    """Create or change the tables. Raises `ConfigError` when the database cannot be used."""
    import storage.tables  # noqa: F401 - importing a package's tables makes them known

    metadata.create_all(database.engine)
