"""Signing in to Entra ID and asking Graph: credentials, hosts, waiting, faults, and what is never repeated."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from cryptography import x509
from pydantic import SecretStr

from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.clouds import CLOUDS, CloudName
from connectors.graph.settings import EntraSettings
from connectors.graph.sign_in import SignIn
from connectors.graph.throttling import Deadline
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError, EffectUnknown
from tests.servers.graph import FakeGraph, fake_graph
from tests.servers.graph_tenant import APP, TENANT, guid
from tests.servers.tls_front import self_signed

SANNE = guid("sanne.dewit")
USER, SELECT = ("users", SANNE), {"$select": "id,displayName"}
SESSIONS = ("users", SANNE, "revokeSignInSessions")


@pytest.fixture
async def graph(tmp_path: Path) -> AsyncIterator[FakeGraph]:
    async with fake_graph(tmp_path) as fake:
        yield fake


async def client_of(graph: FakeGraph, **values: Any) -> GraphClient:
    return GraphClient(graph.settings(**values), graph.outside)


async def name_read(client: GraphClient, seconds: float = 5) -> str:
    row = await client.get(USER, SELECT, Deadline(seconds))
    assert row is not None
    return str(row["displayName"])


# --- signing in --------------------------------------------------------------------------------------------------


async def test_a_secret_lets_us_in_and_one_token_serves_many_questions(graph: FakeGraph) -> None:
    client = await client_of(graph)
    names = await asyncio.gather(*(name_read(client) for _ in range(20)))
    await client.close()
    assert names == ["Sanne de Wit"] * 20
    assert len(graph.login.forms) == 1
    assert graph.violations == []


async def test_a_certificate_lets_us_in_with_an_assertion_the_sign_in_host_can_verify(
    graph: FakeGraph, tmp_path: Path
) -> None:
    file = self_signed(tmp_path, "loket")
    graph.login.certificates = x509.load_pem_x509_certificates(file.read_bytes())
    client = await client_of(graph, secret=None, certificate_file=file)
    assert await name_read(client) == "Sanne de Wit"
    await client.close()
    (form,) = graph.login.forms
    assert form["client_assertion"].startswith("ey")  # not Python's spelling of bytes
    assert "client_secret" not in form


async def test_another_certificate_than_the_uploaded_one_is_refused_in_one_line(
    graph: FakeGraph, tmp_path: Path
) -> None:
    graph.login.certificates = x509.load_pem_x509_certificates(self_signed(tmp_path, "known").read_bytes())
    client = await client_of(graph, secret=None, certificate_file=self_signed(tmp_path, "other"))
    with pytest.raises(ConnectorError, match="not the one that was uploaded"):
        await name_read(client)
    await client.close()


@respx.mock
async def test_a_managed_identity_asks_this_machine_and_nothing_beyond() -> None:
    settings = EntraSettings(tenant=TENANT, managed_identity=True)
    route = respx.get(url__startswith="http://169.254.169.254/metadata/identity/oauth2/token").respond(
        json={"access_token": "from-the-machine", "expires_in": "3600", "resource": "https://graph.microsoft.com"}
    )
    sign_in = SignIn(settings, OutsideSettings(proxy="http://proxy.example:3128"), None)
    assert sign_in.issue(fresh=False).token.get_secret_value() == "from-the-machine"
    assert sign_in.issue(fresh=True).seconds > 3000
    sign_in.close()
    assert route.call_count == 2
    assert route.calls[0].request.url.params["resource"] == "https://graph.microsoft.com"
    assert route.calls[0].request.headers["Metadata"] == "true"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (7000215, "the client secret is wrong"),
        (7000222, "has ended"),
        (700016, "no application with this client_id"),
        (700024, "clock of this machine"),
        (90002, "check tenant and cloud"),
        (1234567, "AADSTS1234567"),
    ],
)
async def test_a_refused_sign_in_says_what_to_change_and_nothing_of_the_answer(
    graph: FakeGraph, code: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    graph.login.refuse_with = code
    client = await client_of(graph)
    with pytest.raises(ConnectorError, match=said) as refused:
        await name_read(client)
    await client.close()
    everything = str(refused.value) + repr(refused.value.__context__) + caplog.text
    assert graph.login.secret not in everything
    assert "canary-of-the-login-host" not in everything
    assert type(refused.value) is not EffectUnknown


async def test_a_refused_credential_is_not_tried_again_and_again(graph: FakeGraph) -> None:
    graph.login.refuse_with = 7000215
    client = await client_of(graph)
    for _ in range(10):
        with pytest.raises(ConnectorError):
            await name_read(client)
    await client.close()
    assert len(graph.login.forms) == 1


async def test_building_a_client_asks_nobody_anything(graph: FakeGraph) -> None:
    client = GraphClient(graph.settings(), graph.outside)
    await client.close()
    assert graph.front is not None
    assert graph.front.asked == []


async def test_signing_in_does_not_hold_up_the_event_loop(graph: FakeGraph) -> None:
    graph.fail_next("POST /oauth2", "slow 0.6")
    client = await client_of(graph)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    await name_read(client)
    ticking.cancel()
    await client.close()
    assert ticks > 10


@pytest.mark.timed
@pytest.mark.slow
async def test_a_sign_in_host_that_hangs_costs_five_seconds_and_says_so(graph: FakeGraph) -> None:
    graph.fail_next("GET /.well-known", "hang before", times=3)
    client = await client_of(graph)
    begun = time.monotonic()
    with pytest.raises(ConnectorError):
        await name_read(client)
    assert time.monotonic() - begun < 5.5
    await client.close()


async def test_an_answer_that_cannot_be_read_leaves_no_token_in_any_log(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    graph.fail_next("POST /oauth2", "garbage")
    client = await client_of(graph)
    with pytest.raises(ConnectorError):
        await name_read(client)
    await client.close()
    assert "canary-of-a-proxy" not in caplog.text


# --- hosts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLOUDS)
async def test_no_call_leaves_the_two_hosts_of_the_cloud(tmp_path: Path, name: CloudName) -> None:
    async with fake_graph(tmp_path, cloud=CLOUDS[name]) as graph:
        client = await client_of(graph)
        assert await name_read(client) == "Sanne de Wit"
        graph.login.expire_all()
        assert await name_read(client) == "Sanne de Wit"
        await client.close()
        assert graph.front is not None
        assert set(graph.front.asked) == {CLOUDS[name].login_host, CLOUDS[name].graph_host}


def test_every_cloud_has_hosts_of_its_own() -> None:
    assert len({cloud.graph_host for cloud in CLOUDS.values()}) == 4
    assert CLOUDS["us_gcc_high"].login_host == CLOUDS["us_dod"].login_host == "login.microsoftonline.us"


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v1.0/users?$skiptoken=x",
        "http://graph.microsoft.com/v1.0/users?$skiptoken=x",
        "https://graph.microsoft.com:8443/v1.0/users",
        "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://user@graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com/beta/users",
        "//elsewhere.example/v1.0/users",
        "/v1.0/users",
    ],
)
async def test_a_next_page_elsewhere_is_not_fetched(graph: FakeGraph, link: str) -> None:
    graph.page_size, graph.next_link = 5, link
    client = await client_of(graph)
    with pytest.raises(ConnectorError, match="another host"):
        await client.rows(("users",), SELECT, Deadline(5))
    await client.close()
    assert len(graph.requests) == 1


async def test_a_redirect_is_not_followed(graph: FakeGraph) -> None:
    graph.fail_next("GET /users", "redirect")
    client = await client_of(graph)
    with pytest.raises(ConnectorError):
        await name_read(client)
    await client.close()
    assert graph.front is not None
    assert "elsewhere.example" not in graph.front.asked


async def test_another_certificate_authority_is_not_believed_and_that_is_said(graph: FakeGraph) -> None:
    assert graph.front is not None
    client = GraphClient(graph.settings(), OutsideSettings(proxy=graph.front.address, connect_seconds=2))
    with pytest.raises(ConnectorError) as failed:
        await name_read(client)
    await client.close()
    assert failed.value.detail.startswith("the certificate of the sign-in host is not accepted: ")
    assert graph.requests == []
    assert graph.login.forms == []


# --- pages, sizes and unreadable answers -------------------------------------------------------------------------


async def test_all_pages_are_read(graph: FakeGraph) -> None:
    graph.page_size = 7
    client = await client_of(graph)
    rows = await client.rows(("users",), {**SELECT, "$top": "999"}, Deadline(5))
    await client.close()
    assert rows is not None
    assert len(rows) == len(graph.tenant.users)
    assert graph.asked("GET /users") == 7
    assert graph.violations == []


async def test_a_list_that_does_not_end_is_an_error_and_not_half_a_list(graph: FakeGraph) -> None:
    graph.page_size = 1
    client = await client_of(graph)
    with pytest.raises(ConnectorError, match="more than"):
        await client.rows(("users",), SELECT, Deadline(5))
    await client.close()


@pytest.mark.parametrize("how", ["garbage", "list", "huge", "gzip"])
async def test_an_answer_that_cannot_be_read_is_an_error_without_its_text(graph: FakeGraph, how: str) -> None:
    graph.fail_next("GET /users", how, times=2)
    client = await client_of(graph)
    with pytest.raises(ConnectorError) as failure:
        await name_read(client)
    await client.close()
    assert "canary" not in str(failure.value)


async def test_what_is_not_there_is_none_and_a_wrong_question_is_a_refusal(graph: FakeGraph) -> None:
    client = await client_of(graph)
    assert await client.get(("users", guid("nobody")), SELECT, Deadline(5)) is None
    with pytest.raises(GraphRefusal) as refusal:
        await client.get(USER, {"$select": "noSuchThing"}, Deadline(5))
    await client.close()
    assert (refusal.value.status, refusal.value.code) == (400, "Request_BadRequest")
    assert "canary" not in str(refusal.value)


async def test_nothing_leaves_its_place_in_the_path(graph: FakeGraph) -> None:
    client = await client_of(graph)
    for segment in ("../groups", f"{SANNE}/authentication", "a?$select=id", "a#b", "..%2f"):
        assert await client.get(("users", segment), SELECT, Deadline(5)) is None
    await client.close()
    assert graph.violations == []


# --- waiting -----------------------------------------------------------------------------------------------------


@pytest.mark.timed
@pytest.mark.parametrize("how", ["429 1", "503 1"])
async def test_a_pause_is_kept_by_everybody_and_then_it_works(graph: FakeGraph, how: str) -> None:
    client = await client_of(graph)
    await name_read(client)
    graph.fail_next("GET /users", how)
    begun = time.monotonic()
    names = await asyncio.gather(name_read(client), asyncio.sleep(0.1, None), _late(client))
    assert names[0] == names[2] == "Sanne de Wit"
    assert 0.9 < time.monotonic() - begun < 3
    await client.close()
    assert graph.asked("GET /users") == 4


async def _late(client: GraphClient) -> str:
    await asyncio.sleep(0.3)
    return await name_read(client)


@pytest.mark.timed
async def test_a_pause_longer_than_the_callers_time_ends_at_once_for_all(graph: FakeGraph) -> None:
    client = await client_of(graph)
    graph.fail_next("GET /users", "429 60")
    begun = time.monotonic()
    for _ in range(5):
        with pytest.raises(ConnectorError):
            await name_read(client)
    assert time.monotonic() - begun < 1.5
    await client.close()
    assert graph.asked("GET /users") == 1


async def test_a_change_that_was_throttled_did_not_happen_and_is_sent_again(graph: FakeGraph) -> None:
    client = await client_of(graph)
    graph.fail_next("POST /users", "429 1")
    await client.change("POST", SESSIONS, None, Deadline(5))
    await client.close()
    assert graph.tenant.revoked == [SANNE]


async def test_a_void_token_costs_one_fresh_one(graph: FakeGraph) -> None:
    client = await client_of(graph)
    await name_read(client)
    graph.login.expire_all()
    await client.change("POST", SESSIONS, None, Deadline(5))
    assert await name_read(client) == "Sanne de Wit"
    await client.close()
    assert len(graph.login.forms) == 2
    assert graph.tenant.revoked == [SANNE]


async def test_a_tenant_that_never_takes_our_token_is_asked_twice_and_no_more(graph: FakeGraph) -> None:
    graph.login.lifetime = -10
    client = await client_of(graph)
    with pytest.raises(GraphRefusal, match="not even a fresh one"):
        await name_read(client)
    await client.close()
    assert graph.asked("GET /users") == 2


async def test_a_token_near_its_end_is_replaced_before_it_is_used(graph: FakeGraph) -> None:
    graph.login.lifetime = 60
    client = await client_of(graph)
    await name_read(client)
    await name_read(client)
    await client.close()
    assert len(graph.login.forms) == 2
    assert graph.asked("GET /users") == 2


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["500 before", "cut before"])
async def test_a_read_is_tried_once_more(graph: FakeGraph, how: str) -> None:
    client = await client_of(graph)
    graph.fail_next("GET /users", how)
    assert await name_read(client) == "Sanne de Wit"
    graph.fail_next("GET /users", how, times=2)
    with pytest.raises(ConnectorError) as failure:
        await name_read(client)
    await client.close()
    assert not isinstance(failure.value, EffectUnknown)
    assert graph.asked("GET /users") == 4


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("how", ["hang before", "drip"])
@pytest.mark.thorough
async def test_a_graph_that_hangs_costs_five_seconds_and_nobody_else_anything(graph: FakeGraph, how: str) -> None:
    client = await client_of(graph)
    await name_read(client)
    graph.fail_next(f"GET /users/{SANNE}/transitiveMemberOf", how, times=4)
    begun = time.monotonic()

    async def hangs() -> float:
        with pytest.raises(ConnectorError):
            await client.rows((*USER, "transitiveMemberOf"), {"$select": "id"}, Deadline(5))
        return time.monotonic() - begun

    hanging = [asyncio.ensure_future(hangs()) for _ in range(2)]
    await asyncio.sleep(0.1)
    for _ in range(5):
        other = time.monotonic()
        assert await name_read(client) == "Sanne de Wit"
        assert time.monotonic() - other < 1
    assert max(await asyncio.gather(*hanging)) < 5.5
    await client.close()


@pytest.mark.parametrize(
    ("how", "happened"),
    [
        ("500 before", False),
        ("500 after", True),
        ("cut before", False),
        ("cut after", True),
        ("503 1", False),
        ("redirect", False),
    ],
)
async def test_a_change_whose_end_is_not_known_is_never_sent_twice(graph: FakeGraph, how: str, happened: bool) -> None:
    client = await client_of(graph)
    graph.fail_next("POST /users", how)
    with pytest.raises(EffectUnknown):
        await client.change("POST", SESSIONS, None, Deadline(5))
    await client.close()
    assert graph.asked("POST /users") == 1
    assert bool(graph.tenant.revoked) is happened


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hang before", "hang after"])
async def test_a_change_that_hangs_is_not_known(graph: FakeGraph, how: str) -> None:
    client = await client_of(graph)
    await name_read(client)
    graph.fail_next("POST /users", how)
    with pytest.raises(EffectUnknown):
        await client.change("POST", SESSIONS, None, Deadline(1))
    await client.close()
    assert graph.asked("POST /users") == 1


async def test_a_refused_change_and_an_unreachable_graph_surely_did_nothing(graph: FakeGraph) -> None:
    client = await client_of(graph)
    with pytest.raises(GraphRefusal):
        await client.change("PATCH", USER, {"passwordProfile": {"passwort": "x"}}, Deadline(5))
    await client.close()
    away = GraphClient(graph.settings(), OutsideSettings(proxy="http://127.0.0.1:9"), client.tokens)
    with pytest.raises(ConnectorError) as failure:
        await away.change("POST", SESSIONS, None, Deadline(5))
    await away.close()
    assert not isinstance(failure.value, EffectUnknown)
    assert graph.tenant.revoked == []
    assert graph.violations == [f"PATCH /v1.0/users/{SANNE}: no such property: passwort"]


async def test_a_change_without_time_left_is_not_begun(graph: FakeGraph) -> None:
    client = await client_of(graph)
    await name_read(client)
    with pytest.raises(ConnectorError) as failure:
        await client.change("POST", SESSIONS, None, Deadline(0))
    await client.close()
    assert not isinstance(failure.value, EffectUnknown)
    assert graph.asked("POST /users") == 0


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"tenant": "dhb.example"},
        {"tenant": TENANT, "client_id": APP},
        {"tenant": TENANT, "client_id": APP, "secret": "s", "managed_identity": True},
        {"tenant": TENANT, "secret": "s"},
        {"cloud": "germany"},
        {"groups": "it-approvers"},
        {"groups": f"{guid('a')}=x,{guid('b')}=x"},
        {"groups": f"{guid('a')}=x,{guid('a')}=y"},
        {"groups": f"{guid('a')}={guid('b')}"},
        {"protected_groups": "domain-admins"},
        {"identities": "slack=mail"},
        {"identities": "teams=extensionAttribute1"},
        {"person_attribute": "displayName"},
        {"read_seconds": 60},
        {"tenannt": TENANT},
    ],
    ids=str,
)
def test_bad_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        EntraSettings(
            **({"tenant": TENANT, "client_id": APP, "secret": "s"} | values if "tenant" not in values else values)
        )


def test_settings_show_no_credential() -> None:
    settings = EntraSettings(tenant=TENANT, client_id=APP, secret=SecretStr("canary-secret"))
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.is_set
    assert not EntraSettings().is_set
    with pytest.raises(ConfigError, match="LOKET_ENTRA_TENANT"):
        GraphClient(EntraSettings())


def test_a_bad_certificate_file_stops_the_start_with_one_line(tmp_path: Path) -> None:
    good, other = self_signed(tmp_path, "good"), self_signed(tmp_path, "other")
    key, certificate = good.read_text().split("-----BEGIN CERTIFICATE-----")
    strangers = "-----BEGIN CERTIFICATE-----" + other.read_text().split("-----BEGIN CERTIFICATE-----")[1]
    for text, said in (
        (key, "no certificate"),
        ("-----BEGIN CERTIFICATE-----" + certificate, "no private key"),
        (key + strangers, "not that of the key"),
        ("", "no private key"),
    ):
        file = tmp_path / "bad.pem"
        file.write_text(text)
        with pytest.raises(ConfigError, match=said):
            GraphClient(EntraSettings(tenant=TENANT, client_id=APP, certificate_file=file))
    with pytest.raises(ConfigError, match="cannot be read"):
        GraphClient(EntraSettings(tenant=TENANT, client_id=APP, certificate_file=tmp_path / "none.pem"))


@respx.mock
async def test_msal_is_kept_from_hosts_that_a_document_names() -> None:
    from connectors.graph.msal_http import MsalHttp, only

    http = MsalHttp(OutsideSettings(), 1, only("login.microsoftonline.us"))
    for url in (
        "https://login.microsoftonline.com/t",
        "http://login.microsoftonline.us/t",
        "https://login.microsoftonline.us:444/t",
        "https://login.microsoftonline.us@evil.example/t",
    ):
        with pytest.raises(ValueError, match="host"):
            http.get(url)
        with pytest.raises(ValueError, match="host"):
            http.post(url, data={"client_assertion": b"x"})
    respx.post("https://login.microsoftonline.us/t").mock(return_value=httpx.Response(200, json={}))
    sent = http.post("https://login.microsoftonline.us/t", data={"client_assertion": b"eyJ", "claims": None})
    http.close()
    assert sent.request.content == b"client_assertion=eyJ"
