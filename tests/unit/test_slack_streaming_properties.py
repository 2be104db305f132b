"""Whatever happens in whatever order, in how many processes and with how much trouble: one post, the final reply."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConnectorError
from core.events import Message
from slack_app.channel import SlackChannel
from slack_app.growing import Rhythm
from storage import Database, metadata
from tests.slack_posts_room import PostsRoom, answer, key_of, opened

FINAL = "Het antwoord."
PATIENT = 2.0
METHODS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage", "chat.delete")

steps = st.one_of(
    st.just(("begun",)),
    st.tuples(st.just("sentence"), st.integers(0, 9)),
    st.just(("withdraw",)),
    st.just(("wait",)),
    st.just(("crash",)),
    st.just(("expire",)),
    st.tuples(st.just("trouble"), st.sampled_from(METHODS), st.sampled_from(["server_error", "timeout_after_accept"])),
)


class Processes:
    """The channel of whichever process lives now."""

    def __init__(self, room: PostsRoom, rhythm: Rhythm, timeout: float) -> None:
        self.room = room
        self.rhythm = rhythm
        self.timeout = timeout
        self.channel = self._start()

    def _start(self) -> SlackChannel:
        return self.room.another(self.rhythm, timeout=self.timeout)

    async def do(self, asked: Message, step: tuple[object, ...]) -> None:
        """One thing that happens."""
        match step:
            case ("begun",):
                await self.channel.begun(asked)
            case ("sentence", number):
                await self.channel.sentence(asked, f"Zin {number}.")
            case ("withdraw",):
                await self.channel.withdraw(asked)
            case ("wait",):
                await asyncio.sleep(0.01)
            case ("crash",):
                self.channel = self._start()  # the other still does what it was doing: paused, not dead
            case ("expire",):
                self.room.slack.clock.advance(301)
            case ("trouble", method, kind):
                getattr(self.room.slack.faults, str(kind))(method)

    async def deliver(self, asked: Message) -> None:
        """As delivery does: again until it worked."""
        for attempt in range(12):
            if attempt == 6:
                self.timeout = PATIENT  # a busy machine is no trouble of Slack's
                self.channel = self._start()
            with contextlib.suppress(ConnectorError):
                await self.channel.send(asked.address, answer(FINAL), key_of(asked), again=attempt > 0)
                return
        raise AssertionError("it was never delivered")


async def one_story(room: PostsRoom, told: list[tuple[object, ...]], after: float, again: bool) -> None:
    """The answer to one message grows, the reply comes, and every process ends."""
    asked = await room.asked()
    trouble = any(step[0] == "trouble" for step in told)
    processes = Processes(room, Rhythm(after=after, buffer_seconds=0.0), 0.05 if trouble else PATIENT)
    for step in told:
        await processes.do(asked, step)
    room.commit(asked)
    await processes.deliver(asked)
    for channel in room.made:
        await channel.sentence(asked, "Te laat.")
    await asyncio.sleep(0.01)
    for channel in room.made:
        await channel.close()
    room.slack.faults.clear()
    if not trouble:
        assert room.texts(asked.address) == [FINAL]
    if again:
        await room.another().send(asked.address, answer(FINAL), key_of(asked), again=True)
    # What a broken call left is taken away when it is certain that nobody works on it any more.
    room.database.clock_offset = timedelta(minutes=11)
    await room.another().tidy()
    assert room.texts(asked.address) == [FINAL]
    assert not any(post.streaming for post in room.posts(asked.address))
    assert room.rows() == []


@settings(max_examples=25)
@given(told=st.lists(steps, max_size=9), after=st.sampled_from([0.0, 0.005, 30.0]), again=st.booleans())
def test_the_person_ends_up_with_exactly_the_final_reply(
    told: list[tuple[object, ...]], after: float, again: bool
) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{Path(folder) / 'loket.db'}")
            metadata.create_all(database.engine)
            try:
                async with opened(database) as room:
                    await one_story(room, told, after, again)
            finally:
                database.close()

    asyncio.run(play())
