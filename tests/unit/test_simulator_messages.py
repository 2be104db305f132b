"""The simulated Slack refuses what Slack refuses in a message, by Slack's own names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import SlackSimulator
from tests.slack_room import call, refusal

Json = dict[str, Any]


def text(words: str, kind: str = "plain_text") -> Json:
    return {"type": kind, "text": words}


def section(words: str) -> Json:
    return {"type": "section", "text": text(words, "mrkdwn")}


def button(name: str = "go", **more: Any) -> Json:
    return {"type": "button", "text": text("Go"), "action_id": name, **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def option(number: int) -> Json:
    return {"text": text(f"o{number}"), "value": str(number)}


def feedback(number: int = 0) -> Json:
    thumb = {"text": text("👍"), "value": "up"}
    return {"type": "feedback_buttons", "action_id": f"f{number}", "positive_button": thumb, "negative_button": thumb}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start() as simulator:
        simulator.pacing.on = False
        tom = simulator.add_person("UE1002", name="Tom")
        simulator.add_channel("C-GENERAL", [tom])
        yield simulator


ACCEPTED: dict[str, list[Json]] = {
    "fifty blocks": [{"type": "divider"}] * 50,
    "a section of 3000": [section("x" * 3000)],
    "a header of 150": [{"type": "header", "text": text("x" * 150)}],
    "twenty-five buttons": [actions(*(button(f"b{n}") for n in range(25)))],
    "ten in a context": [{"type": "context", "elements": [text("x")] * 10}],
    "five context actions": [{"type": "context_actions", "elements": [feedback(n) for n in range(5)]}],
    "a button for some": [actions(button(visible_to_user_ids=["UE1002"], style="danger", value="v" * 2000))],
    "markdown of 12000": [{"type": "markdown", "text": "x" * 12_000}],
    "buttons in a container": [{"type": "container", "title": text("t"), "child_blocks": [actions(button())]}],
    "cards": [{"type": "carousel", "elements": [{"type": "card", "title": text("t"), "actions": [button()]}] * 1}],
    "a select": [actions({"type": "static_select", "action_id": "s", "options": [option(n) for n in range(100)]})],
}

REFUSED: dict[str, tuple[list[Any], str]] = {
    "fifty-one blocks": ([{"type": "divider"}] * 51, "invalid_blocks"),
    "a section of 3001": ([section("x" * 3001)], "invalid_blocks"),
    "an empty section": ([{"type": "section"}], "invalid_blocks"),
    "a section of nothing": ([section("")], "invalid_blocks"),
    "a header of 151": ([{"type": "header", "text": text("x" * 151)}], "invalid_blocks"),
    "a header in mrkdwn": ([{"type": "header", "text": text("x", "mrkdwn")}], "invalid_blocks"),
    "twenty-six buttons": ([actions(*(button(f"b{n}") for n in range(26)))], "invalid_blocks"),
    "no buttons": ([actions()], "invalid_blocks"),
    "eleven in a context": ([{"type": "context", "elements": [text("x")] * 11}], "invalid_blocks"),
    "six context actions": (
        [{"type": "context_actions", "elements": [feedback(n) for n in range(6)]}],
        "invalid_blocks",
    ),
    "a button among context actions": ([{"type": "context_actions", "elements": [button()]}], "invalid_blocks"),
    "a long label": ([actions(button() | {"text": text("x" * 76)})], "invalid_blocks"),
    "a long value": ([actions(button(value="x" * 2001))], "invalid_blocks"),
    "a long action id": ([actions(button("x" * 256))], "invalid_blocks"),
    "a long block id": ([{"type": "divider", "block_id": "x" * 256}], "invalid_blocks"),
    "an unknown style": ([actions(button(style="green"))], "invalid_blocks"),
    "an unknown field": ([{"type": "divider", "colour": "red"}], "invalid_blocks"),
    "an unknown block": ([{"type": "poem"}], "invalid_blocks"),
    "not a block": (["divider"], "invalid_blocks"),
    "the same block id twice": ([{"type": "divider", "block_id": "a"}] * 2, "invalid_blocks"),
    "the same action id twice": ([actions(button("a"), button("a"))], "invalid_blocks"),
    "a hundred and one options": (
        [actions({"type": "static_select", "action_id": "s", "options": [option(n) for n in range(101)]})],
        "invalid_blocks",
    ),
    "eleven blocks in a container": (
        [{"type": "container", "title": text("t"), "child_blocks": [{"type": "divider"}] * 11}],
        "invalid_blocks",
    ),
    "the same action id twice in a block inside another": (
        [{"type": "container", "title": text("t"), "child_blocks": [actions(button(), button())]}],
        "invalid_blocks",
    ),
    "an alert, which is for forms": ([{"type": "alert", "text": text("x")}], "invalid_blocks"),
    "eleven fields": ([{"type": "section", "fields": [text("x")] * 11}], "invalid_blocks"),
    "a script as address": ([actions(button(url="javascript:alert(1)"))], "invalid_blocks"),
    "a confirmation without words": ([actions(button(confirm={"title": text("Sure?")}))], "invalid_blocks"),
    "markdown of 12001": ([{"type": "markdown", "text": "x" * 12_001}], "invalid_blocks"),
    "too much together": ([section("x" * 2_900)] * 5, "msg_blocks_too_long"),
    "two long markdown blocks": ([{"type": "markdown", "text": "x" * 7_000}] * 2, "msg_blocks_too_long"),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_blocks_at_their_limit_are_taken(slack: SlackSimulator, name: str) -> None:
    answer = await call(slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=ACCEPTED[name])
    assert answer["ok"], answer


@pytest.mark.parametrize("name", REFUSED)
async def test_blocks_beyond_their_limit_are_refused_by_slacks_own_name(slack: SlackSimulator, name: str) -> None:
    blocks, error = REFUSED[name]
    assert await refusal(slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=blocks) == error
    assert slack.messages("C-GENERAL") == []


async def test_a_refusal_says_what_is_wrong_and_where(slack: SlackSimulator) -> None:
    answer = await call(slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=[section("x" * 3001)])
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


MESSAGES: dict[str, tuple[Json, str]] = {
    "nothing to say": ({}, "no_text"),
    "a text of 40001": ({"text": "x" * 40_001}, "msg_too_long"),
    "a text that is none": ({"text": 7}, "invalid_arguments"),
    "markdown of 12001": ({"markdown_text": "x" * 12_001}, "msg_too_long"),
    "markdown and text": ({"markdown_text": "x", "text": "x"}, "markdown_text_conflict"),
    "blocks that are none": ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
    "blocks in a block": ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
    "metadata without a name": ({"text": "x", "metadata": {"event_payload": {}}}, "invalid_metadata_schema"),
    "metadata as text": (
        {"text": "x", "metadata": {"event_type": "a", "event_payload": "b"}},
        "invalid_metadata_schema",
    ),
    "a list as metadata": ({"text": "x", "metadata": [1]}, "invalid_metadata_format"),
    "much metadata": (
        {"text": "x", "metadata": {"event_type": "a", "event_payload": {"b": "c" * 17_000}}},
        "metadata_too_large",
    ),
    "a thread that is not there": ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    "many attachments": ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
    "blocks in an attachment": ({"text": "x", "attachments": [{"blocks": [{"type": "poem"}]}]}, "invalid_blocks"),
    "another name": ({"text": "x", "username": "Directie"}, "missing_scope"),
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_message_that_slack_would_refuse_is_refused(slack: SlackSimulator, name: str) -> None:
    args, error = MESSAGES[name]
    assert await refusal(slack, "chat.postMessage", channel="C-GENERAL", **args) == error


async def test_the_sdks_own_client_posts_changes_and_deletes(slack: SlackSimulator) -> None:
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
    posted = await client.chat_postMessage(channel="C-GENERAL", text="een")
    await client.chat_update(channel="C-GENERAL", ts=posted["ts"], text="twee")
    (message,) = slack.messages("C-GENERAL")
    assert (message.text, message.edited, message.by_app) == ("twee", True, True)
    link = await client.chat_getPermalink(channel="C-GENERAL", message_ts=posted["ts"])
    assert "/archives/C-GENERAL/p" in link["permalink"]
    await client.chat_delete(channel="C-GENERAL", ts=posted["ts"])
    assert slack.messages("C-GENERAL") == []
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel="C-GENERAL", ts=posted["ts"], text="drie")


async def test_an_update_takes_away_the_blocks_that_are_not_given_again(slack: SlackSimulator) -> None:
    posted = await call(slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=[actions(button())])
    await call(slack, "chat.update", channel="C-GENERAL", ts=posted["ts"], text="klaar")
    assert slack.messages("C-GENERAL")[0].blocks == []
    long = "x" * 4_001
    assert await refusal(slack, "chat.update", channel="C-GENERAL", ts=posted["ts"], text=long) == "msg_too_long"


async def test_nobody_changes_what_somebody_else_wrote(slack: SlackSimulator) -> None:
    written = await slack.people["UE1002"].post("C-GENERAL", "van mij")
    args = {"channel": "C-GENERAL", "ts": written.ts}
    assert await refusal(slack, "chat.update", text="x", **args) == "cant_update_message"
    assert await refusal(slack, "chat.delete", **args) == "cant_delete_message"


async def test_an_ephemeral_is_seen_by_one_and_cannot_be_changed(slack: SlackSimulator) -> None:
    anna = slack.add_person("UANNA", name="Anna")
    slack.world.rooms["C-GENERAL"].members.add("UANNA")
    sent = await call(slack, "chat.postEphemeral", channel="C-GENERAL", user="UANNA", text="alleen voor jou")
    assert [message.text for message in anna.sees("C-GENERAL")] == ["alleen voor jou"]
    assert slack.people["UE1002"].sees("C-GENERAL") == []
    assert slack.messages("C-GENERAL") == []
    ts = sent["message_ts"]
    assert await refusal(slack, "chat.update", channel="C-GENERAL", ts=ts, text="x") == "message_not_found"
    outside = await refusal(slack, "chat.postEphemeral", channel="C-GENERAL", user="UNOBODY", text="x")
    assert outside == "user_not_in_channel"


async def test_forms_and_json_are_read_alike(slack: SlackSimulator) -> None:
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
    blocks = '[{"type":"section","text":{"type":"mrkdwn","text":"hoi"}}]'
    data = {"channel": "C-GENERAL", "text": "t", "blocks": blocks, "unfurl_links": "false", "unfurl_media": "0"}
    await client.api_call("chat.postMessage", data=data)
    await client.api_call("chat.postMessage", http_verb="GET", params={"channel": "C-GENERAL", "text": "u"})
    first, second = slack.messages("C-GENERAL")
    assert (first.blocks[0]["text"]["text"], first.unfurl_media, second.text) == ("hoi", False, "u")


# --- who may -----------------------------------------------------------------------------------------------------


async def test_a_token_opens_only_its_own_door(slack: SlackSimulator) -> None:
    args = {"channel": "C-GENERAL", "text": "x"}
    assert await refusal(slack, "chat.postMessage", token="", **args) == "not_authed"
    assert await refusal(slack, "chat.postMessage", token="xoxb-guess", **args) == "invalid_auth"
    assert await refusal(slack, "chat.postMessage", token=slack.app_token, **args) == "not_allowed_token_type"
    assert await refusal(slack, "apps.connections.open") == "not_allowed_token_type"
    await slack.revoke_tokens()
    assert await refusal(slack, "chat.postMessage", **args) == "token_revoked"


async def test_a_room_that_the_app_is_not_in_is_closed(slack: SlackSimulator) -> None:
    slack.add_channel("C-ELSEWHERE", bot=False)
    slack.add_channel("C-SECRET", private=True, bot=False)
    assert await refusal(slack, "chat.postMessage", channel="C-ELSEWHERE", text="x") == "not_in_channel"
    assert await refusal(slack, "chat.postMessage", channel="C-SECRET", text="x") == "channel_not_found"
    assert await refusal(slack, "chat.postMessage", channel="C-NOWHERE", text="x") == "channel_not_found"
    assert await refusal(slack, "conversations.history", channel="C-ELSEWHERE") == "not_in_channel"


async def test_a_call_without_its_scope_is_told_which_one_it_needs() -> None:
    manifest = {"oauth_config": {"scopes": {"bot": ["chat:write", "channels:history", "users:read"]}}}
    async with SlackSimulator.start(manifest) as slack:
        tom = slack.add_person("UE1002", name="Tom", email="tom@example.nl")
        slack.add_channel("C-GENERAL", [tom])
        body = await call(slack, "users.lookupByEmail", email="tom@example.nl")
        assert (body["error"], body["needed"]) == ("missing_scope", "users:read.email")
        assert body["provided"] == "channels:history,chat:write,users:read"
        assert await refusal(slack, "conversations.open", users="UE1002") == "missing_scope"
        assert await refusal(slack, "conversations.info", channel="C-GENERAL") == "missing_scope"
        assert (await call(slack, "conversations.history", channel="C-GENERAL"))["ok"]
        assert await refusal(slack, "conversations.history", channel=tom.im) == "missing_scope"
        assert "email" not in (await call(slack, "users.info", user="UE1002"))["user"]["profile"]


async def test_an_unknown_method_and_an_unreadable_body_are_refused(slack: SlackSimulator) -> None:
    assert await refusal(slack, "chat.shout") == "unknown_method"
    client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
    assert client.token
    status, body = await slack.send_raw(b"{", {"Content-Type": "application/json"}, f"{slack.api_url}auth.test")
    assert (status, body) == (200, b'{"ok": false, "error": "invalid_json"}')


async def test_every_call_is_written_down(slack: SlackSimulator) -> None:
    await call(slack, "chat.postMessage", channel="C-GENERAL", text="x")
    await call(slack, "chat.postMessage", channel="C-NOWHERE", text="x")
    done, refused = slack.calls
    assert (done.method, done.team, done.ok, done.args["text"]) == ("chat.postMessage", "TDHB", True, "x")
    assert (refused.ok, refused.error, refused.status) == (False, "channel_not_found", 200)


async def test_the_same_action_id_may_stand_in_several_blocks(slack: SlackSimulator) -> None:
    inside = {"type": "container", "title": text("t"), "child_blocks": [actions(button())]}
    body = await call(
        slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=[actions(button()), actions(button()), inside]
    )
    assert body["ok"]
