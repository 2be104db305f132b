"""GovSlack: with its two addresses set, no call leaves slack-gov.com, whatever is called and whoever sends us away."""

from __future__ import annotations

import ast
import re
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from yarl import URL

from connectors.settings import OutsideSettings
from core.attachments import Attachment
from core.errors import ConnectorError
from slack_app.files import SlackFiles
from slack_app.installing import store
from slack_app.installing.wire import Wire
from slack_app.scopes import SCOPES
from slack_app.settings import SlackSettings
from slack_app.socket_mode import SocketMode
from storage import Database
from storage.keys import KeyRing
from tests.slack_install_room import InstallRoom, slack_settings
from tests.slack_tokens import Grant, token_side

ROOT = Path(__file__).parents[2]
GOV = "slack-gov.com"
ADDRESSES = {"api_url": f"https://{GOV}/api/", "authorize_url": f"https://{GOV}/oauth/v2/authorize"}
ALL = ",".join(SCOPES)


class OnlyGov(AbstractResolver):
    """Knows GovSlack's names and no others; remembers every name that was asked for."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`."""
        self.asked.append(host)
        if host != GOV and not host.endswith(f".{GOV}"):
            raise OSError(f"nobody may ask for {host}")
        found = ResolveResult(
            hostname=host,
            host="127.0.0.1",
            port=self._port,
            family=socket.AF_INET,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )
        return [found]

    async def close(self) -> None:
        """Nothing is held."""


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for slack-gov.com and below it, and the file of the authority to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(GOV), x509.DNSName(f"*.{GOV}")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "authority.pem", folder / "server.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(file.read_bytes() + key.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secret)
    return context, file


class GovRoom(InstallRoom):
    """An install room at GovSlack, with real names, TLS and the resolver that knows nobody else."""

    resolver: OnlyGov
    outside: OutsideSettings


