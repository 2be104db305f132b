"""`loket doctor` and Slack: each thing that can be wrong is one line, with what to do, and no secret in it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.examination import Seen
from connectors.settings import OutsideSettings
from slack_app.examining import Approvals, SlackExamined
from slack_app.scopes import SCOPES
from slack_app.settings import SlackSettings
from storage import Database
from tests.slack_install_room import InstallRoom, install_room, slack_settings
from tests.slack_tokens import Grant, TokenSide, token_side

ALL = ",".join(SCOPES)
HERE = Approvals("slack", "T0DHB")
PRIVATE = {"id": "C0IT", "is_private": True, "is_member": True}


@pytest.fixture
async def side() -> AsyncIterator[TokenSide]:
    async with token_side() as made:
        made.headers = {"X-OAuth-Scopes": ALL, "Date": formatdate(usegmt=True)}
        made.rooms["C0IT"] = dict(PRIVATE)
        yield made


def one_workspace(side: TokenSide, **changes: Any) -> SlackSettings:
    """A workspace of one bot token, in which everything is as it should be."""
    token = side.give(Grant(scopes=ALL))["access_token"]
    plain: dict[str, Any] = {
        "client_id": "",
        "client_secret": "",
        "bot_token": token,
        "workspaces": frozenset(),
        "rooms": {"it-approvers": "C0IT"},
    }
    return slack_settings(side, **{**plain, **changes})


async def looked(settings: SlackSettings, approvals: Approvals = HERE, **more: Any) -> dict[str, Seen]:
    """What doctor sees, by what it is about."""
    seen = await SlackExamined(settings, OutsideSettings(), approvals, **more).examine()
    for one in seen:
        assert one.good or one.advice, one
        for secret in (settings.bot_token, settings.app_token, settings.signing_secret, settings.client_secret):
            assert not secret.get_secret_value() or secret.get_secret_value() not in repr(one)
    return {one.what: one for one in seen}


async def test_when_all_is_well_doctor_says_so(side: TokenSide) -> None:
    settings = one_workspace(side, mode="socket", app_token="xapp-1-A0LOKET-secret")
    seen = await looked(settings)
    assert {what: one.detail for what, one in seen.items() if not one.good} == {}
    assert {"Slack", "Slack scopes", "Slack app token", "Slack room of it-approvers", "Slack approvals"} <= set(seen)
    assert {method for method, _, _ in side.calls} == {"auth.test", "apps.connections.open", "conversations.info"}


async def test_a_token_that_slack_does_not_take(side: TokenSide) -> None:
    seen = await looked(one_workspace(side, bot_token="xoxb-wrong-secret"))
    assert not seen["Slack"].good
    assert "invalid_auth" in seen["Slack"].detail
    assert "OAuth & Permissions" in seen["Slack"].advice


async def test_slack_is_away(side: TokenSide) -> None:
    settings = one_workspace(side, api_url="http://127.0.0.1:9/api/", authorize_url="http://127.0.0.1:9/authorize")
    seen = await looked(settings)
    assert not seen["Slack"].good
    assert "LOKET_OUTSIDE_PROXY" in seen["Slack"].advice


async def test_no_token_at_all(side: TokenSide) -> None:
    seen = await looked(one_workspace(side, bot_token=""))
    assert not seen["Slack token"].good


async def test_a_signing_secret_is_needed_for_http_alone(side: TokenSide) -> None:
    settings = one_workspace(side, signing_secret="mini")
    assert not (await looked(settings))["Slack signing secret"].good
    socket = settings.model_copy(update={"mode": "socket", "app_token": SecretStr("xapp-1-A0LOKET-secret")})
    assert "Slack signing secret" not in await looked(socket)


@pytest.mark.parametrize("token", ["", "xoxb-no-app-token"])
async def test_an_app_token_is_needed_for_socket_mode(side: TokenSide, token: str) -> None:
    seen = await looked(one_workspace(side, mode="socket", app_token=token))
    assert not seen["Slack app token"].good
    assert "connections:write" in seen["Slack app token"].advice


async def test_scopes_that_were_not_granted_are_named(side: TokenSide) -> None:
    side.headers["X-OAuth-Scopes"] = ALL.replace("files:read,", "").replace("users:read", "users:read.email")
    seen = await looked(one_workspace(side))
    assert seen["Slack scopes"].detail == "not granted: files:read, users:read"


async def test_a_workspace_that_is_not_on_the_list(side: TokenSide) -> None:
    seen = await looked(one_workspace(side, workspaces=frozenset({"T0OTHER"})))
    assert not seen["Slack workspace"].good
    assert "T0DHB" in seen["Slack workspace"].detail


@pytest.mark.parametrize(
    ("room", "word", "fatal"),
    [
        (None, "channel_not_found", True),
        ({**PRIVATE, "is_member": False}, "not in", True),
        ({**PRIVATE, "is_archived": True}, "archived", True),
        ({**PRIVATE, "is_ext_shared": True}, "another organisation", True),
        ({**PRIVATE, "is_private": False}, "public channel", False),
    ],
)
async def test_a_room_that_does_not_do(side: TokenSide, room: dict[str, Any] | None, word: str, fatal: bool) -> None:
    side.rooms = {"C0IT": room} if room else {}
    seen = (await looked(one_workspace(side)))["Slack room of it-approvers"]
    assert not seen.good
    assert seen.fatal is fatal
    assert word in seen.detail


@pytest.mark.parametrize(
    ("approvals", "rooms", "advice"),
    [
        (Approvals("terminal", "local"), {"it-approvers": "C0IT"}, "LOKET_GATE_APPROVERS_CHANNEL=slack"),
        (Approvals("slack", "T0OTHER"), {"it-approvers": "C0IT"}, "LOKET_GATE_APPROVERS_TENANT=T0DHB"),
        (HERE, {}, "LOKET_SLACK_ROOMS"),
    ],
)
async def test_cards_that_would_go_nowhere(
    side: TokenSide, approvals: Approvals, rooms: dict[str, str], advice: str
) -> None:
    seen = (await looked(one_workspace(side, rooms=rooms), approvals))["Slack approvals"]
    assert not seen.good
    assert advice in seen.advice


@pytest.mark.parametrize(("seconds", "good", "fatal"), [(5, True, False), (120, False, False), (-400, False, True)])
async def test_a_clock_that_is_wrong(side: TokenSide, seconds: float, good: bool, fatal: bool) -> None:
    seen = (await looked(one_workspace(side), clock=lambda: time.time() + seconds))["clock"]
    assert (seen.good, seen.fatal) == (good, fatal)


async def test_addresses_that_do_not_fit_together(side: TokenSide) -> None:
    settings = one_workspace(side, authorize_url="https://slack-gov.com/oauth/v2/authorize")
    seen = await looked(settings)
    assert list(seen) == ["Slack address"]


# --- several workspaces --------------------------------------------------------------------------------------------


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[InstallRoom]:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    async with install_room(database, tmp_path, rooms={"it-approvers": "C0IT"}) as made:
        made.side.headers = {"X-OAuth-Scopes": ALL}
        made.side.rooms["C0IT"] = dict(PRIVATE)
        yield made
    database.close()


async def test_nobody_has_installed_it_yet(room: InstallRoom) -> None:
    seen = await looked(room.settings, tokens=(room.database, room.keys))
    assert "/slack/install" in seen["Slack workspaces"].advice


async def test_each_workspace_is_looked_at(room: InstallRoom) -> None:
    await room.install()
    await room.install(Grant(team="T0SISTER", enterprise="E0DHB", scopes=ALL))
    room.side.alive = {token: grant for token, grant in room.side.alive.items() if grant.team == "T0DHB"}
    seen = await looked(room.settings, tokens=(room.database, room.keys))
    assert seen["Slack T0DHB"].good
    assert not seen["Slack T0SISTER"].good
    assert "loket slack forget T0SISTER" in seen["Slack T0SISTER"].advice
    assert seen["Slack approvals"].good
    assert seen["Slack room of it-approvers"].good


async def test_cards_for_a_workspace_that_did_not_install_us(room: InstallRoom) -> None:
    await room.install()
    seen = await looked(room.settings, Approvals("slack", "T0OTHER"), tokens=(room.database, room.keys))
    assert not seen["Slack approvals"].good


async def test_cards_for_a_workspace_that_is_reached_through_its_organisation(room: InstallRoom) -> None:
    room.side.teams["E0DHB"] = ["T0A", "T0B", "T0C"]
    await room.install(Grant(team="", enterprise="E0DHB", org_wide=True, scopes=ALL))
    seen = await looked(room.settings, Approvals("slack", "T0C"), tokens=(room.database, room.keys))
    assert seen["Slack approvals"].good
    assert room.side.asked("conversations.info")[0]["team_id"] == "T0C"
