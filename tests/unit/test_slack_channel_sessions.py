"""Beside an exchange Slack shows whether the desk thinks, waits for a person, or is done; where it has no such thing
the exchange goes on without."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
import structlog

from actions.records import State
from actions.words import say
from agent import inbox
from core.replies import Card, Reply
from slack_app.channel import SlackChannel
from tests.slack_posts_room import PostsRoom, answer, key_of, room, slack_database

__all__ = ["room", "slack_database"]

STATUS = "agents.sessions.setStatus"


def card_in(state: State) -> Reply:
    return Reply("Aanvraag", "nl", card=Card("a-1", "Wachtwoord", say(f"state_{state}", "nl")))


def statuses(room: PostsRoom) -> list[str]:
    return [str(call["status"]) for call in room.called(STATUS)]


async def test_the_desk_thinks_and_then_it_is_the_persons_turn(room: PostsRoom) -> None:
    asked = await room.asked("Hoeveel verlof heb ik?")
    channel = room.another()
    await channel.begun(asked)
    await channel.settle()
    session = room.slack.world.sessions[asked.address.room, asked.address.anchor]
    assert (session.status, session.title) == ("processing", "Hoeveel verlof heb ik?")
    assert session.line == "zoekt het voor u uit …"
    await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    await channel.settle()
    assert session.status == "active"


async def test_after_the_notice_of_first_contact_the_desk_still_thinks(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.send(asked.address, Reply("U praat met een computer.", "nl"), key_of(asked, 0))
    await channel.settle()
    assert statuses(room) == ["processing"]
    await channel.send(asked.address, answer("25 dagen."), key_of(asked, 1))
    await channel.settle()
    assert statuses(room) == ["processing", "active"]


async def test_while_approvers_decide_the_session_is_suspended_until_they_have(room: PostsRoom) -> None:
    asked = await room.asked("Reset mijn wachtwoord")
    channel = room.another()
    await channel.begun(asked)
    receipt = await channel.send(asked.address, card_in(State.AWAITING_APPROVAL), key_of(asked))
    await channel.settle()
    assert statuses(room)[-1] == "suspended"
    await channel.update(asked.address, receipt, card_in(State.DONE))
    await channel.settle()
    assert statuses(room)[-1] == "active"


@pytest.mark.parametrize("state", [State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.DENIED])
async def test_what_waits_for_the_person_themselves_suspends_nothing(room: PostsRoom, state: State) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.send(asked.address, card_in(state), key_of(asked))
    await channel.settle()
    assert statuses(room)[-1] == "active"


LINE = "assistant.threads.setStatus"
BUSY = "Het is druk: er zijn ongeveer 40 vragen vóór de uwe. Dat duurt ongeveer een halve minuut."


def lines(room: PostsRoom) -> list[tuple[str, object]]:
    """Thread and line, of every call that set one, with what it said of the wait."""
    return [(str(call["thread_ts"]), call.get("loading_messages") or call["status"]) for call in room.called(LINE)]


async def test_a_question_that_was_taken_in_looks_like_one_that_is_worked_on_and_is_told_once(room: PostsRoom) -> None:
    asked = await room.asked("Hoeveel verlof heb ik?")
    channel = room.another()
    await channel.taken(asked)
    await channel.settle()
    session = room.slack.world.sessions[asked.address.room, asked.address.anchor]
    assert (session.status, session.line) == ("processing", "zoekt het voor u uit …")
    await channel.begun(dataclasses.replace(asked, text=""))  # news of another process, which brings no words
    await channel.settle()
    assert statuses(room) == ["processing"]
    assert len(lines(room)) == 1


async def test_how_busy_it_is_stands_there_until_the_desk_begins(room: PostsRoom) -> None:
    asked = await room.asked("Hoeveel verlof heb ik?")
    channel = room.another()
    await channel.taken(asked, BUSY)
    await channel.settle()
    thread = asked.address.anchor
    assert lines(room) == [(thread, [BUSY])]
    await channel.begun(dataclasses.replace(asked, text=""))
    await channel.settle()
    assert lines(room)[1:] == [(thread, "zoekt het voor u uit …")]
    assert statuses(room) == ["processing"]


async def test_of_lines_written_one_after_the_other_only_the_last_looks_worked_on(room: PostsRoom) -> None:
    first, last = await room.asked("mijn printer"), await room.asked("doet het niet")
    channel = room.another()
    for asked in (first, last):
        await channel.taken(asked)
        await channel.settle()
    sessions = room.slack.world.sessions
    left, now_there = (sessions[asked.address.room, asked.address.anchor] for asked in (first, last))
    assert (left.status, left.line) == ("active", "")
    assert (now_there.status, now_there.line) == ("processing", "zoekt het voor u uit …")


async def test_in_a_channel_the_threads_of_several_people_do_not_disturb_each_other(room: PostsRoom) -> None:
    first, other = await room.asked(shared=True), await room.asked(shared=True)
    channel = room.another()
    for asked in (first, other):
        await channel.taken(asked)
        await channel.settle()
    threads = {str(asked.address.thread) for asked in (first, other)}
    sessions = room.slack.world.sessions
    assert {sessions[first.address.room, thread].status for thread in threads} == {"processing"}


async def test_the_channel_takes_a_sign_at_once_however_slack_is(room: PostsRoom) -> None:
    room.slack.faults.timeout_after_accept(STATUS, times=99)
    asked = await room.asked()
    channel = room.another(timeout=20)
    async with asyncio.timeout(10):
        await channel.taken(asked)
        await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    assert room.texts(asked.address) == ["25 dagen."]
    await channel.settle(0.01)


async def test_only_the_last_of_quick_changes_is_told(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    await channel.settle()
    assert statuses(room)[-1] == "active"
    await channel.update(asked.address, f"{asked.address.room}:{room.posts(asked.address)[0].ts}", answer("26"))
    await channel.settle()
    assert statuses(room).count("active") == 1


async def test_a_title_is_at_most_200_characters_of_whole_words_and_holds_no_secret(room: PostsRoom) -> None:
    asked = await room.asked("mijn wachtwoord is Zomer2026! en " + "woord " * 100)
    channel = room.another()
    await channel.begun(asked)
    await channel.settle()
    title = room.slack.world.sessions[asked.address.room, asked.address.anchor].title
    assert 150 < len(title) <= 200
    assert title.endswith("woord…")
    assert "Zomer2026" not in title


async def test_the_title_is_there_too_when_the_words_did_not_travel(room: PostsRoom) -> None:
    asked = await room.asked("Hoeveel verlof heb ik?")
    with room.database.transaction() as tx:
        inbox.put(tx, asked)
    channel = room.another()
    await channel.begun(dataclasses.replace(asked, text=""))
    await channel.settle()
    assert room.slack.world.sessions[asked.address.room, asked.address.anchor].title == "Hoeveel verlof heb ik?"


async def test_in_a_channel_nobodys_question_becomes_a_title(room: PostsRoom) -> None:
    asked = await room.asked(shared=True)
    channel = room.another()
    await channel.begun(asked)
    await channel.settle()
    assert [call.get("title") for call in room.called(STATUS)] == [None]


async def whole_exchange(channel: SlackChannel, room: PostsRoom, text: str) -> None:
    asked = await room.asked()
    await channel.begun(asked)
    await channel.settle()
    await channel.sentence(asked, "Een zin.")
    await channel.send(asked.address, answer(text), key_of(asked))
    await channel.settle()
    assert room.texts(asked.address) == [text]


@pytest.mark.parametrize(
    "code",
    [
        "unknown_method",
        "missing_scope",
        "feature_not_enabled",
        "method_not_supported_for_channel_type",
        "not_allowed_token_type",
    ],
)
async def test_a_workspace_without_agents_is_answered_all_the_same(room: PostsRoom, code: str) -> None:
    for method in (STATUS, "assistant.threads.setStatus", "chat.startStream"):
        room.slack.faults.fail(method, error=code, times=99)
    channel = room.another()
    with structlog.testing.capture_logs() as lines:
        await whole_exchange(channel, room, "25 dagen.")
        await whole_exchange(channel, room, "26 dagen.")
    missing = [line["system"] for line in lines if line["event"] == "slack_feature_missing"]
    assert sorted(missing) == sorted(set(missing))  # each is said once
    assert STATUS in missing
    assert len(room.called(STATUS)) == 1  # and is not tried again
    assert len(room.called("chat.startStream")) <= 1


async def test_what_a_channel_lacks_a_direct_chat_may_have(room: PostsRoom) -> None:
    room.slack.faults.fail(STATUS, error="method_not_supported_for_channel_type")
    channel = room.another()
    for shared in (True, False):
        asked = await room.asked(shared=shared)
        await channel.begun(asked)
        await channel.settle()
    assert len(room.called(STATUS)) == 2


@pytest.mark.parametrize("trouble", ["server_error", "timeout_after_accept"])
async def test_a_status_that_slack_does_not_take_costs_nobody_an_answer(room: PostsRoom, trouble: str) -> None:
    getattr(room.slack.faults, trouble)(STATUS, times=9)
    channel = room.another(timeout=0.05)
    asked = await room.asked()
    await channel.begun(asked)
    await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    await channel.settle()
    assert room.texts(asked.address) == ["25 dagen."]
