"""Roles, names, heartbeats and news of the service: what each process may hold, and how they notice each other."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from actions.keys import FILES, GateKeys
from connectors.embedded import World
from core.errors import ConfigError, LoketError
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.engine.inline import InlineEngine
from loket.service.bus import MAX_BYTES, PostgresBus
from loket.service.heartbeat import Heartbeat
from loket.service.least_privilege import refuse_foreign_secrets, refuse_powers
from loket.service.live_bus import TOPIC, LiveReceiver, LiveSender
from loket.service.process import Service
from loket.service.roles import Role
from loket.service.settings import ServeSettings
from loket.service.tables import workers
from loket.settings import Settings
from storage import Database, Tx

pytest_plugins = ["tests.fixtures_storage"]
SERVE = ServeSettings(beat_seconds=0.1, dead_seconds=1)


def settings(**sections: Any) -> Settings:
    return Settings(_env_file=None, **sections)  # type: ignore[call-arg]


# --- what a role may hold ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "held", "named"),
    [
        (Role.AGENT, {"events": {"keys": "intranet=" + "x1y2z3w4" * 5}}, "LOKET_EVENTS_KEYS"),
        (Role.EXECUTOR, {"events": {"keys": "intranet=" + "x1y2z3w4" * 5}}, "LOKET_EVENTS_KEYS"),
        (Role.EXECUTOR, {"llm": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "key": "secret"}}, "LOKET_LLM_KEY"),
        (Role.WEB, {"llm": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "key": "secret"}}, "LOKET_LLM_KEY"),
    ],
)
def test_a_role_refuses_to_start_with_a_credential_of_another(
    role: Role, held: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=named):
        refuse_foreign_secrets(role, settings(**held), tmp_path)


def test_one_process_that_does_everything_may_hold_everything(tmp_path: Path) -> None:
    GateKeys.load(tmp_path)
    refuse_foreign_secrets(Role.ALL, settings(llm={"base_url": "http://x/v1", "model": "m", "key": "k"}), tmp_path)


@pytest.mark.parametrize("file", ["votes.json", "envelopes.json", "audit-signing.pem"])
def test_the_agent_refuses_to_start_beside_a_key_it_must_not_have(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("{}")

    with pytest.raises(ConfigError, match=file):
        refuse_foreign_secrets(Role.AGENT, settings(), tmp_path)


def test_the_agent_may_have_the_key_of_confirmations(tmp_path: Path) -> None:
    GateKeys.load(tmp_path, {"confirm"})

    refuse_foreign_secrets(Role.AGENT, settings(), tmp_path)
    assert (tmp_path / FILES["confirm"]).exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.WEB])
async def test_a_role_that_changes_nothing_refuses_an_account_that_can(role: Role, tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite", lambda: datetime.now(UTC), tmp_path / "notes")

    with pytest.raises(ConfigError, match="accounts, tickets"):
        refuse_powers(role, await world.powers())
    refuse_powers(Role.EXECUTOR, await world.powers())


async def test_what_the_agent_is_given_cannot_change_anything_outside(tmp_path: Path) -> None:
    path, notes = tmp_path / "world.sqlite", tmp_path / "notes"
    World(path, lambda: datetime.now(UTC), notes)
    reading = World(path, lambda: datetime.now(UTC), notes, read_only=True)

    refuse_powers(Role.AGENT, await reading.powers())
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.lock_account("tom.bakker")


def test_roles_do_not_run_apart_on_sqlite(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOKET_DATABASE_URL"):
        Service(settings(home=tmp_path), Role.AGENT)


# --- names and heartbeats ------------------------------------------------------------------------------------


class Taking(InlineEngine):
    """Notes who was said to be alive."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[frozenset[str]] = []

    async def take_over(self, living: frozenset[str]) -> int:
        self.seen.append(living)
        return 0


def age(database: Database, name: str, seconds: float) -> None:
    with database.transaction() as tx:
        before = datetime.now(UTC) - timedelta(seconds=seconds)
        tx.execute(sa.update(workers).where(workers.c.name == name).values(beat_at=before))


async def test_two_processes_of_a_role_get_two_names_and_a_third_takes_that_of_a_silent_one(
    database: Database,
) -> None:
    first, second = (Heartbeat(database, Role.AGENT, SERVE) for _ in range(2))
    one, two = await first.take_name(), await second.take_name()
    age(database, one, 5)

    assert one != two
    assert await Heartbeat(database, Role.AGENT, SERVE).take_name() == one


async def test_a_process_that_died_on_this_machine_gives_its_name_back_at_once(database: Database) -> None:
    name = await Heartbeat(database, Role.WEB, SERVE).take_name()
    with database.transaction() as tx:
        tx.execute(sa.update(workers).values(pid=2**22 + 1, token="of somebody dead"))

    assert await Heartbeat(database, Role.WEB, SERVE).take_name() == name


async def test_a_container_that_starts_again_with_its_old_process_number_has_its_old_name(database: Database) -> None:
    name = await Heartbeat(database, Role.WEB, SERVE).take_name()
    with database.transaction() as tx:
        tx.execute(sa.update(workers).values(token="of the same number, before"))

    assert await Heartbeat(database, Role.WEB, SERVE).take_name() == name


async def test_whose_name_was_taken_hears_of_it_and_stops(database: Database) -> None:
    stopped: list[str] = []
    named = SERVE.model_copy(update={"worker": "agent-1"})
    old = Heartbeat(database, Role.AGENT, named, lambda: stopped.append("old"))
    await old.take_name()
    await Heartbeat(database, Role.AGENT, named).take_name()

    await old.once()

    assert stopped == ["old"]


