"""The way out at work, against real servers: pinned addresses, certificates, deadlines, and what is known after."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest

from connectors.egress import Egress, EgressRules
from connectors.egress.resolving import Resolver
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown
from tests.servers.certificates import Certificates
from tests.servers.egress_server import OK, RawServer, raw_server
from tests.servers.tls_front import Reply, Request, tls_front

HOST = "hr.example.gov"
SECRET = "Canary-9-egress"


OPENED: list[Egress] = []


def way_out(outside: OutsideSettings, names: Resolver) -> Egress:
    """One that is closed when the test ends."""
    OPENED.append(Egress(outside, names))
    return OPENED[-1]


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    while OPENED:
        await OPENED.pop().close()


class Names:
    """A name server: gives the next list of addresses for every question, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers or (["127.0.0.1"],))
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def rules(server: RawServer, *, internal: bool = True) -> EgressRules:
    return EgressRules(frozenset({HOST}), frozenset({HOST} if internal else ()), frozenset({server.port}))


def url(server: RawServer, scheme: str = "http", path: str = "/a?b=c") -> str:
    return f"{scheme}://{HOST}:{server.port}{path}"


async def test_a_request_arrives_as_it_was_written_and_nothing_more() -> None:
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names())
        answer = await egress.request(rules(server), "GET", url(server), {"X-Key": SECRET})
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers == {"content-type": "application/json", "content-length": "2"}
    lines = server.asked[0].decode().lower().split("\r\n")
    assert lines[0] == "get /a?b=c http/1.1"
    assert sorted(line.split(":")[0] for line in lines[1:] if line) == ["accept-encoding", "host", "x-key"]
    assert "accept-encoding: identity" in lines


@pytest.mark.parametrize("host", ["bücher.inside", "straße.inside", "BÜCHER.Inside", "xn--bcher-kva.inside"])
async def test_an_international_name_is_asked_in_its_plain_form(host: str) -> None:
    async with raw_server() as server:
        names = Names()
        inside = EgressRules(frozenset({host}), frozenset({host}), frozenset({server.port}))
        egress = way_out(OutsideSettings(), names)
        assert (await egress.request(inside, "GET", f"http://{host}:{server.port}/")).status == 200
        client = egress.httpx2_client(inside)
        assert (await client.get(f"http://{host}:{server.port}/")).status_code == 200
        await client.aclose()
    assert all(name.startswith("xn--") for name in names.asked)


async def test_reading_keeps_a_connection_and_changing_opens_its_own() -> None:
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names())
        for _ in range(3):
            await egress.request(rules(server), "GET", url(server))
        assert server.connections == 1
        for _ in range(3):
            await egress.request(rules(server), "POST", url(server), body=b"{}")
        assert server.connections == 4


async def test_a_name_is_looked_up_once_so_that_rebinding_changes_nothing() -> None:
    async with raw_server() as server:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        egress = way_out(OutsideSettings(), names)
        await egress.request(rules(server), "POST", url(server), body=b"1")
        assert names.asked == [HOST]
        with pytest.raises(ConnectorError, match="its own credentials"):
            await egress.request(rules(server), "POST", url(server), body=b"2")
        assert names.asked == [HOST, HOST]
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%lo"],
        [],
    ],
    ids=str,
)
async def test_a_name_outside_that_leads_inside_is_never_connected_to(found: list[str]) -> None:
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names(found))
        with pytest.raises(ConnectorError, match="may not be reached") as caught:
            await egress.request(rules(server, internal=False), "POST", url(server, "https"), body=b"{}")
    assert not isinstance(caught.value, EffectUnknown)
    assert server.connections == 0
    assert not any(address in str(caught.value) for address in found)


async def test_the_next_address_is_tried_where_the_first_is_silent() -> None:
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names(["127.0.0.9", "127.0.0.1"]))
        assert (await egress.request(rules(server), "GET", url(server))).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
async def test_a_redirect_is_never_followed(status: int, target: str) -> None:
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    async with raw_server(answer) as server:
        egress = way_out(OutsideSettings(), Names())
        with pytest.raises(ConnectorError, match="redirects") as caught:
            await egress.request(rules(server), "GET", url(server))
        assert "169" not in str(caught.value)
        with pytest.raises(EffectUnknown):
            await egress.request(rules(server), "POST", url(server), body=b"{}")
        client = egress.httpx2_client(rules(server))
        with pytest.raises(httpx2.TransportError):
            await client.get(url(server), follow_redirects=True)
        await client.aclose()
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2001\r\n\r\n" + b"x" * 2001, "larger"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e9\r\n" + b"x" * 1001 + b"\r\n" * 1, "larger"),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(120)) + b"\r\n", "headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000, "failed"),
        (b"SSH-2.0-nothing of yours\r\n\r\n", "failed"),
    ],
    ids=["gzip", "brotli", "long", "chunks", "many-headers", "long-header", "no-http"],
)
async def test_an_answer_that_is_not_as_agreed_ends(answer: bytes, why: str) -> None:
    async with raw_server(answer) as server:
        egress = way_out(OutsideSettings(), Names())
        with pytest.raises(ConnectorError, match=why):
            await egress.request(rules(server), "GET", url(server), most_bytes=1_000, seconds=3)
        with pytest.raises(EffectUnknown, match=why):
            await egress.request(rules(server), "PATCH", url(server), body=b"{}", most_bytes=1_000, seconds=3)