@pytest.fixture
async def gov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GovRoom]:
    from loket.migrate import all_tables

    context, authority = certificate(tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    all_tables().create_all(database.engine)
    async with token_side(context) as side:
        resolver = OnlyGov(int(side.address.rpartition(":")[2]))
        side.address = f"https://dhb.{GOV}"
        side.socket_url = f"wss://wss-primary.{GOV}/link"
        settings = slack_settings(side, **ADDRESSES)
        outside = OutsideSettings(ca_file=authority)
        wire = Wire(settings, outside, resolver)

        def nobody(host: Any, *_: Any, **__: Any) -> Any:
            resolver.asked.append(str(host))
            raise OSError("the system's own DNS was asked")

        monkeypatch.setattr(socket, "getaddrinfo", nobody)  # for a client that somebody made past the wire
        room = GovRoom(side, settings, database, KeyRing.load_or_create(tmp_path / store.KEY_FILE), wire)
        room.resolver, room.outside = resolver, outside
        yield room
        await room.browser.aclose()
        await room.clients.close()
    database.close()


def strangers(gov: GovRoom) -> set[str]:
    """Names that were asked for and are not GovSlack's."""
    return {host for host in gov.resolver.asked if host != GOV and not host.endswith(f".{GOV}")}


async def test_a_whole_life_in_govslack_asks_for_no_other_name(gov: GovRoom) -> None:
    sent = await gov.begun()  # the browser is sent to slack-gov.com too: `begun` checks it
    page = await gov.back(state=sent["state"], code=gov.side.code(Grant(scopes=ALL, lasts=43_200)))
    assert page.status_code == 200
    assert re.findall(r'https?://[^"<]+', page.text) == [f"https://dhb.{GOV}/"]

    gov.database.clock_offset = timedelta(hours=11)
    client = await gov.clients.of("T0DHB")
    assert client.token == gov.side.given[2], "the token was rotated"
    await client.chat_postMessage(channel="C1", text="hello")

    app_token = "xapp-1-A0LOKET"
    opened = await gov.wire.client().apps_connections_open(app_token=app_token)
    assert opened["url"] == gov.side.socket_url
    connected = SocketMode(
        bolt(gov.wire), gov.wire, gov.settings.model_copy(update={"app_token": SecretStr(app_token)})
    )
    await connected.start()
    await connected.stop()

    assert await SlackFiles(gov.clients, gov.settings).read(attachment(f"https://files.{GOV}"), 1000) == b"contents"
    assert await gov.clients.departed("T0DHB") is False
    assert strangers(gov) == set()
    assert set(gov.resolver.asked) == {GOV, f"wss-primary.{GOV}", f"files.{GOV}"}


def bolt(wire: Wire) -> AsyncApp:
    """An app that hears nothing."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    return AsyncApp(client=wire.client(), authorize=authorize, request_verification_enabled=False)


def attachment(base: str) -> Attachment:
    """A file as an event names it."""
    return Attachment("slack:T0DHB:F0FILE", "a.pdf", "application/pdf", 8, "", f"{base}/files-pri/T0DHB-F0FILE/a.pdf")


async def test_an_organisation_in_govslack_is_listed_there(gov: GovRoom) -> None:
    gov.side.teams["E0DHB"] = ["T0A"]
    await gov.install(Grant(team="", enterprise="E0DHB", org_wide=True, scopes=ALL))
    assert await gov.clients.of("T0A")
    assert strangers(gov) == set()


async def test_a_workspace_that_is_refused_is_given_back_to_govslack(gov: GovRoom) -> None:
    page = await gov.install(Grant(team="T0OTHER", scopes=ALL))
    assert page.status_code == 403
    assert gov.side.alive == {}
    assert strangers(gov) == set()


async def test_a_page_that_slack_names_elsewhere_is_not_linked(gov: GovRoom) -> None:
    gov.side.address = "https://dhb.slack.com"
    page = await gov.install()
    assert page.status_code == 200
    assert "href" not in page.text


@pytest.mark.parametrize(
    "address",
    [
        "https://slack.com/api/auth.test",
        "https://files.slack.com/files-pri/T1-F1/a.pdf",
        f"https://{GOV}.evil.example/api/auth.test",
        f"https://evil-{GOV}/x",
        f"https://{GOV}@evil.example/x",
        f"http://{GOV}/api/auth.test",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_an_address_that_is_not_govslacks_is_refused_before_its_name_is_looked_up(
    gov: GovRoom, address: str
) -> None:
    with pytest.raises(ConnectorError, match="refused"):
        await gov.wire.session.get(address)
    assert gov.resolver.asked == []


async def test_nobody_sends_a_token_elsewhere_with_a_redirect(gov: GovRoom) -> None:
    gov.side.redirects["a.pdf"] = "https://files.slack.com/files-pri/T0DHB-F0FILE/a.pdf"
    address = f"https://files.{GOV}/files-pri/T0DHB-F0FILE/a.pdf"
    with pytest.raises(ConnectorError, match="refused"):
        await gov.wire.session.get(address, headers={"Authorization": "Bearer xoxb-1"})
    assert strangers(gov) == set()


async def test_a_connection_of_socket_mode_elsewhere_is_refused(gov: GovRoom) -> None:
    with pytest.raises(ConnectorError, match="refused"):
        await gov.wire.session.ws_connect("wss://wss-primary.slack.com/link")
    assert gov.resolver.asked == []


async def test_a_server_with_another_certificate_is_not_spoken_to(gov: GovRoom) -> None:
    wire = Wire(gov.settings, OutsideSettings(), gov.resolver)
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await wire.client("xoxb-1").auth_test()
    assert gov.side.calls == []
    await wire.close()


NAMES = st.from_regex(
    r"[a-z0-9.@:/\\\[\]-]{0,20}(slack-gov\.com|slack\.com|127\.0\.0\.1)[a-z0-9.@:/\\?#-]{0,20}", fullmatch=True
)


@given(scheme=st.sampled_from(["https", "http", "wss", "ws", "file", "HTTPS"]), rest=NAMES)
def test_what_is_taken_for_slacks_is_where_the_connection_would_go(scheme: str, rest: str) -> None:
    wire = Wire(
        SlackSettings(api_url=ADDRESSES["api_url"], authorize_url=ADDRESSES["authorize_url"]), OutsideSettings()
    )
    try:
        url = URL(f"{scheme}://{rest}")
        good = wire.is_slack(str(url))
    except ValueError:
        return
    if good:
        assert url.host == GOV or (url.host or "").endswith(f".{GOV}")
        assert url.scheme in ("https", "wss")


# --- nobody goes past it ------------------------------------------------------------------------------------------

MAKERS = {"AsyncWebClient", "WebClient", "AsyncTokenRotator", "AsyncOAuthFlow", "AsyncOAuthSettings", "WebhookClient"}


def test_clients_are_made_by_the_wire_alone() -> None:
    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "slack_app").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS
    }
    assert found == {"slack_app/installing/wire.py"}


def test_no_address_of_slack_is_written_into_the_code() -> None:
    """Besides the settings' own defaults, and where people are told of pages to read."""
    found = {
        f"{file.relative_to(ROOT)}: {node.value}"
        for file in (ROOT / "slack_app").rglob("*.py")
        if file.name != "settings.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.search(r"https?://[a-z.-]*slack", node.value) and "docs.slack.dev" not in node.value
        if "such as" not in node.value and not file.read_text(encoding="utf-8").startswith(f'"""{node.value[:20]}')
    }
    assert found == set()
