"""News of a ticket reaches its requester, once, in private, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from actions.tables import actions
from actions.ticket_news import TicketNews
from actions.ticket_watch import TicketWatch
from connectors.tickets import TicketChange
from connectors.tickets.embedded import EmbeddedTickets
from core.errors import ConnectorError
from tests.desk import Desk
from tests.staff import SANNE, TOM

CHAIR = "Open a ticket: my chair is broken"


def change(ticket_id: str, number: int = 7, status: str = "In progress", *, closed: bool = False) -> TicketChange:
    return TicketChange(ticket_id, status, closed, number, datetime.now(UTC))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk with one ticket of Tom's."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with Desk.start(documents=(), database_url=url) as desk:
        await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "ok")
        yield desk


async def told(desk: Desk, *changes: TicketChange) -> list[str]:
    """What is said when these are heard, one after the other."""
    before = len(desk.posts())
    for one in changes:
        await TicketNews(desk.database).heard(one)
    await desk.settle()
    return [post.reply.text for post in desk.posts(since=before)]


def ticket_of(desk: Desk) -> str:
    return desk.effects()[-1].object_id


async def test_twenty_who_hear_the_same_at_once_tell_it_once(desk: Desk) -> None:
    before, news = len(desk.posts()), TicketNews(desk.database)
    heard = await asyncio.gather(*(news.heard(change(ticket_of(desk))) for _ in range(20)))
    await desk.settle()
    assert sum(heard) == 1
    [post] = desk.posts(since=before)
    assert (post.address.user, post.reply.private) == (TOM, True)


async def test_what_comes_late_does_not_contradict_what_was_told(desk: Desk) -> None:
    number = ticket_of(desk)
    said = await told(desk, change(number, 9, "Closed", closed=True), change(number, 8), change(number, 10, "Open"))
    assert len(said) == 2
    assert "closed" in said[0]
    assert "Open" in said[1]


@pytest.mark.parametrize("number", ["FAC-99999", "IT-103", "", "%", "FAC-%", "' OR 1=1"])
async def test_a_ticket_that_nobody_here_asked_for_is_told_to_nobody(desk: Desk, number: str) -> None:
    assert await told(desk, change(number)) == []


async def test_a_comment_makes_a_ticket_no_conversation_of_its_own(desk: Desk) -> None:
    await desk.ask_for(SANNE, "add a comment to IT-103: it is dead now")
    await desk.say(SANNE, "ok")
    assert desk.effects()[-1].kind == "comment_added"
    assert await told(desk, change("IT-103")) == []


async def test_a_status_is_shown_as_text_and_nothing_else(desk: Desk) -> None:
    hostile = "Done](https://evil.example) <!channel> @everyone ![x](https://evil.example/x)\u202e" + "x" * 500
    [said] = await told(desk, change(ticket_of(desk), status=hostile))
    for mark in ("](", "<!", "@everyone", "![", "\u202e", "x" * 200):
        assert mark not in said


async def test_an_action_whose_words_were_taken_away_has_nobody_left_to_tell(desk: Desk) -> None:
    number = ticket_of(desk)
    with desk.database.engine.begin() as connection:
        connection.execute(sa.update(actions).where(actions.c.reference == number).values(arguments={}))
    assert await told(desk, change(number)) == []


async def test_after_months_nothing_is_told(desk: Desk) -> None:
    number = ticket_of(desk)
    desk.database.clock_offset += timedelta(days=91)
    assert await told(desk, change(number)) == []


async def test_everybody_hears_it_in_their_language(desk: Desk) -> None:
    await desk.ask_for(SANNE, "maak een melding: mijn bureaustoel is kapot")
    await desk.say(SANNE, "ok")
    [said] = await told(desk, change(ticket_of(desk), status="Closed", closed=True))
    assert "is gesloten" in said


async def test_the_watch_makes_up_for_what_it_missed_and_tells_nothing_twice(desk: Desk) -> None:
    tickets, news = EmbeddedTickets(desk.world), TicketNews(desk.database)
    watch = TicketWatch(desk.database, tickets, news, 60)
    assert await watch.once() == 0
    await tickets.move(ticket_of(desk), "In progress")
    desk.world.fail_next("tickets.read", "refuse")
    with pytest.raises(ConnectorError):
        await watch.once()
    assert await watch.once() == 1
    await desk.clock.advance(minutes=10)
    assert await watch.once() == 0
    assert await TicketWatch(desk.database, tickets, news, 60).once() == 0


async def test_a_watch_that_fails_goes_on(desk: Desk) -> None:
    tickets = EmbeddedTickets(desk.world)
    desk.world.fail_next("tickets.read", "refuse")
    watch = TicketWatch(desk.database, tickets, TicketNews(desk.database), 0.05)
    await tickets.move(ticket_of(desk), "Closed")
    before = len(desk.posts())
    await watch.start()
    for _ in range(100):
        await desk.settle()
        if len(desk.posts()) > before:
            break
        await asyncio.sleep(0.05)
    await watch.stop()
    assert ["closed" in post.reply.text for post in desk.posts(since=before)] == [True]


async def test_a_later_change_with_the_same_number_is_no_news(desk: Desk) -> None:
    first = change(ticket_of(desk))
    assert len(await told(desk, first, replace(first, status="Closed", closed=True))) == 1
