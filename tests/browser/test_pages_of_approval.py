"""The pages on which an approver says yes, in a real browser: by keyboard, hurried, on a small screen, forwarded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from actions.records import State
from tests.approving_room import SECURITY_ADMIN, SUBJECTS, Approving, approving_room
from tests.browser.page import Page
from tests.browser.sound import NARROW, WAYS, is_sound
from tests.browser.stage import HOST, Stage
from tests.servers.wrong_oidc import WrongProvider
from tests.staff import ADMIN, KARIM, PRIYA

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
SITE = f"https://{HOST}"
CODE = "document.documentElement.outerHTML"
BUTTON = "document.querySelector('main button')"


@pytest_asyncio.fixture(loop_scope="session")
async def here(stage: Stage, tmp_path: Path, provider: WrongProvider) -> AsyncIterator[Approving]:
    async with approving_room(tmp_path, provider) as here:
        stage.show(*here.room.app.routes)
        yield here


async def press_button(page: Page, key: str = "Enter") -> None:
    """Go to the page's one button with the Tab key, and press it."""
    await page.tab_to(await page.look(f"{BUTTON}.innerText"))
    async with page.moves():
        await page.press(key)


async def signs_in(page: Page, here: Approving, path: str, who: str) -> None:
    """From the link to the page that shows what would be approved, as this person."""
    provider = here.provider
    await page.send_on(f"{provider.issuer}/authorize", lambda asked: provider.signs_in(asked, SUBJECTS[who]))
    await page.open(f"{SITE}{path}")
    await press_button(page)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
async def test_with_the_keyboard_alone_an_approver_reads_all_of_it_and_approves(
    stage: Stage, here: Approving, way: dict[str, Any]
) -> None:
    action_id = await here.waits()
    async with stage.chrome.page(**way) as page:
        provider = here.provider
        await page.send_on(f"{provider.issuer}/authorize", lambda asked: provider.signs_in(asked, "sub-priya"))
        await page.open(f"{SITE}{await here.link(PRIYA, action_id)}")
        await is_sound(stage, page)
        await press_button(page)
        read = await page.text()
        for part in ("Priya", PRIYA, "restore_access", "Tom Bakker", action_id[:8]):
            assert part in read
        assert here.votes(action_id) == []
        await is_sound(stage, page, provider.issuer)
        await press_button(page, "Space")
        assert [vote[:2] for vote in here.votes(action_id)] == [(PRIYA, "approve")]
        assert await page.look("document.querySelector('.done') !== null"), "a yes must not look like a warning"
        await is_sound(stage, page, provider.issuer)


async def test_neither_reload_nor_the_back_button_says_yes_again_or_shows_it(stage: Stage, here: Approving) -> None:
    action_id = await here.waits()
    async with stage.chrome.page() as page:
        await signs_in(page, here, await here.link(PRIYA, action_id), PRIYA)
        await press_button(page)
        await page.reload()
        await is_sound(stage, page, here.provider.issuer)
        await page.go_back()
        assert "Tom Bakker" not in await page.look(CODE)
        assert len(here.votes(action_id)) == 1
        assert (await here.room.action(action_id)).state is State.AWAITING_APPROVAL


async def test_a_page_that_was_open_when_somebody_denied_takes_no_yes(stage: Stage, here: Approving) -> None:
    action_id = await here.waits()
    async with stage.chrome.page(**NARROW) as page:
        await signs_in(page, here, await here.link(PRIYA, action_id), PRIYA)
        assert (await here.desk.click(KARIM, action_id, "deny", reason="not by phone")).accepted
        await press_button(page)
        assert here.votes(action_id) == [(KARIM, "deny", "")]
        assert await page.look("document.querySelector('.done') === null")
        await is_sound(stage, page, here.provider.issuer)


async def test_a_preview_that_runs_scripts_casts_nothing_and_learns_nothing(stage: Stage, here: Approving) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    async with stage.chrome.page() as robot:
        for _ in range(3):
            await robot.open(f"{SITE}{path}")
            assert "Tom" not in await robot.look(CODE)
    assert here.votes(action_id) == []
    async with stage.chrome.page() as page:
        await signs_in(page, here, path, PRIYA)
        await press_button(page)
    assert len(here.votes(action_id)) == 1


async def test_a_colleague_who_is_an_approver_too_can_do_nothing_with_a_link_they_were_sent(
    stage: Stage, here: Approving
) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    async with stage.chrome.page(**NARROW) as page:
        await signs_in(page, here, path, KARIM)
        assert "Tom" not in await page.look(CODE)
        await is_sound(stage, page, here.provider.issuer)
    async with stage.chrome.page() as page:
        await page.open(f"{SITE}{path}")
        assert await page.look(f"{BUTTON} === null"), "a link with which somebody else signed in is spent"
    assert here.votes(action_id) == []


async def test_the_address_of_the_page_shows_nothing_in_another_browser(stage: Stage, here: Approving) -> None:
    action_id = await here.waits()
    async with stage.chrome.page() as page, stage.chrome.page() as other:
        await signs_in(page, here, await here.link(PRIYA, action_id), PRIYA)
        await other.open(await page.look("location.href"))
        assert "Tom" not in await other.look(CODE)
        assert await other.look(f"{BUTTON} === null")


async def test_a_long_document_is_read_line_by_line_on_a_small_screen(stage: Stage, here: Approving) -> None:
    """New rules, with a line that is longer than any screen and one that would like to be read the other way round."""
    version, document = await here.desk.gate.rules()
    changed = f"{document}\n# {'a' * 3_000}\n# \u202eevil\u202c\n"
    action_id = await here.desk.propose(ADMIN, "change_rules", base=version, document=changed)
    await here.desk.click(ADMIN, action_id, "confirm")
    async with stage.chrome.page(**NARROW, script=False) as page:
        await signs_in(page, here, await here.link(SECURITY_ADMIN, action_id), SECURITY_ADMIN)
        await is_sound(stage, page, here.provider.issuer)
        lines = (await page.text()).splitlines()
        assert any(line.startswith("+# aaa") and len(line) > 3_000 for line in lines)
        assert any(line.startswith("+# ") and "U+202E" in line and "evil" in line for line in lines)
        await press_button(page)
    assert [vote[:2] for vote in here.votes(action_id)] == [(SECURITY_ADMIN, "approve")]


async def test_the_lines_of_a_change_stay_lines_without_the_style(stage: Stage, here: Approving) -> None:
    version, document = await here.desk.gate.rules()
    action_id = await here.desk.propose(ADMIN, "change_rules", base=version, document=f"{document}\n# one\n# two\n")
    await here.desk.click(ADMIN, action_id, "confirm")
    async with stage.chrome.page() as page:
        await page.do("Network.setBlockedURLs", urls=["*/look/*"])
        await signs_in(page, here, await here.link(SECURITY_ADMIN, action_id), SECURITY_ADMIN)
        lines = (await page.text()).splitlines()
        assert "+# one" in lines
        assert "+# two" in lines
