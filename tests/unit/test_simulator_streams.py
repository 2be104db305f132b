"""Streams, sessions and suggestions of the simulated Slack behave, and end, as Slack's do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import SimMessage, SimPerson, SlackSimulator
from tests.slack_room import call, refusal

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start() as simulator:
        tom = simulator.add_person("UE1002", name="Tom")
        simulator.add_channel("C-GENERAL", [tom])
        yield simulator


async def begun(slack: SlackSimulator, **more: Any) -> tuple[SimPerson, SimMessage, Json]:
    tom = slack.people["UE1002"]
    root = await tom.dm("hoe meld ik mij ziek?")
    started = await call(slack, "chat.startStream", channel=tom.im, thread_ts=root.ts, **more)
    assert started["ok"], started
    return tom, root, {"channel": tom.im, "ts": started["ts"]}


async def test_the_sdks_own_stream_is_written_down_as_one_message(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.dm("vraag")
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
    stream = await client.chat_stream(channel=tom.im, thread_ts=root.ts, buffer_size=4)
    await stream.append(markdown_text="Meld u ")
    await stream.append(markdown_text="voor **9.00** uur.")
    feedback = {
        "type": "feedback_buttons",
        "positive_button": {"text": {"type": "plain_text", "text": "👍"}, "value": "up"},
        "negative_button": {"text": {"type": "plain_text", "text": "👎"}, "value": "down"},
    }
    await stream.stop(blocks=[{"type": "context_actions", "elements": [feedback]}])
    answer = slack.messages(tom.im, root.ts)[-1]
    assert (answer.text, answer.streamed, answer.streaming) == ("Meld u voor **9.00** uur.", True, False)
    assert answer.blocks[0]["elements"][0]["action_id"]
    assert answer.thread_ts == root.ts


async def test_slack_ends_a_stream_after_five_minutes_and_the_message_can_then_be_changed(
    slack: SlackSimulator,
) -> None:
    _, _, where = await begun(slack, markdown_text="een ")
    assert await refusal(slack, "chat.update", text="x", **where) == "streaming_state_conflict"
    slack.clock.advance(299)
    assert (await call(slack, "chat.appendStream", markdown_text="twee", **where))["ok"]
    slack.clock.advance(2)
    for method in ("chat.appendStream", "chat.stopStream"):
        assert await refusal(slack, method, markdown_text="drie", **where) == "message_not_in_streaming_state"
    assert (await call(slack, "chat.update", markdown_text="heel", **where))["ok"]


async def test_how_long_a_stream_lasts_can_be_ordered(slack: SlackSimulator) -> None:
    slack.faults.stream_ends(0)
    _, _, where = await begun(slack)
    assert await refusal(slack, "chat.appendStream", markdown_text="x", **where) == "message_not_in_streaming_state"


async def test_a_stopped_stream_takes_no_more(slack: SlackSimulator) -> None:
    _, _, where = await begun(slack)
    assert (await call(slack, "chat.stopStream", **where))["ok"]
    assert await refusal(slack, "chat.stopStream", **where) == "message_not_in_streaming_state"


async def test_who_presses_stop_ends_the_stream_and_the_app_is_told(slack: SlackSimulator) -> None:
    tom, root, where = await begun(slack)
    delivery = await tom.stop(tom.im, root.ts)
    assert delivery is not None
    event = delivery.body["event"]
    assert (event["type"], event["streaming_message_ts"]) == ("agent_session_stopped", [where["ts"]])
    assert await refusal(slack, "chat.appendStream", markdown_text="x", **where) == "stopped_by_user"


async def test_tasks_are_replaced_by_id_and_their_details_grow(slack: SlackSimulator) -> None:
    _, _, where = await begun(slack)
    task = {"type": "task_update", "id": "1", "title": "Zoeken"}
    await call(slack, "chat.appendStream", chunks=[task | {"status": "in_progress", "details": "a"}], **where)
    await call(slack, "chat.appendStream", chunks=[task | {"status": "complete", "details": "b"}], **where)
    chunks = slack.messages(where["channel"])[-1].chunks
    assert [(chunk["status"], chunk["details"]) for chunk in chunks] == [("complete", "ab")]


WRONG: dict[str, tuple[Json, str]] = {
    "nothing": ({}, "no_text"),
    "too much": ({"markdown_text": "x" * 12_001}, "msg_too_long"),
    "a chunk that is too long": ({"chunks": [{"type": "markdown_text", "text": "x" * 12_001}]}, "msg_too_long"),
    "an unknown chunk": ({"chunks": [{"type": "poem"}]}, "invalid_chunks"),
    "a long title": ({"chunks": [{"type": "task_update", "id": "1", "title": "x" * 257}]}, "invalid_chunks"),
    "chunks that are none": ({"chunks": {"type": "markdown_text"}}, "invalid_chunks"),
    "bad blocks": ({"chunks": [{"type": "blocks", "blocks": [{"type": "poem"}]}]}, "invalid_blocks"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_does_not_belong_in_a_stream_is_refused(slack: SlackSimulator, name: str) -> None:
    args, error = WRONG[name]
    _, _, where = await begun(slack)
    assert await refusal(slack, "chat.appendStream", **where, **args) == error


async def test_a_stream_in_a_channel_is_for_somebody_and_always_in_a_thread(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.post("C-GENERAL", "<@UBOT> help")
    args = {"channel": "C-GENERAL", "thread_ts": root.ts}
    assert await refusal(slack, "chat.startStream", **args) == "missing_recipient_user_id"
    assert await refusal(slack, "chat.startStream", recipient_user_id=tom.id, **args) == "missing_recipient_team_id"
    both = {"recipient_user_id": tom.id, "recipient_team_id": "TDHB"}
    assert (await call(slack, "chat.startStream", **args, **both))["ok"]
    assert await refusal(slack, "chat.startStream", channel=tom.im) == "invalid_arguments"


async def test_only_the_app_that_streams_may_go_on(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.dm("x")
    where = {"channel": tom.im, "ts": root.ts}
    assert await refusal(slack, "chat.appendStream", markdown_text="x", **where) == "message_not_owned_by_app"


# --- sessions and suggestions --------------------------------------------------------------------------------------


async def test_a_session_has_a_status_and_a_title(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.dm("vraag")
    where = {"channel_id": tom.im, "thread_ts": root.ts}
    answer = await call(slack, "agents.sessions.setStatus", status="processing", title="Ziek", **where)
    assert (answer["agent_status"], "warning" in answer) == ("processing", False)
    assert tom.can_stop(tom.im, root.ts)
    await call(slack, "agents.sessions.setStatus", status="suspended", title="Anders", **where)
    session = slack.session(tom.im, root.ts)
    assert session is not None
    assert (session.status, session.title) == ("suspended", "Ziek")
    assert not tom.can_stop(tom.im, root.ts)
    await call(slack, "agents.sessions.rename", title="Beter", **where)
    assert session.title == "Beter"
    assert await refusal(slack, "agents.sessions.setStatus", status="busy", **where) == "invalid_arguments"
    long = await refusal(slack, "agents.sessions.rename", title="x" * 201, **where)
    assert long == "invalid_arguments"


async def test_without_the_stop_event_a_status_comes_with_a_warning() -> None:
    manifest = {
        "features": {"agent_view": {}, "app_home": {"messages_tab_enabled": True}},
        "oauth_config": {"scopes": {"bot": ["chat:write", "im:history"]}},
        "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
    }
    async with SlackSimulator.start(manifest) as slack:
        root = await slack.add_person("UE1002").dm("x")
        where = {"channel_id": root.channel, "thread_ts": root.ts}
        answer = await call(slack, "agents.sessions.setStatus", status="processing", **where)
        assert answer["warning"] == "missing_agent_session_stopped_event_subscription"


async def test_suggestions_with_a_thread_go_nowhere_and_nobody_is_told(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.dm("x")
    prompts = [{"title": "Wachtwoord", "message": "Ik ben mijn wachtwoord vergeten"}]
    method = "assistant.threads.setSuggestedPrompts"
    lost = await call(slack, method, channel_id=tom.im, thread_ts=root.ts, prompts=prompts)
    assert (lost["ok"], tom.prompts) == (True, [])
    await call(slack, method, channel_id=tom.im, prompts=prompts)
    assert tom.prompts == prompts
    assert await refusal(slack, method, channel_id=tom.im, prompts=prompts * 5) == "invalid_arguments"


async def test_a_status_line_goes_with_the_next_message(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    root = await tom.dm("x")
    where = {"channel_id": tom.im, "thread_ts": root.ts}
    await call(slack, "assistant.threads.setStatus", status="denkt na…", **where)
    session = slack.session(tom.im, root.ts)
    assert session is not None
    assert session.line == "denkt na…"
    await call(slack, "chat.postMessage", channel=tom.im, thread_ts=root.ts, text="klaar")
    assert session.line == ""


async def test_a_person_can_be_written_to_by_their_id(slack: SlackSimulator) -> None:
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
    opened = await client.conversations_open(users="UE1002")
    await client.chat_postMessage(channel="UE1002", text="een")
    await client.chat_postMessage(channel=opened["channel"]["id"], text="twee")
    tom = slack.people["UE1002"]
    assert [message.text for message in tom.sees(tom.im)] == ["een", "twee"]
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.conversations_open(users="UNOBODY")
    slack.add_person("UGONE", deactivated=True)
    with pytest.raises(SlackApiError, match="user_disabled"):
        await client.conversations_open(users="UGONE")


async def test_history_and_replies_come_in_pages(slack: SlackSimulator) -> None:
    tom = slack.people["UE1002"]
    roots = [await tom.post("C-GENERAL", f"bericht {number}") for number in range(3)]
    for number in range(2):
        await tom.post("C-GENERAL", f"antwoord {number}", thread_ts=roots[0].ts)
    first = await call(slack, "conversations.history", channel="C-GENERAL", limit=2)
    assert [message["text"] for message in first["messages"]] == ["bericht 2", "bericht 1"]
    cursor = first["response_metadata"]["next_cursor"]
    second = await call(slack, "conversations.history", channel="C-GENERAL", limit=2, cursor=cursor)
    assert [message["text"] for message in second["messages"]] == ["bericht 0"]
    thread = await call(slack, "conversations.replies", channel="C-GENERAL", ts=roots[0].ts)
    assert [message["text"] for message in thread["messages"]] == ["bericht 0", "antwoord 0", "antwoord 1"]
    assert await refusal(slack, "conversations.replies", channel="C-GENERAL", ts="1.000001") == "thread_not_found"
    info = (await call(slack, "conversations.info", channel="C-GENERAL"))["channel"]
    assert (info["is_member"], info["is_ext_shared"], info["is_private"]) == (True, False, False)
    members = await call(slack, "conversations.members", channel="C-GENERAL")
    assert members["members"] == ["UBOT", "UE1002"]