@pytest.mark.timed
async def test_an_answer_that_drips_ends_with_the_deadline() -> None:
    async def drip(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(drip) as server:
        egress = way_out(OutsideSettings(), Names())
        begun = time.monotonic()
        with pytest.raises(ConnectorError, match="in time"):
            await egress.request(rules(server), "GET", url(server), seconds=0.2)
        with pytest.raises(EffectUnknown, match="in time"):
            await egress.request(rules(server), "DELETE", url(server), seconds=0.2)
        assert time.monotonic() - begun < 1.5


async def test_a_name_server_that_hangs_ends_with_the_deadline_and_nothing_happened() -> None:
    async def hang(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    async with raw_server() as server:
        with pytest.raises(ConnectorError, match="in time") as caught:
            await way_out(OutsideSettings(), hang).request(rules(server), "POST", url(server), body=b"", seconds=0.1)
        assert not isinstance(caught.value, EffectUnknown)


async def test_nothing_happened_when_nobody_listens_or_the_name_is_unknown() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async with raw_server() as server:
        closed = rules(server)
        there = url(server)
    for names in (Names(), unknown):
        with pytest.raises(ConnectorError) as caught:
            await way_out(OutsideSettings(), names).request(closed, "POST", there, body=b"{}")
        assert not isinstance(caught.value, EffectUnknown)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_connection_that_is_cut_after_the_request_leaves_a_doubt(method: str) -> None:
    async def cut(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with raw_server(cut) as server:
        egress = way_out(OutsideSettings(), Names())
        with pytest.raises(EffectUnknown):
            await egress.request(rules(server), method, url(server), body=b"{}")
        with pytest.raises(ConnectorError) as caught:
            await egress.request(rules(server), method, url(server), body=b"{}", changes=False)
        assert not isinstance(caught.value, EffectUnknown)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Evil: 1"),
        ("X-A", "b\nX-Evil: 1"),
        ("X-A", "b\x00"),
        ("X-A", "é"),
        ("X-A\r\nX-Evil", "b"),
        ("X A", "b"),
        ("X-A:", "b"),
        ("", "b"),
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "X-Key"),
        ("Cookie", "a=b"),
        ("Upgrade", "h2c"),
        ("Proxy-Authorization", "Basic x"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Forwarded-Host", "evil.example"),
    ],
    ids=ascii,
)
async def test_a_header_that_could_be_two_or_change_the_request_is_never_sent(name: str, value: str) -> None:
    async with raw_server() as server:
        with pytest.raises(ConnectorError, match="header") as caught:
            await way_out(OutsideSettings(), Names()).request(rules(server), "POST", url(server), {name: value}, b"{}")
        assert not isinstance(caught.value, EffectUnknown)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["get", "TRACE", "CONNECT", "OPTIONS", "GET /evil HTTP/1.1\r\nX:", ""])
async def test_other_methods_are_not_used(method: str) -> None:
    async with raw_server() as server:
        with pytest.raises(ConnectorError):
            await way_out(OutsideSettings(), Names()).request(rules(server), method, url(server))
    assert server.connections == 0


async def test_cookies_are_neither_kept_nor_shown() -> None:
    answer = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\nSet-Cookie2: c=d\r\n\r\n", 1)
    async with raw_server(answer) as server:
        egress = way_out(OutsideSettings(), Names())
        assert "set-cookie" not in (await egress.request(rules(server), "GET", url(server))).headers
        client = egress.httpx2_client(rules(server))
        for _ in range(2):
            assert "set-cookie" not in (await client.get(url(server), headers={"Cookie": "x=y"})).headers
        await client.aclose()
    assert not any(b"cookie" in asked.lower() for asked in server.asked)


async def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names())
        assert (await egress.request(rules(server), "GET", url(server))).status == 200
        client = egress.httpx2_client(rules(server))
        assert (await client.get(url(server))).status_code == 200
        await client.aclose()


# --- TLS ---------------------------------------------------------------------------------------------------------


