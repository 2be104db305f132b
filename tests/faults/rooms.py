"""Pytest fixtures of the runs under faults: one forking parent and one private Postgres for all of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.campaign import room
from tests.faults.case import Case, Result, Room


@pytest.fixture(scope="session")
def fault_room(postgres_server: str) -> Iterator[Room]:
    """Where runs take place, on SQLite and on Postgres."""
    with room(postgres_server) as place:
        yield place


@pytest.fixture(scope="session")
def in_peace(fault_room: Room) -> Callable[[Case], Result]:
    """The result of a case, run once however often it is asked for."""
    known: dict[Case, Result] = {}

    def run(case: Case) -> Result:
        if case not in known:
            known[case] = fault_room.run(case)
        return known[case]

    return run
