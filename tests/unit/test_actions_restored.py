"""Whatever was open in an older copy of the ledger is closed once, with its secrets, and everybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.tables import actions, envelopes
from storage import audit_verifier
from storage.faultpoint import install
from storage.tables import audit, outbox
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

pytestmark = pytest.mark.sampled(0.17)

REASON = "the backup of Tuesday"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


async def one_of_each(room: GateOnly) -> dict[str, str]:
    """An action in every open state; the password of the last one has not left yet."""
    ids = {"draft": await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")}
    resets = {"proof": "E1001", "vote": "E1002", "approved": "E1007", "sent": "E1010", "executing": "E1017"}
    for name, who in resets.items():
        ids[name] = await room.propose(who, "reset_my_password")
        await (room.click(who, ids[name], "confirm") if name == "proof" else room.prove(who, ids[name]))
    for name, approver in (("approved", "E1003"), ("sent", "E1004"), ("executing", "E1006")):
        await room.click(approver, ids[name], "approve")
    room.world.fail_next("notify", "refuse")
    await room.gate.advance(ids["sent"])
    await stopped_after_the_claim(room, ids["executing"])
    room.woken.clear()
    return ids


async def stopped_after_the_claim(room: GateOnly, action_id: str) -> None:
    """The executor dies between its claim and the effect."""

    def die(name: str) -> None:
        if name == "executor.claimed":
            raise KeyboardInterrupt

    install(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            await room.gate.advance(action_id)
    finally:
        install(None)


def everything(room: GateOnly) -> tuple[int, int, int]:
    """How many audit rows, messages to send, and secrets there are."""
    with room.database.reading() as tx:
        count = [tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (audit, outbox)]
        secret = sa.select(sa.func.count()).where(envelopes.c.ciphertext.is_not(None))
        return (*count, tx.execute(secret).scalar_one())


async def test_everything_open_is_closed_and_nothing_of_it_runs(room: GateOnly) -> None:
    ids = await one_of_each(room)
    before = room.effects()
    assert everything(room)[2] > 0

    assert await room.gate.void_after_restore(REASON) == 5

    ended = {name: str(await room.state(action_id)) for name, action_id in ids.items()}
    assert ended == {
        "draft": "expired",
        "proof": "expired",
        "vote": "expired",
        "approved": "refused",
        "executing": "unknown",
        "sent": "done",
    }
    assert everything(room)[2] == 0
    for action_id in ids.values():
        await room.gate.advance(action_id)
        for who, verb in (("E1003", "approve"), ("E1002", "confirm")):
            assert not (await room.click(who, action_id, verb)).accepted
    assert room.effects() == before
    with room.database.reading() as tx:
        told = set(tx.execute(sa.select(outbox.c.key).where(outbox.c.key.startswith("told:"))).scalars())
    assert {f"told:{action_id}:{ended[name]}" for name, action_id in ids.items() if name != "sent"} <= told
    assert f"told:{ids['sent']}:restored" in told
    assert audit_verifier.verify(room.database.url).ok


async def test_saying_it_again_changes_nothing(room: GateOnly) -> None:
    await one_of_each(room)
    await room.gate.void_after_restore(REASON)
    before = everything(room)

    assert await room.gate.void_after_restore(REASON) == 0

    assert everything(room) == before


async def test_a_crash_in_the_middle_is_made_good_by_the_next_start(
    room: GateOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await one_of_each(room)
    monkeypatch.setattr("actions.restored.AT_ONCE", 2)
    moves = []

    def die(name: str) -> None:
        moves.append(name)
        if len(moves) == 4:
            raise KeyboardInterrupt

    install(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            await room.gate.void_after_restore(REASON)
    finally:
        install(None)

    await room.gate.void_after_restore(REASON)

    with room.database.reading() as tx:
        still = set(tx.execute(sa.select(actions.c.state)).scalars())
        alerts = tx.execute(sa.select(outbox.c.key).where(outbox.c.key.startswith("alert:restored:"))).all()
    assert still == {"expired", "refused", "unknown", "done"}
    assert len(alerts) == 1
    assert await room.state(ids["executing"]) is State.UNKNOWN
