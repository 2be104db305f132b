"""Rules written into the database past the gate: they are not in force, and nothing looser comes in force instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.tables import rule_versions
from core.errors import ConfigError
from storage import AuditEntry, Database, Tx
from storage.audit import record
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

COLLUDER = "E1005"
"""Of the service desk, and no approver."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


def text_of(room: GateOnly, version: int = 1) -> str:
    with room.database.reading() as tx:
        return room.gate.parts.rules.document(tx, version)


def looser(document: str) -> str:
    changed = document.replace("approvers: [it-approvers]", "approvers: [service-desk]")
    assert changed != document
    return changed


def write(room: GateOnly, statement: sa.Executable) -> None:
    """Somebody writes into the database, past the gate."""
    with room.database.transaction() as tx:
        tx.execute(statement)


def forge(room: GateOnly, version: int, document: str) -> None:
    row = {"version": version, "document": document, "action_id": "forged", "released_at": datetime.now(UTC)}
    write(room, sa.insert(rule_versions).values(**row))


async def release(room: GateOnly, document: str) -> None:
    """The way that rules go."""
    version, _ = await room.gate.rules()
    action_id = await room.propose("E1009", "change_rules", base=version, document=document)
    await room.click("E1009", action_id, "confirm")
    for who in ("E1010", "E1011"):
        await room.click(who, action_id, "approve")
    await room.settle()
    assert await room.state(action_id) is State.DONE


async def started_again(room: GateOnly) -> tuple[Database, GateOnly]:
    database = Database(room.database.url)
    again = GateOnly(database, room.home)
    await again.gate.open()
    return database, again


async def test_a_version_that_nobody_released_is_not_in_force(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    forge(room, 2, looser(text_of(room)))

    assert not (await room.click(COLLUDER, action_id, "approve")).accepted
    assert (await room.gate.rules())[0] == 1
    await room.click("E1003", action_id, "approve")
    await room.settle()

    assert await room.state(action_id) is State.DONE, "the last released version stays in force"


async def test_nor_after_a_restart(room: GateOnly) -> None:
    forge(room, 2, looser(text_of(room)))
    database, again = await started_again(room)
    try:
        assert (await again.gate.rules())[0] == 1
    finally:
        database.close()


async def test_a_released_version_whose_text_was_rewritten_is_neither_followed_nor_shown(room: GateOnly) -> None:
    """Nor does an admin start from it: what was slipped in would be no difference to what is in force."""
    write(room, sa.update(rule_versions).values(document=looser(text_of(room))))
    with pytest.raises(ConfigError, match="not as it was released"):
        await room.gate.rules()
    database, again = await started_again(room)
    try:
        with pytest.raises(ConfigError, match="not as it was released"):
            await again.propose("E1001", "reset_my_password")
    finally:
        database.close()


async def test_taking_the_newest_version_away_does_not_bring_the_one_before_back(room: GateOnly) -> None:
    await release(room, text_of(room).replace("sensitive: 1", "sensitive: 2"))
    write(room, sa.delete(rule_versions).where(rule_versions.c.version == 2))
    with pytest.raises(ConfigError, match="version 2"):
        await room.propose("E1001", "reset_my_password")
    database, again = await started_again(room)
    try:
        with pytest.raises(ConfigError, match="version 2"):
            await again.propose("E1001", "reset_my_password")
    finally:
        database.close()


async def test_what_went_through_the_gate_is_in_force_also_after_a_restart(room: GateOnly) -> None:
    await release(room, text_of(room).replace("sensitive: 1", "sensitive: 2"))
    database, again = await started_again(room)
    try:
        assert (await again.gate.rules())[0] == 2
        action_id = await again.propose("E1001", "reset_my_password")
        assert (await again.action(action_id)).approvals_needed == 2
    finally:
        database.close()


async def test_a_version_of_which_an_older_chain_says_no_hash_stays_in_force(room: GateOnly) -> None:
    document = text_of(room)

    def as_before(tx: Tx) -> None:
        row = {"version": 2, "document": document, "action_id": "before", "released_at": datetime.now(UTC)}
        tx.execute(sa.insert(rule_versions).values(**row))
        record(tx, AuditEntry("system:executor", "rules.released", "rules:2", "in_force"))

    await room.database.run(as_before)
    assert (await room.gate.rules())[0] == 2
