"""Slack over a connection that we open: nothing has to reach us from outside.

The SDK's client pings, reconnects and acknowledges; here it gets our own session (one host, one proxy), and what it
cannot mend by itself is mended: an address that has expired, and a stop that would cut off what is being stored.
"""

from __future__ import annotations

import asyncio
import logging

import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from core.errors import ConfigError, ConnectorError, where
from slack_app.afterwards import Afterwards
from slack_app.installing.answers import answer
from slack_app.installing.wire import Wire
from slack_app.knowing import final_no
from slack_app.settings import SlackSettings

PING_SECONDS = 5.0
WATCH_SECONDS = 2.0
DRAIN_SECONDS = 5.0
CONNECT_SECONDS = 10.0
log = structlog.get_logger(__name__)


class SocketMode:
    """One connection to Slack, kept up from `start` to `stop`."""

    def __init__(self, app: AsyncApp, wire: Wire, settings: SlackSettings) -> None:
        self._app = app
        self._wire = wire
        self._token = settings.app_token.get_secret_value()
        self._under_way = Afterwards()
        self._client: SocketModeClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._log = logging.getLogger("slack_sdk.quiet")
        self._log.setLevel(logging.WARNING)  # lower lines hold what people wrote, and what they typed into forms

    async def start(self) -> None:
        """Connect. A Slack that is away is waited for in the background.

        Raises `ConfigError` for a token that Slack does not take.
        """
        if not self._token:
            raise ConfigError("LOKET_SLACK_APP_TOKEN is empty: Socket Mode needs an app-level token (xapp-…)")
        web = self._wire.client()
        self._client = client = SocketModeClient(
            app_token=self._token, logger=self._log, web_client=web, proxy=web.proxy, ping_interval=PING_SECONDS
        )
        await client.aiohttp_client_session.close()
        client.aiohttp_client_session = self._wire.session
        client.proxy = web.proxy  # the SDK takes one from the environment where none is set
        client.socket_mode_request_listeners.append(self._received)
        try:
            client.wss_uri = str(
                (await answer("apps.connections.open", web.apps_connections_open(app_token=self._token)))["url"]
            )
        except ConnectorError as error:
            if (why := final_no(error)) is not None:
                await self.stop()
                raise ConfigError(f"Slack does not take LOKET_SLACK_APP_TOKEN ({why})") from error
            log.warning("slack_away", kind="socket", error=type(error).__name__)
        connecting = asyncio.ensure_future(client.connect())  # type: ignore[no-untyped-call]
        self._tasks = [connecting, asyncio.ensure_future(self._watch(client))]
        await asyncio.wait({connecting}, timeout=CONNECT_SECONDS)

    async def stop(self) -> None:
        """Finish what is being stored, with its acknowledgement, then close. What comes meanwhile is not taken."""
        client, self._client = self._client, None
        if client is None:
            return
        if self._received in client.socket_mode_request_listeners:
            client.socket_mode_request_listeners.remove(self._received)
        client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
        await self._under_way.finish(DRAIN_SECONDS)
        client.closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Not `client.close()`: it would close the session, which is the wire's and serves others.
        await client.disconnect()  # type: ignore[no-untyped-call]
        running = [client.message_processor, client.current_session_monitor, client.message_receiver]
        for one in running:
            if one is not None:
                one.cancel()
        await asyncio.gather(*(one for one in running if one is not None), return_exceptions=True)

    async def _received(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """One envelope. It is acknowledged when it was taken, over the connection that there is by then."""
        await asyncio.shield(self._under_way.track(self._take(client, request)))

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            if isinstance(request.payload, dict):
                await send_async_response(client, request, await run_async_bolt_app(self._app, request), 0.0)
        except ConnectionError:
            log.warning("slack_socket_unacknowledged")  # it comes again, and is known then
        except Exception as error:  # noqa: BLE001 - the SDK would write the text of it to a log
            log.error("slack_socket_failed", error=type(error).__name__, at=where(error))

    async def _watch(self, client: SocketModeClient) -> None:
        """An address works once and for half a minute; the SDK would try an old one for ever."""
        connected = True
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = await client.is_connected()
            if connected and not now:
                log.warning("slack_socket_lost")
            elif now and not connected:
                log.info("slack_socket_back")
            if not now:
                client.wss_uri = None
            connected = now
