"""What the desk says stands in Slack once, in the right place, and shows what holds now."""

from __future__ import annotations

import dataclasses
import re

import pytest

from core.errors import ConnectorError
from core.events import Address, Place, Verb
from core.replies import Button, Card, Fact, Reply
from simulators.slack.message import SimMessage
from tests.slack_posts_room import APPROVERS, ROOM, TEAM, PostsRoom, answer, key_of, room, slack_database, text_of

__all__ = ["room", "slack_database"]

GROUP = Address("slack", TEAM, "it-approvers", Place.SHARED)


def card(state: str, buttons: int = 0, facts: int = 1, words: int = 3) -> Reply:
    """A card with so many buttons and facts of so many words."""
    shown = tuple(Fact(f"Regel {number}", " ".join(["woord"] * words)) for number in range(facts))
    pressed = tuple(Button(verb, verb.value) for verb in (Verb.APPROVE, Verb.DENY)[:buttons])
    return Reply(f"Aanvraag: {state}", "nl", card=Card("a-1", "Wachtwoord", state, shown, pressed))


def buttons_of(posts: list[SimMessage]) -> list[str]:
    return [
        str(element["value"])
        for post in posts
        for block in post.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


async def test_a_reply_hangs_under_what_the_person_wrote(room: PostsRoom) -> None:
    asked = await room.asked()
    receipt = await room.another().send(asked.address, answer("25 dagen."), key_of(asked))
    (post,) = room.posts(asked.address)
    assert (post.thread_ts, text_of(post)) == (asked.address.anchor, "25 dagen.")
    assert receipt == f"{asked.address.room}:{post.ts}"
    assert post.metadata == {"event_type": "loket_reply", "event_payload": {"key": key_of(asked), "part": 0}}


async def test_nothing_in_a_post_is_looked_up_or_unfolded_by_slack(room: PostsRoom) -> None:
    asked = await room.asked()
    await room.another().send(asked.address, answer("Zie https://example.org, <!channel> @UANNA"), key_of(asked))
    (call,) = room.called("chat.postMessage")
    assert (call["unfurl_links"], call["unfurl_media"], call["link_names"], call["parse"]) == (
        False,
        False,
        False,
        "none",
    )
    (post,) = room.posts(asked.address)
    assert (post.would_notify, post.would_unfurl) == ([], [])


async def test_a_group_of_approvers_works_in_the_channel_that_is_set_for_it(room: PostsRoom) -> None:
    receipt = await room.another().send(GROUP, card("wacht", buttons=2), "card:a-1:it-approvers:1")
    (post,) = room.slack.messages(APPROVERS)
    assert receipt == f"{APPROVERS}:{post.ts}"
    assert buttons_of([post]) == ["a-1", "a-1"]


async def test_a_group_without_a_channel_says_which_setting_to_make(room: PostsRoom) -> None:
    nobody = dataclasses.replace(GROUP, room="hr-approvers")
    with pytest.raises(ConnectorError, match=r"hr-approvers.*LOKET_SLACK_ROOMS"):
        await room.another().send(nobody, card("wacht"), "card:a-1:hr-approvers:1")
    assert room.slack.calls == []


async def test_a_long_reply_becomes_several_posts_in_order_with_the_buttons_on_the_last(room: PostsRoom) -> None:
    receipt = await room.another().send(GROUP, card("wacht", 2, facts=30, words=300), "card:a-1:it-approvers:1")
    posts = room.slack.messages(APPROVERS)
    assert len(posts) > 2
    assert receipt == f"{APPROVERS}:{','.join(post.ts for post in posts)}"
    assert buttons_of(posts[:-1]) == []
    assert len(buttons_of(posts[-1:])) == 2
    assert str(posts).count("Regel 29") > 0


async def test_what_was_posted_and_not_heard_of_is_found_again(room: PostsRoom) -> None:
    asked = await room.asked()
    first = await room.another().send(asked.address, answer("25 dagen."), key_of(asked))
    again = await room.another().send(asked.address, answer("25 dagen."), key_of(asked), again=True)
    assert again == first
    assert room.texts(asked.address) == ["25 dagen."]


async def test_in_a_room_without_a_thread_the_earlier_copy_is_found_too(room: PostsRoom) -> None:
    first = await room.another().send(GROUP, card("wacht"), "card:a-1:it-approvers:1")
    await room.another().send(GROUP, card("wacht"), "card:a-2:it-approvers:1")
    assert await room.another().send(GROUP, card("wacht"), "card:a-1:it-approvers:1", again=True) == first
    assert len(room.slack.messages(APPROVERS)) == 2


async def test_a_post_that_slack_took_without_an_answer_stands_once(room: PostsRoom) -> None:
    asked = await room.asked()
    room.slack.faults.timeout_after_accept("chat.postMessage")
    receipt = await room.another(timeout=0.1).send(asked.address, answer("25 dagen."), key_of(asked))
    (post,) = room.posts(asked.address)
    assert receipt.endswith(post.ts)


async def test_when_nobody_can_say_whether_it_was_posted_the_next_try_looks_first(room: PostsRoom) -> None:
    asked = await room.asked()
    room.slack.faults.timeout_after_accept("chat.postMessage")
    room.slack.faults.server_error("conversations.replies")
    channel = room.another(timeout=0.1)
    with pytest.raises(ConnectorError, match=r"no answer"):
        await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    await channel.send(asked.address, answer("25 dagen."), key_of(asked), again=True)
    assert room.texts(asked.address) == ["25 dagen."]


async def test_half_of_a_long_reply_is_completed_and_not_repeated(room: PostsRoom) -> None:
    asked = await room.asked()
    long = answer("\n\n".join(f"Alinea {number}. " + "woord " * 300 for number in range(20)))
    channel = room.another()
    whole = await channel.send(asked.address, long, key_of(asked))
    posts = room.posts(asked.address)
    for post in posts[1:]:
        del room.slack.world.rooms[asked.address.room].messages[post.ts]
    again = await channel.send(asked.address, long, key_of(asked), again=True)
    assert len(room.posts(asked.address)) == len(posts) > 1
    assert again.split(",")[0] == whole.split(",")[0]


async def test_what_another_app_posts_in_our_manner_is_not_taken_for_ours(room: PostsRoom) -> None:
    asked = await room.asked()
    forged = SimMessage(asked.address.room, room.slack.clock.stamp(), "UEVIL", TEAM, "niets", bot_id="BEVIL")
    forged.thread_ts = asked.address.anchor
    forged.metadata = {"event_type": "loket_reply", "event_payload": {"key": key_of(asked), "part": 0}}
    room.slack.world.rooms[asked.address.room].messages[forged.ts] = forged
    await room.another().send(asked.address, answer("25 dagen."), key_of(asked), again=True)
    assert "25 dagen." in room.texts(asked.address)


async def test_where_the_app_may_not_read_it_posts_rather_than_falls_silent(room: PostsRoom) -> None:
    asked = await room.asked()
    room.slack.faults.fail("conversations.replies", error="missing_scope")
    await room.another().send(asked.address, answer("25 dagen."), key_of(asked), again=True)
    assert room.texts(asked.address) == ["25 dagen."]


@pytest.mark.parametrize("status", [500, 503])
async def test_trouble_at_slack_is_tried_again_later(room: PostsRoom, status: int) -> None:
    asked = await room.asked()
    room.slack.faults.fail("chat.postMessage", status=status)
    channel = room.another()
    with pytest.raises(ConnectorError):
        await channel.send(asked.address, answer("25 dagen."), key_of(asked))
    await channel.send(asked.address, answer("25 dagen."), key_of(asked), again=True)
    assert room.texts(asked.address) == ["25 dagen."]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("not_in_channel", "invite the app to the channel"),
        ("channel_not_found", "invite the app to the channel"),
        ("is_archived", "LOKET_SLACK_ROOMS"),
        ("account_inactive", "install it again"),
        ("token_revoked", "install it again"),
        ("missing_scope", "manifest"),
        ("restricted_action", "administrator"),
        ("msg_blocks_too_long", "report"),
        ("some_new_error", "some_new_error"),
    ],
)
async def test_what_can_never_work_tells_the_operator_what_to_do(room: PostsRoom, code: str, advice: str) -> None:
    room.slack.faults.fail("chat.postMessage", error=code)
    with pytest.raises(ConnectorError, match=re.escape(advice)) as caught:
        await room.another().send(GROUP, card("geheim woord"), "card:a-1:it-approvers:1")
    assert "geheim" not in str(caught.value)
    assert "xoxb" not in str(caught.value)


