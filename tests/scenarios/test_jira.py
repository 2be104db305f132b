"""A ticket's life with a real protocol behind the counter: asked in the chat, filed in Jira once, and news of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actions.ticket_news import TicketNews
from actions.ticket_watch import TicketWatch
from connectors.tickets import TicketReader
from tests.desk import Desk
from tests.reading import text_of
from tests.servers.jira import FakeJira, fake_jira
from tests.staff import MARIA, TOM
from tests.ticket_systems import seed

CHAIR = "Open a ticket: my chair is broken"


@asynccontextmanager
async def desk_with(kind: str, **changes: object) -> AsyncIterator[tuple[Desk, FakeJira, TicketReader]]:
    """A desk whose tickets are in a Jira, by its settings alone."""
    async with fake_jira(kind) as jira:
        seed(jira)
        chosen = {"systems": {"tickets": "jira"}, "jira": jira.settings(**changes)}
        async with Desk.start(documents=(), settings=chosen) as desk:
            yield desk, jira, desk.counter.gate.parts.systems.read.tickets
        assert jira.api.violations == []


def of_tom(jira: FakeJira) -> list[str]:
    """The chairs that were filed."""
    return [key for key, issue in jira.state.issues.items() if key.startswith("FAC") and int(key[4:]) > 302]


@pytest.fixture(params=["cloud", "data_center"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_yes_in_the_chat_files_one_ticket_with_its_number_and_link(kind: str) -> None:
    async with desk_with(kind) as (desk, jira, _):
        draft = await desk.ask_for(TOM, CHAIR)
        assert of_tom(jira) == []
        await desk.say(TOM, "ok")
        assert of_tom(jira) == ["FAC-303"]
        said = text_of(post.reply for post in desk.posts())
        assert f"{jira.url}/browse/FAC-303" in said
        assert f"loket-{draft}" in jira.state.issues["FAC-303"].labels
        assert "(E1002)" in jira.state.issues["FAC-303"].text
        mine = text_of(await desk.say(TOM, "What is the state of ticket FAC-303?"))
        assert "FAC-303" in mine
        theirs = text_of(await desk.say(MARIA, "What is the state of ticket FAC-303?"))
        assert "chair" not in theirs


async def test_a_known_outage_is_told_before_anything_is_filed(kind: str) -> None:
    async with desk_with(kind) as (desk, _, _):
        said = text_of(await desk.say(TOM, "Open a ticket: the printer on the second floor in Zwolle does not print"))
        assert "IT-101" in said


@pytest.mark.slow
@pytest.mark.parametrize("how", ["500 after", "late", "cut after"])
async def test_a_ticket_whose_filing_ended_in_doubt_is_found_again_and_filed_once(kind: str, how: str) -> None:
    async with desk_with(kind, write_seconds=1) as (desk, jira, _):
        jira.state.lag_seconds = 60
        jira.fail_next("create", how)
        draft = await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "ok")
        assert await desk.state(draft) == "unknown"
        await desk.clock.advance(seconds=30)
        assert await desk.state(draft) == "unknown"
        jira.state.pass_(seconds=61)
        await desk.clock.advance(minutes=2)
        assert await desk.state(draft) == "done"
        assert of_tom(jira) == ["FAC-303"]
        assert "FAC-303" in text_of([post.reply for post in desk.posts()][-1:])


@pytest.mark.slow
async def test_a_ticket_that_was_never_filed_is_not_called_done(kind: str) -> None:
    async with desk_with(kind, write_seconds=1) as (desk, jira, _):
        jira.fail_next("create", "500 before")
        draft = await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "ok")
        assert await desk.state(draft) == "unknown"
        await desk.clock.advance(minutes=11)
        assert await desk.state(draft) == "failed"
        assert of_tom(jira) == []


async def test_a_comment_whose_answer_was_lost_is_there_once(kind: str) -> None:
    async with desk_with(kind) as (desk, jira, _):
        draft = await desk.ask_for("E1001", "add a comment to IT-103: it is dead now")
        jira.fail_next("comment", "cut after")
        await desk.say("E1001", "ok")
        assert await desk.state(draft) == "done"
        assert len(jira.state.issues["IT-103"].comments) == 1


async def _filed(desk: Desk, via: str = "terminal") -> None:
    await desk.ask_for(TOM, CHAIR, via=via, thread="T1" if "channel" in via else None)
    await desk.say(TOM, "ok", via=via, thread="T1" if "channel" in via else None)


async def test_a_new_status_comes_back_into_the_conversation_once(kind: str) -> None:
    async with desk_with(kind) as (desk, jira, tickets):
        await _filed(desk, via="slack_channel")
        watch = TicketWatch(desk.database, tickets, TicketNews(desk.database), 60)
        assert await watch.once() == 0
        before = len(desk.posts())
        jira.state.move("FAC-303", "In progress")
        jira.state.move("IT-101", "Closed")
        assert [await watch.once() for _ in range(3)] == [1, 0, 0]
        await desk.settle()
        [post] = desk.posts(since=before)
        assert "FAC-303" in post.reply.text
        assert "In progress" in post.reply.text
        assert (post.address.user, post.reply.private) == (f"U{TOM}", True)
        jira.state.move("FAC-303", "Closed")
        assert await watch.once() == 1
        await desk.settle()
        assert "closed" in desk.posts()[-1].reply.text


async def test_another_watch_after_a_restart_tells_nothing_twice(kind: str) -> None:
    async with desk_with(kind) as (desk, jira, tickets):
        await _filed(desk)
        jira.state.move("FAC-303", "Closed")
        watches = [TicketWatch(desk.database, tickets, TicketNews(desk.database), 60) for _ in range(2)]
        assert [await watch.once() for watch in watches] == [1, 0]
