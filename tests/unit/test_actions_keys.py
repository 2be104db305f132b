"""A process can do only what its keys are for: what listens to the model makes no vote, and reads no secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from actions.keys import FILES, ROLE_RINGS, GateKeys
from actions.records import State
from actions.stamps import genuine, stamp
from actions.tables import actions, envelopes, votes
from core.errors import ConfigError
from storage.keys import KeyRing
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

AGENT = ROLE_RINGS["agent"]


@pytest.fixture
def room() -> Iterator[GateOnly]:
    with room_on() as room:
        yield room


def given(room: GateOnly, *rings: str) -> GateKeys:
    """From now on the room's process holds these rings only; returns them."""
    keys = GateKeys.load(room.home / "keys", rings)
    room.gate.parts = replace(room.gate.parts, keys=keys)
    return keys


def write(room: GateOnly, action_id: str, **values: object) -> None:
    with room.database.transaction() as tx:
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(**values))


async def test_the_agent_hears_ok_and_nothing_else(room: GateOnly) -> None:
    given(room, *AGENT)
    reset = await room.propose("E1001", "reset_my_password")
    ticket = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")

    for action_id in (reset, ticket):
        await room.database.run(lambda tx, action_id=action_id: room.gate.confirm(tx, action_id, "E1001"))

    assert (await room.state(reset), await room.state(ticket)) == (State.AWAITING_PROOF, State.APPROVED)
    with pytest.raises(ConfigError, match="votes"):
        await room.click("E1001", reset, "prove", code="123456")
    with pytest.raises(ConfigError, match="another role's work"):
        await room.gate.advance(ticket)
    assert await room.state(ticket) is State.APPROVED  # not void: the executor can still carry it out


async def test_the_agent_can_neither_make_nor_read_a_code(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    given(room, *AGENT)
    await room.click("E1001", action_id, "confirm")

    with room.database.reading() as tx:
        assert tx.execute(sa.select(envelopes)).all() == []  # it has no right to that table: the executor asks
    with pytest.raises(ConfigError):
        await room.gate.advance(action_id)
    given(room, *FILES)
    await room.settle()
    assert (await room.click("E1001", action_id, "prove", code=room.last_secret("sms"))).accepted


async def test_the_agent_cannot_vote(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    given(room, *AGENT)

    with pytest.raises(ConfigError, match="votes"):
        await room.click("E1003", action_id, "approve")

    assert await room.state(action_id) is State.AWAITING_APPROVAL


@pytest.mark.parametrize("forged", ["vote", "proof", "both"])
async def test_what_is_forged_with_the_agents_key_is_refused_at_the_claim(room: GateOnly, forged: str) -> None:
    """The attacker is the agent: it writes any row, and stamps with the only key it has."""
    action_id = await room.propose("E1001", "reset_my_password")
    if forged == "vote":
        await room.prove("E1001", action_id)
    else:
        await room.click("E1001", action_id, "confirm")
    theirs = GateKeys.load(room.home / "keys", AGENT)
    in_every_purpose = replace(theirs, votes=theirs.confirm, envelopes=theirs.confirm)
    seal, moment = (await room.action(action_id)).seal, (await room.action(action_id)).created_at
    said = ("vote", action_id, seal, "E1003", "approve", "free")
    row = {"employee_id": "E1003", "verdict": "approve", "seal": seal, "at": moment, "seconds": 9.0, "braked": False}
    with room.database.transaction() as tx:
        stamped = stamp(in_every_purpose, *said)
        tx.execute(sa.insert(votes).values(action_id=action_id, stamp=stamped, origin="web", reason="", **row))
    due = moment + timedelta(minutes=10)
    write(room, action_id, state="approved", asked_at=moment, due_at=due)
    if forged != "vote":
        proof = stamp(in_every_purpose, "proof", action_id, seal, "code")
        write(room, action_id, proof_method="code", proof_at=moment, proof_stamp=proof)

    await room.gate.advance(action_id)

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


async def test_the_web_takes_votes_and_codes_and_reads_no_credential(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")
    await room.settle()
    web = given(room, *ROLE_RINGS["web"])

    assert (await room.click("E1001", action_id, "prove", code=room.last_secret("sms"))).accepted
    assert (await room.click("E1003", action_id, "approve")).accepted

    with pytest.raises(ConfigError, match="envelopes"):
        web.sealing("credential")
    with pytest.raises(ConfigError, match="envelopes"):
        web.open("credential", "k", b"n" * 12, b"c" * 16, b"")
    given(room, *FILES)
    await room.settle()
    assert await room.state(action_id) is State.DONE


async def test_what_was_agreed_to_before_the_rings_were_parted_still_counts(room: GateOnly) -> None:
    """An upgrade of a running system: the code was made, and the votes were stamped, with the one ring of before."""
    once = KeyRing.load_or_create(room.home / "keys" / "before.json")
    room.gate.parts = replace(room.gate.parts, keys=GateKeys(once, once, once))
    coded, voted = [await room.propose(who, "reset_my_password") for who in ("E1002", "E1001")]
    await room.prove("E1001", voted)
    await room.click("E1003", voted, "approve")
    await room.click("E1002", coded, "confirm")
    await room.gate.advance(coded)
    parted = GateKeys.load(room.home / "keys2")
    room.gate.parts = replace(room.gate.parts, keys=replace(parted, envelopes=once))

    await room.settle()

    assert await room.state(voted) is State.DONE
    assert (await room.click("E1002", coded, "prove", code=room.last_secret("sms"))).accepted


def test_a_yes_of_one_kind_is_none_of_another(tmp_path: Path) -> None:
    keys = GateKeys.load(tmp_path)
    kept = stamp(keys, "confirm", "a", "s")

    assert genuine(keys, kept, "confirm", "a", "s")
    assert not genuine(keys, kept, "vote", "a", "s")
    assert not genuine(keys, kept, "proof", "a", "s")


def test_each_role_makes_only_its_own_files(tmp_path: Path) -> None:
    for role, rings in ROLE_RINGS.items():
        GateKeys.load(tmp_path / role, rings)
        assert {file.name for file in (tmp_path / role).iterdir()} == {FILES[ring] for ring in rings}
