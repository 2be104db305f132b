"""The shelf: what is in force in every process within seconds; one bad document leaves the others alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from actions.rules import RuleBook
from actions.settings import GateSettings
from actions.switches import switch_off, switched_off
from connectors.mcp import Endpoint, McpServers
from core.errors import ConfigError, ConnectorError, Refused
from loket import added_tools
from loket.added_tools import Admins, DriftWatch, drift_watch_of, shelf_of, tells_of_drift
from loket.counter import Counter
from loket.service.bus import PostgresBus
from loket.settings import Settings
from storage import Database, Tx
from storage.tables import audit, outbox
from tests.added_room import InventedKind, changing, drafted, invented, reading
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.added import shelf as shelf_file
from tools.added import versions
from tools.added.audience import EVERYBODY, Audience
from tools.added.document import canonical, document_hash
from tools.added.kinds import KINDS, Way, kind_of
from tools.added.shelf import Shelf
from tools.added.tables import tool_releases, tool_versions
from tools.limits import refuse_if_spent, use
from tools.loading import load_builtin
from tools.manifest import RateLimit
from tools.registry import Added, Registry


@pytest.fixture
def kind() -> Iterator[InventedKind]:
    with invented() as kind:
        yield kind


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(kind: InventedKind, request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


def put(room: GateOnly, *documents: Any, audience: Audience = EVERYBODY) -> None:
    """Released, without the way there."""

    def write(tx: Tx) -> None:
        for document in documents:
            version = drafted(tx, document)
            versions.release(
                tx, version, audience, f"a-{document_hash(document)}-{audience.words()}", "system:executor"
            )

    with room.database.transaction() as tx:
        write(tx)


def names(added: Added) -> list[str]:
    return [one.loaded.name for one in added.tools]


def until(condition: Any, seconds: float = 5.0) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.timed
def test_a_release_is_there_within_five_seconds_and_nobody_waits_for_it(room: GateOnly) -> None:
    put(room, reading())
    shelf = Shelf(room.database, Way())
    assert names(shelf()) == ["my_leave_balance"]
    slow = threading.Event()
    shelf.before_change(lambda _added: slow.wait(1) and None)
    elsewhere = Database(room.database.url)
    try:
        with elsewhere.transaction() as tx:
            version = drafted(tx, changing())
            versions.release(tx, version, EVERYBODY, "a2", "system:executor")
    finally:
        elsewhere.close()
    longest, began = 0.0, time.monotonic()

    while names(shelf()) == ["my_leave_balance"]:
        asked = time.monotonic()
        shelf()
        longest = max(longest, time.monotonic() - asked)
        assert time.monotonic() - began < 5
        time.sleep(0.005)

    assert names(shelf()) == ["my_leave_balance", "book_a_slot"]
    assert longest < 0.2  # it was being learned for a second meanwhile


def test_only_what_changed_is_loaded_again(room: GateOnly, kind: InventedKind) -> None:
    put(room, reading(), changing())
    shelf = Shelf(room.database, Way())
    shelf()
    put(room, reading(source={"answer": "8"}))

    shelf.refresh()
    shelf.refresh()

    assert kind.loads == ["my_leave_balance", "book_a_slot", "my_leave_balance"]


def test_what_is_learned_ahead_is_learned_before_anybody_is_offered_it(room: GateOnly) -> None:
    put(room, reading())
    shelf = Shelf(room.database, Way())
    registry = load_builtin(added=shelf)
    seen: list[tuple[list[str], list[str]]] = []
    assert "my_leave_balance" in registry.names
    registry.before_change(lambda ahead: seen.append(([*ahead.names], [*registry.names])))
    registry.before_change(lambda ahead: 1 / 0)  # type: ignore[arg-type,return-value]
    put(room, changing())

    shelf.refresh()

    ahead, present = seen[0]
    assert "book_a_slot" in ahead
    assert "book_a_slot" not in present
    assert "book_a_slot" in registry.names


@pytest.mark.parametrize("how", ["broken", "crashing", "row", "release", "form", "kind"])
def test_one_that_cannot_be_loaded_is_left_out_and_admins_are_told_once(
    room: GateOnly, kind: InventedKind, how: str
) -> None:
    put(room, reading(), changing(), reading("other_one"))
    if how in ("broken", "crashing"):
        getattr(kind, how).add("book_a_slot")
    with room.database.transaction() as tx:
        mine = tool_versions.c.name == "book_a_slot"
        if how == "row":
            text = canonical(changing(hosts=["evil.example"])).decode()
            tx.change(sa.update(tool_versions).where(mine).values(document=text))
        if how == "release":  # document and hash changed together: not what was released
            other = changing(hosts=["evil.example"])
            values = {"document": canonical(other).decode(), "hash": document_hash(other)}
            tx.change(sa.update(tool_versions).where(mine).values(**values))
        if how == "form":
            tx.change(sa.delete(tool_versions).where(mine))
    kinds = _without_openapi if how == "kind" else kind_of
    admins = Admins(room.database, RuleBook(), GateSettings())
    told: list[str] = []

    def tell(one: Any) -> None:
        admins.unusable(one)
        told.append(one.release.name)

    for _ in range(2):  # two processes
        shelf = Shelf(room.database, Way(), kind=kinds, unusable=tell)
        left = names(shelf.refresh())
    until(lambda: len(told) == 2 * (3 if how == "kind" else 1))

    assert left == ([] if how == "kind" else ["my_leave_balance", "other_one"])
    with room.database.reading() as tx:
        keys = tx.execute(sa.select(outbox.c.key).where(outbox.c.key.like("%book_a_slot%"))).scalars().all()
        sentences = str(tx.execute(sa.select(outbox.c.payload)).scalars().all())
    assert sorted(key.rsplit(":", 1)[1] for key in keys) == ["admins", "security"]
    assert "book_a_slot" in sentences


def _without_openapi(name: str) -> Any:
    return kind_of(name, {key: module for key, module in KINDS.items() if key != "openapi"})


def test_names_that_are_taken_or_look_alike_do_not_come_in(room: GateOnly) -> None:
    put(room, reading("create_tlcket"), reading("switch_0n"), reading("my_leave_balance"), reading("my_ieave_balance"))
    shelf = shelf_of(room.database, Way(), Admins(room.database, RuleBook(), GateSettings()))

    assert names(shelf.refresh()) == ["my_leave_balance"]
    assert {one.release.name for one in shelf.unusable} == {"create_tlcket", "switch_0n", "my_ieave_balance"}


def test_a_switch_holds_for_added_tools_and_for_both_versions(room: GateOnly) -> None:
    put(room, reading())
    put(room, reading(hosts=[]), audience=Audience(places=frozenset({"slack"})))
    off: set[str] = set()
    registry = load_builtin(lambda: off, Shelf(room.database, Way()))
    assert [len(view) for view in registry.views()] == [len(registry.names)] * 2

    off.add("my_leave_balance")

    assert "my_leave_balance" not in registry.names
    with pytest.raises(Exception, match="no tool of that name"):
        registry.sealed("my_leave_balance", "x")


def test_a_database_that_is_away_leaves_the_tools_as_they_were(room: GateOnly, monkeypatch: pytest.MonkeyPatch) -> None:
    put(room, reading())
    monkeypatch.setattr(shelf_file, "SECONDS", 0.0)
    shelf = Shelf(room.database, Way())
    before = shelf()

    def away() -> Any:
        raise ConnectorError("database", "gone")

    monkeypatch.setattr(room.database, "reading", away)

    assert shelf() is before
    with pytest.raises(ConnectorError):
        Shelf(room.database, Way())()


@pytest.mark.timed
def test_asking_costs_nothing_worth_measuring(room: GateOnly) -> None:
    put(room, *(reading(f"tool_number_{n}") for n in "abcdefgh"))
    registry = load_builtin(added=Shelf(room.database, Way()))
    registry.names  # noqa: B018 - loaded
    began = time.perf_counter()

    for _ in range(1000):
        registry.names  # noqa: B018

    assert (time.perf_counter() - began) / 1000 < 0.001


@pytest.mark.parametrize("column", ["document", "hash", "name", "number"])
def test_a_stored_version_that_was_changed_in_any_column_is_refused(room: GateOnly, column: str) -> None:
    put(room, reading())
    values = {"document": "{}", "hash": "0" * 64, "name": "another", "number": 7}
    with room.database.transaction() as tx:
        tx.change(sa.update(tool_versions).values({column: values[column]}))
    shelf = Shelf(room.database, Way())

    assert names(shelf()) == []
    assert len(shelf.unusable) == 1


def test_a_release_row_of_a_later_version_that_is_not_understood_is_not_in_force(room: GateOnly) -> None:
    put(room, reading())
    with room.database.transaction() as tx:
        tx.change(sa.update(tool_releases).values(act="blended"))

    assert names(Shelf(room.database, Way())()) == []


def test_a_kind_whose_parts_are_missing_says_so() -> None:
    with pytest.raises(ConfigError, match="no kind of tool"):
        kind_of("magic")
    with pytest.raises(ConfigError, match="not installed"):
        kind_of("magic", {"magic": "no_such_package.magic_kind"})


# --- drift ----------------------------------------------------------------------------------------------------------


def watch(room: GateOnly, **changes: Any) -> DriftWatch:
    return DriftWatch(room.database, Way(), Admins(room.database, RuleBook(), GateSettings()), **changes)


async def test_a_source_that_has_drifted_switches_its_tool_off_and_no_other(room: GateOnly, kind: InventedKind) -> None:
    put(room, reading(), changing(), reading("quiet_one"), reading("silly_one"), reading("slow"))
    kind.drift["book_a_slot"] = "the parameter `what` is gone from POST /slots"
    kind.unreachable.add("quiet_one")
    kind.crashing.add("silly_one")
    looking = watch(room, longest=0.2)

    assert await looking.once() == ["book_a_slot"]
    assert await looking.once() == []  # off is off: nobody is told again

    with room.database.reading() as tx:
        assert switched_off(tx) == {"book_a_slot": "drift: the parameter `what` is gone from POST /slots"}
        rows = tx.execute(sa.select(audit.c.actor, audit.c.object, audit.c.result).where(audit.c.verb == "switch.off"))
        assert [tuple(row) for row in rows] == [("system:drift", "tool:book_a_slot", "off")]
        said = tx.execute(sa.select(outbox.c.key).where(outbox.c.key.like("alert_tool_drifted%"))).scalars().all()
    assert sorted(key.rsplit(":", 1)[1] for key in said) == ["admins", "security"]


async def test_drift_of_a_version_that_was_just_replaced_switches_nothing_off(
    room: GateOnly, kind: InventedKind
) -> None:
    put(room, reading())

    class Replacing(InventedKind):
        async def drifted(self, document: Any, way: Way) -> str:
            put(room, reading(hosts=["hr.example.org"]))
            return "everything is different"

    assert await watch(room, kind=lambda _name: Replacing()).once() == []
    with room.database.reading() as tx:
        assert switched_off(tx) == {}


async def test_the_watch_starts_at_once_and_stops(room: GateOnly, kind: InventedKind) -> None:
    put(room, reading())
    kind.drift["my_leave_balance"] = "gone"
    looking = watch(room)

    await looking.start()
    for _ in range(500):
        with room.database.reading() as tx:
            if switched_off(tx):
                break
        await asyncio.sleep(0.01)
    await looking.stop()
    await looking.stop()

    with room.database.reading() as tx:
        assert set(switched_off(tx)) == {"my_leave_balance"}


async def test_a_server_that_says_it_has_changed_is_looked_at_soon(
    room: GateOnly, kind: InventedKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_tools, "SOONEST_SECONDS", 0.01)
    put(room, reading())
    looking = watch(room)
    await looking.start()
    await asyncio.sleep(0.2)
    kind.drift["my_leave_balance"] = "gone"

    looking.look_soon()
    looking.look_soon()

    for _ in range(500):
        if (await room.database.read(switched_off)).keys() == {"my_leave_balance"}:
            break
        await asyncio.sleep(0.01)
    await looking.stop()
    assert set(await room.database.read(switched_off)) == {"my_leave_balance"}


def process_of(room: GateOnly, bus: PostgresBus) -> Counter:
    """As much of a process as watches over drift."""
    parts = SimpleNamespace(database=room.database, gate=room.gate, bus=bus, way=Way(mcp=McpServers(None, None)))
    return cast("Counter", parts)


@pytest.mark.postgres
async def test_what_the_agent_sees_change_the_executor_looks_at_soon(
    kind: InventedKind, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_tools, "SOONEST_SECONDS", 0.01)
    with room_on(postgres_server) as room:
        put(room, reading())
        url = room.database.engine.url.render_as_string(hide_password=False)
        telling, hearing = PostgresBus(url, {}), PostgresBus(url, {})
        executor, agent = process_of(room, hearing), process_of(room, telling)
        looking = drift_watch_of(Settings(_env_file=None), executor, hearing)  # type: ignore[call-arg]
        tells_of_drift(agent)
        assert agent.way.mcp is not None
        assert agent.way.mcp.on_change is not None
        await telling.start()
        await hearing.start()
        await looking.start()
        await asyncio.sleep(0.2)  # its first look is over
        kind.drift["my_leave_balance"] = "gone"
        try:
            async with asyncio.timeout(20):
                while "my_leave_balance" not in await room.database.read(switched_off):
                    agent.way.mcp.on_change(Endpoint("hr"))  # until the listener is connected nobody hears
                    await asyncio.sleep(0.02)
        finally:
            for one in (looking, telling, hearing):
                await one.stop()


# --- how often ------------------------------------------------------------------------------------------------------


def test_a_limit_counts_for_each_person_and_begins_anew(room: GateOnly) -> None:
    limit, said = RateLimit(times=2, per="hour"), []

    def once(who: str, tool: str = "t") -> str:
        try:
            with room.database.transaction() as tx:
                use(tx, tool, who, limit)
        except Refused as refused:
            said.append(refused.details)
            return refused.reason
        return "ok"

    assert [once("E1"), once("E1"), once("E1"), once("E2"), once("E1", "u")] == ["ok", "ok", "too_often", "ok", "ok"]
    with room.database.reading() as tx, pytest.raises(Refused):
        refuse_if_spent(tx, "t", "E1", limit)
    assert said[0]["times"] == "2"
    assert 1 <= int(said[0]["minutes"]) <= 60
    room.advance_clock(timedelta(hours=1))
    assert once("E1") == "ok"


def test_uses_at_the_same_moment_do_not_slip_through(room: GateOnly) -> None:
    limit, passed = RateLimit(times=5, per="day"), []

    def work() -> None:
        try:
            with room.database.transaction() as tx:
                use(tx, "t", "E1", limit)
            passed.append(1)
        except Refused:
            pass

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 5


async def test_a_limit_of_a_tool_holds_at_the_gate_too(room: GateOnly) -> None:
    put(room, changing(rate_limit={"times": 1, "per": "day"}))
    room.gate.parts = replace(room.gate.parts, registry=load_builtin(added=Shelf(room.database, Way())))
    await room.propose("E1002", "book_a_slot", what="x")

    with pytest.raises(Refused, match="too_often"):
        await room.propose("E1002", "book_a_slot", what="y")
    await room.propose("E1001", "book_a_slot", what="y")


def test_a_registry_without_a_shelf_is_what_it_was() -> None:
    registry = Registry([])

    assert (registry.names, registry.edition, registry.views()) == ((), 0, [[]])


def test_switching_everything_off_still_works_on_a_shelf(room: GateOnly, tmp_path: Path) -> None:
    put(room, reading())
    with room.database.transaction() as tx:
        switch_off(tx, "employee:E1009", "*", "drill")
    with room.database.reading() as tx:
        off = switched_off(tx)

    assert load_builtin(lambda: off, Shelf(room.database, Way())).names == ()