async def test_who_was_paused_until_its_row_was_forgotten_takes_its_name_back(database: Database) -> None:
    stopped: list[str] = []
    beat = Heartbeat(database, Role.AGENT, SERVE, lambda: stopped.append("me"))
    name = await beat.take_name()
    with database.transaction() as tx:
        tx.execute(sa.delete(workers))

    await beat.once()

    assert stopped == []
    with database.reading() as tx:
        assert tx.execute(sa.select(workers.c.name)).scalars().all() == [name]


async def test_each_beat_takes_over_from_whoever_is_silent(database: Database) -> None:
    first, second, engine = Heartbeat(database, Role.AGENT, SERVE), Heartbeat(database, Role.AGENT, SERVE), Taking()
    one, two = await first.take_name(), await second.take_name()
    await second.start(engine)
    await second.once()
    age(database, one, 5)
    await second.once()
    await second.stop()

    assert engine.seen[0] == {one, two}
    assert engine.seen[-1] == {two}


def _names_taken(tx: Tx) -> list[str]:
    return list(tx.execute(sa.select(workers.c.name)).scalars())


async def test_a_goodbye_leaves_no_row_behind(database: Database) -> None:
    beat = Heartbeat(database, Role.EXECUTOR, SERVE)
    await beat.take_name()
    await beat.start(Taking())
    assert await database.read(_names_taken) == [beat.name]
    await beat.stop()

    assert await database.read(_names_taken) == []


async def test_a_machine_full_of_living_processes_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loket.service.heartbeat.MOST_OF_A_KIND", 2)
    for _ in range(2):
        await Heartbeat(database, Role.AGENT, SERVE).take_name()

    with pytest.raises(LoketError, match="2 living processes of role agent"):
        await Heartbeat(database, Role.AGENT, SERVE).take_name()


# --- news ----------------------------------------------------------------------------------------------------


def message(text: str = "mag ik een cadeautje aannemen?") -> Message:
    identity, address = ChannelIdentity("door", "intranet", "E1002"), Address("door", "intranet", "E1002")
    return Message("door:intranet:1", identity, address, text, datetime(2026, 1, 5, tzinfo=UTC))


class Told:
    """A bus that only notes."""

    def __init__(self) -> None:
        self.news: list[tuple[str, str]] = []

    def tell(self, topic: str, text: str = "") -> None:
        self.news.append((topic, text))


class Shown:
    """A `Live` that only notes."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    async def begun(self, message: Message) -> None:
        self.calls.append(("begun", message.event_id, ""))

    async def sentence(self, message: Message, text: str) -> None:
        self.calls.append(("sentence", message.event_id, text))

    async def withdraw(self, message: Message) -> None:
        self.calls.append(("withdraw", message.event_id, ""))


async def test_sentences_cross_the_bus_and_the_question_does_not() -> None:
    bus, shown = Told(), Shown()
    sender, receiver = LiveSender(bus), LiveReceiver(shown)
    await sender.begun(message())
    await sender.sentence(message(), "Het mag tot € 50. [1]")
    await sender.withdraw(message())

    for topic, text in bus.news:
        assert topic == TOPIC
        assert "cadeautje" not in text
        await receiver.heard(text)
    assert shown.calls == [
        ("begun", "door:intranet:1", ""),
        ("sentence", "door:intranet:1", "Het mag tot € 50. [1]"),
        ("withdraw", "door:intranet:1", ""),
    ]


@pytest.mark.parametrize("text", ["", "null", "{}", '{"what": "begun"}', '{"what": "x", "message": {}, "text": ""}'])
async def test_news_that_no_sender_wrote_is_an_error_and_shows_nothing(text: str) -> None:
    shown = Shown()

    with pytest.raises((ValueError, KeyError, TypeError)):
        await LiveReceiver(shown).heard(text)
    assert shown.calls == []


@pytest.mark.postgres
async def test_news_reach_another_process_and_come_back_after_the_connection_was_lost(postgres_url: str) -> None:
    heard: list[str] = []

    async def hear(text: str) -> None:
        heard.append(text)

    async def until(count: int) -> None:
        async with asyncio.timeout(20):
            while len(heard) < count:
                teller.tell("news", f"piece {len(heard)}")
                await asyncio.sleep(0.05)

    teller, listener = PostgresBus(postgres_url, {}), PostgresBus(postgres_url, {"news": hear})
    await listener.start()
    await teller.start()
    try:
        await until(1)
        teller.tell("news", "x" * (MAX_BYTES + 1))
        _cut_all(postgres_url)
        await until(len(heard) + 1)
    finally:
        await teller.stop()
        await listener.stop()
    assert all(text.startswith("piece") for text in heard)


@pytest.mark.postgres
async def test_one_listener_with_a_bug_does_not_end_the_news(postgres_url: str) -> None:
    heard: list[str] = []

    async def hear(text: str) -> None:
        heard.append(text)
        raise RuntimeError("a bug")

    bus = PostgresBus(postgres_url, {"news": hear})
    await bus.start()
    try:
        async with asyncio.timeout(20):
            while len(set(heard)) < 2:
                bus.tell("news", f"piece {len(set(heard))}")
                await asyncio.sleep(0.05)
    finally:
        await bus.stop()


def _cut_all(url: str) -> None:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loket-bus'"
        )
