"""The oracle's guided tour: at every stage of every usual request, everybody tries everything that is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.gate_attacks import ATTACKS, SENSIBLE, TAMPERED
from tests.gate_oracle import Case
from tests.gate_table import PEOPLE, Table

pytestmark = pytest.mark.slow
STAGES = ["drafted", "confirmed", "proved", "approved"]
FEW = [SENSIBLE[number] for number in (0, 2, 6, 7)]


@contextmanager
def table() -> Iterator[Table]:
    """A table that is checked when it is left."""
    table = Table()
    try:
        yield table
        table.check()
    finally:
        table.close()


def begin(table: Table, plan: tuple[str, str, str], stage: str) -> Case:
    """A request brought to a stage by those who may."""
    table.propose(plan)
    case = table.pick(0)
    enough = {
        "drafted": [],
        "confirmed": ["awaiting_confirmation"],
        "proved": ["awaiting_confirmation", "awaiting_proof"],
    }
    for _ in range(5):
        if case.state in enough.get(stage, ["awaiting_confirmation", "awaiting_proof", "awaiting_approval"]):
            table.walk(case, 1, 0, "")
    return case


def strangers_try(table: Table, case: Case) -> None:
    """Every verb, by everybody whose business it is not."""
    for verb in ("approve", "deny", "take", "confirm", "cancel", "send_code", "prove", "no_code", "not_me", "edit"):
        for who in sorted(PEOPLE):
            theirs = {"approve": table.oracle.entitled(case, who), "not_me": who == case.subject}
            theirs["deny"] = theirs["take"] = theirs["approve"]
            if not theirs.get(verb, who == case.requester):
                code = table.code_for(case, 0)[1] if verb != "not_me" else ""
                table.press(
                    case, who, verb, "right", {"code": code, "callback": "yes"} if code else {"callback": "yes"}
                )


@pytest.mark.parametrize("plan", FEW, ids=lambda plan: f"{plan[1]}-{plan[0]}")
def test_at_no_stage_does_anybody_get_anything_done_that_is_not_theirs(plan: tuple[str, str, str]) -> None:
    with table() as room:
        case = begin(room, plan, "drafted")
        seen: set[str] = set()
        for _ in range(6):
            if case.state not in seen:
                seen.add(case.state)
                strangers_try(room, case)
            if case.state == "awaiting_approval":  # whoever has voted tries once more
                for who in sorted(case.yes):
                    room.press(case, who, "approve", "", {"callback": "yes"})
            if case.state == "approved":
                break
            room.walk(case, 1, 0, "")
        room.look(case, "")
        for who in sorted(PEOPLE):  # an old card, clicked again by everybody
            for verb in ("approve", "deny", "confirm", "cancel", "prove"):
                room.press(case, who, verb, "wrong", {"code": "000000"})

        assert case.state == "done"


@pytest.mark.parametrize(
    ("attack", "stage", "forge"),
    [
        *((attack, stage, True) for attack in ATTACKS for stage in STAGES),
        *((attack, "confirmed", False) for attack in ATTACKS),
        *(([column], "approved", False) for column in TAMPERED),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_whatever_is_written_into_a_row_nothing_happens_that_people_did_not_do(
    attack: list[str], stage: str, forge: bool
) -> None:
    """For a board member, two have to approve; the forged votes are those of two entitled people."""
    with table() as room:
        case = begin(room, ("E1008", "reset_my_password", ""), stage)
        room.tamper(case, {name: TAMPERED[name] for name in attack}, forge)


@pytest.mark.parametrize("plan", FEW, ids=lambda plan: f"{plan[1]}-{plan[0]}")
@pytest.mark.parametrize("stage", STAGES)
def test_too_late_is_too_late_at_every_stage(plan: tuple[str, str, str], stage: str) -> None:
    with table() as room:
        case = begin(room, plan, stage)
        if case.code_at and case.state == "awaiting_proof":
            room.settle()
            room.room.advance_clock(timedelta(minutes=10, seconds=2))
            room.press(case, case.requester, "prove", "wrong", {"code": room.code_for(case, 0)[1]})
        room.room.advance_clock((case.due or case.expires) - room.clock() + timedelta(seconds=2))
        room.walk(case, 3, 0, "")
        room.look(case, "")
        room.sweep()

        assert case.state in ("expired", "refused")
        assert room.room.effects() == []


@pytest.mark.parametrize("what", ["off", "rules", "groups", "held", "asker"])
@pytest.mark.parametrize("plan", [SENSIBLE[0], SENSIBLE[2], SENSIBLE[5]], ids=lambda plan: plan[1] + plan[0])
def test_a_change_between_the_last_vote_and_the_claim_stops_it(plan: tuple[str, str, str], what: str) -> None:
    with table() as room:
        case = begin(room, plan, "approved")
        if what == "off":
            room.run(room.switch_off("*"))
            room.oracle.off.add("*")
        elif what == "rules":
            room.change_rules()
        elif what == "held":
            room.press(case, case.subject, "not_me", "", {})
        else:
            for who in sorted(case.yes) if what == "groups" else [case.requester]:
                room.oracle.people[who].groups = {"board"} if who == case.subject == case.requester else set()
                room.room.world.set_groups(who, ["all-staff", *room.oracle.people[who].groups])
        room.look(case, "")

        assert (room.room.effects() == []) == (case.state != "done")


def test_six_guesses_with_a_new_code_in_between_are_too_many() -> None:
    with table() as room:
        case = begin(room, SENSIBLE[0], "confirmed")
        for _ in range(3):
            for _ in range(2):
                room.press(case, case.requester, "prove", "wrong", {"code": "000000"})
            room.room.advance_clock(timedelta(seconds=61))
            room.press(case, case.requester, "send_code", "", {})

        assert case.state == "refused"


@pytest.mark.parametrize("plan", FEW, ids=lambda plan: f"{plan[1]}-{plan[0]}")
def test_the_first_no_is_final_and_a_yes_before_it_is_worth_nothing(plan: tuple[str, str, str]) -> None:
    with table() as room:
        case = begin(room, plan, "proved")
        entitled = [who for who in sorted(PEOPLE) if room.oracle.entitled(case, who)]
        if case.needed > 1:
            room.press(case, entitled[0], "approve", "", {"callback": "yes"})
        room.press(case, entitled[1], "deny", "", {"reason": "I do not know them"})
        for who in entitled:
            room.press(case, who, "approve", "", {"callback": "yes"})
        room.look(case, "")

        assert (case.state, room.room.effects()) == ("denied", [])


def test_without_a_recorded_call_back_no_yes_counts_where_no_code_was_given() -> None:
    with table() as room:
        case = begin(room, ("E1006", "reset_password_for", "E1001"), "proved")
        for who in ("E1003", "E1004", "E1022"):
            room.press(case, who, "approve", "", {})
        room.look(case, "")

        assert (case.state, room.room.effects()) == ("awaiting_approval", [])
