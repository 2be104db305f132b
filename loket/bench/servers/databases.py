"""Databases on a Postgres server that a measurement or a test may make, copy and drop."""

from __future__ import annotations

import secrets

import psycopg
import sqlalchemy as sa

MAINTENANCE = "postgres"
"""The database every server has: no database can be dropped or copied by somebody who is connected to it."""


def fresh_database(url: str) -> str:
    """Create an empty database on the server of `url` and return its URL."""
    return _created(url, "")


def clone_database(url: str) -> str:
    """A copy of a database on the same server: a tenth of a second. Nobody may be connected to it."""
    return _created(url, f' TEMPLATE "{_name(url)}"')


def drop_database(url: str) -> None:
    """Remove a database that `fresh_database` made, also while somebody is still connected."""
    _on_server(url, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def keep_as_template(url: str, template: str) -> None:
    """Keep what a database holds now under another name, in place of an older one. Nobody may be connected to it."""
    _on_server(url, f'DROP DATABASE IF EXISTS "{template}"', f'CREATE DATABASE "{template}" TEMPLATE "{_name(url)}"')


def copy_template(url: str, template: str) -> None:
    """Give the database of `url` anew, as a copy of what `keep_as_template` kept: a tenth of a second."""
    name = _name(url)
    _on_server(url, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def is_untouched(url: str) -> bool:
    """Whether a database has no table yet, nobody else is connected and no right in it was given to anybody."""
    with psycopg.connect(_plain(url)) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')),"
            " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()),"
            " (SELECT count(datacl) FROM pg_database WHERE datname = current_database())"
        ).fetchone()
        return found == (0, 0, 0)


def _created(url: str, how: str) -> str:
    name = f"loket_{secrets.token_hex(6)}"
    _on_server(url, f'CREATE DATABASE "{name}"{how}')
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _on_server(url: str, *statements: str) -> None:
    with psycopg.connect(_plain(url, MAINTENANCE), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _plain(url: str, database: str | None = None) -> str:
    parsed = sa.make_url(url).set(drivername="postgresql")
    return (parsed.set(database=database) if database else parsed).render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(sa.make_url(url).database)
