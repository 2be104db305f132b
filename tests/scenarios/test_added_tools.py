"""An added tool at the counter: released by admins, found by what people type, without anything being restarted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from agent.tables import turns
from core.outcomes import Outcome
from storage import Tx
from tests.added_room import InventedKind, changing, drafted, invented, reading
from tests.desk import Desk
from tools.added import shelf as shelf_file
from tools.added import versions
from tools.added.audience import EVERYBODY, Audience
from tools.added.document import ToolDocument, document_hash
from tools.added.kinds import Way
from tools.added.shelf import Shelf
from tools.registry import NothingAdded

SLOT = changing(
    title={"en": "Book a desk by the window", "nl": "Bureau bij het raam boeken"},
    description="Books a desk by the window for the person who asks.",
    examples={
        "en": ["book me a desk by the window", "I want a window desk", "reserve a window seat for me"],
        "nl": ["boek een bureau bij het raam", "ik wil een raamplek", "reserveer een plek bij het raam voor mij"],
    },
    arguments={"type": "object", "properties": {}},
    labels={},
)
BALANCE = reading(
    title={"en": "Steps balance", "nl": "Stappensaldo"},
    description="How many points the person who asks has left in the bicycle plan.",
    examples={
        "en": ["how many bicycle plan points have I got", "my bicycle plan points", "points left in the bicycle plan"],
        "nl": ["hoeveel fietsplanpunten heb ik nog", "mijn fietsplanpunten", "punten over in het fietsplan"],
    },
    arguments={"type": "object", "properties": {}},
    contract=[],
)


@pytest.fixture
def kind() -> Iterator[InventedKind]:
    with invented() as kind:
        yield kind


@pytest.fixture
async def desk(kind: InventedKind, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(shelf_file, "SECONDS", 0.05)
    async with Desk.start() as desk:
        registry = desk.counter.registry
        if isinstance(registry._added, NothingAdded):
            registry._added = Shelf(desk.counter.database, Way(), registry.built_in)
        await desk.counter.runner.warm()
        registry.names  # noqa: B018 - what is in force at the start
        yield desk


async def release(desk: Desk, document: ToolDocument, audience: Audience = EVERYBODY) -> None:
    """In force, and known to the process that runs, without anything being restarted."""

    def write(tx: Tx) -> int:
        version = drafted(tx, document)
        key = f"{document_hash(document)}{audience.words()}"[:100]
        return versions.release(tx, version, audience, key, "system:executor").edition

    edition = await desk.counter.database.run(write)
    began = time.monotonic()
    while desk.counter.registry.edition != edition:
        assert time.monotonic() - began < 60  # a second or two where the machine is not busy
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "said", ["hoeveel fietsplanpunten heb ik nog?", "how many points have I left in my bicycle plan?"]
)
async def test_a_released_tool_answers_in_the_process_that_was_running(
    desk: Desk, kind: InventedKind, said: str
) -> None:
    before = await desk.say("E1002", said)
    assert kind.calls == []
    assert "120" not in before[-1].text

    await release(desk, BALANCE)
    replies = await desk.say("E1002", said)

    assert kind.calls == [("my_leave_balance", {"employee_no": "E1002"})]
    assert "120 hours of leave" in replies[-1].text


async def test_a_released_tool_that_changes_something_goes_the_whole_way(desk: Desk, kind: InventedKind) -> None:
    await release(desk, SLOT)

    action_id = await desk.ask_for("E1002", "boek een bureau bij het raam voor me")
    assert kind.calls == []
    await desk.click("E1002", action_id, "confirm")
    await desk.click("E1003", action_id, "approve")

    assert kind.calls == [("book_a_slot", {"employee_no": "E1002"})]
    assert "120" in desk.posts()[-1].reply.text or any("120" in post.reply.text for post in desk.posts())


async def test_one_person_may_use_a_tool_as_often_as_its_document_says(desk: Desk, kind: InventedKind) -> None:
    document = ToolDocument.model_validate(
        {**BALANCE.model_dump(by_alias=True), "rate_limit": {"times": 2, "per": "day"}}
    )
    await release(desk, document)

    for _ in range(3):
        replies = await desk.say("E1002", "hoeveel fietsplanpunten heb ik nog?")
    other = await desk.say("E1001", "hoeveel fietsplanpunten heb ik nog?")

    assert "2 keer gebruikt" in replies[-1].text
    assert replies[-1].outcome is Outcome.REFUSED_LIMIT
    assert "120" in other[-1].text
    assert len(kind.calls) == 3


async def test_a_version_for_one_room_is_there_in_that_room_only(desk: Desk, kind: InventedKind) -> None:
    places = frozenset({"slack"})
    await release(desk, BALANCE, Audience(places=places))

    await desk.say("E1002", "hoeveel fietsplanpunten heb ik nog?")
    assert kind.calls == []
    await desk.say("E1002", "hoeveel fietsplanpunten heb ik nog?", "slack_dm")
    assert len(kind.calls) == 1


async def test_switching_it_off_stops_it_and_nothing_else(desk: Desk, kind: InventedKind) -> None:
    await release(desk, BALANCE)
    admin = await desk.counter.directory.by_id("E1009")
    assert admin is not None
    assert await desk.counter.gate.switch_off(admin, "my_leave_balance", "drill")
    desk.counter.registry._switched_off._read_at = float("-inf")  # type: ignore[attr-defined] # a second earlier

    await desk.say("E1002", "hoeveel fietsplanpunten heb ik nog?")

    assert kind.calls == []
    assert "my_leave_balance" not in desk.counter.registry.names
    assert "create_ticket" in desk.counter.registry.names


async def test_a_turn_never_waits_for_new_examples_to_be_learned(desk: Desk, kind: InventedKind) -> None:
    """While the examples of a release are being learned, turns go on with the tools of before."""
    learning, go_on = threading.Event(), threading.Event()

    def slow(_registry: object) -> None:
        learning.set()
        go_on.wait(20)

    desk.counter.registry.before_change(slow)

    def write(tx: Tx) -> None:
        versions.release(tx, drafted(tx, BALANCE), EVERYBODY, "a1", "system:executor")

    await desk.counter.database.run(write)
    try:
        while not learning.is_set():
            desk.counter.registry.names  # noqa: B018 - somebody asks
            await asyncio.sleep(0.02)
        replies = await desk.say("E1002", "hoeveel vakantiedagen heb ik?")
        assert replies[-1].citations
        assert "my_leave_balance" not in desk.counter.registry.names
    finally:
        go_on.set()
    with desk.counter.database.reading() as tx:
        assert tx.execute(turns.select()).first() is not None
