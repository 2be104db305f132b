"""Who writes the ledger's table turns the state of an action, and nothing comes of it: an end is an end, and what was
not agreed to is carried out from no state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.tables import actions, holds, votes
from core.errors import Refused
from storage import now
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.staff import ADMIN, JOOST, KARIM, PRIYA, SANNE, SECOND_ADMIN


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


async def waits(room: GateOnly, tool: str = "reset_my_password") -> str:
    action_id = await room.propose(SANNE, tool)
    assert (await room.prove(SANNE, action_id)).accepted
    return action_id


def turn(room: GateOnly, action_id: str, state: str, minutes: int = 10, **more: Any) -> None:
    """Write the row as somebody with the database would: everything that is not sealed is theirs to choose."""
    with room.database.transaction() as tx:
        row: dict[str, Any] = {"state": state, "due_at": now(tx) + timedelta(minutes=minutes), "version": 90, **more}
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(**row))


async def plays(room: GateOnly, action_id: str) -> None:
    await room.gate.advance(action_id)
    await room.gate.sweep()
    await room.settle()


async def test_a_no_stays_the_last_word_when_its_row_is_taken_away_and_others_say_yes(room: GateOnly) -> None:
    action_id = await waits(room, "restore_access")
    await room.click(PRIYA, action_id, "approve")
    await room.click(JOOST, action_id, "deny", reason="no")
    turn(room, action_id, "awaiting_approval", 60)
    with room.database.transaction() as tx:
        tx.execute(sa.delete(votes).where(votes.c.employee_id == JOOST))
    await room.click(KARIM, action_id, "approve")
    await plays(room, action_id)
    assert room.effects() == []
    assert await room.state(action_id) in (State.REFUSED, State.AWAITING_APPROVAL)


async def test_what_its_person_did_not_want_stays_cancelled_when_the_hold_is_taken_away(room: GateOnly) -> None:
    action_id = await waits(room)
    await room.click(PRIYA, action_id, "approve")
    assert await room.state(action_id) is State.APPROVED
    assert (await room.click(SANNE, action_id, "not_me")).accepted
    assert await room.state(action_id) is State.CANCELLED
    with room.database.transaction() as tx:
        tx.execute(sa.delete(holds))
    turn(room, action_id, "approved")
    await plays(room, action_id)
    assert room.effects() == []


@pytest.mark.parametrize("taken_away", [True, False])
async def test_a_person_stays_held_when_the_hold_is_taken_away_or_cut_short(room: GateOnly, taken_away: bool) -> None:
    action_id = await waits(room)
    await room.click(PRIYA, action_id, "approve")
    assert (await room.click(SANNE, action_id, "not_me")).accepted
    with room.database.transaction() as tx:
        tx.execute(sa.delete(holds) if taken_away else sa.update(holds).values(until=now(tx)))
    with pytest.raises(Refused, match="held"):
        await room.propose(SANNE, "reset_my_password")
    room.advance_clock(timedelta(hours=73))
    assert await room.state(await room.propose(SANNE, "reset_my_password")) is State.AWAITING_CONFIRMATION


async def test_what_was_not_claimed_in_time_stays_expired(room: GateOnly) -> None:
    action_id = await waits(room)
    await room.click(PRIYA, action_id, "approve")
    room.woken.clear()
    room.advance_clock(timedelta(minutes=16))
    await plays(room, action_id)
    assert await room.state(action_id) is State.EXPIRED
    turn(room, action_id, "approved")
    await plays(room, action_id)
    assert room.effects() == []


async def test_an_approval_grows_old_by_the_chain_and_not_by_its_row(room: GateOnly) -> None:
    """Nobody swept meanwhile, and the row says that there is time."""
    action_id = await waits(room)
    await room.click(PRIYA, action_id, "approve")
    room.woken.clear()
    room.advance_clock(timedelta(minutes=16))
    turn(room, action_id, "approved")
    await plays(room, action_id)
    assert room.effects() == []
    assert await room.state(action_id) is State.EXPIRED


async def test_what_was_never_approved_is_not_carried_out_though_all_its_votes_are_there(room: GateOnly) -> None:
    """One of two has voted, and the rules' number is met only in the row."""
    action_id = await waits(room, "restore_access")
    await room.click(PRIYA, action_id, "approve")
    turn(room, action_id, "approved", approvals_needed=1)
    await plays(room, action_id)
    assert room.effects() == []


async def test_what_the_last_check_refused_stays_refused(room: GateOnly) -> None:
    action_id = await waits(room)
    await room.click(PRIYA, action_id, "approve")
    groups = (await room.employee(PRIYA)).groups
    room.world.set_groups(PRIYA, ["all-staff"])
    await room.settle()
    assert await room.state(action_id) is State.REFUSED
    room.world.set_groups(PRIYA, sorted(groups))
    turn(room, action_id, "approved")
    await plays(room, action_id)
    assert room.effects() == []


@pytest.mark.parametrize("tool", ["unlock_my_account", "reset_my_password", "restore_access"])
async def test_a_row_that_says_it_is_being_carried_out_carries_nothing_out(room: GateOnly, tool: str) -> None:
    """An executor takes over what another left: but not what nobody agreed to."""
    action_id = await waits(room, tool)
    turn(room, action_id, "executing", -10, fencing="f" * 32, claimed_at=None)
    await plays(room, action_id)
    assert room.effects() == []
    assert await room.state(action_id) in (State.UNKNOWN, State.REFUSED, State.FAILED)


async def test_a_draft_that_says_it_is_being_carried_out_is_not(room: GateOnly) -> None:
    words = {
        "queue": "IT",
        "summary": "The screen is broken",
        "description": "It stays black since this morning.",
    }
    action_id = await room.propose(SANNE, "create_ticket", **words)
    turn(room, action_id, "executing", -10, fencing="f" * 32)
    await plays(room, action_id)
    assert room.effects() == []


async def test_rules_do_not_change_because_a_row_says_that_they_are_being_changed(room: GateOnly) -> None:
    version, document = await room.gate.rules()
    action_id = await room.propose(ADMIN, "change_rules", base=version, document=document + "\n# mine\n")
    await room.click(ADMIN, action_id, "confirm")
    await room.click(SECOND_ADMIN, action_id, "approve")
    turn(room, action_id, "executing", -10, fencing="f" * 32)
    await plays(room, action_id)
    assert (await room.gate.rules())[0] == version


async def test_what_was_agreed_to_is_taken_over_as_before(room: GateOnly) -> None:
    """The same with the votes there: an executor that died after its claim is replaced."""
    action_id = await waits(room, "unlock_my_account")
    await room.click(PRIYA, action_id, "approve")
    turn(room, action_id, "executing", -10, fencing="f" * 32)
    await plays(room, action_id)
    assert await room.state(action_id) in (State.DONE, State.UNKNOWN)
