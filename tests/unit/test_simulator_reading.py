"""The simulated Slack says what a message would set off: whom it calls, where it leads, what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulators.slack import SlackSimulator
from tests.slack_room import call

Json = dict[str, Any]


def text(words: str, kind: str = "plain_text") -> Json:
    return {"type": kind, "text": words}


def section(words: str) -> Json:
    return {"type": "section", "text": text(words, "mrkdwn")}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start() as simulator:
        simulator.pacing.on = False
        simulator.add_channel("C-GENERAL", [simulator.add_person("UE1002", name="Tom")])
        yield simulator


CALLS: dict[str, tuple[Json, list[str]]] = {
    "a channel": ({"text": "<!channel> brand"}, ["!channel"]),
    "with a label": ({"text": "<!here|here> en <@U1|tom>"}, ["!here", "@U1"]),
    "a group": ({"text": "<!subteam^S1|@it>"}, ["!subteam^S1"]),
    "in code": ({"text": "`<!everyone>`"}, ["!everyone"]),
    "in a section": ({"text": "t", "blocks": [section("<@W9>")]}, ["@W9"]),
    "in markdown": ({"text": "t", "blocks": [{"type": "markdown", "text": "<!channel>"}]}, ["!channel"]),
    "in markdown text": ({"markdown_text": "<@U1>"}, ["@U1"]),
    "by plain name, when asked": ({"text": "@channel", "link_names": True}, ["@channel"]),
    "by plain name, when parsed": ({"text": "hoi @here", "parse": "full"}, ["@here"]),
    "escaped": ({"text": "&lt;!channel&gt; @channel"}, []),
    "in a plain text": ({"text": "t", "blocks": [{"type": "header", "text": text("<!channel>")}]}, []),
    "without markup": ({"text": "<!channel>", "mrkdwn": False}, []),
    "a mail address": ({"text": "tom@here.nl", "link_names": True}, []),
    "in rich text": (
        {
            "text": "t",
            "blocks": [
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U7"}],
                        }
                    ],
                }
            ],
        },
        ["!here", "@U7"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_message_tells_whom_it_would_call(slack: SlackSimulator, name: str) -> None:
    args, expected = CALLS[name]
    assert (await call(slack, "chat.postMessage", channel="C-GENERAL", **args))["ok"]
    assert slack.messages("C-GENERAL")[0].would_notify == expected


async def test_a_message_tells_where_it_leads_and_what_it_shows(slack: SlackSimulator) -> None:
    blocks = [
        section("<https://a.example/x|lees> en https://b.example/y."),
        {"type": "markdown", "text": "[c](https://c.example) ![d](https://d.example/p.png)"},
        {"type": "image", "image_url": "https://e.example/e.png", "alt_text": "e"},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": text("Go"), "url": "https://f.example"}],
        },
    ]
    await call(slack, "chat.postMessage", channel="C-GENERAL", text="t", blocks=blocks)
    (message,) = slack.messages("C-GENERAL")
    hosts = [f"https://{name}.example" for name in ("a", "b", "c", "d", "f")]
    assert [any(link.startswith(host) for link in message.links) for host in hosts] == [True] * 5
    assert "https://b.example/y" in message.links
    assert message.images == ["https://d.example/p.png", "https://e.example/e.png"]


async def test_a_preview_is_fetched_unless_both_switches_say_no(slack: SlackSimulator) -> None:
    for switches in ({}, {"unfurl_media": False}, {"unfurl_links": True, "unfurl_media": False}):
        await call(slack, "chat.postMessage", channel="C-GENERAL", text="https://a.example", **switches)
    first, none, third = slack.messages("C-GENERAL")
    assert first.would_unfurl == third.would_unfurl == ["https://a.example"]
    assert none.would_unfurl == []


async def test_markdown_leads_and_shows_in_more_ways_than_one(slack: SlackSimulator) -> None:
    words = "[a](evil.example) ![b][c] <https://d.example>\n\n[c]: https://c.example/pixel.png"
    await call(slack, "chat.postMessage", channel="C-GENERAL", markdown_text=words)
    (message,) = slack.messages("C-GENERAL")
    assert set(message.links) >= {"evil.example", "https://d.example", "https://c.example/pixel.png"}
    assert message.images == ["https://c.example/pixel.png"]
    await call(slack, "chat.postMessage", channel="C-GENERAL", text="[a](b) is geen link", unfurl_media=False)
    assert slack.messages("C-GENERAL")[-1].links == []
