"""A slow answer is seen while it grows, and whatever happens the person ends up with the reply and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import ConnectorError
from core.events import Message
from core.outcomes import Outcome
from core.replies import Reply
from slack_app.growing import Rhythm
from slack_app.stream_rows import LEFT
from tests.slack_posts_room import AT_ONCE, PostsRoom, answer, key_of, room, slack_database, text_of

__all__ = ["room", "slack_database"]

SLOW = Rhythm(after=30.0)


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that happens beside the test."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.005)


async def grown(room: PostsRoom, asked: Message, *sentences: str, rhythm: Rhythm = AT_ONCE) -> None:
    """Another process shows some sentences of an answer."""
    channel = room.another(rhythm)
    await channel.begun(asked)
    for sentence in sentences:
        await channel.sentence(asked, sentence)
        await until(lambda sentence=sentence: any(sentence in text for text in room.texts(asked.address)))
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))


async def test_a_quick_answer_is_posted_whole(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another(SLOW)
    await channel.begun(asked)
    await channel.sentence(asked, "U hebt 25 dagen. [1]")
    await channel.send(asked.address, answer("U hebt 25 dagen. [1]"), key_of(asked))
    assert room.texts(asked.address) == ["U hebt 25 dagen. [1]"]
    assert room.called("chat.startStream") == []
    assert room.rows() == []


async def test_a_slow_answer_is_seen_sentence_by_sentence_in_order(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een. [1]", "Twee. [2]", "Drie. [1]")
    (post,) = room.posts(asked.address)
    assert post.text == "Een. [1] Twee. [2] Drie. [1]"
    assert post.streaming
    assert post.thread_ts == asked.address.anchor


async def test_sentences_that_come_together_are_shown_together(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another(Rhythm(after=0.05, buffer_seconds=30.0))
    await channel.begun(asked)
    for number in range(5):
        await channel.sentence(asked, f"Zin {number}.")
    await until(lambda: room.texts(asked.address) == ["Zin 0. Zin 1. Zin 2. Zin 3. Zin 4."])
    await channel.sentence(asked, "Kort.")
    await asyncio.sleep(0.02)
    assert room.called("chat.appendStream") == []  # less than a second after, and short
    await channel.sentence(asked, "Lang. " + "woord " * 60)
    await until(lambda: len(room.called("chat.appendStream")) == 1)


@pytest.mark.timed
async def test_nothing_is_shown_before_the_answer_counts_as_slow(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another(Rhythm(after=0.15))
    begun = time.monotonic()
    await channel.begun(asked)
    await channel.sentence(asked, "U hebt 25 dagen.")
    await until(lambda: bool(room.called("chat.startStream")))
    assert time.monotonic() - begun >= 0.15


async def test_the_reply_takes_the_place_of_what_was_shown(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, "Een voorproef.")
    await until(lambda: bool(room.posts(asked.address)))
    (shown,) = room.posts(asked.address)
    receipt = await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    (post,) = room.posts(asked.address)
    assert post is shown
    assert receipt == f"{asked.address.room}:{post.ts}"
    assert (text_of(post), post.streaming, post.chunks) == ("Het antwoord.", False, [])
    assert post.metadata is not None
    assert room.rows() == []


async def test_a_long_reply_begins_in_the_place_of_what_was_shown(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    (shown,) = room.posts(asked.address)
    long = answer("\n\n".join(f"Alinea {number}. " + "woord " * 300 for number in range(20)))
    await room.another().send(asked.address, long, key_of(asked))
    posts = room.posts(asked.address)
    assert posts[0] is shown
    assert len(posts) > 1
    assert "voorproef" not in str(room.texts(asked.address))


async def test_while_it_grows_people_see_what_the_desk_does_and_that_it_is_done(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "U hebt recht op vijfentwintig dagen verlof.")
    (post,) = room.posts(asked.address)
    (step,) = post.chunks
    assert (step["title"], step["status"]) == ("Zoekt het op en controleert elke zin", "in_progress")
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    (stopped,) = room.called("chat.stopStream")
    assert [chunk["status"] for chunk in stopped["chunks"]] == ["complete"]
    assert post.chunks == []


async def test_a_very_long_answer_is_shown_as_far_as_a_message_goes(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    for number in range(8):
        await channel.sentence(asked, f"Zin {number} " + "woord " * 400)
        await asyncio.sleep(0.02)
    (post,) = room.posts(asked.address)
    assert "Zin 3" in post.text
    assert len(post.text) < 12_000
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]


@pytest.mark.parametrize("shared", [True, False])
async def test_slack_hears_for_whom_the_answer_grows(room: PostsRoom, shared: bool) -> None:
    asked = await room.asked(shared=shared)
    await grown(room, asked, "Een zin.")
    (call,) = room.called("chat.startStream")
    assert (call["recipient_team_id"], call["recipient_user_id"]) == ("TDHB", room.anna.id)
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_what_grows_mentions_nobody_and_shows_nothing_foreign(room: PostsRoom) -> None:
    asked = await room.asked()
    evil = "Let op <!channel> <@UANNA> @here ![x](https://evil.example/x.png) [klik](https://evil.example)"
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, evil)
    await until(lambda: bool(room.posts(asked.address)))
    (post,) = room.posts(asked.address)
    assert post.would_notify == []
    assert post.images == []
    assert "](https://evil.example" not in post.text


# --- another process, and crashes --------------------------------------------------------------------------------


async def test_after_a_crash_another_process_finishes_the_same_post(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    (shown,) = room.posts(asked.address)
    room.commit(asked)
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.posts(asked.address) == [shown]
    assert room.texts(asked.address) == ["Het antwoord."]
    assert not shown.streaming
    assert room.rows() == []


async def test_who_still_shows_it_elsewhere_can_add_nothing_to_the_reply(room: PostsRoom) -> None:
    asked = await room.asked()
    elsewhere = room.another()
    await elsewhere.begun(asked)
    await elsewhere.sentence(asked, "Een voorproef.")
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))
    room.commit(asked)
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    await elsewhere.sentence(asked, "Nog iets.")
    await until(lambda: bool(room.called("chat.appendStream")))
    await elsewhere.close()
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_a_sentence_that_arrives_after_the_reply_opens_nothing(room: PostsRoom) -> None:
    asked = await room.asked()
    elsewhere = room.another()
    await elsewhere.begun(asked)
    room.commit(asked)
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    await elsewhere.sentence(asked, "Te laat.")
    await elsewhere.close()
    await asyncio.sleep(0.02)
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []


async def test_a_reply_that_comes_while_another_process_opens_the_post_stands_alone(room: PostsRoom) -> None:
    asked = await room.asked()
    elsewhere = room.another()
    room.slack.faults.slow("chat.startStream", 0.15)
    await elsewhere.begun(asked)
    await elsewhere.sentence(asked, "Een voorproef.")
    await until(lambda: room.rows() == [""])
    room.commit(asked)
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    await until(lambda: room.rows() == [])
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_two_processes_that_hear_the_same_sentences_show_one_post(room: PostsRoom) -> None:
    asked = await room.asked()
    both = [room.another(), room.another()]
    for channel in both:
        await channel.begun(asked)
        await channel.sentence(asked, "Een voorproef.")
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))
    await asyncio.sleep(0.02)
    assert room.texts(asked.address) == ["Een voorproef."]


async def test_a_post_that_was_opened_without_our_hearing_of_it_is_found_and_finished(room: PostsRoom) -> None:
    asked = await room.asked()
    room.slack.faults.timeout_after_accept("chat.startStream")
    channel = room.another(timeout=0.1)
    await channel.begun(asked)
    await channel.sentence(asked, "Een voorproef.")
    await until(lambda: room.rows() == [LEFT])
    room.commit(asked)
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []


async def test_a_try_that_broke_off_in_the_middle_is_done_again_with_one_copy(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    room.slack.faults.timeout_after_accept("chat.update")
    channel = room.another(timeout=0.1)
    with pytest.raises(ConnectorError, match="no answer"):
        await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked), again=True)
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []


@pytest.mark.parametrize("method", ["chat.stopStream", "chat.update", "conversations.replies"])
async def test_trouble_while_the_reply_takes_its_place_costs_no_second_copy(room: PostsRoom, method: str) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    room.slack.faults.server_error(method)
    channel = room.another()
    for again in (False, True, True):
        with contextlib.suppress(ConnectorError):
            await channel.send(asked.address, answer("Het antwoord."), key_of(asked), again=again)
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_a_growing_post_that_somebody_deleted_is_posted_anew(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    (shown,) = room.posts(asked.address)
    del room.slack.world.rooms[asked.address.room].messages[shown.ts]
    await room.another().send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_growing_post_that_can_not_become_the_reply_makes_room_for_it(room: PostsRoom, code: str) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    room.slack.faults.fail("chat.update", error=code)
    channel = room.another()
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked), again=True)
    assert room.texts(asked.address) == ["Het antwoord."]


# --- the end of a stream -----------------------------------------------------------------------------------------


async def test_a_stream_that_slack_closed_is_finished_all_the_same(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, "Een voorproef.")
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))
    room.slack.clock.advance(301)
    await channel.sentence(asked, "Nog een zin.")
    await until(lambda: bool(room.called("chat.appendStream")))
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_no_stream_is_held_until_slack_would_close_it(room: PostsRoom) -> None:
    assert Rhythm().longest <= 240
    asked = await room.asked()
    channel = room.another(Rhythm(after=0.0, buffer_seconds=0.0, longest=0.1))
    await channel.begun(asked)
    await channel.sentence(asked, "Een voorproef.")
    await until(lambda: bool(room.called("chat.stopStream")))
    (post,) = room.posts(asked.address)
    assert not post.streaming
    assert room.slack.world.sessions[asked.address.room, asked.address.anchor].status == "processing"
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_when_the_person_presses_stop_the_last_word_takes_the_place(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, "Een voorproef.")
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))
    await room.anna.stop(asked.address.room, asked.address.anchor)
    await channel.sentence(asked, "Nog een zin.")
    await channel.send(asked.address, answer("Gestopt.", Outcome.STOPPED), key_of(asked))
    assert room.texts(asked.address) == ["Gestopt."]


async def test_what_is_withdrawn_goes_and_the_next_answer_grows_anew(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, "Een vergissing.")
    await until(lambda: bool(room.posts(asked.address)))
    await channel.withdraw(asked)
    await channel.sentence(asked, "Beter.")
    await until(lambda: room.texts(asked.address) == ["Beter."])
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []


async def test_what_is_withdrawn_before_it_was_seen_is_never_seen(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another(Rhythm(after=0.05, buffer_seconds=0.0))
    await channel.begun(asked)
    await channel.sentence(asked, "Een vergissing.")
    await channel.withdraw(asked)
    await channel.sentence(asked, "Beter.")
    await until(lambda: bool(room.posts(asked.address)))
    assert room.texts(asked.address) == ["Beter."]


async def test_an_answer_that_turns_out_private_leaves_nothing_in_the_shared_room(room: PostsRoom) -> None:
    asked = await room.asked(shared=True)
    await grown(room, asked, "Een voorproef.")
    channel = room.another()
    direct = await channel.direct("TDHB", room.anna.id)
    await channel.send(direct, answer("Alleen voor u."), key_of(asked))
    assert room.texts(asked.address) == []
    assert room.texts(direct) == ["Alleen voor u."]
    assert room.rows() == []


async def test_the_notice_of_first_contact_leaves_the_answer_where_it_grew(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    (shown,) = room.posts(asked.address)
    channel = room.another()
    await channel.send(asked.address, Reply("U praat met een computer.", "nl"), key_of(asked, 0))
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked, 1))
    assert sorted(room.texts(asked.address)) == ["Het antwoord.", "U praat met een computer."]
    assert text_of(shown) == "Het antwoord."


# --- limits, and what is left over -------------------------------------------------------------------------------


async def test_beyond_the_budget_of_a_minute_answers_are_posted_whole(room: PostsRoom) -> None:
    channel = room.another()
    for _ in range(17):
        asked = await room.asked()
        await channel.begun(asked)
        await channel.sentence(asked, "Een voorproef.")
        await asyncio.sleep(0.01)
        await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
        assert room.texts(asked.address) == ["Het antwoord."]
    assert len(room.called("chat.startStream")) == 15


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream"])
@pytest.mark.parametrize("status", [429, 503])
async def test_trouble_with_a_preview_costs_the_preview_only(room: PostsRoom, method: str, status: int) -> None:
    asked = await room.asked()
    room.slack.faults.fail(method, status=status, retry_after=30, times=9)
    channel = room.another()
    await channel.begun(asked)
    for sentence in ("Een.", "Twee."):
        await channel.sentence(asked, sentence)
        await asyncio.sleep(0.02)
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    assert room.texts(asked.address) == ["Het antwoord."]


async def test_a_sentence_of_which_nobody_knows_whether_it_was_shown_ends_the_preview(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another(timeout=0.1)
    await channel.begun(asked)
    await channel.sentence(asked, "Een.")
    await until(lambda: room.texts(asked.address) == ["Een."])
    room.slack.faults.timeout_after_accept("chat.appendStream")
    await channel.sentence(asked, "Twee.")
    await until(lambda: room.texts(asked.address) == ["Een. Twee."])
    await asyncio.sleep(0.15)
    await channel.sentence(asked, "Drie.")
    await asyncio.sleep(0.02)
    assert room.texts(asked.address) == ["Een. Twee."]


async def test_an_answer_that_never_came_is_tidied_away(room: PostsRoom) -> None:
    asked = await room.asked()
    await grown(room, asked, "Een voorproef.")
    later = room.another()
    assert await later.tidy() == 0
    room.database.clock_offset = timedelta(minutes=11)
    assert await later.tidy() == 1
    assert room.texts(asked.address) == []
    assert room.rows() == []
    await later.send(asked.address, answer("Toch nog."), key_of(asked))
    assert room.texts(asked.address) == ["Toch nog."]


async def test_what_could_not_be_taken_away_is_taken_away_later(room: PostsRoom) -> None:
    asked = await room.asked()
    channel = room.another()
    await channel.begun(asked)
    await channel.sentence(asked, "Een vergissing.")
    await until(lambda: any(len(ts) > 1 for ts in room.rows()))
    room.slack.faults.server_error("chat.delete")
    await channel.withdraw(asked)
    await until(lambda: any(ts.startswith("x") for ts in room.rows()))
    await until(lambda: bool(room.called("chat.delete")))
    await channel.send(asked.address, answer("Het antwoord."), key_of(asked))
    room.database.clock_offset = timedelta(minutes=2)
    assert await room.another().tidy() == 1
    assert room.texts(asked.address) == ["Het antwoord."]
    assert room.rows() == []