async def test_an_error_that_repeats_what_was_sent_is_not_repeated_by_us(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", error="Geheim: het wachtwoord is <hunter2>")
    with pytest.raises(ConnectorError) as caught:
        await room.another().send(GROUP, card("wacht"), "card:a-1:it-approvers:1")
    assert "hunter2" not in str(caught.value)


async def test_under_something_that_was_deleted_the_reply_stands_in_the_chat_itself(room: PostsRoom) -> None:
    asked = await room.asked()
    (written,) = room.slack.messages(asked.address.room)
    await room.anna.delete(written)
    await room.another().send(asked.address, answer("25 dagen."), key_of(asked))
    assert [text_of(post) for post in room.slack.messages(asked.address.room)] == ["25 dagen."]


async def test_a_slack_that_can_not_draw_the_newer_blocks_shows_all_the_words(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", error="invalid_blocks")
    room.slack.faults.fail("chat.update", error="invalid_blocks")
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht", buttons=2), "card:a-1:it-approvers:1")
    (post,) = room.slack.messages(APPROVERS)
    assert "Aanvraag: wacht" in str(post.blocks)
    assert len(buttons_of([post])) == 2
    assert {block["type"] for block in post.blocks} <= {"section", "header", "actions", "context", "divider"}
    await channel.update(GROUP, receipt, card("goedgekeurd"))
    assert "Aanvraag: goedgekeurd" in str(post.blocks)


async def test_blocks_that_slack_never_draws_are_tried_twice_and_no_more(room: PostsRoom) -> None:
    room.slack.faults.fail("chat.postMessage", error="invalid_blocks", times=9)
    with pytest.raises(ConnectorError, match="report"):
        await room.another().send(GROUP, card("wacht"), "card:a-1:it-approvers:1")
    assert len(room.called("chat.postMessage")) == 2


# --- what holds now ----------------------------------------------------------------------------------------------


async def test_a_decided_card_has_no_buttons_any_more(room: PostsRoom) -> None:
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht", buttons=2), "card:a-1:it-approvers:1")
    await channel.update(GROUP, receipt, card("goedgekeurd"))
    (post,) = room.slack.messages(APPROVERS)
    assert buttons_of([post]) == []
    assert "goedgekeurd" in text_of(post)
    assert "wacht" not in text_of(post)


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_post_that_can_not_be_changed_is_followed_by_one_that_says_so(room: PostsRoom, code: str) -> None:
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht"), "card:a-1:it-approvers:1")
    room.slack.faults.fail("chat.update", error=code)
    await channel.update(GROUP, receipt, card("goedgekeurd"))
    _, new = room.slack.messages(APPROVERS)
    assert "kan niet meer worden gewijzigd" in text_of(new)
    assert "goedgekeurd" in text_of(new)


async def test_the_next_change_finds_the_post_that_took_the_place_of_the_first(room: PostsRoom) -> None:
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht"), "card:a-1:it-approvers:1")
    room.slack.world.rooms[APPROVERS].messages.clear()
    await channel.update(GROUP, receipt, card("goedgekeurd"))
    await room.another().update(GROUP, receipt, card("uitgevoerd"))
    (post,) = room.slack.messages(APPROVERS)
    assert "uitgevoerd" in text_of(post)


async def test_a_card_that_gets_longer_and_shorter_has_no_old_parts(room: PostsRoom) -> None:
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht", 2, facts=12, words=300), "card:a-1:it-approvers:1")
    before = len(room.slack.messages(APPROVERS))
    await channel.update(GROUP, receipt, card("langer", 2, facts=40, words=300))
    longer = room.slack.messages(APPROVERS)
    assert len(longer) > before > 1
    assert len(buttons_of(longer)) == 2
    await channel.update(GROUP, receipt, card("nog langer", 2, facts=40, words=300))
    assert len(room.slack.messages(APPROVERS)) == len(longer)


async def test_a_card_that_gets_shorter_takes_its_other_parts_away(room: PostsRoom) -> None:
    channel = room.another()
    receipt = await channel.send(GROUP, card("wacht", 2, facts=12, words=300), "card:a-1:it-approvers:1")
    await channel.update(GROUP, receipt, card("kort"))
    (post,) = room.slack.messages(APPROVERS)
    assert "kort" in text_of(post)
    await channel.update(GROUP, receipt, card("weer lang", 2, facts=12, words=300))
    assert str(room.slack.messages(APPROVERS)).count("Regel 11") > 0


# --- to one person -----------------------------------------------------------------------------------------------


async def test_the_direct_chat_of_somebody_is_asked_for_once(room: PostsRoom) -> None:
    channel = room.another()
    first = await channel.direct(TEAM, room.anna.id)
    assert await channel.direct(TEAM, room.anna.id) == first
    assert first == Address("slack", TEAM, room.anna.im, Place.DIRECT, user=room.anna.id)
    assert len(room.called("conversations.open")) == 1


async def test_somebody_who_is_not_there_can_not_be_written_to(room: PostsRoom) -> None:
    with pytest.raises(ConnectorError, match="no such person"):
        await room.another().direct(TEAM, "UNOBODY")


async def test_a_whisper_is_seen_by_one_person_only(room: PostsRoom) -> None:
    asked = await room.asked(shared=True)
    await room.another().whisper(TEAM, ROOM, room.anna.id, "Alleen voor u.", asked.address.thread or "")
    assert [text_of(one) for one in room.anna.sees(ROOM)][-1] == "Alleen voor u."
    assert room.posts(asked.address) == []


@pytest.mark.parametrize("code", ["user_not_in_channel", "not_in_channel", "is_archived", "missing_scope"])
async def test_a_whisper_that_can_not_be_goes_to_the_direct_chat(room: PostsRoom, code: str) -> None:
    room.slack.faults.fail("chat.postEphemeral", error=code)
    await room.another().whisper(TEAM, ROOM, room.anna.id, "Alleen voor u.")
    assert [text_of(post) for post in room.slack.messages(room.anna.im)] == ["Alleen voor u."]


async def test_the_channel_says_what_it_can_do(room: PostsRoom) -> None:
    can = room.another().capabilities
    assert can.updates
    assert can.private_notices
    assert can.modals
    assert can.streaming
