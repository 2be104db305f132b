"""Attacks on the signature: whatever is not exactly what a known source signed just now is 401, and never an error."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message

from core.errors import ConfigError
from tests.door_room import KEYS, OLD_SECRET, OTHER, SECRET, SOURCE, signed
from web_app.door import Door, Signed
from web_app.guard import Guard
from web_app.keys import read_keys
from web_app.settings import EventsSettings
from web_app.signing import sign

NOW = 1_790_000_000.0
BODY = b'{"id":"1"}'


def door() -> Starlette:
    """A door with one room behind it, and a clock that stands still."""

    async def inside(request: Signed) -> PlainTextResponse:
        return PlainTextResponse(request.source)

    opened = Door(KEYS, lambda: NOW, 300)
    app = Starlette(routes=[opened.route("POST", "/v1/events", inside), opened.route("GET", "/v1/replies", inside)])
    app.add_middleware(Guard)
    return app


async def knock(
    headers: list[tuple[bytes, bytes]], body: bytes = BODY, method: str = "POST", target: str = "/v1/events"
) -> int:
    """One request with exactly these headers, byte by byte as a server would hand them over; its status."""
    path, _, query = target.partition("?")
    statuses: list[int] = []
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(sent, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": headers,
        "root_path": "",
    }
    await _APP(scope, receive, send)
    return statuses[0]


_APP = door()


def good(body: bytes = BODY, method: str = "POST", target: str = "/v1/events", now: float = NOW) -> dict[bytes, bytes]:
    """The right headers."""
    headers = signed(method, target, body, now=now)
    return {name.lower().encode(): value.encode() for name, value in headers.items()}


# --- attacks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [b"x-loket-source", b"x-loket-timestamp", b"x-loket-signature"])
async def test_a_missing_header_is_401(missing: bytes) -> None:
    headers = good()
    del headers[missing]
    assert await knock(list(headers.items())) == 401


@pytest.mark.parametrize("twice", [b"x-loket-source", b"x-loket-timestamp", b"x-loket-signature"])
async def test_a_header_that_is_there_twice_is_401_also_when_both_are_right(twice: bytes) -> None:
    headers = good()
    assert await knock([*headers.items(), (twice, headers[twice])]) == 401
    assert await knock([(twice.upper(), b"something else"), *headers.items()]) == 401


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
async def test_a_signature_of_another_time_is_401(seconds: int) -> None:
    assert await knock(list(good(now=NOW + seconds).items())) == 401


@pytest.mark.parametrize("seconds", [-300, 0, 300])
async def test_a_clock_may_be_five_minutes_off(seconds: int) -> None:
    assert await knock(list(good(now=NOW + seconds).items())) == 200


@pytest.mark.parametrize(
    "timestamp", [b"", b"-5", b"0%d" % NOW, b"1e9", b"0x10", b"1 790000000", b"9" * 5000, "١٢".encode(), b"\xff"]
)
async def test_a_time_that_is_no_plain_number_is_401(timestamp: bytes) -> None:
    assert await knock(list({**good(), b"x-loket-timestamp": timestamp}.items())) == 401


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"v1=",
        b"v1=" + b"0" * 64,
        b"v1=" + b"0" * 63,
        b"v2=" + b"0" * 64,
        b"\xff\xfe",
        "v1=ü".encode(),
        b"v1=" * 9000,
    ],
)
async def test_a_wrong_or_broken_signature_is_401(signature: bytes) -> None:
    assert await knock(list({**good(), b"x-loket-signature": signature}.items())) == 401


async def test_a_signature_in_capitals_is_another_signature() -> None:
    headers = good()
    headers[b"x-loket-signature"] = headers[b"x-loket-signature"].upper()
    assert await knock(list(headers.items())) == 401


@pytest.mark.parametrize("source", [b"nobody", b"", b"Local", b"local ", b"local\x00", b"../local", b"l" * 10_000])
async def test_a_source_that_is_not_known_is_401(source: bytes) -> None:
    assert await knock(list({**good(), b"x-loket-source": source}.items())) == 401


async def test_a_source_cannot_sign_for_another() -> None:
    headers = {**good(), b"x-loket-source": OTHER.encode()}
    assert await knock(list(headers.items())) == 401


async def test_every_byte_of_the_body_counts() -> None:
    headers = list(good().items())
    for position in range(len(BODY)):
        changed = bytes([*BODY[:position], BODY[position] ^ 1, *BODY[position + 1 :]])
        assert await knock(headers, changed) == 401
    assert await knock(headers, BODY + b" ") == 401
    assert await knock(headers, b"") == 401


async def test_a_signature_holds_for_one_method_and_one_address() -> None:
    headers = list(good(b"", "GET", "/v1/replies?after=1").items())
    assert await knock(headers, b"", "GET", "/v1/replies?after=1") == 200
    assert await knock(headers, b"", "GET", "/v1/replies?after=0") == 401
    assert await knock(headers, b"", "GET", "/v1/replies") == 401
    assert await knock(list(good(b"", "GET", "/v1/events").items()), b"", "POST", "/v1/events") == 401


async def test_the_end_of_the_address_cannot_be_moved_into_the_body() -> None:
    """`/v1/events?a` with the body `b:c` and `/v1/events?a:b` with the body `c` are the same bytes."""
    headers = list(good(b"b:c", "POST", "/v1/events?a").items())
    assert await knock(headers, b"b:c", "POST", "/v1/events?a") == 200
    assert await knock(headers, b"c", "POST", "/v1/events?a:b") == 401
    with pytest.raises(ValueError, match="%3A"):
        sign(SOURCE, SECRET, "GET", "/v1/replies?after=1:2")


async def test_a_get_with_a_body_is_refused_however_well_it_is_signed() -> None:
    assert await knock(list(good(b"x", "GET", "/v1/replies").items()), b"x", "GET", "/v1/replies") == 400


async def test_head_reads_nothing() -> None:
    assert await knock(list(good(b"", "HEAD", "/v1/replies").items()), b"", "HEAD", "/v1/replies") == 405


HEADER_BYTES = st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))
NAMES = st.sampled_from(
    [b"x-loket-source", b"x-loket-timestamp", b"x-loket-signature", b"X-LOKET-SOURCE", b"content-length"]
)


async def test_ten_thousand_broken_requests_are_all_401_and_none_is_an_error() -> None:
    chance = random.Random(20261126)
    pieces = [
        b"",
        b"local",
        b"portal",
        b"v1=",
        b"v1=" + b"a" * 64,
        str(int(NOW)).encode(),
        b"9" * 400,
        b"\x00",
        b"\xff",
    ]
    for _ in range(10_000):
        headers = list(good().items())
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(headers))
            name, value = headers[at]
            change = chance.randrange(4)
            if change == 0:
                headers[at] = (name, chance.choice(pieces) + chance.randbytes(chance.randrange(6)))
            elif change == 1 and value:
                cut = chance.randrange(len(value))
                headers[at] = (name, value[:cut] + bytes([value[cut] ^ (1 << chance.randrange(8))]) + value[cut + 1 :])
            elif change == 2:
                headers.append((name, chance.randbytes(chance.randrange(80))))
            elif len(headers) > 1:
                del headers[at]
        if sorted(headers) == sorted(good().items()):
            continue
        body = BODY if chance.random() < 0.5 else chance.randbytes(chance.randrange(200))
        assert await knock(headers, body) == 401, headers


@given(st.lists(st.tuples(NAMES, HEADER_BYTES), max_size=6), st.binary(max_size=100))
@settings(max_examples=300)
async def test_what_nobody_signed_is_401_whatever_it_is(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [pair for pair in headers if pair[0] != b"content-length"]
    assert await knock(headers, body) == 401


@given(st.binary(max_size=300), st.integers(min_value=-300, max_value=300))
@settings(max_examples=200)
async def test_what_a_source_signed_is_taken_whatever_it_is(body: bytes, seconds: int) -> None:
    assert await knock(list(good(body, now=NOW + seconds).items()), body) == 200


# --- bodies that are too much ------------------------------------------------------------------------------------


async def test_a_body_over_64_kb_is_413_and_not_read_to_its_end() -> None:
    read = 0

    async def long() -> Any:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 1024

    async with httpx.AsyncClient(transport=httpx.ASGITransport(_APP), base_url="http://desk") as http:
        answer = await http.post("/v1/events", content=long(), headers=signed("POST", "/v1/events", b"", now=NOW))
    assert answer.status_code == 413
    assert read < 70


async def test_a_body_that_says_it_is_too_long_is_not_read_at_all() -> None:
    for length in (b"65537", b"9" * 3000):
        assert await knock([*good().items(), (b"content-length", length)]) == 413


async def test_a_length_that_is_no_number_is_left_to_the_server_and_breaks_nothing() -> None:
    for length in (b"", b"-1", "²".encode("latin-1"), b"\xff"):
        assert await knock([*good().items(), (b"content-length", length)]) == 200


async def test_a_stranger_is_refused_before_the_body_is_read() -> None:
    async def never() -> Any:
        raise AssertionError("the body was read")
        yield b""

    async with httpx.AsyncClient(transport=httpx.ASGITransport(_APP), base_url="http://desk") as http:
        assert (await http.post("/v1/events", content=never())).status_code == 401


async def test_a_body_that_comes_too_slowly_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web_app.bodies.MOST_SECONDS", 0.05)

    async def slow() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(_APP), base_url="http://desk") as http:
        answer = await http.post("/v1/events", content=slow(), headers=signed("POST", "/v1/events", b"", now=NOW))
    assert answer.status_code == 408


# --- what is said and what is not --------------------------------------------------------------------------------


async def test_every_refusal_says_the_same_and_nothing_of_why() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(_APP), base_url="http://desk") as http:
        unknown = await http.post(
            "/v1/events", headers={**signed("POST", "/v1/events", now=NOW), "X-Loket-Source": "x"}
        )
        late = await http.post("/v1/events", headers=signed("POST", "/v1/events", now=NOW - 9_999))
        wrong = await http.post("/v1/events", content=b"x", headers=signed("POST", "/v1/events", now=NOW))
    assert {answer.status_code for answer in (unknown, late, wrong)} == {401}
    assert len({answer.content for answer in (unknown, late, wrong)}) == 1


async def test_what_a_handler_did_not_expect_is_a_500_without_its_text() -> None:
    async def breaks(_: Request) -> PlainTextResponse:
        raise RuntimeError("the password is Welcome01")

    app = Starlette()
    app.add_route("/", breaks)
    app.add_middleware(Guard)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as http:
        answer = await http.get("/")
    assert answer.status_code == 500
    assert "Welcome01" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


# --- keys --------------------------------------------------------------------------------------------------------


async def test_both_secrets_of_a_source_are_good_while_one_is_being_replaced() -> None:
    for secret in (SECRET, OLD_SECRET):
        headers = sign(SOURCE, secret, "POST", "/v1/events", BODY, now=NOW)
        assert await knock([(name.lower().encode(), value.encode()) for name, value in headers.items()]) == 200


def test_keys_come_from_the_setting_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# of the portal\nportal={'b0c1d2e3' * 4}==\n\nintranet={'f4a5b6c7' * 4}\n")
    keys = read_keys(EventsSettings(keys=SecretStr(f"intranet={'a0b1c2d3' * 4}"), keys_file=file))
    assert keys.sources == ("intranet", "portal")
    assert len(keys.of("intranet")) == 2
    assert keys.of("portal") == (b"b0c1d2e3" * 4 + b"==",)
    assert keys.of("nobody") == ()


SOUND = "a0b1c2d3" * 4


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        f"In Tranet={SOUND}",
        f"INTRANET={SOUND}",
        f"a:b={SOUND}",
        "intranet=short",
        f"intranet={'x' * 40}",
        f"intranet={'é1b2c3d4' * 4}",
        f"intranet={SOUND} portal={SOUND}",
        f"intranet={SOUND}1 intranet={SOUND}2 intranet={SOUND}3",
    ],
)
def test_weak_shared_or_unreadable_keys_stop_the_start_and_are_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_keys(EventsSettings(keys=SecretStr(text)))
    assert SOUND not in str(raised.value)


def test_a_key_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOKET_EVENTS_KEYS_FILE"):
        read_keys(EventsSettings(keys_file=tmp_path / "missing"))


def test_secrets_are_in_no_representation_of_the_keys() -> None:
    assert SECRET not in repr(KEYS)
    assert SECRET not in repr(EventsSettings(keys=SecretStr(f"local={SECRET}")))


def test_what_is_signed_is_what_the_description_says() -> None:
    """Computed with `openssl dgst -sha256 -hmac` over `v1:1790000000:POST:/v1/events:{"id":"1"}`."""
    headers = sign("local", SECRET, "POST", "/v1/events", BODY, now=NOW)
    assert headers["X-Loket-Timestamp"] == "1790000000"
    assert headers["X-Loket-Signature"] == "v1=01deb65bb5dcdd73a7fc005176824abed6481f8db4d0cf3c2ebf38190569b28a"
    assert abs(int(sign("local", SECRET, "GET", "/v1/replies")["X-Loket-Timestamp"]) - time.time()) < 5


async def test_refused_requests_are_logged_as_a_number_now_and_then() -> None:
    with structlog.testing.capture_logs() as lines:
        app = door()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as http:
            for _ in range(50):
                await http.post("/v1/events", headers={"X-Loket-Source": "x" * 50})
    assert [line["event"] for line in lines] == ["door_refused"]
    assert lines[0]["count"] == 1
