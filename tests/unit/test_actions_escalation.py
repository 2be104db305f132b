"""Approvers who do not answer are reminded once; then others may decide, not a minute before, whatever a row says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.released import put_in_force
from actions.rules import parse
from actions.seal import seal_of
from actions.tables import actions, votes
from core.errors import ConfigError, ConnectorError
from core.people import Employee
from storage import audit_verifier
from storage.tables import audit, outbox
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

MINUTE = timedelta(minutes=1)
OFFICER = "E1011"  # of the Security Office, the group to which a reset is passed on


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room
        assert audit_verifier.verify(room.database.url).ok


async def waiting(room: GateOnly, who: str = "E1001", tool: str = "reset_my_password") -> str:
    action_id = await room.propose(who, tool)
    await room.prove(who, action_id)
    assert await room.state(action_id) is State.AWAITING_APPROVAL
    return action_id


async def facts(room: GateOnly, action_id: str, reader: str = "E1003") -> dict[str, str]:
    card = await room.gate.card_for(action_id, await room.employee(reader))
    return {fact.label: fact.value for fact in card.facts}


async def passed_on_at(room: GateOnly, action_id: str) -> datetime:
    """When others may decide, as the approvers read it on their card (whole minutes, UTC)."""
    groups, at = (await facts(room, action_id))["Others may decide"].split(", ")
    assert groups == "security"
    return datetime.strptime(at, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)


def go_to(room: GateOnly, at: datetime) -> None:
    room.advance_clock(at - datetime.now(UTC) - room.clock_offset)


def texts(room: GateOnly, key: str) -> dict[str, str]:
    """What is to be sent under keys that begin so: room to text."""
    with room.database.reading() as tx:
        rows = tx.execute(sa.select(outbox).where(outbox.c.key.startswith(key)).order_by(outbox.c.outbox_id)).mappings()
        return {row["destination"]["room"]: row["payload"]["text"] for row in rows}


def reminders(room: GateOnly, action_id: str) -> list[tuple[str, bool, str]]:
    """Each reminder of an action: to which user, whether in private, and its text."""
    with room.database.reading() as tx:
        asked = sa.select(outbox).where(outbox.c.key.startswith(f"remind:{action_id}"))
        rows = tx.execute(asked.order_by(outbox.c.outbox_id)).mappings()
        return [(row["destination"]["user"], row["payload"]["private"], row["payload"]["text"]) for row in rows]


def verbs(room: GateOnly, action_id: str) -> list[str]:
    with room.database.reading() as tx:
        found = tx.execute(sa.select(audit.c.verb).where(audit.c.object == f"action:{action_id}").order_by(audit.c.seq))
        return list(found.scalars())


def write(room: GateOnly, action_id: str, **values: Any) -> None:
    with room.database.transaction() as tx:
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(**values))


# --- passing on ----------------------------------------------------------------------------------------------------


async def test_the_second_group_may_decide_from_its_moment_on_and_not_before(room: GateOnly) -> None:
    action_id = await waiting(room)
    at = await passed_on_at(room, action_id)

    go_to(room, at - MINUTE)
    await room.gate.sweep()
    for verb in ("take", "approve", "deny"):
        assert not (await room.click(OFFICER, action_id, verb)).accepted
    go_to(room, at + MINUTE)
    await room.gate.sweep()

    assert (await room.action(action_id)).escalated_at is not None
    assert (await room.click(OFFICER, action_id, "approve")).accepted
    await room.settle()
    assert (await room.state(action_id), len(room.effects())) == (State.DONE, 1)


async def test_the_first_group_may_still_decide_after_it_was_passed_on(room: GateOnly) -> None:
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) + MINUTE)
    await room.gate.sweep()

    assert (await room.click("E1003", action_id, "approve")).accepted


async def test_everybody_who_must_know_hears_once_that_it_was_passed_on(room: GateOnly) -> None:
    action_id = await waiting(room)
    assert texts(room, f"card:{action_id}:security") == {}
    go_to(room, await passed_on_at(room, action_id) + MINUTE)

    for _ in range(3):
        await room.gate.sweep()

    assert "waits for approval" in texts(room, f"card:{action_id}:security")["security"]
    assert "passed on" in texts(room, f"told:{action_id}:passed-on")["E1001"]
    assert verbs(room, action_id).count("action.escalated") == 1
    await room.click("E1003", action_id, "deny", reason="no")
    assert "denied" in texts(room, f"card:{action_id}:security")["security"]


async def test_a_sweep_that_is_late_takes_nobodys_right_away(room: GateOnly) -> None:
    """Who may decide follows from the rule and the clock: not from whether a process was up to write a column."""
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) + MINUTE)

    assert (await room.click(OFFICER, action_id, "approve")).accepted


async def test_who_writes_the_column_gains_no_vote(room: GateOnly) -> None:
    action_id = await waiting(room)
    moment = (await room.action(action_id)).created_at
    write(room, action_id, escalated_at=moment, created_at=moment - timedelta(days=5), asked_at=moment)

    assert not (await room.click(OFFICER, action_id, "approve")).accepted
    assert await room.state(action_id) is State.AWAITING_APPROVAL


async def test_a_lifetime_cut_short_by_hand_breaks_the_seal(room: GateOnly) -> None:
    """`expires_at` is what the moment is counted back from: it is sealed."""
    action_id = await waiting(room)
    moment = (await room.action(action_id)).created_at
    write(room, action_id, expires_at=moment + timedelta(hours=1))

    decision = await room.click(OFFICER, action_id, "approve")

    assert not decision.accepted
    assert "not what was asked" in decision.text


async def test_a_lifetime_cut_short_and_sealed_anew_is_refused_at_the_claim(room: GateOnly) -> None:
    """The seal is no secret; the requester's yes is on the old one, and cannot be stamped without a key."""
    action_id = await waiting(room)
    sooner = (await room.action(action_id)).created_at + timedelta(hours=1)
    write(room, action_id, expires_at=sooner, seal=seal_of(replace(await room.action(action_id), expires_at=sooner)))
    await room.click(OFFICER, action_id, "approve")
    await room.click("E1003", action_id, "approve")

    await room.settle()

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


