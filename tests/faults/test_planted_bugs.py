"""The auditor is worth something: each bug that is planted on purpose is found, and the same run without it is clean.

The fast ones run here; all of them with `loket bench faults --planted`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.case import Case, Result, Room
from tests.faults.planted import PLANTS, Plant

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
FAST = [one for one in PLANTS if one.fast]


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.xdist_group("service-faults")
@pytest.mark.parametrize("planted", FAST, ids=lambda planted: planted.name)
def test_a_planted_bug_is_found(fault_room: Room, in_peace: Callable[[Case], Result], planted: Plant) -> None:
    assert in_peace(planted.case).problems == []
    assert fault_room.run(planted.broken).problems != []


def test_there_are_at_least_twenty_planted_bugs_and_each_has_its_own_name() -> None:
    assert len({one.name for one in PLANTS}) == len(PLANTS) >= 20
