"""The first sign: told by whoever took a message in, after it is stored, once, and at nobody's cost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import inbox
from core.errors import ConnectorError
from core.events import Address, Message
from core.people import ChannelIdentity, Standing
from loket.desk import first_signs
from loket.desk.first_signs import FirstSigns, about, busy_words
from loket.desk.waiting_time import Ahead, WaitingTime
from loket.recording import RecordingChannel
from storage import Database, Tx
from tests.desk import Desk
from tests.idle_engine import NobodyThinks
from tests.staff import TOM

pytest_plugins = ["tests.fixtures_storage"]
_NUMBERS = itertools.count(1)


def message(text: str = "where is my laptop?", anchor: str = "", user: str = "UE1002") -> Message:
    number = next(_NUMBERS)
    address = Address("slack", "TDHB", f"D{user}", user=user, anchor=anchor)
    return Message(f"slack:TDHB:{number}", ChannelIdentity("slack", "TDHB", user), address, text, datetime.now(UTC))


async def told(where: RecordingChannel | Desk, count: int) -> list[tuple[str, str]]:
    """What channels were told, once that is so much."""
    async with asyncio.timeout(20):
        while len(_told(where)) < count:  # noqa: ASYNC110 - a list tells nobody that it grows
            await asyncio.sleep(0.01)
    return _told(where)


def _told(where: RecordingChannel | Desk) -> list[tuple[str, str]]:
    return where.taken() if isinstance(where, Desk) else where.taken_events


class NobodyWaits(WaitingTime):
    """Nothing waits, and nobody is asked."""

    def __init__(self, ahead: Ahead | None = None) -> None:
        self.now = ahead

    async def ahead(self, within: float) -> Ahead | None:
        return self.now


def signs_of(channel: RecordingChannel, ahead: Ahead | None = None) -> FirstSigns:
    return FirstSigns([channel], NobodyWaits(ahead), 10, pause=0.0)


# --- through the desk --------------------------------------------------------------------------------------------


async def test_the_sign_comes_without_any_agent_running() -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        asked = desk.message(TOM, "where is my laptop?", via="slack_dm")
        await desk.deliver(asked)
        assert await told(desk, 1) == [(asked.event_id, "")]
        assert desk.begun() == []


async def test_a_message_is_in_its_table_when_the_channel_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        seen: asyncio.Queue[bool] = asyncio.Queue()

        async def taken(_: RecordingChannel, message: Message, busy: str = "") -> None:
            opened = await desk.counter.database.read(lambda tx: inbox.open_in(tx, message.partition))
            await seen.put([one.message.event_id for one in opened] == [message.event_id])

        monkeypatch.setattr(RecordingChannel, "taken", taken)
        await desk.deliver(desk.message(TOM, "where is my laptop?", via="slack_dm"))
        assert await asyncio.wait_for(seen.get(), 20)


async def test_what_could_not_be_stored_gets_no_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        lost, kept = (desk.message(TOM, "where is my laptop?", via="slack_dm") for _ in range(2))

        async def fails(*_: object) -> None:
            raise ConnectorError("database", "away")

        with monkeypatch.context() as away:
            away.setattr(Database, "run", fails)
            with pytest.raises(ConnectorError):
                await desk.counter.desk.receive(lost)
        await desk.deliver(kept)
        assert [event_id for event_id, _ in await told(desk, 1)] == [kept.event_id]


async def test_however_often_it_is_delivered_it_has_one_sign() -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        first, last = (desk.message(TOM, "where is my laptop?", via=via) for via in ("slack_dm", "slack_channel"))
        await asyncio.gather(*(desk.counter.desk.receive(first) for _ in range(5)))
        await desk.counter.desk.receive(first)
        await told(desk, 1)
        desk.counter.signs.over(first.address)
        await desk.counter.desk.receive(first)
        await desk.deliver(last)
        assert [event_id for event_id, _ in await told(desk, 2)] == [first.event_id, last.event_id]


@pytest.mark.parametrize("standing", [Standing.OUTSIDER, Standing.UNKNOWN])
async def test_who_will_be_refused_gets_no_sign(standing: Standing) -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        guest = replace(desk.message(TOM, "who am I?", via="slack_dm"), standing=standing)
        own = desk.message(TOM, "where is my laptop?", via="slack_channel")
        await desk.deliver(guest)
        await desk.deliver(own)
        assert [event_id for event_id, _ in await told(desk, 1)] == [own.event_id]


async def test_new_words_for_a_question_that_waits_are_no_new_sign() -> None:
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        asked = desk.message(TOM, "where is my labtop?", via="slack_dm")
        edit = replace(desk.message(TOM, "where is my laptop?", via="slack_channel"), edits=asked.event_id)
        edit = replace(edit, address=asked.address, identity=asked.identity)
        await desk.deliver(asked)
        await told(desk, 1)
        desk.counter.signs.over(asked.address)
        await desk.deliver(edit)
        other = desk.message(TOM, "and my mouse?", via="slack_channel")
        await desk.deliver(other)
        assert [event_id for event_id, _ in await told(desk, 2)] == [asked.event_id, other.event_id]


async def test_a_channel_that_hangs_holds_no_acknowledgement_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, reached = asyncio.Event(), asyncio.Event()

    async def hangs(*_: object) -> None:
        reached.set()
        await hanging.wait()

    monkeypatch.setattr(RecordingChannel, "taken", hangs)
    monkeypatch.setattr(first_signs, "SHOW_SECONDS", 3600.0)
    async with Desk.start(documents=(), engine=NobodyThinks()) as desk:
        messages = [message(user=f"U{number}") for number in range(100)]
        async with asyncio.timeout(60):
            await desk.counter.desk.receive(messages[0])
            await reached.wait()  # from now on the channel takes nothing in, and nobody waits for it
            await asyncio.gather(*(desk.counter.desk.receive(one) for one in messages[1:]))
        stored = await desk.counter.database.read(lambda tx: inbox.unhandled(tx, limit=200))
        assert {event_id for event_id, _ in stored} >= {one.event_id for one in messages}


@pytest.mark.parametrize("error", [OSError("gone"), KeyError("a bug"), ConnectorError("slack", "no")])
async def test_a_channel_that_fails_costs_the_sign_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failed = asyncio.Event()

    async def fails(*_: object) -> None:
        failed.set()
        raise error

    async with Desk.start(documents=()) as desk:
        monkeypatch.setattr(RecordingChannel, "taken", fails)
        desk.counter.signs.taken(message())
        await asyncio.wait_for(failed.wait(), 20)
        assert (await desk.say(TOM, "hello"))[-1].text


# --- one sign for what belongs together --------------------------------------------------------------------------


async def test_a_burst_in_one_place_is_one_sign() -> None:
    channel = RecordingChannel("slack")
    signs = signs_of(channel)
    burst, other = [message("hi"), message("my printer"), message("does not print")], message(user="UE1003")
    for one in burst[:2]:
        signs.taken(one)
    await told(channel, 1)
    signs.taken(burst[2])
    signs.taken(other)
    assert [event_id for event_id, _ in await told(channel, 2)] == [burst[1].event_id, other.event_id]


async def test_where_every_line_has_a_thread_of_its_own_the_sign_follows_the_last() -> None:
    channel = RecordingChannel("slack")
    signs = signs_of(channel)
    first, second, third = (message("my printer", anchor=f"1.{number}") for number in range(3))
    signs.taken(first)
    await told(channel, 1)
    signs.taken(second)
    signs.taken(third)
    await told(channel, 2)
    assert [event_id for event_id, _ in channel.taken_events] == [first.event_id, third.event_id]


async def test_what_somebody_begins_with_before_the_sign_could_be_shown_gets_none() -> None:
    channel = RecordingChannel("slack")
    signs = signs_of(channel)
    quick, slow = message(), message(user="UE1003")
    signs.taken(quick)
    signs.over(quick.address)
    signs.taken(slow)
    assert [event_id for event_id, _ in await told(channel, 1)] == [slow.event_id]


async def test_the_answer_of_a_turn_ends_the_sign_and_so_does_its_beginning() -> None:
    async with Desk.start(documents=()) as desk:
        for via in ("slack_dm", "slack_channel"):
            asked = desk.message(TOM, "hello", via=via)
            await desk.deliver(asked)
            await desk.settle()
        shown = len(desk.taken())
        later = message(user="UE1003")
        desk.counter.signs.taken(later)
        assert (await told(desk, shown + 1))[-1][0] == later.event_id


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["write", "over", "look"]), st.integers(0, 2), st.integers(0, 2)), max_size=25)
)
def test_no_message_ever_has_two_signs_and_none_comes_after_it_is_over(steps: list[tuple[str, int, int]]) -> None:
    async def live() -> None:
        channel, over, written = RecordingChannel("slack"), set[str](), list[Message]()
        signs = signs_of(channel)
        late: list[str] = []
        keep = channel.taken

        async def taken(message: Message, busy: str = "") -> None:
            late.extend({message.event_id} & over)
            await keep(message, busy)

        channel.taken = taken  # type: ignore[method-assign]
        for what, who, thread in steps:
            if what == "write":
                written.append(message(anchor=str(thread), user=f"U{who}"))
                signs.taken(written[-1])
            elif what == "over":
                ended = [one for one in written if one.address.user == f"U{who}"]
                over.update(one.event_id for one in ended)
                for one in ended[-1:]:
                    signs.over(one.address)
            else:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        await signs.stop()
        shown = [event_id for event_id, _ in channel.taken_events]
        assert len(shown) == len(set(shown))
        assert late == []

    asyncio.run(live())


# --- how busy it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "language", "said"),
    [
        (Ahead(40, 30.0), "en", "It is busy: about 40 questions are before yours. That takes about half a minute."),
        (
            Ahead(41, 30.0),
            "nl",
            "Het is druk: er zijn ongeveer 40 vragen vóór de uwe. Dat duurt ongeveer een halve minuut.",
        ),
        (Ahead(97, 61.0), "en", "It is busy: about 100 questions are before yours. That takes about a minute."),
        (
            Ahead(412, 300.0),
            "nl",
            "Het is druk: er zijn ongeveer 400 vragen vóór de uwe. Dat duurt ongeveer 5 minuten; "
            "u hoeft hier niet te wachten.",
        ),
        (
            Ahead(2_600, 4_000.0),
            "en",
            "It is very busy: about 2500 questions are before yours. That takes more than ten minutes; "
            "the answer comes by itself.",
        ),
        (
            Ahead(60, None),
            "en",
            "It is busy: about 60 questions are before yours. Yours is kept, and will be answered.",
        ),
        (
            Ahead(60, None),
            "nl",
            "Het is druk: er zijn ongeveer 60 vragen vóór de uwe. Uw vraag is bewaard en wordt beantwoord.",
        ),
        (Ahead(40, 9.9), "en", ""),
        (Ahead(3, None), "en", ""),
    ],
)
def test_a_long_wait_is_told_in_the_person_s_language_and_a_short_one_is_not(
    ahead: Ahead, language: str, said: str
) -> None:
    assert busy_words(ahead, 10, language) == said


async def test_the_sign_says_how_long_it_may_take_in_the_language_of_the_question() -> None:
    channel = RecordingChannel("slack")
    signs = signs_of(channel, Ahead(40, 30.0))
    signs.taken(message("Hoeveel vakantiedagen heb ik nog over?"))
    signs.taken(message("How many days of leave do I have left?", user="UE1003"))
    said = [busy for _, busy in await told(channel, 2)]
    assert said[0].startswith("Het is druk: er zijn ongeveer 40 vragen")
    assert said[1].startswith("It is busy: about 40 questions")


@given(st.integers(1, 100_000))
def test_a_rounded_number_is_close_and_never_nothing(count: int) -> None:
    assert about(count) > 0
    assert abs(about(count) - count) <= max(5, count * 0.26)


class Queueing:
    """An inbox that fills and empties as a test says, and a clock that it moves."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seconds = 100.0
        self.waiting_time = WaitingTime(database, lambda: self.seconds)
        self.looks = 0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.database.clock_offset += timedelta(seconds=seconds)

    def come(self, count: int) -> None:
        with self.database.transaction() as tx:
            for _ in range(count):
                inbox.put(tx, message(user=f"U{next(_NUMBERS)}"))

    def answer(self, count: int) -> None:
        with self.database.transaction() as tx:
            for event_id, _ in inbox.unhandled(tx, limit=count):
                inbox.mark_handled(tx, event_id, None)

    async def ahead(self) -> Ahead:
        found = await self.waiting_time.ahead(20)
        assert found is not None
        return found


