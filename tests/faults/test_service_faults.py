"""The whole service: real processes die or stand still at named points; an auditor that trusts nobody finds no fault.

`make test` takes a few of the cases below, `make thorough` all of them, `loket bench faults` every case there is. The
sample is the same one every day: a commit that passed yesterday is not to fail today for something it did not change.
"""

from __future__ import annotations

import pytest

from tests.faults.campaign import drawn
from tests.faults.case import Case, Room
from tests.faults.points import EVERYWHERE, POINTS, cases, reached_in_peace

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
pytestmark = [
    pytest.mark.sampled(0.1),
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.xdist_group("service-faults"),
]

SEED = 20261126
SAMPLE = 5
ALWAYS = (
    ("sqlite", "turn.before_commit", "kill"),
    ("postgres-3", "executor.acted", "kill"),
    ("postgres-3", "executor.claimed", "pause"),
)


def always() -> list[Case]:
    """The few that every change has to stand."""
    named = {point.name: point for point in POINTS}
    return [named[name].case(arrangement, way) for arrangement, name, way in ALWAYS]


def chosen() -> list[Case]:
    """Those, and the sample."""
    fixed = always()
    return [*fixed, *(case for case in drawn(cases(), SAMPLE + len(fixed), SEED) if case not in fixed)][
        : SAMPLE + len(fixed)
    ]


def test_a_day_without_a_fault_reaches_every_point_of_its_arrangement(fault_room: Room) -> None:
    result = fault_room.run(Case("sqlite"))

    assert result.problems == []
    assert result.points == reached_in_peace("sqlite")


@pytest.mark.parametrize("case", chosen(), ids=lambda case: f"{case.name} (seed {SEED})")
def test_nothing_is_lost_and_nothing_happens_twice(fault_room: Room, case: Case) -> None:
    print(f"seed {SEED}: {case.name}")
    result = fault_room.run(case)

    assert result.reached, "the fault never happened"
    assert result.problems == []


def test_the_sample_is_drawn_from_all_arrangements_and_is_the_same_for_a_seed() -> None:
    first = drawn(cases(), 12, 20261126)

    assert first == drawn(cases(), 12, 20261126)
    assert first != drawn(cases(), 12, 20261127)
    assert {case.arrangement for case in first} == set(EVERYWHERE)
