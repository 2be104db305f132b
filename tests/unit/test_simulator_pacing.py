"""The simulated Slack counts calls as Slack does, and goes wrong on order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import SlackSimulator
from tests.slack_room import call


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start() as simulator:
        tom = simulator.add_person("UE1002", name="Tom")
        simulator.add_channel("C-GENERAL", [tom])
        yield simulator


async def test_a_channel_takes_a_short_burst_and_then_one_message_a_second(slack: SlackSimulator) -> None:
    answers = [await call(slack, "chat.postMessage", channel="C-GENERAL", text="x") for _ in range(6)]
    assert [answer["_status"] for answer in answers] == [200, 200, 200, 200, 429, 429]
    assert (answers[-1]["error"], answers[-1]["_retry_after"]) == ("ratelimited", "1")
    im = slack.people["UE1002"].im
    assert (await call(slack, "chat.postMessage", channel=im, text="x"))["ok"]
    slack.clock.advance(1)
    assert (await call(slack, "chat.postMessage", channel="C-GENERAL", text="x"))["ok"]
    assert (await call(slack, "chat.postMessage", channel="C-GENERAL", text="x"))["_status"] == 429


async def test_a_method_of_tier_two_goes_twenty_times_a_minute_and_workspace(slack: SlackSimulator) -> None:
    slack.add_workspace("T-TWO")
    root = await slack.people["UE1002"].dm("hoi")
    args = {"channel": root.channel, "thread_ts": root.ts}
    answers = [await call(slack, "chat.startStream", **args) for _ in range(21)]
    assert [answer["_status"] for answer in answers] == [200] * 20 + [429]
    assert 55 <= int(answers[-1]["_retry_after"]) <= 60
    assert (await call(slack, "auth.test", token=slack.bot_token("T-TWO")))["ok"]
    slack.clock.advance(61)
    assert (await call(slack, "chat.startStream", **args))["ok"]


async def test_limits_can_be_switched_off_for_a_load_run(slack: SlackSimulator) -> None:
    slack.pacing.on = False
    answers = [await call(slack, "chat.postMessage", channel="C-GENERAL", text="x") for _ in range(20)]
    assert all(answer["ok"] for answer in answers)


async def test_trouble_comes_as_often_as_it_was_ordered(slack: SlackSimulator) -> None:
    slack.faults.fail("chat.postMessage", status=429, retry_after=7, times=2)
    slack.faults.server_error("chat.postMessage", 1)
    slack.faults.fail("chat.postMessage", error="fatal_error")
    args = {"channel": "C-GENERAL", "text": "x"}
    answers = [await call(slack, "chat.postMessage", **args) for _ in range(5)]
    assert [answer["_status"] for answer in answers] == [429, 429, 503, 200, 200]
    assert [answer.get("error") for answer in answers][2:] == ["internal_error", "fatal_error", None]
    assert answers[0]["_retry_after"] == "7"
    assert len(slack.messages("C-GENERAL")) == 1


async def test_the_sdks_retry_handler_gets_through_a_rate_limit(slack: SlackSimulator) -> None:
    handler = AsyncRateLimitErrorRetryHandler(max_retry_count=2)
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url, retry_handlers=[handler])
    slack.faults.fail("chat.postMessage", status=429, retry_after=0, times=1)
    await client.chat_postMessage(channel="C-GENERAL", text="x")
    assert [each.status for each in slack.calls] == [429, 200]


async def test_a_call_can_be_carried_out_and_never_answered(slack: SlackSimulator) -> None:
    slack.faults.timeout_after_accept("chat.postMessage")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await call(slack, "chat.postMessage", channel="C-GENERAL", text="toch gepost")
    assert [message.text for message in slack.messages("C-GENERAL")] == ["toch gepost"]


@pytest.mark.timed
async def test_a_method_can_be_slow(slack: SlackSimulator) -> None:
    slack.faults.slow("auth.test", 0.1)
    began = time.perf_counter()
    await call(slack, "auth.test")
    assert time.perf_counter() - began >= 0.1
    slack.faults.clear()
    began = time.perf_counter()
    await call(slack, "auth.test")
    assert time.perf_counter() - began < 0.1


@pytest.mark.slow
async def test_a_call_costs_a_millisecond_or_two_of_processor_its_callers_share_included(slack: SlackSimulator) -> None:
    slack.pacing.on = False
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "regel " * 40}}] * 10
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.bot_token()}"}) as session:
        body = {"channel": "C-GENERAL", "text": "x", "blocks": blocks}
        began = time.process_time()
        for _ in range(200):
            async with session.post(f"{slack.api_url}chat.postMessage", json=body) as answer:
                assert (await answer.json())["ok"]
        each = (time.process_time() - began) / 200
    assert each < 0.004, f"{each * 1000:.2f} ms"
