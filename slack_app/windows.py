"""Opening a window over what somebody looks at, while Slack still allows it."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.errors import ConnectorError
from slack_app.edge import Edge, Person
from slack_app.pressed import Press
from slack_app.telling import tell_words

SECONDS = 2.5
"""Slack lets one be opened for three seconds after the click."""


async def open_window(edge: Edge, press: Press, person: Person, view: dict[str, Any]) -> None:
    """Above another window it lies on top of it. Raises `ConnectorError`; whoever pressed is told to try again."""
    on_top = press.view_kind == "modal"

    async def show(client: AsyncWebClient) -> AsyncSlackResponse:
        if on_top:
            return await client.views_push(trigger_id=press.trigger, view=view)
        return await client.views_open(trigger_id=press.trigger, view=view)

    try:
        method = "views.push" if on_top else "views.open"
        await edge.api.call(press.origin.tenant, method, show, until=edge.api.until(SECONDS))
    except ConnectorError:
        tell_words(edge, press.origin, person, "try_again", press.room, press.root)
        raise
