"""Pruning is killed in the middle: nothing that must stay has gone, and the next round finishes it."""

from __future__ import annotations

import pytest

from tests.faults.arrangement import Arrangement
from tests.faults.case import Case, Room
from tests.faults.people import DAY
from tests.faults.play import Play, playing
from tests.faults.service_child import Fault

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("service-faults")]

TEN_YEARS = 10 * 365 * 86_400.0


async def a_day_and_ten_years(arrangement: Arrangement) -> Play:
    """A ticket is filed, the service stops, ten years go by, and what is old is pruned until that goes well."""
    async with playing(arrangement) as play:
        await play.all_open()
        await play.live(DAY[1:2], 1)
        await play.quiet()
        before = await play.read()
        assert before["messages"]
        arrangement.stop()
        arrangement.arm()
        arrangement.set_clock(TEN_YEARS)
        codes = [arrangement.run("prune")]
        while codes[-1] != 0 and len(codes) < 5:
            codes.append(arrangement.run("prune"))
        assert codes == [-9, 0]
        play.left = await play.read()
    return play


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("point", ["prune.before_batch", "prune.after_batch"])
async def test_pruning_that_dies_in_the_middle_is_finished_by_the_next(fault_room: Room, point: str, nth: int) -> None:
    arrangement = fault_room.arrange(Case("sqlite", (Fault(point, nth=nth),)))
    try:
        play = await a_day_and_ten_years(arrangement)
        left = play.left
        assert left is not None
        assert left["messages"] == []
        assert left["inbox"] == []
        assert [action["state"] for action in left["actions"]] == ["done"]
        assert len(left.effects) == 1
        seqs = [row["seq"] for row in left["audit"]]
        assert seqs == list(range(1, len(seqs) + 1)), "a row of the audit has gone"
    finally:
        arrangement.close()
