"""Asking Slack who we are when we start: a token that is no good ends the start, a Slack that is away does not."""

from __future__ import annotations

import asyncio

import structlog

from core.errors import ConfigError, ConnectorError
from slack_app.calling import LATER, UNSURE
from slack_app.guard import Guard
from slack_app.installing.answers import SlackSaysNo, answer
from slack_app.installing.wire import Wire

AGAIN_SECONDS = 5.0
_PASSES = LATER | UNSURE | {"unreadable_answer"}
log = structlog.get_logger(__name__)


def final_no(error: ConnectorError) -> str | None:
    """Slack's own word for why it will never do it as things are; None where it may, another time."""
    return error.reason if isinstance(error, SlackSaysNo) and error.reason not in _PASSES else None


async def know_ourselves(wire: Wire, token: str, guard: Guard) -> bool:
    """Ask whose the one token is, and serve that workspace where no other is named; false when Slack is away.

    Raises `ConfigError` for a token that Slack does not take.
    """
    try:
        said = await answer("auth.test", wire.client(token).auth_test())
    except ConnectorError as error:
        if (why := final_no(error)) is not None:
            raise ConfigError(f"Slack does not take LOKET_SLACK_BOT_TOKEN ({why}): install the app again") from error
        log.warning("slack_away", kind="token", error=type(error).__name__)
        return False
    team = said.get("team_id")
    if isinstance(team, str) and team:
        guard.serve_only(team)
    return True


async def keep_asking(wire: Wire, token: str, guard: Guard) -> None:
    """Until it is known. A token that turns out to be no good stands in the log: the rest of the counter works on."""
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            if await know_ourselves(wire, token, guard):
                return
        except ConfigError:
            log.error("slack_token_refused")
            return
