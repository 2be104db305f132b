"""What somebody sees before they ask anything."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.people import ChannelIdentity, Standing
from tests.desk import Desk

TOM, PRIYA, KARIM = (ChannelIdentity("terminal", "local", who) for who in ("E1002", "E1003", "E1006"))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk.start(documents={}) as desk:
        yield desk


async def test_an_employee_sees_what_the_desk_can_do_and_who_answers(desk: Desk) -> None:
    page = await desk.counter.desk.front_page(TOM)
    assert page.known
    assert page.name == "Tom"
    assert "(AI)" in page.notice
    assert {"search_policies", "reset_my_password", "create_ticket"} <= {one.name for one in page.abilities}
    assert "reset_for_caller" not in {one.name for one in page.abilities}
    assert not page.requests
    assert not page.is_approver


async def test_every_suggestion_is_understood_when_it_is_chosen(desk: Desk) -> None:
    for suggestion in (await desk.counter.desk.front_page(TOM)).suggestions:
        assert len(suggestion.title) <= 30
        replies = await desk.say("E1002", suggestion.message)
        assert replies[-1].outcome is None or replies[-1].outcome.value not in ("failed_crashed", "failed_model")


async def test_a_stranger_and_a_guest_see_only_whom_to_turn_to(desk: Desk) -> None:
    stranger = await desk.counter.desk.front_page(ChannelIdentity("terminal", "local", "E9999"))
    guest = await desk.counter.desk.front_page(TOM, Standing.OUTSIDER)
    for page in (stranger, guest):
        assert not page.known
        assert page.notice
        assert (page.abilities, page.requests, page.suggestions, page.name) == ((), (), (), "")


async def test_a_request_is_on_the_page_of_its_requester_and_of_those_who_may_vote(desk: Desk) -> None:
    reset = await desk.ask_for("E1002", "reset my password")
    await desk.prove("E1002", reset)
    mine = await desk.counter.desk.front_page(TOM)
    assert [request.action_id for request in mine.requests] == [reset]
    waiting = (await desk.counter.desk.front_page(PRIYA)).waiting
    assert [one.action_id for one in waiting] == [reset]
    assert waiting[0].requester.startswith("Tom")
    await desk.click("E1003", reset, "take")
    assert (await desk.counter.desk.front_page(KARIM)).waiting[0].taken_by.startswith("Priya")
    await desk.click("E1003", reset, "approve")
    assert not (await desk.counter.desk.front_page(KARIM)).waiting
    assert not (await desk.counter.desk.front_page(TOM)).requests


async def test_nobody_has_their_own_request_to_vote_on(desk: Desk) -> None:
    reset = await desk.ask_for("E1003", "reset my password")
    await desk.prove("E1003", reset)
    assert not (await desk.counter.desk.front_page(PRIYA)).waiting
    assert (await desk.counter.desk.front_page(PRIYA)).is_approver


async def test_the_card_is_for_its_requester_and_its_approvers_only(desk: Desk) -> None:
    reset = await desk.ask_for("E1002", "reset my password")
    await desk.prove("E1002", reset)
    asked = desk.counter.desk.card
    assert await asked(TOM, reset)
    approver = await asked(PRIYA, reset)
    assert approver is not None
    assert any("Tom" in fact.value for fact in approver.facts)
    assert await asked(ChannelIdentity("terminal", "local", "E1020"), reset) is None
    assert await asked(PRIYA, reset, Standing.OUTSIDER) is None
    assert await asked(PRIYA, "00000000-0000-0000-0000-000000000000") is None


async def test_what_is_switched_off_is_said(desk: Desk) -> None:
    admin = await desk.counter.directory.by_id("E1009")
    assert admin is not None
    await desk.counter.gate.switch_off(admin, "reset_my_password", "a test")
    page = await desk.counter.desk.front_page(TOM)
    assert len(page.switched_off) == 1
    assert "a test" not in page.switched_off[0]
    assert "reset_my_password" not in {one.name for one in page.abilities}


async def test_an_approver_who_is_slowed_down_reads_so(desk: Desk) -> None:
    for number in range(5):
        who = f"E77{number:02}"
        desk.add_person(who, f"Person {number}")
        reset = await desk.ask_for(who, "reset my password")
        await desk.prove(who, reset)
        await desk.click("E1003", reset, "approve")
    assert (await desk.counter.desk.front_page(PRIYA)).brake
    assert not (await desk.counter.desk.front_page(TOM)).brake


async def test_the_state_of_a_request_is_said_in_the_language_of_the_page(desk: Desk) -> None:
    await desk.say("E1002", "ik ben mijn wachtwoord vergeten")
    page = await desk.counter.desk.front_page(TOM)
    assert page.language == "en"
    assert [request.state for request in page.requests] == ["draft, waits for your yes"]
