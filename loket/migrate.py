"""Bringing the database to the tables this version needs; fast when it is there already."""

from __future__ import annotations

from core.errors import ConfigError
from storage import Database, metadata


def upgrade(database: Database) -> None:
    """Create or change the tables. Raises `ConfigError` when the database cannot be used."""
    import actions.tables
    import agent.tables
    import storage.tables

    known = (actions.tables, agent.tables, storage.tables)
    if not known:
        raise ConfigError("no tables")
    metadata.create_all(database.engine)
