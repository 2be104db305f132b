"""What Jira sends is believed when it is signed, whole and fresh; everything else changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from connectors.tickets import TicketChange
from core.errors import ConnectorError
from tests.servers.jira_state import State
from web_app.jira_hook import MOST_AGE_SECONDS, MOST_BYTES, PATH, JiraHook

SECRET = "kZ8q-4nT1-Wv7p-Xc2m-Rb6d-Hj3s-Lf9g"
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


@dataclass
class Hook:
    """The door for Jira, and what was heard through it."""

    http: httpx.AsyncClient = field(init=False)
    heard: list[TicketChange] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        hook = JiraHook(SecretStr(SECRET), ["FAC", "IT"], self._hear, NOW.timestamp)
        app = Starlette(routes=list(hook.routes()))
        app.router.redirect_slashes = False
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")

    async def _hear(self, change: TicketChange) -> bool:
        if self.down:
            raise ConnectorError("database", "away")
        self.heard.append(change)
        return True

    async def send(self, body: bytes, signature: str | None = None, **more: str) -> int:
        given = signed(body) if signature is None else signature
        headers = {"X-Hub-Signature": given, "Content-Type": "application/json", **more}
        return (await self.http.post(PATH, content=body, headers=headers)).status_code


def signed(body: bytes, secret: str = SECRET, kind: str = "sha256") -> str:
    return f"{kind}=" + hmac.new(secret.encode(), body, getattr(hashlib, kind)).hexdigest()


def event(status: str = "Closed") -> dict[str, Any]:
    """An event as Jira sends it."""
    state = State("cloud", lambda: NOW)
    key = state.add("FAC", {"summary": "Chair", "labels": ["x"]}).key
    state.move(key, status)
    return state.hook_body(key)


def body_of(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    yield hook
    await hook.http.aclose()


async def test_a_change_of_status_is_heard(hook: Hook) -> None:
    assert await hook.send(body_of(event())) == 200
    assert hook.heard == [TicketChange("FAC-101", "Closed", True, 70_001, NOW)]
    assert await hook.send(body_of(event("In progress"))) == 200
    assert (hook.heard[1].status, hook.heard[1].closed) == ("In progress", False)


BODY = body_of(event())
FORGED = {
    "none": "",
    "of nothing": signed(b""),
    "with another secret": signed(BODY, "another-secret-that-somebody-made-up"),
    "of another kind": signed(BODY, kind="sha1"),
    "without its kind": signed(BODY).removeprefix("sha256="),
    "in capitals": signed(BODY).upper(),
    "cut off": signed(BODY)[:-1],
    "with more": f"{signed(BODY)}0",
    "two": f"{signed(BODY)},{signed(BODY)}",
    "not hex": "sha256=" + "z" * 64,
}


@pytest.mark.parametrize("name", FORGED)
async def test_what_is_not_signed_as_it_must_be_is_not_read(hook: Hook, name: str) -> None:
    assert await hook.send(BODY, FORGED[name]) == 401
    assert hook.heard == []


async def test_two_signatures_are_none(hook: Hook) -> None:
    headers = [("X-Hub-Signature", signed(BODY)), ("X-Hub-Signature", "sha256=" + "0" * 64)]
    assert (await hook.http.post(PATH, content=BODY, headers=headers)).status_code == 401
    assert hook.heard == []


@pytest.mark.parametrize("place", range(0, len(BODY), 37))
async def test_a_body_that_was_changed_anywhere_is_not_read(hook: Hook, place: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    assert await hook.send(changed, signed(BODY)) == 401
    assert hook.heard == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_is_anything(hook: Hook, method: str) -> None:
    answer = await hook.http.request(method, PATH, headers={"X-Hub-Signature": signed(b"")})
    assert answer.status_code == 405
    assert hook.heard == []


BROKEN = {
    "nothing": b"",
    "no JSON": b"hello",
    "a list": b"[]",
    "no UTF-8": b"\xff\xfe",
    "deep": b"[" * 50_000,
    "a key twice": BODY[:-1] + b', "timestamp": 1}',
    "a time that is text": BODY.replace(b'"timestamp": ', b'"timestamp": "x", "y": '),
    "a time without end": BODY.replace(b'"timestamp": ', b'"timestamp": ' + b"9" * 400),
    "a key that is a number": BODY.replace(b'"key": "FAC-101"', b'"key": 101'),
    "a change that is no number": BODY.replace(b'"id": "70001"', b'"id": "x"'),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_cannot_be_read_is_refused_even_when_it_is_signed(hook: Hook, name: str) -> None:
    assert await hook.send(BROKEN[name]) == 400
    assert hook.heard == []


def _changed(**changes: Any) -> dict[str, Any]:
    document = event()
    for path, value in changes.items():
        at = document
        *way, last = path.split("__")
        for step in way:
            at = at[step]
        at[last] = value
    return document


OTHER = {
    "another event": _changed(webhookEvent="jira:issue_created"),
    "a comment": _changed(changelog__items=[{"field": "assignee"}]),
    "no change": {key: value for key, value in event().items() if key != "changelog"},
    "another project": _changed(issue__key="OPS-1"),
    "no ticket's number": _changed(issue__key="FAC-1/../2"),
    "digits of another script": _changed(issue__key="FAC-١٢"),
    "too old": _changed(timestamp=int((NOW.timestamp() - MOST_AGE_SECONDS - 1) * 1000)),
    "of tomorrow": _changed(timestamp=int((NOW.timestamp() + 86_400) * 1000)),
}


@pytest.mark.parametrize("name", OTHER)
async def test_what_does_not_matter_here_is_taken_and_forgotten(hook: Hook, name: str) -> None:
    assert await hook.send(body_of(OTHER[name])) == 200
    assert hook.heard == []


async def test_more_than_an_issue_is_not_read(hook: Hook) -> None:
    large = body_of(_changed(issue__fields__summary="x" * MOST_BYTES))
    assert await hook.send(large) == 413
    fits = body_of(_changed(issue__fields__summary="x" * 500_000))
    assert await hook.send(fits) == 200
    assert len(hook.heard) == 1


async def test_while_the_database_is_away_jira_is_asked_to_come_back(hook: Hook) -> None:
    hook.down = True
    assert await hook.send(BODY) == 503


def test_a_hook_without_a_secret_does_not_exist() -> None:
    with pytest.raises(ValueError, match="believe everybody"):
        JiraHook(SecretStr(""), ["IT"], Hook()._hear, NOW.timestamp)
