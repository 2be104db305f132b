"""Token rotation: one refresher at a time, an old token to its end, and nothing that Slack answered is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from core.errors import ConnectorError
from slack_app.installing import store
from slack_app.installing.rotation import BEFORE_SECONDS, CLAIM, Rotation
from slack_app.installing.tokens import TokenEndpoint
from slack_app.many_workspaces import ManyWorkspaces
from slack_app.scopes import SCOPES
from storage import Database
from tests.slack_install_room import InstallRoom, install_room, said
from tests.slack_tokens import Grant

pytest_plugins = ["tests.fixtures_storage"]
HOURS = 3600
LASTS = 12 * HOURS


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> AsyncIterator[InstallRoom]:
    async with install_room(database, tmp_path) as made:
        page = await made.install(Grant(scopes=",".join(SCOPES), lasts=LASTS))
        assert page.status_code == 200
        yield made


def process(room: InstallRoom) -> ManyWorkspaces:
    """Another process of ours, which looks around quickly."""
    endpoint = TokenEndpoint(room.settings, room.wire)
    return room.another_process(rotation=Rotation(room.database, room.keys, endpoint, look_seconds=0.01))


def refreshes(room: InstallRoom) -> int:
    """How often Slack was asked for new tokens."""
    return sum(args.get("grant_type") == "refresh_token" for args in room.side.asked("oauth.v2.access"))


async def test_a_young_token_is_left_alone(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - BEFORE_SECONDS - 60)
    await process(room).of("T0DHB")
    assert refreshes(room) == 0


async def test_a_token_is_refreshed_two_hours_before_its_end(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - BEFORE_SECONDS + 60)
    client = await process(room).of("T0DHB")
    assert refreshes(room) == 1
    assert client.token == room.side.given[2]
    assert (await client.auth_test())["ok"]
    kept = room.kept()
    assert kept is not None
    assert kept.seconds_left is not None
    assert kept.seconds_left > LASTS - 120


async def test_many_processes_at_once_refresh_once(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 60)
    clients = await asyncio.gather(*(process(room).of("T0DHB") for _ in range(8)))
    assert refreshes(room) == 1
    tokens = {client.token for client in clients}
    assert tokens <= set(room.side.given)  # those who did not refresh go on with the old one, which still works
    later = await asyncio.gather(*(process(room).of("T0DHB") for _ in range(8)))
    assert {client.token for client in later} == {room.side.given[2]}
    assert refreshes(room) == 1


async def test_after_the_end_everybody_waits_for_the_one_who_refreshes(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS + 60)
    clients = await asyncio.gather(*(process(room).of("T0DHB") for _ in range(6)))
    assert {client.token for client in clients} == {room.side.given[2]}
    assert refreshes(room) == 1


async def test_a_refresh_that_fails_leaves_the_old_token_to_its_end(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 600)
    room.side.troubles["oauth.v2.access"] = [503, {"ok": False, "error": "invalid_refresh_token"}, 500]
    one = process(room)
    with structlog.testing.capture_logs() as lines:
        client = await one.of("T0DHB")
    assert client.token == room.side.given[0]
    assert [line["event"] for line in lines] == ["slack_token_not_refreshed"]
    assert (await process(room).of("T0DHB")).token == room.side.given[0]
    assert refreshes(room) == 1  # a minute's pause
    room.database.clock_offset += timedelta(seconds=61)
    assert (await process(room).of("T0DHB")).token == room.side.given[0]
    assert refreshes(room) == 2
    room.database.clock_offset += timedelta(seconds=600)
    ended = process(room)
    for _ in range(2):
        with pytest.raises(ConnectorError, match="install the app again"):
            await ended.of("T0DHB")
    assert refreshes(room) == 3
    room.database.clock_offset += timedelta(seconds=61)
    assert (await ended.of("T0DHB")).token == room.side.given[2]


async def test_a_caller_who_gives_up_does_not_lose_what_slack_answers(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 60)
    room.side.gate = asyncio.Event()
    one = process(room)
    waiting = asyncio.create_task(one.of("T0DHB"))
    await room.side.reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    room.side.gate.set()
    await one._rotation.settle()
    kept = room.kept()
    assert kept is not None
    assert said(kept.tokens.access) == room.side.given[2]


async def test_a_process_that_died_while_it_refreshed_holds_nobody_up_for_long(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 600)
    found = room.kept()
    assert found is not None
    with room.database.transaction() as tx:
        assert store.claim(tx, "T0DHB", found.edition, CLAIM)
    assert (await process(room).of("T0DHB")).token == room.side.given[0]
    assert refreshes(room) == 0
    room.database.clock_offset += CLAIM
    assert (await process(room).of("T0DHB")).token == room.side.given[2]


async def test_a_workspace_that_is_removed_during_a_refresh_stays_removed(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 60)
    room.side.gate = asyncio.Event()
    waiting = asyncio.create_task(process(room).of("T0DHB"))
    await room.side.reached.wait()
    with room.database.transaction() as tx:
        store.remove(tx, "T0DHB")
    room.side.gate.set()
    with pytest.raises(ConnectorError, match="removed"):
        await waiting
    assert room.installed() == []


async def test_an_install_during_a_refresh_is_not_overwritten(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 60)
    room.side.gate = asyncio.Event()
    waiting = asyncio.create_task(process(room).of("T0DHB"))
    await room.side.reached.wait()
    await room.install(Grant(scopes="chat:write", lasts=LASTS))
    newest = room.kept()
    room.side.gate.set()
    client = await waiting
    assert newest is not None
    assert client.token == said(newest.tokens.access)


async def test_rotated_tokens_are_encrypted_like_the_first(room: InstallRoom) -> None:
    room.database.clock_offset = timedelta(seconds=LASTS - 60)
    await process(room).of("T0DHB")
    written = room.everything_written()
    assert [secret for secret in room.side.given if secret in written] == []


async def test_a_row_that_is_moved_to_another_workspace_opens_nothing(room: InstallRoom) -> None:
    with room.database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE slack_installations SET tenant = 'E0DHB'")
    with pytest.raises(ConnectorError, match="cannot be opened"):
        await process(room).of("E0DHB")
