"""Slack over HTTP: one address for events, clicks and forms. Nothing unsigned is read further than its signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.tally import Tally
from slack_app.bodies import BadBody, is_certificate_check, kind_of, read_body, understood
from slack_app.guard import Signatures
from slack_app.installing.addresses import EVENTS_PATH

_NOT_AGAIN = {"X-Slack-No-Retry": "1"}
"""What cannot be read now cannot be read later."""
_RETRY = ("x-slack-retry-num", "x-slack-retry-reason")
log = structlog.get_logger(__name__)


class Events:
    """The handler of that address. `clock` gives seconds since 1970; `accepting` is false while the process drains."""

    def __init__(
        self, app: AsyncApp, signatures: Signatures, accepting: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._signatures = signatures
        self._accepting = accepting
        self._refused = Tally(lambda count: log.warning("slack_refused", count=count), clock)

    def routes(self) -> Sequence[BaseRoute]:
        """Where it is."""
        return [Route(EVENTS_PATH, self.received, methods=["POST"])]

    async def received(self, request: Request) -> Response:
        """One request of Slack's, or of somebody who would like to be Slack: 401, and no word of why."""
        if not self._accepting():
            return Response(status_code=503, headers={"Retry-After": "1"})
        kind = kind_of(request)
        try:
            body = await read_body(request)
            if is_certificate_check(kind, body):
                return Response(status_code=200)
            if not self._signatures.holds(request.scope["headers"], body):
                self._refused.add()
                return Response(status_code=401)
            asked = _bolt_request(request, understood(kind, body))
        except BadBody as bad:
            return Response(status_code=bad.status, headers=_NOT_AGAIN)
        return _response(await self._app.async_dispatch(asked))


def _bolt_request(request: Request, payload: dict[str, object]) -> AsyncBoltRequest:
    """What Bolt works on: the payload as it was read here, once. Raises `BadBody` where it cannot be what Slack sends.

    Bolt calls a request whose body is read already one of Socket Mode; nothing else hangs on that word here, since the
    signature has been checked.
    """
    headers = {name: request.headers[name] for name in _RETRY if name in request.headers}
    try:
        return AsyncBoltRequest(mode="socket_mode", body=payload, headers=dict(headers))
    except (
        AttributeError,
        TypeError,
        KeyError,
        IndexError,
        ValueError,
    ):  # it looks for ids in the payload, trusting it
        raise BadBody(400) from None


def _response(answer: BoltResponse) -> Response:
    kind = answer.headers.get("content-type", [""])[0]
    headers = _NOT_AGAIN if answer.status == 400 else None
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=kind.partition(";")[0] or None)
