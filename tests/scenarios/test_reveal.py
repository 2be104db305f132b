"""Somebody without private mail gets a new password all the same: on a page, or from the hand of an approver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware

from actions.opening import Reveals, Signer
from actions.revealing import hash_of
from actions.roads import Pages
from core.outcomes import Outcome
from loket.service.pages import pages_of
from loket.settings import Settings
from tests.desk import Desk
from tests.reading import outcome_of
from tests.reveal_room import secret_on
from tests.staff import AYLIN, CHIDI, HENK, JOOST, MILA, PRIYA, TOM
from web_app.guard import Guard

ADDRESS = "https://desk.dhb.example"


REVEAL = {"enabled": True, "address": ADDRESS}


@asynccontextmanager
async def desk_with_a_page(*, sign_in: bool = False) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    """The whole counter, with the page switched on by its settings, and a browser before it.

    `sign_in`: as if people could sign in there, without a provider.
    """
    async with Desk.start(documents=(), settings={"reveal": REVEAL}) as desk:
        if sign_in:
            gate = desk.counter.gate
            pages = Pages(ADDRESS, sign_in=True)
            gate.parts = replace(gate.parts, systems=replace(gate.parts.systems, pages=pages))
        settings = Settings(home=desk.counter.home.folder, reveal=REVEAL, _env_file=None)  # type: ignore[arg-type,call-arg]
        app = Starlette(routes=pages_of(settings, desk.counter).routes, middleware=[Middleware(Guard)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as browser:
            yield desk, browser


def links(desk: Desk, room: str) -> list[str]:
    """The addresses of our pages that were posted in a room, oldest first."""
    cards = [post.reply.card for post in desk.posts() if post.address.room == room and post.reply.card]
    return [link.address for card in cards for link in card.links if "/reveal/" in link.address]


async def test_a_reset_without_a_second_road_ends_on_the_page() -> None:
    async with desk_with_a_page() as (desk, browser):
        reset = await desk.ask_for(AYLIN, "reset mijn wachtwoord")
        await desk.prove(AYLIN, reset)
        await desk.click(PRIYA, reset, "approve")
        assert await desk.state(reset) == "done"
        (link,) = links(desk, AYLIN)
        code = desk.code(AYLIN)

        form = await browser.get(link)
        assert "Typ de code" in form.text
        shown = await browser.post(link, data={"do": "show", "code": code})
        secret = secret_on(shown)
        assert desk.world.signs_in("aylin.yilmaz", secret) == "must_change"
        again = await browser.post(link, data={"do": "show", "code": code})
        assert (again.status_code, secret_on(again)) == (403, "")

        await desk.settle()
        assert desk.sinks_with(secret) == []
        assert not [note for note in desk.notes() if secret in note.text.get_secret_value()]
        told = [note for note in desk.notes(AYLIN) if "getoond op de pagina" in note.text.get_secret_value()]
        assert {note.road.value for note in told} == {"sms", "work_mail"}


async def test_the_link_goes_into_the_direct_chat_also_when_it_was_asked_in_a_room() -> None:
    async with desk_with_a_page() as (desk, _):
        reset = await desk.ask_for(AYLIN, "reset mijn wachtwoord", via="slack_channel")
        await desk.prove(AYLIN, reset, via="slack_channel")
        await desk.click(PRIYA, reset, "approve")
        assert links(desk, "C-GENERAL") == []
        assert [post.address.place.value for post in desk.posts() if "/reveal/" in repr(post.reply)] == ["direct"]


async def test_what_was_shown_can_be_reported_by_its_person() -> None:
    async with desk_with_a_page() as (desk, browser):
        reset = await desk.ask_for(AYLIN, "reset mijn wachtwoord")
        await desk.prove(AYLIN, reset)
        await desk.click(PRIYA, reset, "approve")
        await browser.post(links(desk, AYLIN)[0], data={"code": desk.code(AYLIN)})
        await desk.settle()
        notice = next(n for n in desk.notes(AYLIN, "work_mail") if "getoond op de pagina" in n.text.get_secret_value())
        code = notice.text.get_secret_value().rsplit(" ", 1)[-1]
        assert (await desk.counter.gate.not_me(code)).accepted
        assert outcome_of(await desk.say(AYLIN, "reset mijn wachtwoord")) is Outcome.REFUSED_FORBIDDEN


async def test_an_approver_hands_it_over_to_somebody_without_phone_and_mail() -> None:
    """The signed-in approver is a stand-in here; `tests/unit/test_reveal_sign_in.py` does it with the real sign-in."""
    async with desk_with_a_page(sign_in=True) as (desk, browser):
        desk.world.change_contact(HENK, mobile=None, private_email=None)
        await desk.clock.advance(hours=80)
        reset = await desk.ask_for(HENK, "reset mijn wachtwoord")
        await desk.click(HENK, reset, "confirm")
        for approver in (PRIYA, CHIDI):
            await desk.click(approver, reset, "approve", callback="rang the desk phone")
        assert await desk.state(reset) == "done"
        assert links(desk, HENK) == []
        link = links(desk, "it-approvers")[-1]
        token = link.rpartition("/")[2].partition("?")[0]
        assert secret_on(await browser.post(link, data={"do": "show"})) == ""

        async def by(who: str) -> str:
            person = await desk.counter.directory.by_id(who)
            assert person is not None
            moment = datetime.now(UTC) + desk.database.clock_offset
            shown = await Reveals(desk.counter.gate.parts).by_sign_in(
                token, Signer(person, "sign_in", moment, hash_of(token))
            )
            return shown.secret.get_secret_value() if shown else ""

        for who in (HENK, JOOST, MILA, TOM):
            assert await by(who) == ""
        secret = await by(CHIDI)
        assert desk.world.signs_in("henk.dijkstra", secret) == "must_change"
        assert await by(CHIDI) == ""
        assert await by(PRIYA) == ""
        await desk.settle()
        assert desk.sinks_with(secret) == []
