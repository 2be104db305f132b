"""What the Postgres form needs before its first start: secrets, one file each, and the rights of the accounts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from actions.keys import FILES
from core.errors import ConfigError
from loket.migrate import all_tables
from loket.service.least_privilege import SIGNING_KEY
from slack_app.installing.store import KEY_FILE as SLACK_KEY
from storage import Database, Tx
from storage.grants import QUEUE_SCHEMA, RIGHTS, postgres_grants, postgres_queue_grants
from storage.keys import KeyRing, load_or_create_signing_key

OWNER = "loket_owner"
ACCOUNTS: Mapping[str, str] = {role: f"loket_{role}" for role in RIGHTS}
"""The role of a process to the name of its account."""
QUEUED = ("executor",)
TOKEN_BYTES = 32
RINGS: Mapping[str, str] = {Path(file).stem: file for file in (*FILES.values(), SLACK_KEY)}
"""Each ring of keys by the name an operator knows it by, to its file."""


def grant(database: Database) -> list[str]:
    """Give the accounts of the roles their rights; the URL must be the owner's. Returns the accounts.

    Run it after every migration: new tables have no rights yet. Accounts that do not exist are left out. Raises
    `ConfigError` before the first migration, `ConnectorError` when the database fails.
    """
    all_tables()
    with database.transaction() as tx:
        if not tx.is_postgres:
            raise ConfigError("accounts and their rights exist on Postgres only: set LOKET_DATABASE_URL")
        if not sa.inspect(tx.connection).has_table("alembic_version"):
            raise ConfigError("there are no tables yet: run `loket migrate` first")
        there = {role: account for role, account in ACCOUNTS.items() if _exists(tx, account)}
        for role, account in there.items():
            for statement in _statements(tx, role, account):
                tx.connection.exec_driver_sql(statement)
    return list(there.values())


def make_secrets(folder: Path, host: str = "postgres", name: str = "loket") -> list[str]:
    """Write the secrets that `compose.yaml` names, each new and readable by nobody else; returns the names made.

    A file that is there stays as it is: run again it makes what lacks. `host`: where the accounts find Postgres.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = {file.name for file in folder.iterdir()}
    passwords = {account: secrets.token_urlsafe(TOKEN_BYTES) for account in (OWNER, *ACCOUNTS.values())}
    urls = {f"database_url_{account.removeprefix('loket_')}": account for account in passwords}
    if len(before & {"accounts.sql", *urls}) not in (0, len(urls) + 1):
        raise ConfigError(f"{folder} has some of the database's passwords and not others: take them all away, or none")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    texts = {
        "postgres_password": secrets.token_urlsafe(TOKEN_BYTES),
        "accounts.sql": _accounts(passwords, name),
        **{
            file: f"postgresql+psycopg://{account}:{passwords[account]}@{host}/{name}" for file, account in urls.items()
        },
        "events_keys": f"intranet={secrets.token_urlsafe(TOKEN_BYTES)}",
        "llm_key": "",
    }
    if not before & {"chroma_token", "chroma_proxy.map"}:
        # A pattern: nginx compares plain words of a map without regard to case.
        texts |= {"chroma_token": token, "chroma_proxy.map": f'"~^Bearer {token}$" 1;\n'}
    for file, text in texts.items():
        if file not in before:
            _write(folder / file, text)
    for ring in RINGS.values():
        KeyRing.load_or_create(folder / ring)
    load_or_create_signing_key(folder / SIGNING_KEY)
    return sorted({file.name for file in folder.iterdir()} - before)


def rotate_key(folder: Path, ring: str) -> str:
    """Add a fresh key to a ring of `RINGS` and make it the current one; returns its id. Old keys still open and check.

    Raises `ConfigError` for a ring that is not there: a folder without it is not the folder of keys.
    """
    if ring not in RINGS:
        raise ConfigError(f"there is no ring {ring!r}; there are {', '.join(sorted(RINGS))}")
    file = folder / RINGS[ring]
    if not file.is_file():
        raise ConfigError(f"{file} is not there: name the folder that holds the keys")
    return KeyRing.load_or_create(file).rotate()


def _statements(tx: Tx, role: str, account: str) -> list[str]:
    lines = postgres_grants(account, role=role).splitlines()
    lines.append(f"GRANT SELECT ON alembic_version TO {account};")
    if role in QUEUED and sa.inspect(tx.connection).has_schema(QUEUE_SCHEMA):
        lines += postgres_queue_grants(account).splitlines()
    return lines


def _exists(tx: Tx, account: str) -> bool:
    query = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name")
    return tx.execute(query, {"name": account}).first() is not None


def _accounts(passwords: Mapping[str, str], name: str) -> str:
    """Run once by the superuser on an empty server. The passwords hold no quote: they are URL-safe base64."""
    made = "".join(f"CREATE ROLE {account} LOGIN PASSWORD '{word}';\n" for account, word in passwords.items())
    return (
        f"{made}"
        f"ALTER DATABASE {name} OWNER TO {OWNER};\n"
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;\n"
        f"GRANT CONNECT ON DATABASE {name} TO {', '.join(passwords)};\n"
        f"REVOKE ALL ON SCHEMA public FROM PUBLIC;\n"
        f"ALTER SCHEMA public OWNER TO {OWNER};\n"
    )


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
