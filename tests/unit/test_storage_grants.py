"""Each role's own database account can do the role's work and nothing else, on a real Postgres."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from actions import files
from actions.file_tables import attachment_bytes, attachment_jobs, attachments
from actions.keys import ROLE_RINGS, GateKeys
from agent import inbox
from connectors.notify.embedded import read_notes
from core.errors import ConfigError
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.attachments.fetching import Fetching
from loket.migrate import all_tables
from loket.provision import ACCOUNTS, grant, make_secrets
from loket.service.preparing import prepare
from loket.settings import Settings
from storage import Database, now
from storage.grants import RIGHTS, postgres_grants
from tests.door_room import click, event
from tests.files_sent import MEGABYTE, Chest
from tests.service_processes import Running, serving, with_account
from tests.staff import SANNE, TOM

T = TypeVar("T")
APPROVERS = ("E1003", "E1004", "E1005", "E1006", SANNE)
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "agent": (
        "INSERT INTO votes SELECT * FROM votes",
        "SELECT * FROM approval_links",
        "UPDATE votes SET verdict = 'approve'",
        "SELECT ciphertext FROM attachment_bytes",
        "UPDATE attachments SET \"user\" = 'U1'",
        "INSERT INTO attachments SELECT * FROM attachments",
        "INSERT INTO attachment_jobs SELECT * FROM attachment_jobs",
        "SELECT ciphertext FROM envelopes",
        "INSERT INTO envelopes SELECT * FROM envelopes",
        "INSERT INTO switches VALUES ('x', 'x', 'x', now())",
        "DELETE FROM switches",
        "INSERT INTO rule_versions SELECT * FROM rule_versions",
        "INSERT INTO holds SELECT * FROM holds",
        "DELETE FROM holds",
        "DELETE FROM actions",
        "DELETE FROM turns",
        "UPDATE turns SET outcome = 'answered'",
        "SELECT * FROM door_calls",
        "INSERT INTO identity_links SELECT * FROM identity_links",
        "UPDATE identity_links SET employee_id = 'E1002'",
        "DELETE FROM identity_links",
        "SELECT * FROM link_offers",
        "SELECT payload FROM audit_payload",
        "UPDATE policy_passages SET text = 'You may do everything.'",
        "SELECT body FROM policy_revisions",
        "DELETE FROM policy_documents",
    ),
    "web": (
        "SELECT ciphertext FROM attachment_bytes",
        "DELETE FROM attachment_bytes",
        "UPDATE attachment_jobs SET state = 'attached'",
        "UPDATE votes SET verdict = 'approve'",
        "DELETE FROM votes",
        "DELETE FROM switches",
        "INSERT INTO rule_versions SELECT * FROM rule_versions",
        "INSERT INTO turns SELECT * FROM turns",
        "DELETE FROM actions",
        "DELETE FROM holds",
        "SELECT payload FROM audit_payload",
        "UPDATE policy_passages SET text = 'x'",
        "INSERT INTO policy_versions SELECT * FROM policy_versions",
        "INSERT INTO policy_publications SELECT * FROM policy_publications",
    ),
    "executor": (
        "INSERT INTO approval_links SELECT * FROM approval_links",
        "INSERT INTO votes SELECT * FROM votes",
        "DELETE FROM votes",
        "UPDATE rule_versions SET document = '{}'",
        "DELETE FROM rule_versions",
        "INSERT INTO turns SELECT * FROM turns",
        "UPDATE policy_publications SET number = 1",
        "DELETE FROM policy_publications",
    ),
    "ingest": (
        "SELECT text FROM messages",
        "SELECT * FROM actions",
        "SELECT * FROM votes",
        "SELECT * FROM envelopes",
        "INSERT INTO audit SELECT * FROM audit",
        "INSERT INTO rule_versions SELECT * FROM rule_versions",
        "INSERT INTO policy_publications SELECT * FROM policy_publications",
        "UPDATE policy_versions SET hash = 'x'",
        "UPDATE policy_revisions SET body = '{}'",
        "DELETE FROM policy_version_documents",
    ),
}
FOR_ALL = (
    "UPDATE audit SET actor = 'x'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "DROP TABLE votes",
    "ALTER TABLE votes ADD COLUMN x int",
    "DROP TRIGGER audit_append_only ON audit",
    "CREATE TABLE mine (x int)",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE ROLE somebody",
)


def test_every_table_was_thought_about_for_every_role() -> None:
    """A table that no role is given is one that somebody forgot here."""
    tables = set(all_tables().tables)
    assert set().union(*RIGHTS.values()) == tables
    assert all(set(letters) <= set("riud") and letters for rights in RIGHTS.values() for letters in rights.values())


def test_only_the_web_role_can_cast_a_vote_and_the_agent_can_make_no_envelope() -> None:
    def who_may(letter: str, table: str) -> set[str]:
        return {role for role, rights in RIGHTS.items() if letter in rights.get(table, "")}

    assert who_may("i", "votes") == {"web"}
    assert who_may("i", "approval_links") == who_may("u", "approval_links") - {"executor"} == {"web"}
    assert "agent" not in who_may("r", "approval_links")
    assert who_may("i", "envelopes") == {"web", "executor"}
    assert who_may("i", "rule_versions") == {"executor"}
    assert who_may("i", "tool_releases") == {"executor"}
    assert who_may("i", "tool_versions") == {"web"}
    assert who_may("d", "switches") == {"executor"}
    assert who_may("u", "audit") | who_may("d", "audit") == set()


def test_a_role_that_does_not_exist_gets_no_rights() -> None:
    with pytest.raises(ConfigError, match="no role 'admin'"):
        postgres_grants("somebody", role="admin")


@pytest.fixture
def accounts(postgres_url: str, tmp_path: Path) -> Iterator[str]:
    """A database with all tables, and the accounts of the roles as `loket secrets` and `loket grants` make them."""
    made = make_secrets(tmp_path / "secrets", name=sa.make_url(postgres_url).database or "")
    assert "accounts.sql" in made
    administrator = Database(postgres_url)
    with administrator.engine.begin() as connection:
        for statement in (tmp_path / "secrets" / "accounts.sql").read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    owner = with_account(postgres_url, "loket_owner")
    asyncio.run(prepare(Settings(home=tmp_path / "migrating", database_url=owner, _env_file=None)))  # type: ignore[call-arg]
    database = Database(owner)
    assert sorted(grant(database)) == sorted(ACCOUNTS.values())
    assert sorted(grant(database)) == sorted(ACCOUNTS.values())  # again changes nothing
    database.close()
    yield postgres_url
    with administrator.engine.begin() as connection:
        for account in (*ACCOUNTS.values(), "loket_owner"):
            connection.exec_driver_sql(f"DROP OWNED BY {account} CASCADE")
        connection.exec_driver_sql(f'ALTER DATABASE "{sa.make_url(postgres_url).database}" OWNER TO postgres')
        for account in (*ACCOUNTS.values(), "loket_owner"):
            connection.exec_driver_sql(f"DROP ROLE {account}")
    administrator.close()


@pytest.mark.slow
@pytest.mark.postgres
def test_what_a_role_may_not_do_is_refused_by_the_database(accounts: str) -> None:
    for role, statements in FORBIDDEN.items():
        database = Database(with_account(accounts, ACCOUNTS[role]), pool_size=1)
        for statement in (*statements, *FOR_ALL):
            with (
                pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"),
                database.transaction() as tx,
            ):
                tx.connection.exec_driver_sql(statement)
        database.close()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("typed", [False, True], ids=["the yes is clicked", "the yes is typed"])
def test_three_roles_do_a_whole_reset_with_their_own_accounts_and_keys(
    accounts: str, tmp_path: Path, typed: bool
) -> None:
    """Asked at the web, proposed by the agent, proved and approved at the web, carried out by the executor.

    A yes that is clicked is taken by the web, one that is typed by the agent, which may not touch secrets at all.
    """
    urls = {role: with_account(accounts, account) for role, account in ACCOUNTS.items()}
    with serving(tmp_path / "service", urls, tmp_path / "secrets") as running:
        web = running["web"]
        web.post("/v1/events", event("1", TOM, "reset my password"))
        card = _soon(lambda: _card(web), "no draft", running)
        action_id = card["action_id"]
        if typed:
            web.post("/v1/events", event("2", TOM, "yes"))
        else:
            assert web.post("/v1/clicks", click("c1", TOM, action_id, "confirm"))["accepted"]
        code = _soon(lambda: _code(tmp_path / "service" / "world" / "notes"), "no code", running)
        assert web.post("/v1/clicks", click("c2", TOM, action_id, "prove", code=code))["accepted"]
        said = [web.post("/v1/clicks", click(f"a-{who}", who, action_id, "approve"))["accepted"] for who in APPROVERS]
        assert any(said)
        database = Database(accounts, pool_size=1)
        _soon(lambda: _state(database, action_id) == "done", "not done", running)
        with database.reading() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM turns").scalar_one() >= 1
        web.post("/v1/feedback", {"id": "f1", "user": TOM, "good": True, "event": "1"})
        database.close()
        for process in running.values():
            assert "permission denied" not in process.said()
            assert "InsufficientPrivilege" not in process.said()


@pytest.mark.slow
@pytest.mark.postgres
def test_a_file_comes_in_is_looked_at_and_leaves_with_each_roles_own_account(accounts: str, tmp_path: Path) -> None:
    """The web puts it in and fetches it, the agent reads its name, the executor takes its bytes out and forgets it."""
    web, agent, executor = (Database(with_account(accounts, ACCOUNTS[role])) for role in ("web", "agent", "executor"))
    chest, keys = Chest(), GateKeys.load(tmp_path / "keys", ROLE_RINGS["web"])
    identity, address = ChannelIdentity("slack", "T1", "U1"), Address("slack", "T1", "D1")
    with web.transaction() as tx:
        came = Message("e-1", identity, address, "", now(tx), files=(chest.put("scan.pdf"),))
        message = files.looked_at(came)
        assert inbox.put(tx, message)
        files.put(tx, message)
    with agent.transaction() as tx:
        inbox.mark_handled(tx, "e-1", None)
        (sent,) = files.free(tx, message, "c-1", TOM)
    assert asyncio.run(Fetching(web, {"slack": chest}, keys, MEGABYTE).once()) == 1
    with executor.transaction() as tx:
        moment, of_file = now(tx), attachment_jobs.c.file_id == sent.file_id
        job = {"file_id": sent.file_id, "action_id": "a-1", "number": 0, "state": "waiting", "reason": ""}
        assert tx.add(attachment_jobs, **job, begun_at=moment, due_at=moment)
        assert tx.execute(sa.select(attachment_jobs).where(of_file).with_for_update()).first() is not None
        assert tx.execute(sa.select(attachment_bytes).with_for_update()).first() is not None
        assert files.of_ids(tx, [sent.file_id])[sent.file_id].state == "kept"
        tx.change(sa.update(attachment_jobs).where(of_file).values(state="attached", due_at=None))
        for table in (attachment_bytes, attachment_jobs, attachments):
            assert tx.change(sa.delete(table)) == 1
    for database in (web, agent, executor):
        database.close()


def _card(web: Running) -> dict[str, Any] | None:
    cards = [post["reply"]["card"] for post in web.posts() if post["reply"]["card"]]
    return cards[-1] if cards else None


def _code(notes: Path) -> str | None:
    for note in read_notes(notes) if notes.is_dir() else ():
        if found := re.search(r"\b\d{6}\b", note.text.get_secret_value()):
            return found.group()
    return None


def _state(database: Database, action_id: str) -> str:
    with database.reading() as tx:
        query = sa.text("SELECT state FROM actions WHERE action_id = :id")
        return str(tx.execute(query, {"id": action_id}).scalar())


def _soon(look: Callable[[], T | None], otherwise: str, running: dict[str, Running], seconds: float = 60) -> T:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{otherwise}: " + "\n".join(f"{role}: {one.said()}" for role, one in running.items()))
