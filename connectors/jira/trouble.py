"""What a call to Jira came to: which troubles are sure to have changed nothing, and which leave a doubt.

No text holds an address, a value or a word of the answer: Jira's messages repeat what was sent.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from connectors.not_accepted import behind
from core.errors import ConnectorError, EffectUnknown

if TYPE_CHECKING:
    import httpx

SYSTEM = "tickets"
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_SAYS = {
    400: "Jira refuses the request",
    401: "Jira does not accept the token",
    403: "the account has no permission in Jira",
    404: "Jira does not have it, or does not show it to the account",
    410: "Jira has withdrawn this interface",
    413: "the text is too long for Jira",
    429: "Jira takes no more calls for now",
}
_REFUSED = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 413, 414, 415, 422, 429})
"""Answers given instead of doing anything. 408 is not among them, nor is anything from 500 on."""


class NotThere(ConnectorError):
    """The operator acts: Jira has no such thing, or none that the account may see."""


class Passing(ConnectorError):
    """The operator acts, if it lasts: nothing happened, and the same call may work a moment later."""


def of_status(response: httpx.Response, *, writes: bool) -> ConnectorError:
    """The error for an answer that is not a success."""
    status = response.status_code
    if status == 404:
        return NotThere(SYSTEM, f"{_SAYS[404]} (404)")
    if status in _REFUSED:
        fields = _fields(response) if status in (400, 422) else ""
        return ConnectorError(SYSTEM, f"{_SAYS.get(status, _SAYS[400])} ({status}){fields}")
    if 300 <= status < 400:
        return ConnectorError(SYSTEM, f"Jira sends the call elsewhere ({status}): check LOKET_JIRA_URL")
    return of_doubt(f"Jira failed ({status})", writes=writes)


def of_transport(error: Exception, *, writes: bool) -> ConnectorError:
    """The error for a call without an answer. What never left this machine has surely changed nothing."""
    import httpx

    if reason := behind(error):
        return Passing(SYSTEM, f"Jira's certificate is not accepted: {reason}")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return Passing(SYSTEM, f"Jira cannot be reached ({type(error).__name__})")
    return of_doubt(f"Jira gave no whole answer ({type(error).__name__})", writes=writes)


def of_doubt(detail: str, *, writes: bool) -> ConnectorError:
    """For a call that may have got through."""
    return EffectUnknown(SYSTEM, detail) if writes else Passing(SYSTEM, detail)


def _fields(response: httpx.Response) -> str:
    """The names of the fields that Jira complains about."""
    try:
        errors = json.loads(response.content).get("errors")
    except (ValueError, AttributeError, RecursionError):
        return ""
    names = sorted(name for name in errors if _FIELD.fullmatch(name)) if isinstance(errors, dict) else []
    return f": look at the fields {', '.join(names[:10])}" if names else ""
