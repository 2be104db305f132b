"""Many actions that wait for an approver: what they cost at rest, and how soon a click on one is carried out."""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.flow import touch
from actions.gate import Gate
from actions.records import Origin, Prepared
from actions.requester import ask_approvers
from actions.stamps import stamp
from actions.tables import actions
from core.events import Address
from core.people import ChannelIdentity
from loket.bench import MeasurementFailed
from loket.bench.load.door_client import DoorClient
from loket.bench.load.people import add_approvers, add_staff, lock_accounts
from loket.bench.load.running import Progress, open_service
from loket.bench.load.service import SOURCE, Place
from loket.bench.load.watching import Sample, Watch, cpu_share
from loket.bootstrap import build
from loket.counter import Counter
from loket.settings import Settings
from storage import Database, Tx, now
from storage.tables import outbox
from web_app.forms import CHANNEL

TOOL = "unlock_my_account"
AT_ONCE = 50
SETTLE_SECONDS = 15
PAUSE_SECONDS = 0.5
LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class AtRest:
    """The service with nothing to do: bytes held by all its processes, and its CPU as a share of one core."""

    memory: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Waited:
    """Without and with the waiting actions, and the seconds from each click to its effect. `undone`: never came."""

    without: AtRest
    with_them: AtRest
    clicks: tuple[float, ...]
    undone: int
    effects: int


async def measure_waiting(place: Place, count: int, clicks: int, seconds: float, progress: Progress) -> Waited:
    """At rest without any; then file them, and at rest with them; then click."""
    world = place.world()
    people, approvers = add_staff(world, count), add_approvers(world, clicks)
    lock_accounts(world)
    async with open_service(place):  # what only a first start does (reading examples, making files) is not counted
        pass
    async with open_service(place) as (_, database):
        without = await _at_rest(place, database, seconds, progress)
    filed = await _file_all(place, people, progress)
    async with open_service(place) as (client, database):
        await _delivered(database, progress)
        with_them = await _at_rest(place, database, seconds, progress)
        times: list[float | None] = []
        for number, (action_id, approver) in enumerate(zip(filed, approvers, strict=False)):
            progress("clicking", number, clicks)
            times.append(await _click(client, database, action_id, approver))
            await asyncio.sleep(PAUSE_SECONDS)
    done = tuple(one for one in times if one is not None)
    unlocked = sum(effect.kind == "unlocked" for effect in world.effects())
    return Waited(without, with_them, done, len(times) - len(done), unlocked)


async def _delivered(database: Database, progress: Progress) -> None:
    """Wait until the cards of all that was filed have left: until then the service is not at rest."""
    at_first = left = await database.read(_undelivered)
    while left:
        progress("delivering the cards", at_first - left, at_first)
        await asyncio.sleep(1)
        left = await database.read(_undelivered)


async def _at_rest(place: Place, database: Database, seconds: float, progress: Progress) -> AtRest:
    progress("coming to rest", 0, 1)
    await asyncio.sleep(SETTLE_SECONDS)
    watch, samples = Watch(place, database), list[Sample]()
    steps = max(2, round(seconds / 5))
    for step in range(steps + 1):
        progress("at rest", step, steps)
        samples.append(await watch.look())
        await asyncio.sleep(seconds / steps)
    return AtRest(statistics.median(sample.memory for sample in samples), cpu_share(samples))


async def _click(client: DoorClient, database: Database, action_id: str, approver: str) -> float | None:
    """Seconds from the click to the action's end in the ledger; None when it did not end as done."""
    began = time.perf_counter()
    click = {"id": uuid.uuid4().hex, "user": approver, "room": approver, "action_id": action_id, "verb": "approve"}
    await client.post("/v1/clicks", click)
    while time.perf_counter() - began < LONGEST_SECONDS:
        state = await database.read(lambda tx: _state(tx, action_id))
        if state == "done":
            return time.perf_counter() - began
        await asyncio.sleep(0.01)
    return None


async def _file_all(place: Place, people: Sequence[str], progress: Progress) -> list[str]:
    """Propose, confirm and prove through the gate itself, so that every row is sealed and stamped as it must be."""
    counter = _gate_of(place)
    try:
        filed: list[str] = []
        for start in range(0, len(people), AT_ONCE):
            progress("filing", start, len(people))
            prepared = [await _prepared(counter, person) for person in people[start : start + AT_ONCE]]

            def file(tx: Tx, prepared: Sequence[Prepared] = prepared) -> list[str]:
                return [_file(counter.gate, tx, one) for one in prepared]

            filed += await counter.database.run(file)
        return filed
    finally:
        await counter.close()


def _gate_of(place: Place) -> Counter:
    values: dict[str, Any] = {
        "home": place.folder / "filing",
        "keys_folder": place.folder / "keys" / "all",
        "world_folder": place.world_folder,
        "database_url": place.database_url,
        "engine": "inline",
    }
    return build(Settings(_env_file=None, **values))  # type: ignore[call-arg]  # its stub does not know _env_file


async def _prepared(counter: Counter, person: str) -> Prepared:
    employee = await counter.directory.by_id(person)
    if employee is None:
        raise MeasurementFailed(f"{person} is not in the directory")
    return await counter.gate.prepare(employee, TOOL, {}, "en")


def _file(gate: Gate, tx: Tx, prepared: Prepared) -> str:
    person, action_id = prepared.requester.employee_id, str(uuid.uuid4())
    address = Address(CHANNEL, SOURCE, person, user=person)
    origin = Origin(action_id, f"bench:{action_id}", action_id, address, ChannelIdentity(CHANNEL, SOURCE, person))
    gate.propose(tx, prepared, origin)
    gate.confirm(tx, action_id, person)
    # What the right code does (`actions.requester.prove`), without ten thousand codes.
    envelopes.destroy(tx, action_id, "code", state="used")
    action = ledger.get(tx, action_id)
    proved = stamp(gate.parts.keys, "proof", action_id, action.seal, "code")
    action = touch(tx, action, proof_method="code", proof_at=now(tx), proof_stamp=proved)
    ask_approvers(gate.parts, tx, action, f"employee:{person}", CHANNEL)
    return action_id


def _undelivered(tx: Tx) -> int:
    open_rows = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(("waiting", "sending")))
    count: int = tx.execute(open_rows).scalar_one()
    return count


def _state(tx: Tx, action_id: str) -> str:
    state: str = tx.execute(sa.select(actions.c.state).where(actions.c.action_id == action_id)).scalar_one()
    return state
