"""What is outside misbehaves while the service runs: models, the ticket system, the disk, the clocks, the order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from tests.faults.case import Case, Room
from tests.faults.people import DAY, Wish
from tests.faults.play import Play, audited, playing
from tests.servers.llm import bad_llm

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("service-faults")]

QUESTION, A_TICKET, RESET = DAY[0], DAY[1], DAY[2]
IN_TIME = 30.0
CROWD = tuple(f"E{number}" for number in range(1019, 1031))
MANY = ("E1038", "E1039", "E1044")


def with_model(url: str) -> tuple[tuple[str, str], ...]:
    return (
        ("LOKET_LLM_BASE_URL", url),
        ("LOKET_LLM_MODEL", "m"),
        ("LOKET_LLM_TIMEOUT_SECONDS", "1.5"),
        ("LOKET_AGENT_DEADLINE_SECONDS", "12"),
    )


async def a_day(room: Room, case: Case) -> Play:
    """People come and go; nothing may be left."""
    arrangement = room.arrange(case)
    try:
        async with playing(arrangement, IN_TIME) as play:
            await play.all_open()
            await play.live(case.wishes, 1)
            await play.quiet()
        play.problems = audited(play)
        play.left = await play.read()
        return play
    finally:
        arrangement.close()


@pytest.mark.parametrize("way", ["broken", "hangs", "trickles", "binary"])
async def test_a_bad_model_costs_nobody_their_answer(fault_room: Room, way: str) -> None:
    async with bad_llm(way) as url:
        play = await a_day(fault_room, Case("sqlite", wishes=(QUESTION, A_TICKET), settings=with_model(url)))

    assert play.problems == []
    answer = play.channel.answer("e1-E1002")
    assert answer is not None
    assert answer["text"]


async def test_a_ticket_system_that_fails_after_it_has_filed_the_ticket_files_it_once(fault_room: Room) -> None:
    play = await a_day(fault_room, Case("sqlite", wishes=(A_TICKET,), patches=("tickets_break_off",)))

    assert play.problems == []
    assert play.left is not None
    assert len(play.left.effects) == 1
    assert [action["state"] for action in play.left["actions"]] == ["done"]
    assert "action.unknown" in [row["verb"] for row in play.left["audit"]]


@pytest.mark.parametrize("clock", ["clock_ahead", "clock_behind"])
async def test_a_process_whose_clock_is_ten_minutes_off_does_no_harm(fault_room: Room, clock: str) -> None:
    """Its door refuses what is signed by a right clock; the database's clock is the one that counts."""
    play = await a_day(fault_room, Case("postgres-3", wishes=(QUESTION, A_TICKET, RESET), patches=(clock,)))

    assert play.problems == []


async def test_a_full_disk_loses_nothing_that_was_acknowledged(fault_room: Room) -> None:
    arrangement = fault_room.arrange(Case("sqlite", patches=("disk_may_be_full",)))
    try:
        async with playing(arrangement, IN_TIME) as play:
            await play.all_open()
            (arrangement.shared / "full").touch()
            long = [Wish(user, f"how many days of leave {'and leave ' * 1_200}do I get?") for user in MANY]
            people = asyncio.create_task(play.live([*long, QUESTION, A_TICKET], 1))
            await asyncio.sleep(4)
            (arrangement.shared / "full").unlink()
            await people
            await play.quiet()
        assert audited(play) == []
        said = "".join(file.read_text() for file in arrangement.folder.glob("w1/log/*.jsonl"))
        assert "door_unavailable" in said, "the disk was never full"
    finally:
        arrangement.close()


async def test_events_in_any_order_and_twice_are_each_answered_once(fault_room: Room) -> None:
    arrangement = fault_room.arrange(Case("postgres-3"))
    try:
        async with playing(arrangement, IN_TIME) as play:
            await play.all_open()
            await asyncio.gather(*(play.channel.event(*event) for event in shuffled(CROWD)))
            await play.quiet()
        assert audited(play) == []
        assert len(set(play.channel.acknowledged)) == len(CROWD)
    finally:
        arrangement.close()


def shuffled(users: Sequence[str]) -> list[tuple[str, str, str]]:
    """Every event twice, in any order. One a person: what somebody says in one go is answered in one go."""
    questions = [(f"q-{user}", user, "how many days of leave do I get?") for user in users]
    return random.Random(7).sample([*questions, *questions], 2 * len(questions))