@pytest.fixture
def queueing(database: Database) -> Queueing:
    return Queueing(database)


async def test_the_wait_is_what_waits_at_the_pace_at_which_it_was_answered(queueing: Queueing) -> None:
    queueing.come(50)
    assert await queueing.ahead() == Ahead(50, None)  # nobody knows yet how fast they are answered
    queueing.pass_by(2)
    queueing.come(10)
    queueing.answer(20)
    ahead = await queueing.ahead()
    assert ahead.count == 40
    assert ahead.seconds == pytest.approx(4.0, rel=0.2)


async def test_where_nobody_answers_no_time_is_promised(queueing: Queueing) -> None:
    queueing.come(50)
    await queueing.ahead()
    queueing.pass_by(5)
    queueing.come(5)
    assert await queueing.ahead() == Ahead(55, None)


async def test_hours_without_a_question_say_nothing_of_the_pace(queueing: Queueing) -> None:
    queueing.come(10)
    await queueing.ahead()
    queueing.pass_by(7_200)
    assert await queueing.ahead() == Ahead(10, None)


async def test_a_thousand_signs_in_a_second_are_one_look_into_the_table(
    queueing: Queueing, monkeypatch: pytest.MonkeyPatch
) -> None:
    queueing.come(5)
    looks: list[Callable[[Tx], object]] = []
    read = Database.read

    async def counted(self: Database, work: Callable[[Tx], object]) -> object:
        looks.append(work)
        return await read(self, work)

    monkeypatch.setattr(Database, "read", counted)
    await asyncio.gather(*(queueing.waiting_time.ahead(20) for _ in range(1_000)))
    assert len(looks) == 1
    queueing.pass_by(1.5)
    await queueing.ahead()
    assert len(looks) == 2


async def test_a_database_that_does_not_answer_costs_the_guess_only(
    queueing: Queueing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectorError("database", "away")

    monkeypatch.setattr(Database, "read", away)
    assert await queueing.waiting_time.ahead(20) is None


async def test_a_look_that_hangs_is_waited_for_no_longer_than_was_said(
    queueing: Queueing, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()

    async def hangs(*_: object) -> None:
        await released.wait()
        raise ConnectorError("database", "away")

    monkeypatch.setattr(Database, "read", hangs)
    async with asyncio.timeout(20):
        assert await queueing.waiting_time.ahead(0.01) is None
    released.set()
