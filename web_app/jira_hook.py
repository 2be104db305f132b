"""Where Jira says that a ticket has changed: signed with a secret, and nothing is believed that is not.

Sources: Atlassian, "Webhooks" (Cloud: secure admin webhooks) and "Managing webhooks" (Data Center): the header
`X-Hub-Signature: sha256=…` is the HMAC of the body as it was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.tickets import TicketChange
from core.errors import ConnectorError
from core.tally import Tally
from web_app.bodies import parse, read_body
from web_app.responses import Failed, JsonResponse, failure

PATH = "/v1/jira"
MOST_BYTES = 1_000_000
"""An issue with all its fields and comments."""
MOST_AGE_SECONDS = 12 * 3600
"""Jira tries again for hours; what is older was heard by asking, and may have been forgotten since."""
MOST_AHEAD_SECONDS = 300
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_TICKET = re.compile(r"(?P<project>[A-Z][A-Z0-9]{1,9})-[1-9][0-9]{0,8}")
log = structlog.get_logger(__name__)
Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Known(BaseModel):
    """Jira sends far more, and each site something else: what is read must be as described, the rest is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Category(_Known):
    key: Name


class _Status(_Known):
    name: Name
    category: _Category = Field(alias="statusCategory")


class _Fields(_Known):
    status: _Status


class _Issue(_Known):
    key: Name
    fields: _Fields


class _Item(_Known):
    field: Name


class _Changelog(_Known):
    number: Annotated[str, Field(alias="id", pattern=r"^[1-9][0-9]{0,17}$")]
    items: Annotated[list[_Item], Field(max_length=1000)]


class _Event(_Known):
    """An event of an issue."""

    kind: Name = Field(alias="webhookEvent")
    timestamp: Annotated[int, Field(ge=0, le=10**14)]
    issue: _Issue | None = None
    changelog: _Changelog | None = None


class JiraHook:
    """The handler. `heard` is told of each change of status in one of `projects`; `clock` gives seconds since 1970.

    A repeated event is heard again: `heard` knows what was told. Raises ValueError without a secret.
    """

    def __init__(
        self,
        secret: SecretStr,
        projects: Collection[str],
        heard: Callable[[TicketChange], Awaitable[object]],
        clock: Callable[[], float],
    ) -> None:
        if not secret.get_secret_value():
            raise ValueError("a webhook without a secret would believe everybody")
        self._secret = secret
        self._projects = frozenset(projects)
        self._heard = heard
        self._clock = clock
        self._refused = Tally(lambda count: log.warning("hook_refused", count=count), clock)

    def routes(self) -> Sequence[Route]:
        """Where it is: POST only."""
        return [Route(PATH, self.event, methods=["POST"])]

    async def event(self, request: Request) -> Response:
        """200 for whatever Jira signed, whether it matters here or not; 401 for anything else."""
        try:
            signature = self._claimed(request)  # before the body is read: a stranger's takes no memory here
            body = await read_body(request, MOST_BYTES)
            if not hmac.compare_digest(signature, self._mac(body)):
                raise Failed(401)
            change = self._change(parse(_Event, body))
            if change is not None:
                await self._heard(change)
        except Failed as failed:
            if failed.status == 401:
                self._refused.add()
            return failure(failed.status)
        except ConnectorError as error:
            log.warning("hook_unavailable", system=error.system)
            return failure(503)  # Jira sends it again
        return JsonResponse({"heard": change is not None})

    def _claimed(self, request: Request) -> str:
        given = request.headers.getlist("x-hub-signature")
        if len(given) != 1 or not _SIGNATURE.fullmatch(given[0]):
            raise Failed(401)
        return given[0]

    def _mac(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self._secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()

    def _change(self, event: _Event) -> TicketChange | None:
        """The change of status in an event, if that is what it is, and it is fresh and about one of our projects."""
        issue, log_of = event.issue, event.changelog
        if event.kind != "jira:issue_updated" or issue is None or log_of is None:
            return None
        ticket = _TICKET.fullmatch(issue.key) if issue.key.isascii() else None
        age = self._clock() - event.timestamp / 1000
        if (
            ticket is None
            or ticket["project"] not in self._projects
            or not -MOST_AHEAD_SECONDS <= age <= MOST_AGE_SECONDS
        ):
            return None
        if not any(item.field == "status" for item in log_of.items):
            return None
        status, moment = issue.fields.status, datetime.fromtimestamp(event.timestamp / 1000, UTC)
        return TicketChange(issue.key, status.name, status.category.key == "done", int(log_of.number), moment)
