"""Approvers in a hurry: who has taken a card, what counts as having rung somebody, too many decisions in an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from actions.records import State
from storage.tables import outbox
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.staff import JOOST, KARIM, MILA, PRIYA, SANNE, TOM

QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


async def waiting(room: GateOnly, who: str = SANNE) -> str:
    action_id = await room.propose(who, "unlock_my_account")
    assert (await room.prove(who, action_id)).accepted
    return action_id


async def to_be_rung(room: GateOnly) -> str:
    """A reset whose requester has no code: somebody must ring them."""
    action_id = await room.propose(SANNE, "reset_my_password")
    await room.click(SANNE, action_id, "confirm")
    await room.settle()
    assert (await room.click(SANNE, action_id, "no_code")).accepted
    return action_id


async def facts(room: GateOnly, action_id: str, reader: str = PRIYA) -> dict[str, str]:
    card = await room.gate.card_for(action_id, await room.employee(reader))
    return {fact.label: fact.value for fact in card.facts}


def alerts(room: GateOnly, key: str) -> list[str]:
    """Which rooms an alert goes to."""
    with room.database.reading() as tx:
        rows = tx.execute(sa.select(outbox.c.destination).where(outbox.c.key.startswith(f"alert:{key}:"))).scalars()
        return sorted(row["room"] for row in rows)


# --- I take this ---------------------------------------------------------------------------------------------------


async def test_whoever_takes_a_card_is_named_on_it_and_has_not_voted(room: GateOnly) -> None:
    action_id = await waiting(room)
    assert (await room.click(JOOST, action_id, "take")).accepted

    taken = (await facts(room, action_id))["Taken by"]
    until = (await room.action(action_id)).taken_until
    assert until is not None
    assert taken == f"Joost Verhoeven, until {until:%Y-%m-%d %H:%M UTC}"
    assert await room.state(action_id) is State.AWAITING_APPROVAL


async def test_a_second_one_hears_by_name_who_has_it_and_may_decide_all_the_same(room: GateOnly) -> None:
    action_id = await waiting(room)
    await room.click(JOOST, action_id, "take")

    again = await room.click(PRIYA, action_id, "take")
    assert not again.accepted
    assert "Joost Verhoeven" in again.text
    assert (await room.click(PRIYA, action_id, "approve")).accepted
    assert await room.state(action_id) is State.APPROVED


async def test_after_a_quarter_of_an_hour_it_is_free_again(room: GateOnly) -> None:
    action_id = await waiting(room)
    await room.click(JOOST, action_id, "take")
    room.advance_clock(QUARTER - 5 * SECOND)
    assert not (await room.click(PRIYA, action_id, "take")).accepted
    room.advance_clock(6 * SECOND)
    assert (await room.click(PRIYA, action_id, "take")).accepted
    assert (await facts(room, action_id))["Taken by"].startswith("Priya Raman")


@pytest.mark.parametrize("who", [SANNE, MILA, TOM])
async def test_only_who_may_decide_takes_it(room: GateOnly, who: str) -> None:
    action_id = await waiting(room)
    assert not (await room.click(who, action_id, "take")).accepted
    assert (await room.action(action_id)).taken_by == ""


# --- ringing somebody ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "", " ", ".", "-", "no", "Nee", "No answer", "nog niet", "Niet bereikt", "geen gehoor", "Not yet", "voicemail",
        "his voicemail", "0", "n/a", "n.v.t.", "kreeg geen gehoor", "did not answer", "tried, no answer", "unreachable",
        "niet kunnen bellen", "false", "she didn't pick up",
    ],
)  # fmt: skip
async def test_whoever_says_that_they_reached_nobody_has_rung_nobody(room: GateOnly, said: str) -> None:
    action_id = await to_be_rung(room)
    decision = await room.click(PRIYA, action_id, "approve", callback=said)
    assert not decision.accepted
    assert "Ring the person" in decision.text
    assert (await room.action(action_id)).proof_method == "callback_due"


@pytest.mark.parametrize(
    "said",
    ["yes", "true", "ja, 10:15, stem herkend", "rang the registered number at 10:15", "known voice", "Gebeld om 9.00",
     "on +31 (0)6 1234; noted her birthday", "na 10.00 uur gebeld, Nora bevestigt"],
)  # fmt: skip
async def test_whoever_says_how_has_rung(room: GateOnly, said: str) -> None:
    action_id = await to_be_rung(room)
    assert (await room.click(PRIYA, action_id, "approve", callback=said)).accepted
    assert (await room.action(action_id)).proof_method == "callback"


# --- too many ------------------------------------------------------------------------------------------------------


async def test_the_eleventh_decision_in_an_hour_needs_another_beside_it_and_those_who_must_know_hear(
    room: GateOnly,
) -> None:
    for number in range(10):
        action_id = await waiting(room, (SANNE, TOM, "E1007", "E1017")[number % 4])
        room.advance_clock(10 * SECOND)
        assert (await room.click(PRIYA, action_id, "deny", reason="not now")).accepted
    assert alerts(room, "alert_brake") == []

    action_id = await waiting(room, "E1010")
    room.advance_clock(10 * SECOND)
    assert "one more colleague" in (await room.click(PRIYA, action_id, "approve")).text
    assert await room.state(action_id) is State.AWAITING_APPROVAL
    assert [name for name in ("it-approvers", "security") if any(name in one for one in alerts(room, "alert_brake"))]
    room.advance_clock(10 * SECOND)
    assert (await room.click(KARIM, action_id, "approve")).accepted
    assert await room.state(action_id) is State.APPROVED


async def test_an_hour_later_one_yes_is_enough_again(room: GateOnly) -> None:
    for number in range(10):
        action_id = await waiting(room, (SANNE, TOM, "E1007", "E1017")[number % 4])
        room.advance_clock(10 * SECOND)
        await room.click(PRIYA, action_id, "deny", reason="not now")
    room.advance_clock(timedelta(hours=1))
    action_id = await waiting(room, "E1010")
    room.advance_clock(10 * SECOND)
    await room.click(PRIYA, action_id, "approve")
    assert await room.state(action_id) is State.APPROVED
