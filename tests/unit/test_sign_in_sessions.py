"""Browsers that are signed in: who counts as whom, for what, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from core.people import ChannelIdentity
from core.sign_in import SignedIn
from tests.sign_in_room import SignInRoom, sign_in_room
from web_app.sign_in.sessions import Sessions

LIFE = timedelta(minutes=60)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[SignInRoom]:
    async with sign_in_room(tmp_path, "http://127.0.0.1:9") as room:
        yield room


def sessions(room: SignInRoom, name: str = "session") -> Sessions:
    return Sessions(room.desk.database, room.desk.directory, name, LIFE)


def signed(employee_id: str = "E1003", purpose: str = "pages", reference: str = "") -> SignedIn:
    identity = ChannelIdentity("oidc", "https://login.dhb.example", f"sub-{employee_id}")
    return SignedIn(employee_id, identity, "sign_in", datetime.now(UTC), purpose, reference)


def request(cookie: str = "") -> Request:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


async def opened(kept: Sessions, who: SignedIn) -> str:
    """Sign somebody in; the cookie that their browser sends from then on."""
    response = Response()
    await kept.open(who, response)
    return response.headers["set-cookie"].split(";")[0]


async def test_somebody_who_signed_in_is_known_by_the_cookie_and_by_nothing_else(room: SignInRoom) -> None:
    kept = sessions(room)
    cookie = await opened(kept, signed("E1003", "hand_over", "x"))
    session = await kept.of(request(cookie))
    assert session is not None
    assert (session.employee.employee_id, session.purpose, session.reference) == ("E1003", "hand_over", "x")
    name, _, secret = cookie.partition("=")
    for other in (
        "",
        f"{name}=",
        f"{name}={secret[:-1]}x",
        f"{name}={'A' * 43}",
        f"session={secret}",
        f"{name}=' OR 1=1",
    ):
        assert await kept.of(request(other)) is None


async def test_the_cookie_goes_to_this_host_alone_and_no_script_sees_it(room: SignInRoom) -> None:
    response = Response()
    await sessions(room).open(signed(), response)
    words = {word.strip().lower() for word in response.headers["set-cookie"].split(";")[1:]}
    assert response.headers["set-cookie"].startswith("__Host-loket-session=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= words
    assert not any(word.startswith("domain") for word in words)


async def test_what_is_kept_opens_nothing(room: SignInRoom) -> None:
    cookie = await opened(sessions(room), signed())
    assert cookie.partition("=")[2] not in repr(room.rows("web_sessions"))


async def test_a_session_for_one_kind_of_page_opens_no_other(room: SignInRoom) -> None:
    cookie = await opened(sessions(room, "reveal"), signed())
    assert await sessions(room, "session").of(request(cookie.replace("reveal", "session"))) is None
    assert await sessions(room, "reveal").of(request(cookie)) is not None


async def test_a_session_ends_by_itself(room: SignInRoom) -> None:
    kept = sessions(room)
    cookie = await opened(kept, signed())
    room.desk.advance_clock(LIFE + timedelta(seconds=1))
    assert await kept.of(request(cookie)) is None
    await opened(kept, signed("E1002"))
    assert len(room.rows("web_sessions")) == 1  # the old one is gone for good


async def test_whoever_signs_out_is_out_in_that_browser_only(room: SignInRoom) -> None:
    kept = sessions(room)
    mine, other = await opened(kept, signed()), await opened(kept, signed())
    response = Response()
    await kept.close(request(mine), response)
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert await kept.of(request(mine)) is None
    assert await kept.of(request(other)) is not None


async def test_who_left_is_nobody_at_once(room: SignInRoom) -> None:
    kept = sessions(room)
    cookie = await opened(kept, signed("E1003"))
    room.desk.world.deactivate("E1003")
    assert await kept.of(request(cookie)) is None
