"""What a failed call to a model server means: a fixed sentence, and whether to try again.

Nothing of the vendor's own text is passed on: servers repeat keys and prompts in their complaints.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz

import httpx

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0

TOO_SLOW = "the model server did not answer in time"
RESTING = "the model server failed several times in a row and is left alone for half a minute"
CUT_OFF = "the model server ended its answer in the middle"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed call. `pause` is what the server asked for, in seconds; `blames_server` counts for the breaker.

    `other_model` says whether another model of the same server is worth a try.
    """

    sentence: str
    again: bool = False
    pause: float | None = None
    blames_server: bool = True
    other_model: bool = True

    def seconds(self, attempt: int) -> float:
        """How long to wait before try number `attempt` + 2: as asked, or doubling with a random part."""
        if self.pause is not None:
            return self.pause
        longest = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        return secrets.SystemRandom().uniform(longest / 2, longest)


def vendor_errors() -> tuple[type[Exception], ...]:
    """Everything a call through the SDK can raise: its own errors, HTTP errors, and JSON or text it chokes on."""
    import anyio
    import openai

    return (
        openai.OpenAIError,
        httpx.HTTPError,
        httpx.StreamError,
        httpx.InvalidURL,
        anyio.EndOfStream,
        OSError,
        ValueError,
        RecursionError,
    )


def read_trouble(error: Exception) -> Trouble:
    """What one of the `vendor_errors` means."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return _read_status(error.status_code, error.response.headers)
    if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
        connecting = isinstance(error.__cause__, httpx.ConnectTimeout | httpx.PoolTimeout)
        return Trouble(TOO_SLOW, again=connecting)
    if isinstance(error, openai.APIConnectionError):
        return _read_connection(error.__cause__)
    return Trouble("the model server gave an answer that cannot be read", blames_server=False)


def _read_connection(cause: BaseException | None) -> Trouble:
    if isinstance(cause, httpx.ConnectError):
        return Trouble("the model server cannot be reached", again=True)
    if isinstance(cause, httpx.RemoteProtocolError) and "agreed" in str(cause):
        return Trouble("the model server gave an answer that is larger than agreed", blames_server=False)
    return Trouble("the connection to the model server broke")


def _read_status(status: int, headers: Mapping[str, str]) -> Trouble:
    if status == 429:
        return Trouble("the model server is too busy (HTTP 429)", again=True, pause=_asked_pause(headers))
    if status >= 500:
        return Trouble(f"the model server failed (HTTP {status})", again=True, pause=_asked_pause(headers))
    if status in (401, 403):
        return Trouble(f"the model server refused the key (HTTP {status})", other_model=False)
    if status == 404:
        return Trouble("the model server knows no such model or address (HTTP 404)")
    if status < 400:
        return Trouble(f"the model server sent us elsewhere (HTTP {status}), and redirects are not followed")
    return Trouble(f"the model server did not accept the request (HTTP {status})", blames_server=False)


def _asked_pause(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds, given as a number or as a date; None when absent or unreadable."""
    value = headers.get("retry-after", "")
    if value.strip().isdecimal():
        return float(value)
    parsed = parsedate_tz(value)
    return None if parsed is None else max(0.0, mktime_tz(parsed) - time.time())
