"""Calls to Slack's Web API: within the time there is, and every error named for what can be done about it."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.errors import ConnectorError
from slack_app.clients import Clients
from slack_app.pacing import Pacing

Work = Callable[[AsyncWebClient], Awaitable[AsyncSlackResponse]]

NO_FEATURE = frozenset(
    {
        "feature_not_enabled",
        "invalid_scope_for_method",
        "method_deprecated",
        "method_not_supported_for_channel_type",
        "missing_scope",
        "no_permission",
        "not_allowed",
        "not_allowed_token_type",
        "not_supported",
        "team_access_not_granted",
        "unknown_method",
    }
)
"""Slack does not have this, or not for us: the rest of the counter works without."""
GONE = frozenset(
    {
        "as_user_not_supported",
        "cant_delete_message",
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "message_not_found",
        "thread_not_found",
    }
)
"""The post is not there any more, or it can no longer be changed."""
STREAM_OVER = frozenset({"message_not_in_streaming_state", "stopped_by_user"})
"""By us, by Slack after five minutes, by the person who pressed Stop."""
UNSURE = frozenset({"fatal_error", "internal_error"})
"""Slack's own words on both: some of it may have been done before the error came up."""
LATER = frozenset(
    {
        "message_limit_exceeded",
        "ratelimited",
        "rate_limited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "streaming_state_conflict",
    }
)
"""Nothing was done, and it may work another time."""
WHAT_TO_DO = {
    "access_denied": "the workspace does not let the app in",
    "account_inactive": "the app was removed from the workspace: install it again",
    "channel_not_found": "there is no such channel, or the app is not in it: invite the app to the channel",
    "is_archived": "the channel is archived: unarchive it, or set another in LOKET_SLACK_ROOMS",
    "invalid_auth": "the token is not valid: install the app again",
    "invalid_blocks": "Slack refuses how the message is drawn: please report this",
    "missing_scope": "the app lacks a scope: install it again with the manifest of this version",
    "msg_blocks_too_long": "the message is too long for Slack: please report this",
    "msg_too_long": "the message is too long for Slack: please report this",
    "no_text": "the message is empty: please report this",
    "not_authed": "no token is set: see LOKET_SLACK_BOT_TOKEN",
    "not_in_channel": "invite the app to the channel",
    "org_login_required": "the workspace is being moved to an organisation: try again when that is done",
    "restricted_action": "an administrator of the workspace does not let apps post in this channel",
    "restricted_action_read_only_channel": "only some people may post in this channel: let the app",
    "restricted_action_thread_only_channel": "the channel takes posts in threads only",
    "token_expired": "the token has expired: switch its rotation on here, or install the app again",
    "token_revoked": "the app was removed from the workspace: install it again",
    "user_not_found": "there is no such person in this workspace",
}
"""What an operator does about the errors that no repetition cures."""
_CODE = re.compile(r"[a-z_]{1,60}")
_AGAIN_SECONDS = 30.0


class SlackFailed(ConnectorError):
    """Slack did not do it; another time it may. `code` is Slack's own name for it, empty where it gave none."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__("slack", detail)
        self.code = code


class SlackLimited(SlackFailed):
    """Slack did not do it: too much at once. It may be tried again in `seconds`."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(f"{method}: too many calls, again in {seconds:.0f} s", "ratelimited")
        self.seconds = seconds


class SlackUnsure(SlackFailed):
    """Nobody knows whether Slack did it: no answer came, or one that leaves it open."""


class SlackRefused(SlackFailed):
    """Slack will never do it as things are: an operator acts."""


class SlackMissing(SlackRefused):
    """The workspace does not have this feature, or not for us."""


class SlackGone(SlackRefused):
    """The post is not there any more, or cannot be changed."""


class SlackStreamOver(SlackRefused):
    """The post is not being written any more."""


