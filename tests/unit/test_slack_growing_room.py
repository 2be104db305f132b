"""Many answers that grow at once take turns: what comes meanwhile gathers, and nobody who ends waits for a turn."""

from __future__ import annotations

import asyncio

from slack_app.growing import Growing, Rhythm

AT_ONCE = Rhythm(after=0.0, buffer_seconds=0.0)


class Screen:
    """What one answer showed, and how many showed something at the same moment, over all screens."""

    showing = 0
    most = 0

    def __init__(self, room: asyncio.Semaphore, free: asyncio.Event | None = None) -> None:
        self.shown: list[str] = []
        self._free = free
        self.growing = Growing(AT_ONCE, self.show, self.nothing, self.nothing, room)

    async def show(self, text: str) -> bool:
        Screen.showing += 1
        Screen.most = max(Screen.most, Screen.showing)
        if self._free is not None:
            await self._free.wait()
        Screen.showing -= 1
        self.shown.append(text)
        return True

    async def nothing(self) -> bool:
        return True


async def until(screen: Screen, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(screen.shown) < count:  # noqa: ASYNC110 - a list tells nobody that it grows
            await asyncio.sleep(0.01)
    return screen.shown


async def test_while_there_is_no_room_sentences_gather_and_then_go_together() -> None:
    room = asyncio.Semaphore(1)
    await room.acquire()
    screen = Screen(room)
    screen.growing.add("One.")
    await asyncio.sleep(0)
    screen.growing.add("Two.")
    await asyncio.sleep(0.02)
    assert screen.shown == []
    room.release()
    assert await until(screen, 1) == ["One. Two."]
    await screen.growing.end()


async def test_an_answer_that_is_delivered_waits_for_no_room() -> None:
    room = asyncio.Semaphore(1)
    await room.acquire()
    screen = Screen(room)
    screen.growing.add("One.")
    await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        await screen.growing.end()
    room.release()
    await asyncio.sleep(0.01)
    assert screen.shown == []


async def test_what_was_withdrawn_while_it_waited_is_never_shown() -> None:
    room = asyncio.Semaphore(1)
    await room.acquire()
    screen = Screen(room)
    screen.growing.add("One.")
    await asyncio.sleep(0.02)
    screen.growing.withdraw()
    screen.growing.add("Two.")
    room.release()
    assert await until(screen, 1) == ["Two."]
    await screen.growing.end()


async def test_no_more_than_there_is_room_for_show_something_at_once_and_all_get_their_turn() -> None:
    room, free = asyncio.Semaphore(3), asyncio.Event()
    Screen.most = 0
    screens = [Screen(room, free) for _ in range(20)]
    for screen in screens:
        screen.growing.add("One.")
    await asyncio.sleep(0.02)
    assert Screen.showing == 3
    free.set()
    for screen in screens:
        assert await until(screen, 1) == ["One."]
        await screen.growing.end()
    assert Screen.most == 3
