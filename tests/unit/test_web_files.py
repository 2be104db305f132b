"""Files over the door: not theirs, too early, too late, not what was said; then from a log file to its ticket."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.door_room import OTHER, SOURCE, DoorRoom, click, event
from tests.files_sent import EXE
from tests.staff import SANNE, TOM

pytestmark = pytest.mark.slow
pytest_plugins = ["tests.fixtures_door"]
LOG = b"printer error 49.4C02\n"
ASKS = "the printer on the second floor jams, please open a ticket"


def of(name: str = "printer.log", kind: str = "text/plain", size: int = len(LOG)) -> dict[str, Any]:
    return {"name": name, "type": kind, "size": size}


async def asked(door: DoorRoom, event_id: str, *files: dict[str, Any], user: str = TOM, text: str = ASKS) -> Any:
    answer = await door.post("/v1/events", event(event_id, user, text, files=list(files)))
    assert answer.status_code == 202, answer.text
    return [one["unwanted"] for one in answer.json()["files"]]


async def bring(
    door: DoorRoom, event_id: str, content: bytes, user: str = TOM, source: str = SOURCE, number: str = "0"
) -> httpx.Response:
    return await door.post(f"/v1/files?event={event_id}&number={number}&user={user}", content, source)


def kept(door: DoorRoom) -> int:
    return len(door.rows("attachment_bytes"))


async def test_nobody_brings_a_file_to_another_persons_event_or_to_none(any_door: DoorRoom) -> None:
    await asked(any_door, "1", of())
    await any_door.settle()
    for answer in (
        await bring(any_door, "1", LOG, SANNE),
        await bring(any_door, "1", LOG, source=OTHER),
        await bring(any_door, "1", LOG, number="1"),
        await bring(any_door, "2", LOG),
    ):
        assert answer.status_code == 404
    unsigned = await any_door.http.post(f"/v1/files?event=1&number=0&user={TOM}", content=LOG)
    assert unsigned.status_code == 401
    for query in (
        "",
        "?event=1",
        "?event=1&number=x&user=a",
        "?event=1&number=0&user=a&event=2",
        "?event=%00&number=0&user=a",
    ):
        assert (await any_door.post(f"/v1/files{query}", LOG)).status_code == 400, query
    assert kept(any_door) == 0


async def test_what_is_not_wanted_is_said_at_once_and_not_taken(any_door: DoorRoom) -> None:
    unwanted = await asked(
        any_door, "1", of("run.exe", "application/x-msdownload"), of("page.html", "text/html"), of(size=10_000_001),
        of("scan.pdf", "image/png"), *(of(f"{number}.log") for number in range(11)),
    )  # fmt: skip
    assert unwanted == ["type", "type", "size", "type", *[""] * 10, "count"]
    await any_door.settle()
    assert (await bring(any_door, "1", EXE)).status_code == 404
    assert (await bring(any_door, "1", b"x" * 10_000_001, number="4")).status_code == 413
    wrong: list[dict[str, Any]] = [
        {**of(), "size": 0}, {**of(), "size": "1"}, {**of(), "name": ""}, {**of(), "place": "x"}, {"name": "a.log"},
    ]  # fmt: skip
    for file in wrong:
        assert (await any_door.post("/v1/events", event("2", TOM, ASKS, files=[file]))).status_code == 400, file
    assert kept(any_door) == 0


async def test_bytes_that_are_not_what_was_said_are_refused_and_the_right_ones_still_come(any_door: DoorRoom) -> None:
    await asked(any_door, "1", of("scan.pdf", "application/pdf", len(LOG)))
    await any_door.settle()
    assert (await bring(any_door, "1", LOG + b"!")).json() == {"kept": False, "reason": "size"}
    assert (await bring(any_door, "1", LOG)).json() == {"kept": False, "reason": "type"}
    assert kept(any_door) == 0
    right = b"%PDF-1.7".ljust(len(LOG))
    assert (await bring(any_door, "1", right)).json() == {"kept": True, "reason": ""}
    assert (await bring(any_door, "1", right)).json() == {"kept": True, "reason": ""}
    assert kept(any_door) == 1
    assert LOG not in str(any_door.rows("attachment_bytes")).encode()


async def test_a_strangers_file_is_never_taken(any_door: DoorRoom) -> None:
    await asked(any_door, "1", of(), user="E9999")
    await any_door.settle()
    answer = await bring(any_door, "1", LOG, "E9999")
    assert answer.status_code == 404 or not answer.json()["kept"]
    assert kept(any_door) == 0


async def test_before_the_event_is_answered_and_while_draining_it_is_503(any_door: DoorRoom) -> None:
    greeting = event("1", TOM, "hello", files=[of()]) | {"complete": False}  # a greeting: it waits for what follows
    await any_door.post("/v1/events", greeting)
    assert (await bring(any_door, "1", LOG)).status_code == 503
    await any_door.settle()
    any_door.accepting = False
    assert (await bring(any_door, "1", LOG)).status_code == 503
    any_door.accepting = True
    assert (await bring(any_door, "1", LOG)).json()["kept"]


async def test_a_file_comes_with_its_ticket(any_door: DoorRoom) -> None:
    await asked(any_door, "1", of())
    await any_door.settle()
    cards = [post["reply"]["card"] for post in await any_door.said() if post["reply"]["card"]]
    assert "printer.log" in str(cards[-1]["facts"])
    answers = await asyncio.gather(*(bring(any_door, "1", LOG) for _ in range(3)))
    assert all(answer.status_code == 503 or answer.json()["kept"] for answer in answers)
    await any_door.post("/v1/clicks", click("2", TOM, cards[-1]["action_id"], "confirm"))
    await any_door.settle()
    for _ in range(100):
        await any_door.counter.sweep.once()
        await any_door.settle()
        if any("attached" in row for row in any_door.rows("attachment_jobs")):
            break
        await asyncio.sleep(0.05)
    assert any("attached" in row for row in any_door.rows("attachment_jobs"))
    assert kept(any_door) == 0
