"""Files over the door: not theirs, too early, too late, not what was said; then from a log file to its ticket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.door_room import OTHER, SOURCE, DoorRoom, click, event, open_door
from tests.files_sent import EXE
from tests.staff import SANNE, TOM

pytestmark = pytest.mark.slow
LOG = b"printer error 49.4C02\n"
ASKS = "the printer on the second floor jams, please open a ticket"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DoorRoom]:
    """A door on each database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with open_door(tmp_path / "home", url) as opened:
        yield opened


def of(name: str = "printer.log", kind: str = "text/plain", size: int = len(LOG)) -> dict[str, Any]:
    return {"name": name, "type": kind, "size": size}


async def asked(room: DoorRoom, event_id: str, *files: dict[str, Any], user: str = TOM, text: str = ASKS) -> Any:
    answer = await room.post("/v1/events", event(event_id, user, text, files=list(files)))
    assert answer.status_code == 202, answer.text
    return [one["unwanted"] for one in answer.json()["files"]]


async def bring(
    room: DoorRoom, event_id: str, content: bytes, user: str = TOM, source: str = SOURCE, number: str = "0"
) -> httpx.Response:
    return await room.post(f"/v1/files?event={event_id}&number={number}&user={user}", content, source)


def kept(room: DoorRoom) -> int:
    return len(room.rows("attachment_bytes"))


async def test_nobody_brings_a_file_to_another_persons_event_or_to_none(room: DoorRoom) -> None:
    await asked(room, "1", of())
    await room.settle()
    for answer in (
        await bring(room, "1", LOG, SANNE),
        await bring(room, "1", LOG, source=OTHER),
        await bring(room, "1", LOG, number="1"),
        await bring(room, "2", LOG),
    ):
        assert answer.status_code == 404
    unsigned = await room.http.post(f"/v1/files?event=1&number=0&user={TOM}", content=LOG)
    assert unsigned.status_code == 401
    for query in (
        "",
        "?event=1",
        "?event=1&number=x&user=a",
        "?event=1&number=0&user=a&event=2",
        "?event=%00&number=0&user=a",
    ):
        assert (await room.post(f"/v1/files{query}", LOG)).status_code == 400, query
    assert kept(room) == 0


async def test_what_is_not_wanted_is_said_at_once_and_not_taken(room: DoorRoom) -> None:
    unwanted = await asked(
        room, "1", of("run.exe", "application/x-msdownload"), of("page.html", "text/html"), of(size=10_000_001),
        of("scan.pdf", "image/png"), *(of(f"{number}.log") for number in range(11)),
    )  # fmt: skip
    assert unwanted == ["type", "type", "size", "type", *[""] * 10, "count"]
    await room.settle()
    assert (await bring(room, "1", EXE)).status_code == 404
    assert (await bring(room, "1", b"x" * 10_000_001, number="4")).status_code == 413
    wrong: list[dict[str, Any]] = [
        {**of(), "size": 0}, {**of(), "size": "1"}, {**of(), "name": ""}, {**of(), "place": "x"}, {"name": "a.log"},
    ]  # fmt: skip
    for file in wrong:
        assert (await room.post("/v1/events", event("2", TOM, ASKS, files=[file]))).status_code == 400, file
    assert kept(room) == 0


async def test_bytes_that_are_not_what_was_said_are_refused_and_the_right_ones_still_come(room: DoorRoom) -> None:
    await asked(room, "1", of("scan.pdf", "application/pdf", len(LOG)))
    await room.settle()
    assert (await bring(room, "1", LOG + b"!")).json() == {"kept": False, "reason": "size"}
    assert (await bring(room, "1", LOG)).json() == {"kept": False, "reason": "type"}
    assert kept(room) == 0
    right = b"%PDF-1.7".ljust(len(LOG))
    assert (await bring(room, "1", right)).json() == {"kept": True, "reason": ""}
    assert (await bring(room, "1", right)).json() == {"kept": True, "reason": ""}
    assert kept(room) == 1
    assert LOG not in str(room.rows("attachment_bytes")).encode()


async def test_a_strangers_file_is_never_taken(room: DoorRoom) -> None:
    await asked(room, "1", of(), user="E9999")
    await room.settle()
    answer = await bring(room, "1", LOG, "E9999")
    assert answer.status_code == 404 or not answer.json()["kept"]
    assert kept(room) == 0


async def test_before_the_event_is_answered_and_while_draining_it_is_503(room: DoorRoom) -> None:
    greeting = event("1", TOM, "hello", files=[of()]) | {"complete": False}  # a greeting: it waits for what follows
    await room.post("/v1/events", greeting)
    assert (await bring(room, "1", LOG)).status_code == 503
    await room.settle()
    room.accepting = False
    assert (await bring(room, "1", LOG)).status_code == 503
    room.accepting = True
    assert (await bring(room, "1", LOG)).json()["kept"]


async def test_a_file_comes_with_its_ticket(room: DoorRoom) -> None:
    await asked(room, "1", of())
    await room.settle()
    cards = [post["reply"]["card"] for post in await room.said() if post["reply"]["card"]]
    assert "printer.log" in str(cards[-1]["facts"])
    answers = await asyncio.gather(*(bring(room, "1", LOG) for _ in range(3)))
    assert all(answer.status_code == 503 or answer.json()["kept"] for answer in answers)
    await room.post("/v1/clicks", click("2", TOM, cards[-1]["action_id"], "confirm"))
    await room.settle()
    for _ in range(100):
        await room.counter.sweep.once()
        await room.settle()
        if any("attached" in row for row in room.rows("attachment_jobs")):
            break
        await asyncio.sleep(0.05)
    assert any("attached" in row for row in room.rows("attachment_jobs"))
    assert kept(room) == 0