async def test_a_vote_of_the_second_group_written_by_hand_does_not_count_early(room: GateOnly) -> None:
    action_id = await waiting(room)
    action = await room.action(action_id)
    row = {"seal": action.seal, "at": action.created_at, "seconds": 9.0, "braked": False, "stamp": "k.AAAA.AAAA"}
    with room.database.transaction() as tx:
        values = {"action_id": action_id, "employee_id": OFFICER, "verdict": "approve", "origin": "web", "reason": ""}
        tx.execute(sa.insert(votes).values(**values, **row))
    write(room, action_id, state="approved", due_at=action.expires_at, escalated_at=action.created_at)

    await room.gate.advance(action_id)

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


async def test_an_officer_who_left_the_group_before_the_claim_no_longer_counts(room: GateOnly) -> None:
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) + MINUTE)
    await room.click(OFFICER, action_id, "approve")
    room.world.set_groups(OFFICER, ["all-staff"])

    await room.settle()

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


async def test_nobody_of_the_second_group_decides_on_their_own_request(room: GateOnly) -> None:
    action_id = await waiting(room, "E1010")
    room.world.set_groups("E1010", ["security"])
    go_to(room, await passed_on_at(room, action_id) + MINUTE)

    assert not (await room.click("E1010", action_id, "approve")).accepted


async def test_after_a_change_of_rules_nobody_is_added(room: GateOnly) -> None:
    action_id = await waiting(room)
    at = await passed_on_at(room, action_id)
    with room.database.transaction() as tx:
        document = room.gate.parts.rules.document(tx, 1)
        put_in_force(tx, 2, document, "r2")
    go_to(room, at + MINUTE)

    await room.gate.sweep()

    assert (await room.action(action_id)).escalated_at is None
    assert not (await room.click(OFFICER, action_id, "approve")).accepted


async def test_who_may_not_decide_yet_does_not_see_the_card_either(room: GateOnly) -> None:
    action_id = await waiting(room)
    officer: Employee = await room.employee(OFFICER)
    at = await passed_on_at(room, action_id)

    with pytest.raises(Exception, match="no_such_action"):
        await room.gate.card_for(action_id, officer)
    go_to(room, at + MINUTE)

    assert (await room.gate.card_for(action_id, officer)).action_id == action_id


# --- reminding -----------------------------------------------------------------------------------------------------


async def test_whoever_took_it_is_reminded_once_in_private_when_half_of_the_time_is_over(room: GateOnly) -> None:
    action_id = await waiting(room, tool="unlock_my_account")
    action = await room.action(action_id)
    hours = room.gate.parts.rules._parsed[1].hours["desk"]
    half = hours.before(action.expires_at, hours.between(action.asked_at or action.created_at, action.expires_at) / 2)
    await room.click("E1004", action_id, "take")

    go_to(room, half - MINUTE)
    await room.gate.sweep()
    assert texts(room, f"remind:{action_id}") == {}
    go_to(room, half + MINUTE)
    for _ in range(3):
        await room.gate.sweep()

    (reminder,) = reminders(room, action_id)
    assert reminder[:2] == ("E1004", True)
    for word in (
        action_id[:8],
        "Sanne de Wit",
        "Joost Verhoeven has taken it",
        f"{action.expires_at:%Y-%m-%d %H:%M UTC}",
    ):
        assert word in reminder[2]
    assert verbs(room, action_id).count("action.reminded") == 1
    assert (await room.action(action_id)).reminded_at is not None


async def test_every_member_of_the_group_is_reminded_in_private_but_not_whom_it_is_about(room: GateOnly) -> None:
    action_id = await waiting(room, "E1003")  # an approver's own reset
    action = await room.action(action_id)
    go_to(room, action.expires_at - MINUTE)

    await room.gate.sweep()

    members = [one for group in action.approver_groups for one in await room.directory.members(group)]
    others = {one.employee_id for one in members} - {"E1003"}
    assert others
    assert {user for user, private, _ in reminders(room, action_id) if private} == others
    assert len(reminders(room, action_id)) == len(others)


