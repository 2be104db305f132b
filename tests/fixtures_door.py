"""A pytest plug-in: the signed door with the whole counter behind it, on SQLite or on each database in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.door_room import DoorRoom, open_door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[DoorRoom]:
    """A door on SQLite."""
    async with open_door(tmp_path / "home") as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def any_door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DoorRoom]:
    """A door on each database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with open_door(tmp_path / "home", url) as opened:
        yield opened
