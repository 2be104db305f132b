"""A canary is made as code and as credential; whatever goes wrong, it is found only on the road it was to take."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from actions import envelopes
from actions.records import State
from connectors.notify import Road
from core.errors import ConnectorError, EffectUnknown
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.context import ActionContext, Effect

CREDENTIAL = "Kanarie-7Qx9/Haven+Zk3"
CODE = "271828"
ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[GateOnly]:
    """A gate whose next code and credential are the canaries."""
    monkeypatch.setattr(envelopes, "new_credential", lambda: SecretStr(CREDENTIAL))
    monkeypatch.setattr(envelopes, "new_code", lambda: SecretStr(CODE))
    with room_on() as room:
        yield room


def sightings(text: str) -> list[str]:
    """Every disguise in which a canary stands in this text."""
    plain = text.translate(ZERO_WIDTH)
    found = [f"{name} of the credential" for name, form in _forms(CREDENTIAL).items() if form in plain]
    # six digits stand in many a hash: only on their own do they count
    alone = re.compile(rf"(?<![0-9a-fA-F]){CODE}(?![0-9a-fA-F])|(?<![0-9a-fA-F]){CODE[::-1]}(?![0-9a-fA-F])")
    coded = [form for form in _shifted(CODE) if form in plain]
    return [*found, *(["the code"] if alone.search(plain) or coded else [])]


def _forms(secret: str) -> dict[str, str]:
    forms = {"plain": secret, "reversed": secret[::-1], "url": quote(secret, safe=""), "hex": secret.encode().hex()}
    forms |= {f"base64 {shift}": form for shift, form in enumerate(_shifted(secret))}
    return forms | {"url-safe base64": base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")}


def _shifted(secret: str) -> list[str]:
    """The middle of the base64 form wherever the secret begins in a longer text."""
    size = len(secret.encode())
    coded = [base64.b64encode(b"x" * shift + secret.encode()).decode() for shift in range(3)]
    return [text[-(-8 * shift // 6) : 8 * (shift + size) // 6] for shift, text in enumerate(coded)]


def everything_written(room: GateOnly) -> dict[str, str]:
    """Every cell of every table, and the raw bytes of the files, by where it stands."""
    sinks = {}
    for file in ("loket.db", "outside.db"):
        with closing(sqlite3.connect(room.home / file)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    cells = [cell.decode("latin-1") if isinstance(cell, bytes) else str(cell) for cell in row]
                    sinks[f"{file}:{table}"] = sinks.get(f"{file}:{table}", "") + "\n" + "\n".join(cells)
    for path in room.home.rglob("*"):
        if path.is_file() and "notes" not in path.parts:
            sinks[path.name] = path.read_bytes().decode("latin-1")
    return sinks


def nothing_found(room: GateOnly, logged: list[Any]) -> None:
    for place, text in {**everything_written(room), "log": str(logged)}.items():
        assert sightings(text) == [], f"{sightings(text)} in {place}"
    for road in Road:
        text = "".join(path.read_text() for path in (room.home / "notes" / road.value).glob("*.json"))
        allowed = {Road.SMS: CODE, Road.PRIVATE_MAIL: CREDENTIAL}.get(road, "")
        assert sightings(text.replace(allowed, "") if allowed else text) == []


async def through(room: GateOnly, *, callback: bool = False) -> str:
    """A whole reset: confirmed, proved, approved, executed, delivered."""
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")
    await room.settle()
    nothing_found(room, [])
    await room.click("E1001", action_id, "prove", code="000000")
    await room.click("E1001", action_id, *(["no_code"] if callback else ["prove"]), **{"code": CODE})
    for who in ("E1003", "E1004"):
        await room.click(who, action_id, "approve", callback="yes", reason="looks right")
    await room.settle()
    await room.gate.sweep()
    await room.settle()
    return action_id


class LeakyAccounts:
    """An account system whose errors quote what it was given, as some real ones do."""

    repeats_safely = False

    def __init__(self, error: Callable[[str], Exception]) -> None:
        self.error = error

    async def set_temporary_credential(self, account_id: str, credential: SecretStr, key: str) -> None:
        """Fail loudly."""
        raise self.error(f"cannot set {account_id} to {credential.get_secret_value()}")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class LeakyNotifier:
    """A mail server that answers with the message it did not take."""

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """Fail loudly."""
        raise OSError(f"550 rejected: {text.get_secret_value()}")


def test_the_sweep_sees_every_disguise() -> None:
    """A canary search that finds nothing proves nothing: it must be able to find."""
    for text in (CREDENTIAL, CREDENTIAL[::-1], quote(CREDENTIAL, safe=""), "\u200b".join(CREDENTIAL), f"code {CODE}."):
        assert sightings(text), text
    for shift in range(6):
        assert sightings(base64.b64encode(b"y" * shift + CREDENTIAL.encode() + b"zz").decode())
    assert not sightings("Kanarie in the haven, 0x1271828f, 2026-11-23")


@pytest.mark.parametrize("callback", [False, True])
async def test_a_whole_reset_leaves_its_secrets_nowhere_but_on_their_roads(room: GateOnly, callback: bool) -> None:
    with structlog.testing.capture_logs() as logged:
        action_id = await through(room, callback=callback)

    assert await room.state(action_id) is State.DONE
    assert room.world.signs_in("sanne.dewit", CREDENTIAL) == "must_change"
    assert [message["road"] for message in room.messages("private_mail")] == ["private_mail"]
    nothing_found(room, logged)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (lambda text: ConnectorError("accounts", text), State.FAILED),
        (lambda text: EffectUnknown("accounts", text), State.UNKNOWN),
        (RuntimeError, State.UNKNOWN),
        (ValueError, State.UNKNOWN),
    ],
    ids=["refused", "unknown", "bug", "another bug"],
)
async def test_an_error_that_quotes_the_credential_is_not_repeated_anywhere(
    room: GateOnly, error: Callable[[str], Exception], state: State, caplog: pytest.LogCaptureFixture
) -> None:
    parts = room.gate.parts
    change = replace(parts.systems.change, accounts=LeakyAccounts(error))  # type: ignore[arg-type]
    room.gate.parts = replace(parts, systems=replace(parts.systems, change=change))

    with structlog.testing.capture_logs() as logged:
        action_id = await through(room)

    assert await room.state(action_id) is state
    nothing_found(room, [*logged, caplog.text])
    room.advance_clock(timedelta(hours=5))
    await room.gate.sweep()
    assert kept(room) == [], "past its time a secret is destroyed, doubt or no doubt"


async def test_a_road_that_quotes_the_message_it_refused_tells_nobody_else(
    room: GateOnly, caplog: pytest.LogCaptureFixture
) -> None:
    parts = room.gate.parts
    room.gate.parts = replace(parts, systems=replace(parts.systems, notifier=LeakyNotifier()))

    with structlog.testing.capture_logs() as logged:
        action_id = await room.propose("E1001", "reset_my_password")
        await room.click("E1001", action_id, "confirm")
        await room.settle()
        await room.click("E1001", action_id, "prove", code=CODE)
        await room.click("E1003", action_id, "approve")
        await room.settle()
        room.advance_clock(timedelta(hours=5))
        await room.gate.sweep()
        await room.settle()

    assert await room.state(action_id) is State.DONE
    assert kept(room) == []
    assert any("undelivered" in key for key in outbox_keys(room)), "a person is told that it never arrived"
    nothing_found(room, [*logged, caplog.text])


async def test_a_tool_that_hands_the_credential_back_is_not_believed(room: GateOnly) -> None:
    async def leaky(ctx: ActionContext, **_arguments: object) -> Effect:
        assert ctx.credential is not None
        return Effect(f"new password {ctx.credential.get_secret_value()}", "https://desk.dhb.example/")

    tool = replace(room.gate.parts.tool("reset_my_password"), run=leaky)
    room.gate.parts = replace(room.gate.parts, own_tools={"reset_my_password": tool})

    with structlog.testing.capture_logs() as logged:
        action_id = await through(room)

    assert await room.state(action_id) is State.DONE
    nothing_found(room, logged)


async def test_a_withdrawn_or_reported_request_destroys_its_code(room: GateOnly) -> None:
    for verb in ("cancel", "not_me"):
        action_id = await room.propose("E1001" if verb == "cancel" else "E1002", "reset_my_password")
        who = (await room.action(action_id)).requester_id
        await room.click(who, action_id, "confirm")
        await room.click(who, action_id, verb)
        await room.settle()
        assert await room.state(action_id) is State.CANCELLED

    assert room.messages("sms") == [], "a code for nothing is not sent"
    assert kept(room) == []


async def test_a_secret_does_not_follow_an_address_that_changed_meanwhile(room: GateOnly) -> None:
    """The credential is on its way when somebody changes the private mail address: it must not go there."""
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")
    await room.settle()
    await room.click("E1001", action_id, "prove", code=CODE)
    await room.click("E1003", action_id, "approve")
    room.world.fail_next("notify", "refuse")
    await room.settle()
    assert room.messages("private_mail") == []

    room.world.change_contact("E1001", mobile="+31655509999", private_email="thief@mail.example")
    room.advance_clock(timedelta(seconds=10))
    await room.gate.sweep()
    await room.settle()

    assert await room.state(action_id) is State.DONE
    assert room.messages("private_mail") == []
    assert kept(room) == []
    assert any("undelivered" in key for key in outbox_keys(room))


async def test_code_and_credential_are_written_in_the_language_of_whom_they_are_about(room: GateOnly) -> None:
    await through(room)  # asked in English, about somebody whose language is Dutch

    assert "wachtwoord" in room.messages("private_mail")[0]["text"]
    assert room.messages("sms")[0]["subject"] == "Uw code"


def kept(room: GateOnly) -> list[str]:
    """Envelopes that still hold a secret."""
    with closing(sqlite3.connect(room.home / "loket.db")) as connection:
        rows = connection.execute("SELECT envelope_id, state FROM envelopes WHERE ciphertext IS NOT NULL")
        return [f"{name} {state}" for name, state in rows]


def outbox_keys(room: GateOnly) -> list[str]:
    with closing(sqlite3.connect(room.home / "loket.db")) as connection:
        return [row[0] for row in connection.execute("SELECT key FROM outbox")]
