"""A workspace that removes us: what was kept for it goes, late news harms nobody, and others stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.settings import OutsideSettings
from core.errors import ConnectorError
from slack_app.installing.wire import Wire
from slack_app.one_workspace import OneWorkspace
from slack_app.scopes import SCOPES
from slack_app.tables import slack_streams, slack_threads
from storage import Database, now
from tests.slack_install_room import InstallRoom, install_room
from tests.slack_tokens import Grant

ALL = ",".join(SCOPES)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[InstallRoom]:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    async with install_room(database, tmp_path) as made:
        for tenant in ("T0DHB", "T0SISTER"):
            await made.install(Grant(team=tenant, enterprise="E0DHB", scopes=ALL))
            with database.transaction() as tx:
                tx.add(slack_threads, tenant=tenant, room="C1", thread="1.0", user="U1", at=now(tx))
                tx.add(slack_streams, event_id=tenant, tenant=tenant, room="C1", thread="1", ts="1", at=now(tx))
        yield made
    database.close()


def talks(room: InstallRoom) -> set[str]:
    """The workspaces of which anything is kept besides the installation."""
    with room.database.reading() as tx:
        return {
            tenant
            for table in (slack_threads, slack_streams)
            for tenant in tx.execute(sa.select(table.c.tenant)).scalars()
        }


def end(room: InstallRoom, tenant: str) -> None:
    """Slack ends the tokens of a workspace."""
    room.side.alive = {token: grant for token, grant in room.side.alive.items() if grant.team != tenant}


async def test_a_workspace_that_removes_us_is_forgotten_with_what_it_talked_about(room: InstallRoom) -> None:
    await room.clients.of("T0DHB")
    end(room, "T0DHB")
    assert await room.clients.departed("T0DHB")
    assert room.installed() == ["T0SISTER"]
    assert talks(room) == {"T0SISTER"}
    assert room.audited("slack.departed") == [("system:slack", "slack:T0DHB", "done")]
    with pytest.raises(ConnectorError, match="not installed"):
        await room.clients.of("T0DHB")
    assert not await room.clients.departed("T0DHB")
    assert len(room.audited("slack.departed")) == 1


async def test_late_news_of_a_removal_does_not_end_a_new_installation(room: InstallRoom) -> None:
    assert not await room.clients.departed("T0DHB")
    assert await room.clients.of("T0DHB")
    assert talks(room) == {"T0DHB", "T0SISTER"}
    assert room.audited("slack.departed") == []


async def test_while_slack_does_not_answer_nothing_is_forgotten_and_the_news_is_heard_again(room: InstallRoom) -> None:
    end(room, "T0DHB")
    room.side.troubles["auth.test"] = [503, {"ok": False, "error": "ratelimited"}]
    for _ in range(2):
        with pytest.raises(ConnectorError):
            await room.clients.departed("T0DHB")
    assert room.installed() == ["T0DHB", "T0SISTER"]
    assert await room.clients.departed("T0DHB")


async def test_a_workspace_speaks_for_its_organisation(room: InstallRoom) -> None:
    await room.install(Grant(team="", enterprise="E0DHB", org_wide=True, scopes=ALL))
    end(room, "")
    assert await room.clients.departed("T0THIRD")
    assert room.installed() == ["T0DHB", "T0SISTER"]


async def test_news_of_strangers_changes_nothing(room: InstallRoom) -> None:
    assert not await room.clients.departed("T0STRANGER")
    assert room.installed() == ["T0DHB", "T0SISTER"]


async def test_the_key_is_gone_and_so_is_the_workspace(room: InstallRoom, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with install_room(room.database, tmp_path / "other") as other:
        assert await other.clients.departed("T0DHB")
    assert room.installed() == ["T0SISTER"]


# --- one bot token ------------------------------------------------------------------------------------------------


def one(room: InstallRoom, grant: Grant, **changes: object) -> OneWorkspace:
    """The clients where a bot token is set."""
    token = room.side.give(grant)["access_token"]
    settings = room.settings.model_copy(update={"workspaces": frozenset(), **changes})
    from pydantic import SecretStr

    settings = settings.model_copy(update={"bot_token": SecretStr(token)})
    return OneWorkspace(settings, Wire(settings, OutsideSettings()), room.database)


async def test_a_bot_token_serves_its_own_workspace_and_no_other(room: InstallRoom) -> None:
    clients = one(room, Grant(team="T0ONE", enterprise="E0ONE"))
    assert (await (await clients.of("T0ONE")).auth_test())["team_id"] == "T0ONE"
    assert await clients.bot_user("T0ONE") == "U0BOT"
    await clients.of("T0ONE")
    assert len(room.side.asked("auth.test")) == 4  # two installs, one question of ours, one here
    with pytest.raises(ConnectorError, match="not installed"):
        await clients.of("T0DHB")
    await clients.close()


async def test_a_bot_token_outside_the_list_serves_nobody(room: InstallRoom) -> None:
    clients = one(room, Grant(team="T0ONE"), workspaces=frozenset({"T0DHB"}))
    for tenant in ("T0ONE", "T0DHB"):
        with pytest.raises(ConnectorError):
            await clients.of(tenant)
    await clients.close()


async def test_an_organisations_bot_token_serves_its_workspaces(room: InstallRoom) -> None:
    room.side.teams["E0ONE"] = ["T0A", "T0B", "T0C"]
    clients = one(room, Grant(team="", enterprise="E0ONE", org_wide=True))
    assert (await clients.of("T0C")).default_params == {"team_id": "T0C"}
    with pytest.raises(ConnectorError, match="not installed"):
        await clients.of("T0X")
    await clients.close()


async def test_a_dead_bot_token_is_an_error_and_slack_is_asked_again(room: InstallRoom) -> None:
    clients = one(room, Grant(team="T0ONE"))
    room.side.troubles["auth.test"] = [503]
    with pytest.raises(ConnectorError):
        await clients.of("T0ONE")
    assert await clients.of("T0ONE")
    assert not await clients.departed("T0ONE")
    end(room, "T0ONE")
    assert await clients.departed("T0ONE")
    assert room.audited("slack.departed") == [("system:slack", "slack:T0ONE", "done")]
    with pytest.raises(ConnectorError):
        await clients.of("T0ONE")
    await clients.close()