async def test_the_certificate_of_the_name_is_asked_for_and_checked_at_the_pinned_address(tmp_path: Path) -> None:
    authority = Certificates(tmp_path / "good")
    issued = authority.issue(HOST)
    async with raw_server(tls=(issued.certificate, issued.key)) as server:
        egress = way_out(OutsideSettings(ca_file=authority.ca_file), Names())
        assert (await egress.request(rules(server), "GET", url(server, "https"))).status == 200


@pytest.mark.parametrize("wrong", ["name", "expired", "authority", "address"])
async def test_a_wrong_certificate_is_refused_before_anything_is_sent(wrong: str, tmp_path: Path) -> None:
    authority = Certificates(tmp_path / "good")
    issuer = Certificates(tmp_path / "other") if wrong == "authority" else authority
    names = {"name": "other.example.gov", "address": "127.0.0.1"}
    issued = issuer.issue(names.get(wrong, HOST), days=-1 if wrong == "expired" else 20)
    async with raw_server(tls=(issued.certificate, issued.key)) as server:
        egress = way_out(OutsideSettings(ca_file=authority.ca_file), Names())
        with pytest.raises(ConnectorError) as caught:
            await egress.request(rules(server), "POST", url(server, "https"), {"X-Key": SECRET}, b"{}")
        assert not isinstance(caught.value, EffectUnknown)
    assert server.asked == []


async def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    async with raw_server() as server:
        with pytest.raises(ConnectorError) as caught:
            await way_out(OutsideSettings(), Names()).request(
                rules(server), "POST", url(server, "https"), body=b"{}", seconds=0.5
            )
        assert not isinstance(caught.value, EffectUnknown)
    assert server.asked == []


# --- a proxy that the operator set -------------------------------------------------------------------------------


async def test_through_a_proxy_only_declared_names_go_and_known_inside_names_do_not(tmp_path: Path) -> None:
    async def answer(request: Request) -> Reply:
        return Reply(200, b"{}")

    public = EgressRules(frozenset({HOST}))
    async with tls_front(answer, tmp_path, [HOST]) as front, raw_server() as server:
        outside = OutsideSettings(proxy=front.address, ca_file=front.ca_file)
        egress = way_out(outside, Names(["8.8.8.8"], ["10.0.0.1"]))
        assert (await egress.request(public, "POST", f"https://{HOST}/", body=b"{}")).status == 200
        assert front.asked == [HOST]
        with pytest.raises(ConnectorError, match="may not be reached"):
            await egress.request(public, "GET", f"https://{HOST}/")
        inside = way_out(outside, Names())
        assert (await inside.request(rules(server), "GET", url(server))).status == 200
        assert front.asked == [HOST]


async def test_a_proxy_that_opens_no_tunnel_leaves_no_doubt() -> None:
    async with raw_server(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as proxy:
        egress = way_out(OutsideSettings(proxy=f"http://127.0.0.1:{proxy.port}"), Names(["8.8.8.8"]))
        with pytest.raises(ConnectorError) as caught:
            await egress.request(EgressRules(frozenset({HOST})), "POST", f"https://{HOST}/", {"X-Key": SECRET}, b"{}")
        assert not isinstance(caught.value, EffectUnknown)
    assert SECRET.encode() not in b"".join(proxy.asked)


# --- what nobody may read ----------------------------------------------------------------------------------------


async def test_no_error_log_or_repr_holds_an_address_or_a_key(caplog: pytest.LogCaptureFixture) -> None:
    async def cut(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    caplog.set_level(logging.DEBUG)
    async with raw_server(cut) as server, raw_server() as good:
        egress = way_out(OutsideSettings(), Names())
        with pytest.raises(EffectUnknown) as caught:
            await egress.request(
                rules(server), "POST", url(server, path=f"/?key={SECRET}"), {"X-Key": SECRET}, SECRET.encode()
            )
        answer = await egress.request(rules(good), "GET", url(good, path=f"/?key={SECRET}"))
    told = [repr(answer), repr(caught.value), str(caught.value), repr(egress), caplog.text]
    assert caught.value.__cause__ is None
    assert not any(SECRET in text for text in told)


async def test_many_requests_at_once_share_few_connections() -> None:
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names())
        answers = await asyncio.gather(*(egress.request(rules(server), "GET", url(server)) for _ in range(60)))
    assert {answer.status for answer in answers} == {200}
    assert server.connections <= 8


async def test_the_pools_of_rules_that_are_no_longer_used_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.egress.egress.MOST_POOLS", 2)
    async with raw_server() as server:
        egress = way_out(OutsideSettings(), Names())
        for host in ("a.inside", "b.inside", "c.inside", "a.inside"):
            its = EgressRules(frozenset({host}), frozenset({host}), frozenset({server.port}))
            assert (await egress.request(its, "GET", f"http://{host}:{server.port}/")).status == 200
    assert server.connections == 4
