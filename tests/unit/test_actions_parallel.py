"""The same moment: real threads and event loops, each with a gate of its own, on one ledger and one outside world."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from actions.records import State
from core.errors import Refused
from core.ports import Decision
from storage import Database, audit_verifier
from storage.faultpoint import install
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

pytestmark = pytest.mark.sampled(0.2)

T = TypeVar("T")
AT_ONCE = 8


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    """A gate on a fresh ledger; afterwards the audit chain must be whole."""
    postgres = "" if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    with room_on(postgres) as room:
        yield room
        report = audit_verifier.verify(room.database.url)
        assert report.ok, report.problems


def at_once(room: GateOnly, *works: Callable[[GateOnly], Awaitable[T]]) -> list[T]:
    """Each piece of work in a thread, event loop, database and gate of its own, all let go at the same moment."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[GateOnly], Awaitable[T]]) -> T:
        database = Database(room.database.url)
        mine = GateOnly(database, room.home, clock_offset=room.clock_offset)
        mine.database.clock_offset = room.clock_offset

        async def go() -> T:
            start.wait(30)
            return await work(mine)

        try:
            return asyncio.run(go())
        finally:
            database.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def clicking(who: str, action_id: str, verb: str) -> Callable[[GateOnly], Awaitable[Decision]]:
    return lambda room: room.click(who, action_id, verb)


def advancing(action_id: str) -> Callable[[GateOnly], Awaitable[None]]:
    return lambda room: room.gate.advance(action_id)


async def waiting_for_a_vote(room: GateOnly, employee_id: str = "E1001") -> str:
    action_id = await room.propose(employee_id, "reset_my_password")
    assert (await room.prove(employee_id, action_id)).accepted
    return action_id


def state(room: GateOnly, action_id: str) -> State:
    return asyncio.run(room.state(action_id))


def accepted(decisions: Sequence[Decision]) -> int:
    return sum(decision.accepted for decision in decisions)


def test_eight_approvers_at_once_make_one_approval_and_one_effect(room: GateOnly) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room))
    voters = ["E1003", "E1004", "E1006", "E1022"] * 2

    decisions = at_once(room, *(clicking(who, action_id, "approve") for who in voters))
    at_once(room, *(advancing(action_id) for _ in range(AT_ONCE)))

    assert accepted(decisions) == 1
    assert (state(room, action_id), len(room.effects())) == (State.DONE, 1)
    assert len(room.messages("private_mail")) == 1


def test_one_approver_clicking_eight_times_at_once_is_one_vote(room: GateOnly) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room, "E1008"))  # a board member: two people are needed

    decisions = at_once(room, *(clicking("E1003", action_id, "approve") for _ in range(AT_ONCE)))
    asyncio.run(room.settle())

    assert accepted(decisions) == 1
    assert (state(room, action_id), room.effects()) == (State.AWAITING_APPROVAL, [])


@pytest.mark.parametrize("turn", range(3))
def test_yes_and_no_in_the_same_moment_end_in_exactly_one_of_them(room: GateOnly, turn: int) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room))
    clicks = [clicking("E1003", action_id, "approve"), clicking("E1004", action_id, "deny")]

    yes, no = at_once(room, *(clicks if turn % 2 else clicks[::-1]))[:: 1 if turn % 2 else -1]
    asyncio.run(room.gate.advance(action_id))

    assert (yes.accepted, no.accepted) in ((True, False), (False, True))
    assert state(room, action_id) is (State.DONE if yes.accepted else State.DENIED)
    assert len(room.effects()) == int(yes.accepted)


def test_a_withdrawal_and_an_approval_in_the_same_moment_agree_on_the_end(room: GateOnly) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room))

    yes, withdrawn = at_once(room, clicking("E1003", action_id, "approve"), clicking("E1001", action_id, "cancel"))
    asyncio.run(room.gate.advance(action_id))

    assert yes.accepted != withdrawn.accepted
    assert state(room, action_id) is (State.DONE if yes.accepted else State.CANCELLED)
    assert len(room.effects()) == int(yes.accepted)


def test_eight_executors_at_once_make_one_effect_and_one_result(room: GateOnly) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room))
    asyncio.run(room.click("E1003", action_id, "approve"))

    at_once(room, *(advancing(action_id) for _ in range(AT_ONCE)))

    assert state(room, action_id) is State.DONE
    assert room.effects() == [("credential_set", "sanne.dewit")]
    assert len(room.messages("private_mail")) == 1


def test_a_second_executor_does_not_call_a_living_one_dead(room: GateOnly) -> None:
    """The first is in the middle of its effect: only when its time is over may another look at what is left."""
    action_id = asyncio.run(waiting_for_a_vote(room))
    asyncio.run(room.click("E1003", action_id, "approve"))

    async def slow(mine: GateOnly) -> None:
        mine.world.fail_next("accounts", "hang 0.6")
        await mine.gate.advance(action_id)

    async def late(mine: GateOnly) -> None:
        await asyncio.sleep(0.3)
        await mine.gate.advance(action_id)
        await mine.gate.sweep()

    at_once(room, slow, late)

    assert (state(room, action_id), len(room.effects())) == (State.DONE, 1)


