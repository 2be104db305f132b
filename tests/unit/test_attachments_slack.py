"""Reading a file from Slack: with its workspace's token, from Slack's own hosts, never more than was agreed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from connectors.settings import OutsideSettings
from connectors.tickets.embedded import EmbeddedTickets
from core.attachments import Attachment, FileRefused
from core.errors import ConnectorError
from loket.attachments.fetching import Fetching
from simulators.slack.records import SimFile
from simulators.slack.simulator import SlackSimulator
from slack_app.attached import attachments
from slack_app.files import SlackFiles
from slack_app.guard import Origin
from slack_app.installing.wire import Wire
from slack_app.one_workspace import OneWorkspace
from slack_app.settings import SlackSettings
from tests.desk import Desk
from tests.files_sent import EXE, MEGABYTE, PDF, send

TOKEN = "xoxb-1-of-the-test"
PATH = "/files-pri/T0DHB-F0ABC/download/scan.pdf"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Slack:
    """A server of files, and a client of each workspace."""

    url: str
    session: aiohttp.ClientSession | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)

    async def of(self, tenant: str) -> AsyncWebClient:
        """The client of a workspace."""
        self.tenants.append(tenant)
        if tenant == "T0AWAY":
            raise ConnectorError("slack", "this workspace is not served")
        return AsyncWebClient(token=TOKEN, base_url=f"{self.url}/api/", session=self.session)

    def files(self, api_url: str = "") -> SlackFiles:
        """What is tried."""
        return SlackFiles(self, SlackSettings(api_url=api_url or f"{self.url}/api/", timeout_seconds=1))


@asynccontextmanager
async def slack(answer: Answer) -> AsyncIterator[Slack]:
    """A Slack that answers every request for a file in one way."""
    app, there = web.Application(), Slack("")

    async def handle(request: web.Request) -> web.StreamResponse:
        there.asked.append((request.path, request.headers.get("Authorization", "")))
        return await answer(request)

    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    there.url = f"http://{host}:{port}"
    try:
        async with aiohttp.ClientSession() as there.session:
            yield there
    finally:
        await runner.cleanup()


def sent(locator: str, attachment_id: str = "slack:T0DHB:F0ABC") -> Attachment:
    return Attachment(attachment_id, "scan.pdf", "application/pdf", len(PDF), "", locator)


async def gives_it(_: web.Request) -> web.StreamResponse:
    return web.Response(body=PDF, content_type="application/pdf")


async def test_a_file_is_read_with_the_token_of_its_workspace() -> None:
    async with slack(gives_it) as there:
        assert await there.files().read(sent(there.url + PATH), len(PDF)) == PDF
        assert there.asked == [(PATH, f"Bearer {TOKEN}")]
        assert there.tenants == ["T0DHB"]


@pytest.mark.parametrize("closed", [True, False])
async def test_without_the_guarded_connections_no_file_is_read_by_others(closed: bool) -> None:
    async with slack(gives_it) as there:
        if closed and there.session is not None:
            await there.session.close()
        else:
            there.session = None
        with pytest.raises(ConnectorError, match="closed"):
            await there.files().read(sent(there.url + PATH), len(PDF))
        assert there.asked == []


ELSEWHERE = [
    "https://evil.example/files-pri/T-F/x.pdf",
    "https://files.slack.com@evil.example/files-pri/T-F/x.pdf",
    "https://files.slack.com:443@evil.example/files-pri/T-F/x.pdf",
    "https://files.slack.com\\@evil.example/files-pri/T-F/x.pdf",
    "https://evil.example\\.slack.com/files-pri/x",
    "https://files.slack.com.evil.example/files-pri/T-F/x.pdf",
    "https://evilfiles.slack.com.example/files-pri/T-F/x.pdf",
    "https://evil.example/files-pri/?https://files.slack.com/files-pri/x",
    "https://evil.example#@files.slack.com/files-pri/x",
    "http://files.slack.com/files-pri/T-F/x.pdf",
    "http://127.0.0.1/files-pri/T-F/x.pdf",
    "http://127.0.0.1:1/files-pri/T-F/x.pdf",
    "http://localhost/files-pri/x",
    "http://[::1]/files-pri/x",
    "http://169.254.169.254/files-pri/latest/meta-data",
    "file:///etc/passwd",
    "gopher://files.slack.com/files-pri/x",
    "//files.slack.com/files-pri/x",
    "https://files.slack.com/api/chat.postMessage?channel=C1&text=x",
    "https://slack.com/api/admin.users.remove?team_id=T1",
    "https://files.slack.com:8443/files-pri/T-F/x.pdf",
    "https://FILES.SLACK.COM/files-pri/x",
    "https://files.slack.com/files-pri/../api/chat.postMessage?channel=C1",
    "https://files.slack.com/files-pri/%2e%2e/api/auth.revoke",
    "https://files.slack.com/files-pri/x\r\nHost: evil.example",
    "https://files-slack.com/files-pri/x",
    "https://files.slack-gov.com/files-pri/T-F/x.pdf",
    "",
]


@pytest.mark.parametrize("locator", ELSEWHERE)
async def test_a_locator_that_leads_elsewhere_is_not_asked_and_no_token_leaves(locator: str) -> None:
    async with slack(gives_it) as there:
        with pytest.raises(FileRefused, match="place"):
            await there.files("https://slack.com/api/").read(sent(locator), 1000)
        assert there.asked == []
        assert there.tenants == []


async def test_the_hosts_are_those_of_our_own_slack_and_not_of_another() -> None:
    commercial, government = ("https://slack.com/api/", "https://slack-gov.com/api/")
    for api_url, own, other in (
        (commercial, "https://files.slack.com", "https://files.slack-gov.com"),
        (government, "https://files.slack-gov.com", "https://files.slack.com"),
    ):
        there = Slack("")
        files = there.files(api_url)
        assert str(files._address(f"{own}{PATH}")) == f"{own}{PATH}"
        assert files._address(f"{other}{PATH}") is None


@given(st.text(max_size=120), st.sampled_from(["https://files.slack.com", "https://", "https://files.slack.com@", ""]))
def test_nothing_but_a_path_on_the_file_host_is_ever_asked(text: str, begin: str) -> None:
    locator = begin + text
    address = Slack("").files("https://slack.com/api/")._address(locator)
    if address is not None:
        assert (address.scheme, address.host, address.port) in (
            ("https", "files.slack.com", 443),
            ("https", "slack.com", 443),
        )
        assert address.path.startswith("/files-pri/")
        assert address.user is None


@pytest.mark.parametrize(
    "attachment_id", ["slack:T0DHB:../x", "teams:T0DHB:F12", "slack::F12", "slack:T0DHB", "F1", ""]
)
async def test_an_id_that_is_none_is_refused(attachment_id: str) -> None:
    async with slack(gives_it) as there:
        with pytest.raises(FileRefused):
            await there.files().read(sent(there.url + PATH, attachment_id), 1000)
        assert there.asked == []


async def test_a_workspace_that_is_not_served_is_not_asked() -> None:
    async with slack(gives_it) as there:
        with pytest.raises(ConnectorError):
            await there.files().read(sent(there.url + PATH, "slack:T0AWAY:F0ABC"), 1000)
        assert there.asked == []


async def test_a_body_that_is_longer_than_it_says_is_cut_off_and_refused() -> None:
    given_away = 0

    async def lies(request: web.Request) -> web.StreamResponse:
        nonlocal given_away
        response = web.StreamResponse(headers={"Content-Type": "application/pdf"})
        await response.prepare(request)
        while True:  # chunked, and without an end
            await response.write(bytes(64 * 1024))
            given_away += 64 * 1024

    async with slack(lies) as there:
        with pytest.raises(FileRefused, match="size"):
            await asyncio.wait_for(there.files().read(sent(there.url + PATH), 200_000), 5)
    assert given_away < 20_000_000


async def test_a_length_that_is_too_large_is_refused_before_it_is_read() -> None:
    async def large(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(5000), content_type="application/pdf")

    async with slack(large) as there:
        with pytest.raises(FileRefused, match="size"):
            await there.files().read(sent(there.url + PATH), 4999)
        assert len(await there.files().read(sent(there.url + PATH), 5000)) == 5000


async def test_a_bomb_that_unpacks_itself_is_not_unpacked() -> None:
    async def bomb(_: web.Request) -> web.StreamResponse:
        import gzip

        headers = {"Content-Encoding": "gzip", "Content-Type": "application/pdf"}
        return web.Response(body=gzip.compress(bytes(50_000_000)), headers=headers)

    async with slack(bomb) as there:
        with pytest.raises((ConnectorError, FileRefused)):
            await there.files().read(sent(there.url + PATH), 1_000_000)


async def test_a_sign_in_page_is_no_file() -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<!DOCTYPE html><html>Sign in to Slack", content_type="text/html")

    async with slack(page) as there:
        with pytest.raises(ConnectorError, match="sign-in page"):
            await there.files().read(sent(there.url + PATH), 1000)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with slack(gives_it) as other:

        async def away(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": f"{other.url}{PATH}"})

        async with slack(away) as there:
            with pytest.raises(ConnectorError):
                await there.files().read(sent(there.url + PATH), 1000)
            assert len(there.asked) == 1
        assert other.asked == []


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_an_error_of_slacks_is_one_that_may_pass(status: int) -> None:
    async def fails(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=f"{TOKEN} scan.pdf")

    async with slack(fails) as there:
        with pytest.raises(ConnectorError) as raised:
            await there.files().read(sent(there.url + PATH), 1000)
    assert TOKEN not in str(raised.value)
    assert "scan" not in str(raised.value)


async def test_a_connection_that_breaks_off_gives_no_half_a_file() -> None:
    async def breaks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/pdf", "Content-Length": "5000"})
        await response.prepare(request)
        await response.write(PDF)
        assert request.transport is not None
        request.transport.close()
        return response

    async with slack(breaks) as there:
        with pytest.raises(ConnectorError):
            await there.files().read(sent(there.url + PATH), 5000)


async def test_a_slack_that_is_away_or_silent_is_an_error_in_time() -> None:
    async def silent(_: web.Request) -> Any:
        await asyncio.sleep(3)

    async with slack(silent) as there:
        with pytest.raises(ConnectorError):
            await asyncio.wait_for(there.files().read(sent(there.url + PATH), 1000), 2.5)
        address = there.url
    away = Slack(address)
    with pytest.raises(ConnectorError):
        await away.files().read(sent(address + PATH), 1000)


@pytest.mark.parametrize("name", ["scan.pdf", "mijn stoel één (2).pdf"])
async def test_the_simulated_slack_gives_a_file_and_a_sign_in_page_to_whoever_may_not(name: str) -> None:
    async with SlackSimulator.start() as simulated:
        person = simulated.add_person("U1", name="Tom")
        message = await person.dm("look", files=[SimFile(name, PDF, "application/pdf")])
        (file,) = attachments(Origin("TDHB"), message.files, 10)
        async with files_of(simulated) as files:
            assert await files.read(file, MEGABYTE) == PDF
            token_there = simulated.world.tokens[simulated.bot_token()]
            token_there.scopes = token_there.scopes - {"files:read"}
            with pytest.raises(ConnectorError):
                await files.read(file, MEGABYTE)


@asynccontextmanager
async def files_of(simulated: SlackSimulator) -> AsyncIterator[SlackFiles]:
    """Its files, read with the app's own token over the app's own wire."""
    settings = SlackSettings(
        api_url=simulated.api_url,
        authorize_url=simulated.authorize_url,
        bot_token=SecretStr(simulated.bot_token()),
        timeout_seconds=2,
    )
    wire = Wire(settings, OutsideSettings())
    try:
        yield SlackFiles(OneWorkspace(settings, wire), settings)
    finally:
        await wire.close()


async def test_a_file_of_slacks_ends_up_on_its_senders_ticket_and_a_lie_about_one_does_not() -> None:
    async with SlackSimulator.start() as simulated, Desk.start(documents=()) as desk, files_of(simulated) as files:
        person = simulated.add_person("UE1002", name="Tom")
        lie = SimFile("small.pdf", PDF * 9, "application/pdf", size=len(PDF))
        exe = SimFile("bill.pdf", EXE, "application/pdf")
        message = await person.dm("look", files=[SimFile("scan.pdf", PDF, "application/pdf"), lie, exe])
        came = attachments(Origin("TDHB"), message.files, 10)
        (*_, card) = await send(desk, "E1002", "Open a ticket: my chair is broken", *came)
        assert card.card is not None
        fetching = Fetching(desk.database, {"slack": files}, desk.counter.gate.parts.keys, MEGABYTE)
        await fetching.once()
        await desk.click("E1002", card.card.action_id, "confirm", via="slack_dm")
        (number,) = (effect.object_id for effect in desk.effects() if effect.kind == "ticket_created")
        assert [(one.name, one.content) for one in EmbeddedTickets(desk.world).files(number)] == [("scan.pdf", PDF)]
        said = desk.posts()[-1].reply.text
        assert "larger than was said" in said
        assert "not what its name says" in said
