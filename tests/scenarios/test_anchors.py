"""Answers that hang under what was written: the thread of an earlier exchange goes on with that conversation."""

from __future__ import annotations

import sqlalchemy as sa

from agent.tables import turns
from core.encoding import decode, encode
from core.events import Address, Message
from tests.desk import Desk
from tests.staff import SANNE, TOM


def talks(desk: Desk) -> list[str]:
    """The conversation of each turn, oldest first."""
    with desk.database.reading() as tx:
        return list(tx.execute(sa.select(turns.c.conversation_id).order_by(turns.c.at)).scalars())


async def test_messages_of_a_direct_chat_are_one_conversation_whatever_they_hang_under() -> None:
    async with Desk.start(documents=()) as desk:
        for anchor in ("1.1", "1.2"):
            await desk.say(TOM, "hello", via="slack_dm", anchor=anchor)
        assert len(set(talks(desk))) == 1


async def test_an_answer_under_an_old_post_goes_on_with_its_conversation() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello", via="slack_dm", anchor="1.1")
        await desk.clock.advance(hours=3)
        await desk.say(TOM, "hello", via="slack_dm", anchor="2.1")
        await desk.say(TOM, "hello", via="slack_dm", anchor="1.1")
        first, second, third = talks(desk)
        assert first == third != second


async def test_an_unknown_post_after_a_pause_begins_a_conversation() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello", via="slack_dm", anchor="1.1")
        await desk.clock.advance(hours=3)
        await desk.say(TOM, "hello", via="slack_dm", anchor="9.9")
        assert len(set(talks(desk))) == 2


async def test_a_post_of_the_same_number_elsewhere_or_of_another_is_another_conversation() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello", via="slack_dm", anchor="1.1")
        await desk.say(TOM, "hello", via="teams_dm", anchor="1.1")
        await desk.say(SANNE, "hallo", via="slack_dm", anchor="1.1")
        assert len(set(talks(desk))) == 3


async def test_replies_and_later_news_hang_under_what_was_asked() -> None:
    async with Desk.start(documents=()) as desk:
        asked = "please open a ticket: the printer on floor 2 jams"
        replies = await desk.say(TOM, asked, via="slack_dm", anchor="1.1")
        [ticket] = [reply.card.action_id for reply in replies if reply.card]
        await desk.say(TOM, "hello", via="slack_dm", anchor="1.2")
        await desk.click(TOM, ticket, "confirm", via="slack_dm")
        news = [(post.address, post.reply.card) for post in desk.posts() if post.reply.card]
        assert len({card.state for _, card in news}) > 1
        assert {address.anchor for address, _ in news} == {"1.1"}


async def test_the_answer_to_several_lines_hangs_under_the_last() -> None:
    async with Desk.start(documents=(), settings={"agent": {"burst_seconds": 0.4}}) as desk:
        for line, anchor in (("hello", "1.1"), ("please open a ticket: the printer on floor 2 jams", "1.2")):
            await desk.deliver(desk.message(TOM, line, via="slack_dm", anchor=anchor))
        await desk.settle()
        assert {post.address.anchor for post in desk.posts()} == {"1.2"}


async def test_events_and_addresses_from_before_there_were_anchors_are_still_read() -> None:
    async with Desk.start(documents=()) as desk:
        message = encode(desk.message(TOM, "hello", via="slack_dm"))
        for key in ("files", "standing"):
            del message[key]
        del message["address"]["anchor"]
        assert decode(Message, message).text == "hello"
        assert decode(Address, message["address"]).anchor == ""