def test_a_report_and_an_executor_in_the_same_moment_never_leave_a_half_state(room: GateOnly) -> None:
    action_id = asyncio.run(waiting_for_a_vote(room))
    asyncio.run(room.click("E1003", action_id, "approve"))

    (report, _nothing) = at_once(room, clicking("E1001", action_id, "not_me"), advancing(action_id))

    assert isinstance(report, Decision)
    assert report.accepted
    ended = state(room, action_id)
    assert (ended is State.DONE) == (len(room.effects()) == 1)
    assert ended in (State.DONE, State.CANCELLED, State.REFUSED, State.FAILED)


def test_eight_requests_at_once_about_one_person_give_one_open_card(room: GateOnly) -> None:
    async def ask(mine: GateOnly) -> bool:
        try:
            await mine.propose("E1001", "unlock_my_account")
        except Refused:
            return False
        return True

    assert sum(at_once(room, *([ask] * AT_ONCE))) == 1


def slow_commits(name: str) -> None:
    """Between a look and its commit there is time enough for everybody else to look as well."""
    if name in ("propose.before_commit", "vote.approve.before_commit"):
        time.sleep(0.15)


@pytest.fixture
def slowly() -> Iterator[None]:
    install(slow_commits)
    yield
    install(None)


@pytest.mark.slow
def test_eight_conversations_at_once_do_not_give_more_than_three_requests_a_day(room: GateOnly, slowly: None) -> None:
    def asking(caller: str) -> Callable[[GateOnly], Awaitable[bool]]:
        async def ask(mine: GateOnly) -> bool:
            try:
                await mine.propose("E1005", "reset_for_caller", caller=caller)
            except Refused as refusal:
                assert refusal.reason == "too_many_requests"  # noqa: PT017 - only this refusal is right
                return False
            return True

        return ask

    callers = ["E1001", "E1002", "E1007", "E1009", "E1010", "E1017", "E1020", "E1039"]

    assert sum(at_once(room, *(asking(caller) for caller in callers))) == 3


@pytest.mark.slow
def test_an_approver_who_votes_on_eight_cards_at_once_is_braked_as_one_after_the_other(
    room: GateOnly, slowly: None
) -> None:
    people = ["E1001", "E1002", "E1007", "E1009", "E1010", "E1017", "E1020", "E1039"]
    ids = [asyncio.run(waiting_for_a_vote(room, who)) for who in people]

    at_once(room, *(clicking("E1003", action_id, "approve") for action_id in ids))

    states = [state(room, action_id) for action_id in ids]
    assert states.count(State.APPROVED) == 4
    assert states.count(State.AWAITING_APPROVAL) == 4


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(3))
def test_a_report_and_a_new_request_in_the_same_moment_leave_nothing_open(
    room: GateOnly, slowly: None, turn: int
) -> None:
    unlocked = asyncio.run(room.propose("E1001", "unlock_my_account"))
    asyncio.run(room.prove("E1001", unlocked))
    asyncio.run(room.click("E1003", unlocked, "approve"))
    asyncio.run(room.settle())
    assert state(room, unlocked) is State.DONE

    async def ask(mine: GateOnly) -> str:
        await asyncio.sleep(0.1 * turn)
        try:
            return await mine.propose("E1001", "reset_my_password")
        except Refused:
            return ""

    async def report(mine: GateOnly) -> str:
        await asyncio.sleep(0.1)
        assert (await mine.click("E1001", unlocked, "not_me")).accepted
        return ""

    filed, _ = at_once(room, ask, report)

    assert not filed or state(room, filed) is State.CANCELLED


def test_eight_guesses_at_once_are_eight_guesses(room: GateOnly) -> None:
    action_id = asyncio.run(room.propose("E1001", "reset_my_password"))
    asyncio.run(room.click("E1001", action_id, "confirm"))
    asyncio.run(room.settle())

    async def guess(mine: GateOnly) -> Decision:
        return await mine.click("E1001", action_id, "prove", code="000000")

    decisions = at_once(room, *([guess] * AT_ONCE))

    assert accepted(decisions) == 0
    assert state(room, action_id) is State.REFUSED


def test_eight_senders_at_once_send_one_code(room: GateOnly) -> None:
    action_id = asyncio.run(room.propose("E1001", "reset_my_password"))
    asyncio.run(room.click("E1001", action_id, "confirm"))

    at_once(room, *(advancing(action_id) for _ in range(AT_ONCE)))

    assert len(room.messages("sms")) == 1
