"""A credential and a code are seen by nobody but their owner: in no table, log, prompt, reply, queue or audit row."""

from __future__ import annotations

import base64
import itertools
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from actions import envelopes
from core.errors import EffectUnknown
from loket.engine.dbos_sqlite import SqliteEngine
from loket.home import Home
from storage import Database
from tests.desk import Desk
from tests.models import ScriptedModel, calls
from tests.reading import holds
from tests.staff import JAN, JOOST, MILA, PRIYA, TOM

Ending = Callable[[Desk, str], Awaitable[None]]


class Canaries:
    """Codes and credentials as the gate makes them, with a list of those that were made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        for name in ("new_code", "new_credential"):
            monkeypatch.setattr(envelopes, name, self._remembering(getattr(envelopes, name)))

    def _remembering(self, make: Callable[[], SecretStr]) -> Callable[[], SecretStr]:
        def made() -> SecretStr:
            secret = make()
            self.made.append(secret.get_secret_value())
            return secret

        return made


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """What must be found nowhere."""
    return Canaries(monkeypatch)


async def succeeds(desk: Desk, reset: str) -> None:
    """It goes well, and the person goes on talking."""
    await desk.prove(TOM, reset)
    await desk.click(PRIYA, reset, "approve")
    assert desk.credential(TOM)
    await desk.say(TOM, "is my reset done yet")


async def fails(desk: Desk, reset: str) -> None:
    """The account system refuses."""
    desk.world.fail_next("accounts", "refuse")
    await desk.prove(TOM, reset)
    await desk.click(PRIYA, reset, "approve")
    assert await desk.state(reset) == "failed"


async def stays_unknown(desk: Desk, reset: str) -> None:
    """The account system does it and does not say so."""
    desk.world.fail_next("accounts", "after")
    await desk.prove(TOM, reset)
    await desk.click(PRIYA, reset, "approve")
    await desk.clock.advance(minutes=30)
    assert await desk.state(reset) in ("unknown", "done")


async def cannot_be_delivered(desk: Desk, reset: str) -> None:
    """The road by which the credential would leave is closed, again and again."""
    await desk.prove(TOM, reset)
    for _ in range(20):
        desk.world.fail_next("notify", "refuse")
    await desk.click(PRIYA, reset, "approve")
    for _ in range(6):
        await desk.clock.advance(hours=1)


async def crashes(desk: Desk, reset: str) -> None:
    """The tool raises an error that quotes all it was given, the credential among it."""
    accounts = desk.counter.gate.parts.systems.change.accounts
    actual = type(accounts).set_temporary_credential

    async def quoting(self: object, account_id: str, credential: object, key: str) -> None:
        raise RuntimeError(f"{account_id} {credential.get_secret_value()}")  # type: ignore[attr-defined]

    type(accounts).set_temporary_credential = quoting  # type: ignore[assignment,method-assign]
    try:
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
        await desk.clock.advance(minutes=30)
        assert await desk.state(reset) in ("unknown", "failed")  # a look at the account may have settled it
    finally:
        type(accounts).set_temporary_credential = actual  # type: ignore[method-assign]


async def answers_vaguely(desk: Desk, reset: str) -> None:
    """The account system raises an `EffectUnknown` whose detail quotes the credential."""
    accounts = desk.counter.gate.parts.systems.change.accounts
    actual = type(accounts).set_temporary_credential

    async def quoting(self: object, account_id: str, credential: object, key: str) -> None:
        raise EffectUnknown("accounts", f"timeout sending {credential.get_secret_value()}")  # type: ignore[attr-defined]

    type(accounts).set_temporary_credential = quoting  # type: ignore[assignment,method-assign]
    try:
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
    finally:
        type(accounts).set_temporary_credential = actual  # type: ignore[method-assign]


async def is_typed_wrong(desk: Desk, reset: str) -> None:
    """Five wrong codes, and the right one in the chat."""
    await desk.click(TOM, reset, "confirm")
    await desk.say(TOM, desk.code(TOM))
    for _ in range(5):
        await desk.click(TOM, reset, "prove", code="000000")


async def is_denied(desk: Desk, reset: str) -> None:
    """An approver says no."""
    await desk.prove(TOM, reset)
    await desk.click(JOOST, reset, "deny", reason="no")


ENDINGS = (succeeds, fails, stays_unknown, cannot_be_delivered, crashes, answers_vaguely, is_typed_wrong, is_denied)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
@pytest.mark.sampled(0.125)
async def test_no_secret_is_found_anywhere(ending: Ending, canaries: Canaries, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with Desk.start(documents=(), model=ScriptedModel([calls("reset_my_password")]), home=home) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await ending(desk, reset)
        found = {secret: desk.sinks_with(secret) for secret in canaries.made}
    assert canaries.made
    assert {secret: places for secret, places in found.items() if places} == {}
    assert leaks(home, canaries.made) == {}


@pytest.mark.thorough
async def test_not_when_the_service_desk_resets_for_a_caller(canaries: Canaries) -> None:
    model = ScriptedModel([calls("reset_for_caller", caller="Jan de Boer")])
    async with Desk.start(documents=(), model=model) as desk:
        reset = await desk.ask_for(MILA, "De beller Jan de Boer heeft een nieuw wachtwoord nodig")
        await desk.prove(MILA, reset, whose=JAN)
        await desk.click(PRIYA, reset, "approve")
        assert len(canaries.made) == 2
        assert {secret: desk.sinks_with(secret) for secret in canaries.made} == {secret: [] for secret in canaries.made}


@pytest.mark.slow
@pytest.mark.thorough
async def test_not_in_the_queue_either(canaries: Canaries, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with Desk.start(documents=(), home=home, engine=SqliteEngine(Home(home).queue, executor_id="test")) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await succeeds(desk, reset)
        assert any("queue.sqlite" in place for place in desk.sinks())
        assert {secret: desk.sinks_with(secret) for secret in canaries.made} == {secret: [] for secret in canaries.made}
    assert leaks(home, canaries.made) == {}


def test_every_disguise_of_a_secret_is_recognised() -> None:
    """The search itself can fail: it is tried on what it must find."""
    secret = "aB3dE-fG4hJ-kL5mN"
    raw = secret.encode()
    around = itertools.product(range(4), range(4))
    padded = [base64.b64encode(b"x" * before + raw + b"y" * after) for before, after in around]
    for text in (
        secret,
        f"<{secret[::-1]}>",
        raw.hex(),
        "".join(f"%{byte:02x}" for byte in raw),
        "\u200b".join(secret),
        *(coded.decode() for coded in padded),
        base64.urlsafe_b64encode(b"\xff\xfe" + raw).decode(),
    ):
        assert holds(f"something {text} something", secret), text
    assert not holds("something else aB3dE-fG4hJ-kL5m", secret)
    assert holds("code=123456.", "123456")
    assert not holds("sha 9f123456aa at 12:00:00.123456", "123456")


async def test_the_search_looks_into_tables_files_posts_and_prompts(tmp_path: Path) -> None:
    ticket = {"queue": "FAC", "summary": "the wagtail-canary lamp", "description": "it is broken"}
    model = ScriptedModel([calls("create_ticket", **ticket)])
    async with Desk.start(documents=(), model=model, home=tmp_path / "home") as desk:
        await desk.say(TOM, "Open a ticket: the wagtail-canary lamp is broken")
        places = desk.sinks_with("wagtail-canary")
        assert "prompts" in places
        assert "posts" in places
        assert {"table actions", "table messages", "table outbox"} <= set(places)


def leaks(home: Path, secrets: list[str]) -> dict[str, list[str]]:
    """Files of a closed home in which a secret can be read; the outside world's are left out."""
    world = Home(home).world
    database = Database(f"sqlite:///{home / 'loket.sqlite'}")
    database.close()
    with closing(sqlite3.connect(home / "loket.sqlite")) as connection:
        dump = "\n".join(connection.iterdump())
    files = [file for file in home.rglob("*") if file.is_file() and not file.is_relative_to(world)]
    texts = {str(file.relative_to(home)): file.read_bytes().decode("latin-1") for file in files} | {"dump": dump}
    found = {secret: [place for place, text in texts.items() if holds(text, secret)] for secret in secrets}
    return {secret: places for secret, places in found.items() if places}
