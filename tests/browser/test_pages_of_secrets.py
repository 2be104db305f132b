"""The pages that hold secrets, in a real browser: as people use them, and as their neighbours would like to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tests.browser.page import Page
from tests.browser.sound import NARROW, WAYS, is_sound
from tests.browser.stage import HOST, Stage
from tests.linking_room import TOM_MAIL, LinkingRoom, account, linking_room
from tests.reveal_room import AYLIN, RevealRoom, reveal_room
from tests.servers.wrong_oidc import WrongProvider
from tests.unit.test_reveal_sign_in import handed_over, looking, with_sign_in

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def room() -> Iterator[RevealRoom]:
    with reveal_room() as room:
        yield room


@pytest_asyncio.fixture(loop_scope="session")
async def linking(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[LinkingRoom]:
    async with linking_room(tmp_path, provider) as room:
        yield room


async def on_page(stage: Stage, room: RevealRoom) -> str:
    """A reset that waits on the page; its address."""
    stage.show(*room.page.routes())
    action_id = await room.reset(AYLIN)
    (token,) = room.tokens(action_id)
    return f"https://{HOST}/reveal/{token}"


def routes_of(browser: httpx.AsyncClient) -> Sequence[BaseRoute]:
    """The routes behind a browser of the other tests."""
    transport = browser._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Starlette)
    return transport.app.routes


async def secret_of(page: Page) -> str:
    """The credential that stands there, if one does."""
    return str(await page.look("document.querySelector('.secret')?.innerText ?? ''"))


async def ask(page: Page, code: str) -> None:
    """Type a code and press Enter, as people do."""
    field = "Code van zes cijfers" if await page.look("document.documentElement.lang") == "nl" else "Code of six digits"
    await page.tab_to(field)
    await page.type(code)
    async with page.moves():
        await page.press("Enter")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
async def test_with_the_keyboard_alone_the_password_is_seen_once(
    stage: Stage, room: RevealRoom, way: dict[str, Any]
) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page(**way) as page:
        await page.open(address)
        await is_sound(stage, page)
        await ask(page, room.wrong_code())
        assert await secret_of(page) == ""
        assert (await page.look("document.title")).startswith(("Not right: ", "Niet goed: "))
        await is_sound(stage, page)
        await ask(page, room.code())
        secret = await secret_of(page)
        assert room.gate.world.signs_in("aylin.yilmaz", secret) == "must_change"
        await is_sound(stage, page)


async def test_neither_reload_nor_the_back_button_shows_it_again(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page() as page:
        await page.open(address)
        await ask(page, room.code())
        secret = await secret_of(page)
        assert secret
        await page.open(f"https://{HOST}/look/elsewhere")
        await page.go_back()
        assert secret not in await page.look("document.documentElement.outerHTML")
        await page.open(address)
        assert secret not in await page.look("document.documentElement.outerHTML")
        await ask(page, room.code())
        assert await secret_of(page) == ""


async def test_a_reload_of_the_page_that_shows_it_does_not(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page() as page:
        await page.open(address)
        await ask(page, room.code())
        secret = await secret_of(page)
        await page.reload()
        assert secret not in await page.look("document.documentElement.outerHTML")
        assert await secret_of(page) == ""


async def test_a_wrong_code_five_times_burns_it(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page(language="nl") as page:
        await page.open(address)
        for _ in range(5):
            await ask(page, room.wrong_code())
        await ask(page, room.code())
        assert await secret_of(page) == ""


async def test_a_preview_that_runs_scripts_sees_nothing_and_uses_nothing_up(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page() as robot:
        for _ in range(3):
            await robot.open(address)
            assert await secret_of(robot) == ""
    async with stage.chrome.page() as page:
        await page.open(address)
        await ask(page, room.code())
        assert await secret_of(page) != ""


async def test_a_printer_gets_everything_but_the_password(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page() as page:
        await page.open(address)
        await ask(page, room.code())
        secret = await secret_of(page)
        assert secret in await page.text()
        await page.on_paper()
        text = await page.text()
        assert secret not in text
        assert "is not printed" in text


async def test_the_pages_stay_whole_without_their_style(stage: Stage, room: RevealRoom) -> None:
    address = await on_page(stage, room)
    async with stage.chrome.page() as page:
        await page.do("Network.setBlockedURLs", urls=["*/look/*"])
        await page.open(address)
        await ask(page, room.code())
        assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)+", await secret_of(page))


async def test_an_approver_signs_in_and_sees_what_they_hand_over(
    stage: Stage, tmp_path: Path, provider: WrongProvider
) -> None:
    async with with_sign_in(tmp_path, provider) as pages:
        stage.show(*routes_of(pages.browser))
        _, token = await handed_over(looking(pages))
        async with stage.chrome.page(language="nl", **NARROW, script=False) as page:
            await page.send_on(f"{provider.issuer}/authorize", lambda asked: provider.signs_in(asked, "sub-priya"))
            await page.open(f"https://{HOST}/reveal/{token}")
            await is_sound(stage, page)
            await page.tab_to("Inloggen")
            async with page.moves():
                await page.press("Enter")
            assert await secret_of(page) == ""
            await page.tab_to("Toon het wachtwoord nu")
            async with page.moves():
                await page.press("Space")
            assert await secret_of(page) != ""
            assert await page.look("document.title") == "Tijdelijk wachtwoord om te overhandigen"


async def test_somebody_proves_that_it_is_them(stage: Stage, linking: LinkingRoom) -> None:
    room = linking.room
    stage.show(*room.app.routes)
    path = room.link(await room.asked())
    async with stage.chrome.page(**WAYS[2]) as page:
        await page.send_on(
            f"{linking.provider.issuer}/authorize", lambda asked: linking.provider.signs_in(asked, "sub-tom")
        )
        await page.open(f"https://{HOST}{path}")
        await is_sound(stage, page)
        await page.tab_to("Inloggen om het te bewijzen")
        async with page.moves():
            await page.press("Enter")
        assert await page.look("document.querySelector('.done') !== null")
        await page.open(f"https://{HOST}{path}")
        assert "werkt niet meer" in await page.text()


@pytest.mark.parametrize("button", ["Yes, this is my own account: link it", "No, this is not my account"])
async def test_an_account_is_linked_or_disowned(stage: Stage, linking: LinkingRoom, button: str) -> None:
    stage.show(*linking.app.routes)
    path = await linking.offered(account(address=TOM_MAIL))
    async with stage.chrome.page(**NARROW) as page:
        await page.send_on(
            f"{linking.provider.issuer}/authorize", lambda asked: linking.provider.signs_in(asked, "sub-tom")
        )
        await page.open(f"https://{HOST}{path}?lang=en")
        await is_sound(stage, page)
        await page.tab_to("Sign in")
        async with page.moves():
            await page.press("Enter")
        assert "Tom Bakker" in await page.text()
        await page.tab_to(button)
        async with page.moves():
            await page.press("Enter")
        assert await linking.whose() == ("E1002" if button.startswith("Yes") else "")
