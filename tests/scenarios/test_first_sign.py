"""The first sign of life: the channel hears that the desk has begun to think, once a turn, at no cost to the answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from loket.recording import RecordingChannel
from tests.desk import Desk
from tests.staff import TOM


async def test_a_turn_tells_its_channel_once_that_it_has_begun() -> None:
    async with Desk.start(documents=()) as desk:
        message = desk.message(TOM, "where is my laptop?")
        await desk.deliver(message)
        await desk.settle()
        assert desk.begun() == [message.event_id]


async def test_nobody_hears_of_a_stranger_s_message() -> None:
    async with Desk.start(documents=()) as desk:
        message = desk.message(TOM, "hello")
        await desk.deliver(replace(message, identity=replace(message.identity, user="nobody-we-know")))
        await desk.settle()
        assert desk.begun() == []
        assert desk.posts()


async def test_a_burst_is_begun_once_when_it_is_complete() -> None:
    async with Desk.start(documents=()) as desk:
        first, second = desk.message(TOM, "hi"), desk.message(TOM, "what is the wifi password for guests?")
        await desk.deliver(first)
        await asyncio.sleep(0.05)
        assert desk.begun() == []
        await desk.deliver(second)
        await desk.settle()
        assert desk.begun() == [first.event_id]


@pytest.mark.parametrize("error", [OSError("gone"), KeyError("a bug")])
async def test_a_channel_that_fails_at_the_first_sign_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuses(*_: object) -> None:
        raise error

    monkeypatch.setattr(RecordingChannel, "begun", refuses)
    async with Desk.start(documents=()) as desk:
        assert (await desk.say(TOM, "hello"))[-1].text


@pytest.mark.timed
async def test_a_channel_that_hangs_at_the_first_sign_holds_no_answer_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(*_: object) -> None:
        await asyncio.sleep(60)

    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello")
        monkeypatch.setattr(RecordingChannel, "begun", hangs)
        began = time.monotonic()
        assert (await desk.say(TOM, "hello"))[-1].text
        assert time.monotonic() - began < 0.9