async def test_a_taker_who_has_left_the_group_leaves_it_to_the_others(room: GateOnly) -> None:
    action_id = await waiting(room)
    await room.click("E1004", action_id, "take")
    at = await passed_on_at(room, action_id)
    room.world.deactivate("E1004")
    go_to(room, at - MINUTE)

    await room.gate.sweep()

    users = {user for user, _, _ in reminders(room, action_id)}
    assert "E1003" in users
    assert "E1004" not in users


async def test_a_group_whose_members_are_not_known_in_the_channel_is_reminded_in_its_room(room: GateOnly) -> None:
    room.world.change(lambda c: c.execute("DELETE FROM identities WHERE channel = 'terminal'"))
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) - MINUTE)

    await room.gate.sweep()

    assert [(user, private) for user, private, _ in reminders(room, action_id)] == [("", False)]
    assert set(texts(room, f"remind:{action_id}")) == {"it-approvers"}


async def test_who_owes_a_yes_to_their_own_draft_is_not_nagged(room: GateOnly) -> None:
    draft = await room.propose("E1001", "reset_my_password")
    go_to(room, (await room.action(draft)).created_at + timedelta(minutes=29))

    await room.gate.sweep()

    assert texts(room, "remind:") == {}
    assert await room.state(draft) is State.AWAITING_CONFIRMATION


async def test_what_was_decided_is_neither_reminded_of_nor_passed_on(room: GateOnly) -> None:
    action_id = await waiting(room)
    at = await passed_on_at(room, action_id)
    await room.click("E1003", action_id, "deny", reason="no")
    go_to(room, at + MINUTE)

    await room.gate.sweep()

    assert (texts(room, "remind:"), texts(room, f"card:{action_id}:security")) == ({}, {})


async def test_after_a_long_stop_all_that_is_due_is_done_in_one_look(room: GateOnly) -> None:
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) + MINUTE)

    await room.gate.sweep()

    action = await room.action(action_id)
    assert action.reminded_at is not None
    assert action.escalated_at is not None
    assert action.due_at == action.expires_at


async def test_it_expires_when_nobody_of_either_group_decides(room: GateOnly) -> None:
    action_id = await waiting(room)
    expires = (await room.action(action_id)).expires_at
    for at in (await passed_on_at(room, action_id) + MINUTE, expires - MINUTE, expires + MINUTE):
        go_to(room, at)
        await room.gate.sweep()

    assert await room.state(action_id) is State.EXPIRED
    assert "expired" in texts(room, f"card:{action_id}:security")["security"]


async def test_a_directory_that_is_down_keeps_nobody_from_being_reminded(room: GateOnly) -> None:
    action_id = await waiting(room)
    go_to(room, await passed_on_at(room, action_id) + MINUTE)
    for _ in range(30):
        room.world.fail_next("directory", "refuse")

    await room.gate.sweep()

    assert "E1001" in texts(room, f"remind:{action_id}")["it-approvers"]


async def test_one_that_cannot_be_handled_keeps_the_sweep_from_no_other(
    room: GateOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await waiting(room, who) for who in ("E1001", "E1002", "E1007")]
    go_to(room, await passed_on_at(room, ids[0]) + MINUTE)
    from actions import waiting as room_of_waiting

    real = room_of_waiting.background_or_nothing

    async def broken(parts: Any, action: Any) -> Any:
        if action.action_id == ids[0]:
            raise ConnectorError("directory", "a bug")
        return await real(parts, action)

    monkeypatch.setattr(room_of_waiting, "background_or_nothing", broken)

    await room.gate.sweep()

    told = [bool(texts(room, f"remind:{action_id}")) for action_id in ids]
    assert told == [False, True, True]


# --- reading the rule ----------------------------------------------------------------------------------------------

RULES = """
approvals: {sensitive: 1, critical: 2}
tools:
  t: {tier: sensitive, approvers: [a], lifetime_hours: 10%s}
"""


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (", escalate_after_hours: 4", "escalate_to must say to whom"),
        (", escalate_to: [a]", "other groups than approvers"),
        (", escalate_to: [b], escalate_after_hours: 10", "less than lifetime_hours"),
        (", escalate_to: [b], escalate_after_hours: .nan", "finite"),
        (", escalate_to: [b], escalate_after_hours: -1", "greater than or equal to 0"),
        (", escalate_to: b", "tuple"),
        (', escalate_to: [b], escalate_after_hours: "4"', "number"),
        (", escalate_at: 4", "not permitted"),
    ],
)
def test_a_rule_that_could_mean_two_things_is_not_read(more: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(RULES % more)


def test_without_hours_it_is_passed_on_after_three_quarters() -> None:
    rule = parse(RULES % ", escalate_to: [b]").tools["t"]
    assert rule.left_when_passed_on == timedelta(hours=2.5)


def test_nothing_is_passed_on_where_nobody_approves() -> None:
    with pytest.raises(ConfigError, match="no approvers"):
        parse("approvals: {sensitive: 1, critical: 2}\ntools: {t: {tier: write, escalate_to: [b]}}")
