"""The one way out to Slack: one HTTP session, no proxy by accident, and no host but Slack's."""

from __future__ import annotations

import logging
import ssl
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from connectors.loopback import is_loopback
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError
from slack_app.settings import SlackSettings

LONGEST_PAUSE = 30.0
"""Seconds: a longer `Retry-After` is the caller's to wait for, not a connection's."""
_PLAIN = {"https": "http", "wss": "ws", "http": "http", "ws": "ws"}


class Wire:
    """Makes clients that share one session. The session opens with the first call; `close` ends it.

    Every address is held against the host of `api_url`, redirects too: a token never leaves for another one. So a
    GovSlack app stays within slack-gov.com by setting two addresses. `resolver` replaces the system's DNS.
    Raises `ConfigError` for addresses that cannot be meant.
    """

    def __init__(
        self, settings: SlackSettings, outside: OutsideSettings, resolver: AbstractResolver | None = None
    ) -> None:
        _refuse_unusable(settings)
        self._settings = settings
        self._outside = outside
        self._resolver = resolver
        self._trust = _trust(outside)
        self._session: aiohttp.ClientSession | None = None
        # The SDK writes parameters and answers, tokens among them, to a logger that lets debug lines through.
        self._log = logging.getLogger("slack_sdk.quiet")
        self._log.setLevel(logging.WARNING)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session, for what is no method of the Web API: files, and the connection of Socket Mode."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._trust, resolver=self._resolver),
                timeout=aiohttp.ClientTimeout(
                    total=self._settings.timeout_seconds, sock_connect=self._outside.connect_seconds
                ),
                proxy=self._outside.proxy or None,
                middlewares=(self._only_slack,),
            )
        return self._session

    def client(self, token: str = "", team: str = "") -> AsyncWebClient:
        """A client that speaks with this token. `team`: the workspace meant, for the token of an organisation."""
        client = AsyncWebClient(
            token=token or None,
            base_url=self._settings.api_url,
            timeout=int(self._settings.timeout_seconds),
            session=self.session,
            team_id=team or None,
            logger=self._log,
            # Nothing but a plain "too fast" is tried again here: after a broken connection a post may be there.
            retry_handlers=[_Patient(max_retry_count=2)],
        )
        client.proxy = self._outside.proxy or None  # the SDK takes one from the environment
        return client

    def is_slack(self, url: str) -> bool:
        """Whether an address is Slack's, as we are set up: its host or one below it, and encrypted if Slack's is."""
        api, asked = urlsplit(self._settings.api_url), urlsplit(url)
        here, there = (api.hostname or "").lower(), (asked.hostname or "").lower()
        near = there == here or (there.endswith(f".{here}") and not is_loopback(self._settings.api_url))
        return (
            near and _PLAIN.get(asked.scheme) is not None and (asked.scheme in ("https", "wss") or api.scheme == "http")
        )

    async def close(self) -> None:
        """Give the connections back."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _only_slack(
        self, request: aiohttp.ClientRequest, go_on: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if not self.is_slack(str(request.url)):
            raise ConnectorError("slack", "an address that is not Slack's was refused")
        return await go_on(request)


class _Patient(AsyncRateLimitErrorRetryHandler):
    """Waits as long as Slack says, if that is not long."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        said = {name.lower(): values[0] for name, values in response.headers.items()}.get("retry-after", "1")
        return said.isdecimal() and int(said) <= LONGEST_PAUSE


def _refuse_unusable(settings: SlackSettings) -> None:
    api, page = urlsplit(settings.api_url), urlsplit(settings.authorize_url)
    for name, parts in (("API_URL", api), ("AUTHORIZE_URL", page)):
        address = parts.geturl()
        if not parts.hostname or parts.scheme not in ("https", "http") or parts.username or parts.query:
            raise ConfigError(f"LOKET_SLACK_{name} is no address such as https://slack.com/api/")
        if parts.scheme == "http" and not is_loopback(address):
            raise ConfigError(f"LOKET_SLACK_{name} is not encrypted: tokens could be read on the way")
    if api.hostname != page.hostname:
        raise ConfigError(
            f"LOKET_SLACK_API_URL is at {api.hostname} and LOKET_SLACK_AUTHORIZE_URL at {page.hostname}: "
            "for GovSlack set both"
        )


def _trust(outside: OutsideSettings) -> ssl.SSLContext | bool:
    if outside.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(outside.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate file {outside.ca_file} cannot be read") from error
