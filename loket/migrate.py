"""Bringing the database to the tables this version needs; fast when it is there already.

`python -m loket.migrate "add a column"` writes the next revision from the difference between the tables in the code
and those of a database with all revisions so far.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.errors import ConfigError
from storage import Database, Tx, metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x10CE9  # any constant, other than the audit's and the outbox's


def head() -> str:
    """The newest revision; read from the file names, so that a start-up need not load Alembic."""
    return max((file.stem[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")), default="")


def upgrade(database: Database) -> None:
    """Create or change the tables, in one transaction.

    Raises `ConfigError` for tables of another version or another program, `ConnectorError` when the database fails.
    """
    with database.reading() as tx:
        revision = _revision(tx)
        if revision == head():
            return
        _refuse_foreign(tx, revision)
    from alembic import command

    with database.transaction() as tx:
        if tx.is_postgres:
            tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        command.upgrade(_config(tx), "head")


def refuse_other(database: Database) -> None:
    """Raises `ConfigError` when the tables are not those of this version: for a process that may not change them."""
    with database.reading() as tx:
        revision = _revision(tx)
        _refuse_foreign(tx, revision)
    if revision != head():
        raise ConfigError(f"the database is at revision {revision or 'none'}, this is {head()}: run `loket migrate`")


def all_tables() -> sa.MetaData:
    """The tables of all packages."""
    # Importing a package's tables is what makes them known.
    import actions.file_tables
    import actions.tables  # noqa: F401
    import agent.tables  # noqa: F401
    import connectors.directory.tables  # noqa: F401
    import loket.engine.tables
    import loket.service.tables  # noqa: F401
    import policies.tables  # noqa: F401
    import slack_app.installing.tables
    import slack_app.tables  # noqa: F401
    import storage.tables  # noqa: F401
    import tools.added.answer_tables
    import tools.added.tables  # noqa: F401
    import web_app.tables  # noqa: F401

    return metadata


def write_revision(message: str) -> Path:
    """Write the next revision into `migrations/versions` and return its path."""
    from alembic import command

    number = f"{int(head() or 0) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite")
        if head():
            upgrade(database)
        with database.transaction() as tx:
            script = command.revision(_config(tx), message, autogenerate=True, rev_id=number)
        database.close()
    if script is None or isinstance(script, list):
        raise RuntimeError("Alembic wrote no single revision")
    return Path(script.path)


def _refuse_foreign(tx: Tx, revision: str) -> None:
    known = {file.stem[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if revision and revision not in known:
        raise ConfigError(f"the database is of a newer version of Loket (revision {revision}): update Loket")
    if not revision and sa.inspect(tx.connection).has_table("audit"):
        raise ConfigError("the database has tables that no release of Loket made: use another one, or remove it")


def _revision(tx: Tx) -> str:
    if not sa.inspect(tx.connection).has_table("alembic_version"):
        return ""
    return str(tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def _config(tx: Tx) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = tx.connection
    return config


if __name__ == "__main__":
    sys.stdout.write(f"{write_revision(sys.argv[1])}\n")
