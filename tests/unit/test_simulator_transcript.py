"""What stands on the screen of the simulated Slack can be read as text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulators.slack import SlackSimulator, reading
from tests.slack_room import call

Json = dict[str, Any]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


BLOCKS: list[Json] = [
    {"type": "header", "text": plain("Verzoek")},
    {"type": "section", "text": {"type": "mrkdwn", "text": "Van <@UE1002> &amp; co, <https://a.example|beleid>"}},
    {"type": "divider"},
    {"type": "context", "elements": [plain("één"), plain("twee")]},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "y", "text": plain("Ja")},
            {"type": "button", "action_id": "n", "text": plain("Nee")},
        ],
    },
]


async def test_a_transcript_shows_threads_buttons_and_who_sees_what() -> None:
    async with SlackSimulator.start() as slack:
        tom = slack.add_person("UE1002", name="Tom")
        slack.add_channel("C-IT", [tom], name="it")
        first = await tom.dm("wachtwoord vergeten")
        await tom.dm("en nog iets")
        await call(slack, "chat.postMessage", channel=tom.im, thread_ts=first.ts, text="x", blocks=BLOCKS)
        started = await call(
            slack, "chat.startStream", channel=tom.im, thread_ts=first.ts, markdown_text="Even **kijken**"
        )
        await call(slack, "chat.postEphemeral", channel="C-IT", user=tom.id, text="Dat mag u niet")
        where = {"channel": tom.im, "ts": started["ts"]}
        assert "(still writing)" in slack.transcript([tom.im])
        await call(slack, "chat.stopStream", **where)
        assert slack.transcript() == TRANSCRIPT


TRANSCRIPT = """=== #it ===
Loket (only Tom sees this): Dat mag u niet

=== Tom, direct ===
Tom: wachtwoord vergeten
    Loket: # Verzoek
      Van @Tom & co, beleid (https://a.example)
      ────
      één · twee
      [Ja] [Nee]
    Loket (streamed): Even **kijken**
Tom: en nog iets"""


@given(st.text())
def test_reading_a_text_never_fails_and_escaped_text_calls_nobody(text: str) -> None:
    reading.shown(text)
    reading.links_in(text)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert reading.calls_in(escaped) == []
    assert reading.shown(escaped) == text or "&" in text or not text.isprintable()


async def test_a_reader_sees_emoji_two_columns_and_each_address_once() -> None:
    blocks: list[Json] = [
        {"type": "section", "fields": [plain("Asked by"), plain("Tom"), plain("Account"), plain("tom.bakker")]},
        {
            "type": "markdown",
            "text": "Mail [hr@a.example](mailto:hr@a.example) or read [the rules](https://a.example).",
        },
    ]
    async with SlackSimulator.start() as slack:
        tom = slack.add_person("UE1002", name="Tom")
        thanks = await tom.dm("thanks 👍🏽")
        await call(slack, "chat.postMessage", channel=tom.im, text="x", blocks=blocks)
        assert thanks.text == "thanks :+1::skin-tone-4:"
        assert slack.drawn(thanks) == "thanks 👍🏽"
        assert slack.drawn(slack.messages(tom.im)[-1]).splitlines() == [
            "Asked by | Tom",
            "Account | tom.bakker",
            "Mail hr@a.example or read [the rules](https://a.example).",
        ]
