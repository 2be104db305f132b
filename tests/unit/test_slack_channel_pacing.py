"""We speak to Slack no faster than it listens, wait when it says so, and not longer than delivery can."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import ConnectorError
from core.events import Address, Place
from core.replies import Reply
from slack_app.calling import SlackLimited
from slack_app.pacing import Budget, Pacing
from tests.slack_posts_room import ROOM, TEAM, HandMovedClock, PostsRoom, answer, key_of, room, slack_database

__all__ = ["room", "slack_database"]

HELP = Address("slack", TEAM, ROOM, Place.SHARED)


async def test_a_crowd_of_posts_in_one_channel_never_meets_slacks_limit(room: PostsRoom) -> None:
    room.slack.pacing.on = True
    clock = HandMovedClock(room.slack)
    channel = room.another(pacing=Pacing(clock, clock.sleep))
    for number in range(12):
        await channel.send(HELP, Reply(f"Bericht {number}", "nl"), f"told:{number}")
    assert [call.status for call in room.slack.calls] == [200] * 12
    assert sum(clock.slept) == pytest.approx(8.0)


async def test_other_channels_do_not_wait_for_a_busy_one(room: PostsRoom) -> None:
    clock = HandMovedClock(room.slack)
    channel = room.another(pacing=Pacing(clock, clock.sleep))
    for number in range(4):
        await channel.send(HELP, Reply(f"Bericht {number}", "nl"), f"told:{number}")
    asked = await room.asked()
    await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    assert clock.slept == []


async def test_slack_is_waited_for_as_long_as_it_says(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", status=429, retry_after=7, times=2)
    clock = HandMovedClock(room.slack)
    await room.another(pacing=Pacing(clock, clock.sleep)).send(HELP, answer("Hallo"), "told:1")
    assert sum(clock.slept) == pytest.approx(14.0)
    assert room.texts(HELP) == ["Hallo"]


async def test_when_slack_wants_longer_than_delivery_has_the_outbox_tries_later(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", status=429, retry_after=40)
    clock = HandMovedClock(room.slack)
    channel = room.another(pacing=Pacing(clock, clock.sleep))
    with pytest.raises(SlackLimited, match="again in 40 s"):
        await channel.send(HELP, answer("Hallo"), "told:1")
    with pytest.raises(ConnectorError):  # nobody asks Slack again before its time
        await channel.send(HELP, answer("Hallo"), "told:1", again=True)
    assert len(room.called("chat.postMessage")) == 1
    assert clock.slept == []
    clock.seconds += 40
    await channel.send(HELP, answer("Hallo"), "told:1", again=True)
    assert room.texts(HELP) == ["Hallo"]


async def test_several_waits_together_are_no_longer_than_delivery_has(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", status=429, retry_after=11, times=9)
    clock = HandMovedClock(room.slack)
    with pytest.raises(SlackLimited):
        await room.another(pacing=Pacing(clock, clock.sleep)).send(HELP, answer("Hallo"), "told:1")
    assert sum(clock.slept) < 25


async def test_posts_at_the_same_time_take_their_places_in_order() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    pacing = Pacing(lambda: 0.0, sleep)

    async def one() -> None:
        await pacing.sleep(pacing.reserve("room"))

    await asyncio.gather(*(one() for _ in range(7)))
    assert slept == [0.0] * 4 + [1.0, 2.0, 3.0]


def test_a_budget_of_a_minute_comes_back_bit_by_bit() -> None:
    moment = [0.0]
    budget = Budget(2, 60, clock=lambda: moment[0])
    taken = [budget.take("T1") for _ in range(3)]
    moment[0] = 30
    taken += [budget.take("T1"), budget.take("T2")]
    moment[0] = 60
    taken += [budget.take("T1") for _ in range(3)]
    assert taken == [True, True, False, False, True, True, True, False]
