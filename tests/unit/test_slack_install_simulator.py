"""Installing at the simulated Slack, which gives only what our own manifest asks for, and takes it away again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from pydantic import SecretStr

from connectors.settings import OutsideSettings
from core.errors import ConnectorError
from loket.migrate import all_tables
from simulators.slack.simulator import SlackSimulator
from slack_app.examining import Approvals, SlackExamined
from slack_app.installing import store
from slack_app.installing.wire import Wire
from slack_app.manifest import manifest
from slack_app.settings import SlackSettings
from storage import Database
from storage.keys import KeyRing
from tests.slack_install_room import PUBLIC, InstallRoom, text_of
from tests.slack_tokens import TokenSide

pytestmark = [pytest.mark.filterwarnings("ignore:Bare functions"), pytest.mark.filterwarnings("ignore:BasicAuth")]
TEAM = "TDHB"


@asynccontextmanager
async def at_the_simulator(folder: Path) -> AsyncIterator[tuple[SlackSimulator, InstallRoom]]:
    """The room of an install, with the whole simulated Slack instead of its token side."""
    several = SlackSettings(client_id="1111.2222", public_url=PUBLIC)
    async with SlackSimulator.start(manifest(several, "http")) as slack:
        settings = SlackSettings(
            mode="http",
            signing_secret=SecretStr(slack.signing_secret),
            client_id=slack.client_id,
            client_secret=SecretStr(slack.client_secret),
            workspaces=frozenset({TEAM}),
            api_url=slack.api_url,
            authorize_url=slack.authorize_url,
            public_url=PUBLIC,
            rooms={"it-approvers": "C-IT"},
        )
        database = Database(f"sqlite:///{folder / 'loket.db'}")
        all_tables().create_all(database.engine)
        keys = KeyRing.load_or_create(folder / store.KEY_FILE)
        room = InstallRoom(TokenSide(), settings, database, keys, Wire(settings, OutsideSettings()))
        try:
            yield slack, room
        finally:
            await room.browser.aclose()
            await room.clients.close()
            database.close()


async def agreed(room: InstallRoom) -> str:
    """Begin, and press Allow at Slack; the query with which the browser comes back."""
    answer = await room.browser.get("/slack/install")
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(answer.headers["location"], allow_redirects=False) as page,
    ):
        assert page.status == 302, await page.text()
        back = urlsplit(page.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == PUBLIC
    return f"{back.path}?{back.query}"


async def test_from_the_install_to_the_removal(tmp_path: Path) -> None:
    async with at_the_simulator(tmp_path) as (slack, room):
        page = await room.browser.get(await agreed(room))
        assert page.status_code == 200, text_of(page.text)
        assert "did not grant" not in text_of(page.text)

        slack.add_channel("C-IT", private=True)
        first = await room.clients.of(TEAM)
        await first.chat_postMessage(channel="C-IT", text="hello")

        room.database.clock_offset = timedelta(hours=11)
        slack.clock.advance(11 * 3600)
        second = await room.another_process().of(TEAM)
        assert second.token != first.token
        room.database.clock_offset = timedelta(hours=13)
        slack.clock.advance(2 * 3600)
        with pytest.raises(Exception, match="token_expired"):
            await first.auth_test()
        await second.chat_postMessage(channel="C-IT", text="still here")

        approvals = Approvals("slack", TEAM)
        looking = SlackExamined(
            room.settings, OutsideSettings(), approvals, (room.database, room.keys), slack.clock.now
        )
        seen = {one.what: one for one in await looking.examine()}
        assert seen[f"Slack {TEAM}"].good
        assert seen["Slack room of it-approvers"].good
        assert seen["Slack approvals"].good

        assert not await room.clients.departed(TEAM)
        await slack.uninstall(TEAM)
        assert await room.clients.departed(TEAM)
        assert room.installed() == []
        with pytest.raises(ConnectorError, match="not installed"):
            await room.clients.of(TEAM)


async def test_an_admin_who_says_no_is_back_without_an_installation(tmp_path: Path) -> None:
    async with at_the_simulator(tmp_path) as (slack, room):
        slack.installing.declined = True
        page = await room.browser.get(await agreed(room))
        assert page.status_code == 403
        assert "access_denied" in text_of(page.text)
        assert room.installed() == []
