"""What Slack answers to a call, as an answer or as one error of ours that repeats nothing of what was sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.errors import ConnectorError

_WORD = re.compile(r"[a-z0-9_]{1,60}")
DEAD = frozenset(
    {"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "org_login_required"}
)
"""With one of these Slack says that the token is of no use any more."""


class SlackSaysNo(ConnectorError):
    """Slack understood and refused; `reason` is its own word for why, such as `invalid_auth`."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__("slack", f"{method}: {reason}")
        self.reason = reason


async def answer(method: str, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    """The answer to a call. Raises `SlackSaysNo`, and `ConnectorError` when Slack did not answer properly."""
    try:
        return await call
    except SlackApiError as error:
        raise SlackSaysNo(method, word(_said(error.response))) from None
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        raise ConnectorError("slack", f"{method}: no answer ({type(error).__name__})") from None


def word(value: object) -> str:
    """Slack's word for an error, if it is a word."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "unreadable_answer"


def _said(response: Any) -> object:
    data = getattr(response, "data", None)
    return data.get("error") if isinstance(data, dict) else None
