"""Somebody puts an older copy of the database back: what was open in it may have happened since, so it never runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from loket.bootstrap import build
from loket.restoring import void_if_older
from loket.settings import Settings
from storage import Database, audit_verifier
from storage.audit_heads import missing_head
from storage.faultpoint import install
from storage.tables import audit, outbox
from tests.command_line import Run
from tests.desk import Desk
from tests.staff import PRIYA, SANNE, TOM

pytest_plugins = ["tests.fixtures_command"]


def copy(source: Path, target: Path) -> None:
    """An online backup of a SQLite file, or its restore; what lay beside the old file goes with it."""
    for leftover in ("", "-wal", "-shm"):
        Path(f"{target}{leftover}").unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as before, closing(sqlite3.connect(target)) as after:
        before.backup(after)


def restore(home: Path) -> None:
    """Put the backup in the place of the ledger."""
    copy(home / "backup.sqlite", home / "loket.sqlite")


async def done_after_the_backup(home: Path, point: str) -> dict[str, str]:
    """A reset and a draft, a backup made when the executor was at `point`, and the reset done after it."""

    def hook(name: str) -> None:
        if name == point:
            copy(home / "loket.sqlite", home / "backup.sqlite")

    async with Desk.start(home=home, documents=()) as desk:
        draft = await desk.ask_for(SANNE, "ik ben mijn wachtwoord vergeten")
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        install(hook)
        try:
            await desk.click(PRIYA, reset, "approve")
        finally:
            install(None)
        assert await desk.state(reset) == "done"
        assert len(desk.effects()) == 1
    return {"reset": reset, "draft": draft}


async def start_again(home: Path) -> int | None:
    """What an executor does before anything else; returns how many actions it ended, None when all is well."""
    counter = build(Settings(home=home, _env_file=None))
    await counter.open()
    try:
        return await void_if_older(counter.gate, counter.heads)
    finally:
        await counter.close()


def told(desk: Desk, room: str) -> str:
    return "\n".join(post.reply.text for post in desk.posts() if post.address.room == room)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "state"), [("executor.checked", "refused"), ("executor.before_effect", "done")])
async def test_what_was_done_after_the_backup_is_not_done_again(tmp_path: Path, point: str, state: str) -> None:
    ids = await done_after_the_backup(tmp_path, point)
    restore(tmp_path)

    assert await start_again(tmp_path) == 2
    async with Desk.start(home=tmp_path, documents=()) as desk:
        await desk.clock.advance(seconds=70)  # over are the pause of a doubt and the leases that the backup held
        assert (await desk.state(ids["reset"]), await desk.state(ids["draft"])) == (state, "expired")
        assert len(desk.effects()) == 1
        assert "put back to an earlier state" in told(desk, TOM)
        assert "teruggezet naar een eerdere stand" in told(desk, SANNE)
        assert told(desk, "security").count("older copy of its database") == 1
        if state == "refused":
            with desk.database.reading() as tx:
                slot = sa.select(outbox).where(outbox.c.slot == f"card:{ids['reset']}:it-approvers")
                newest = tx.execute(slot.order_by(outbox.c.outbox_id.desc())).mappings().first()
            assert newest is not None
            assert (newest["state"], newest["payload"]["card"]["buttons"]) == ("sent", [])
            assert await desk.ask_for(TOM, "reset my password", "slack_dm")  # nothing holds the account any more
        else:  # it was in doubt, until a reading look outside found that it was done
            assert "may or may not have happened" in told(desk, "it-approvers")
        assert len(desk.effects()) == 1


@pytest.mark.slow
async def test_a_restore_is_dealt_with_once_and_what_is_asked_afterwards_lives(tmp_path: Path) -> None:
    await done_after_the_backup(tmp_path, "executor.checked")
    restore(tmp_path)
    database, heads = Database(f"sqlite:///{tmp_path / 'loket.sqlite'}"), tmp_path / "audit" / "heads.jsonl"
    assert missing_head(database, heads) is not None
    lines = heads.read_text().splitlines()
    await start_again(tmp_path)
    assert missing_head(database, heads) is None

    async with Desk.start(home=tmp_path, documents=()) as desk:
        asked = await desk.ask_for(TOM, "reset my password", "slack_dm")
        heads.write_text("\n".join(lines) + "\n")  # another executor, with a file of heads of its own, starts late
        assert await start_again(tmp_path) is None
        assert await desk.state(asked) == "awaiting_confirmation"

    with database.reading() as tx:
        assert list(tx.execute(sa.select(audit.c.seq).where(audit.c.verb == "ledger.restored")).scalars()) != []
    assert audit_verifier.verify(database.url).ok
    database.close()


async def test_an_ordinary_start_ends_nothing(tmp_path: Path) -> None:
    async with Desk.start(home=tmp_path, documents=()) as desk:
        draft = await desk.ask_for(TOM, "reset my password")

    assert await start_again(tmp_path) is None
    async with Desk.start(home=tmp_path, documents=()) as desk:
        assert await desk.state(draft) == "awaiting_confirmation"


async def test_an_auditor_sees_that_rows_are_gone(tmp_path: Path) -> None:
    await done_after_the_backup(tmp_path, "executor.checked")
    restore(tmp_path)
    await start_again(tmp_path)

    folder = tmp_path / "audit"
    report = audit_verifier.verify(str(tmp_path / "loket.sqlite"), folder / "heads.jsonl", folder / "public-key.pem")

    assert any("a head was signed for" in problem for problem in report.problems)


@pytest.mark.slow
async def test_every_way_of_starting_looks_first(tmp_path: Path) -> None:
    ids = await done_after_the_backup(tmp_path, "executor.checked")
    restore(tmp_path)

    async with Desk.start(home=tmp_path, documents=()) as desk:
        assert await desk.state(ids["reset"]) == "refused"
        assert len(desk.effects()) == 1


@pytest.mark.slow
def test_an_operator_says_it_by_hand_and_is_named(loket: Run, tmp_path: Path) -> None:
    """Where the heads were lost with the disk, nothing but a person knows that this is an older copy."""
    home = tmp_path / "home"
    loket("ask", "reset my password", "--as", TOM)

    assert loket("restored", stdin="n\n")[0] == 1
    code, out, _err = loket("restored", "--yes")

    assert (code, out.split()[0]) == (0, "1")
    with closing(sqlite3.connect(home / "loket.sqlite")) as connection:
        actor = connection.execute("SELECT actor FROM audit WHERE verb = 'ledger.restored'").fetchone()[0]
        states = connection.execute("SELECT DISTINCT state, reason FROM actions").fetchall()
    assert actor.startswith("operator:")
    assert states == [("expired", "restored")]
    assert loket("restored", "--yes")[1].split()[0] == "0"