class WebApi:
    """Makes calls for any workspace. `seconds` is how long one of them may take."""

    def __init__(self, clients: Clients, pacing: Pacing, seconds: float) -> None:
        self._clients = clients
        self.pacing = pacing
        self._seconds = seconds
        self._selves: dict[str, frozenset[str]] = {}

    def until(self, seconds: float) -> float:
        """The moment in so many seconds, as `call` takes it."""
        return self.pacing.clock() + seconds

    async def call(self, tenant: str, method: str, work: Work, *, until: float, room: str = "") -> Mapping[str, Any]:
        """What Slack answered. With a `room`, posts there are paced.

        Waits as long as Slack asks for, but not beyond `until`: then `SlackLimited`. Raises a `SlackFailed` for
        everything that did not work; only after `SlackUnsure` it may have.
        """
        key = (tenant, method, room)
        seconds = self.pacing.wait(key) if room else self.pacing.held(key)
        client = _without_repeats(await self._clients.of(tenant))
        while True:
            if self.pacing.clock() + seconds >= until:
                raise SlackLimited(method, seconds)
            if room:
                seconds = self.pacing.reserve(key)
            if seconds:
                await self.pacing.sleep(seconds)
            try:
                return await self._called(method, work(client), until)
            except SlackLimited as limited:
                self.pacing.hold(key, limited.seconds)
                seconds = limited.seconds

    async def ourselves(self, tenant: str, *, until: float) -> frozenset[str]:
        """The ids under which our own posts appear in a workspace. Raises `SlackFailed`."""
        known = self._selves.get(tenant)
        if known is None:
            answer = await self.call(tenant, "auth.test", lambda client: client.auth_test(), until=until)
            known = frozenset(str(answer[name]) for name in ("user_id", "bot_id") if answer.get(name))
            self._selves[tenant] = known
        return known

    async def _called(self, method: str, work: Awaitable[AsyncSlackResponse], until: float) -> Mapping[str, Any]:
        left = max(until - self.pacing.clock(), 0.05)
        try:
            async with asyncio.timeout(min(self._seconds, left)):
                answer = await work
        except SlackApiError as error:
            raise _meaning(method, error) from None
        except aiohttp.ClientConnectorError:
            raise SlackFailed(f"{method}: Slack cannot be reached") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackUnsure(f"{method}: no answer ({type(error).__name__})") from None
        except SlackClientError as error:
            raise SlackRefused(f"{method}: not sent ({type(error).__name__})") from None
        return answer.data if isinstance(answer.data, dict) else {}


class Features:
    """What a workspace turned out not to have; it is tried again after a day, when somebody may have added it.

    A feature may be there in direct chats and not in channels, so each `place` is remembered by itself.
    """

    DAY = 86_400.0

    def __init__(self, pacing: Pacing) -> None:
        self._clock = pacing.clock
        self._missing: dict[tuple[str, str, str], float] = {}

    def has(self, tenant: str, feature: str, place: str) -> bool:
        """Whether it is worth trying."""
        return self._missing.get((tenant, feature, place), float("-inf")) <= self._clock() - self.DAY

    def lacks(self, tenant: str, feature: str, place: str, error: SlackMissing) -> None:
        """Remember it, and say it in the log once."""
        if self.has(tenant, feature, place):
            log = structlog.get_logger("loket.slack")
            log.warning("slack_feature_missing", system=feature, kind=place, error=error.code)
        self._missing[tenant, feature, place] = self._clock()


def _without_repeats(client: AsyncWebClient) -> AsyncWebClient:
    """The same client, which sends everything once: a repeated post is a second post, and we wait by ourselves."""
    once = copy.copy(client)
    once.retry_handlers = []
    return once


def _meaning(method: str, error: SlackApiError) -> SlackFailed:
    """Never the text of the error: it may repeat what was sent."""
    answer = error.response
    status = getattr(answer, "status_code", getattr(answer, "status", 0))
    data = getattr(answer, "data", None)
    said = str(data.get("error") or "") if isinstance(data, dict) else ""
    code = said if _CODE.fullmatch(said) else ""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return SlackLimited(method, _retry_after(answer.headers))
    if code in UNSURE or (status >= 500 and code not in LATER) or not code:
        return SlackUnsure(f"{method}: {code or f'answer {status}'}", code)
    for codes, kind in ((NO_FEATURE, SlackMissing), (STREAM_OVER, SlackStreamOver), (GONE, SlackGone)):
        if code in codes:
            return kind(f"{method}: {_advice(code)}", code)
    return SlackFailed(f"{method}: {code}", code) if code in LATER else SlackRefused(f"{method}: {_advice(code)}", code)


def _advice(code: str) -> str:
    return f"{code}: {WHAT_TO_DO[code]}" if code in WHAT_TO_DO else code


def _retry_after(headers: Mapping[str, str]) -> float:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return max(float(given), 1.0) if given.isdigit() else _AGAIN_SECONDS
