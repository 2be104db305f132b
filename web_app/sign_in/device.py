"""Signing in from a place without a browser (RFC 8628): a short code is typed at the provider, on any device.

Whoever reads the code to somebody else has them sign in for a stranger, so it proves less than the code flow: it opens
a command line, where each vote is one command of one person, and never proves identity for a reset.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.directory import Directory
from connectors.fetch import Fetch
from connectors.loopback import is_loopback
from core.errors import ConfigError, ConnectorError
from core.sign_in import SignedIn
from web_app.sign_in.id_token import FRESH_SECONDS, Expected, check
from web_app.sign_in.provider import SYSTEM, Provider
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings
from web_app.sign_in.tokens import TokenEndpoint, tokens_of
from web_app.sign_in.whose import employee_of, method_of

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST_SECONDS = 600.0
DEFAULT_INTERVAL, SLOWER_BY = 5.0, 5.0
"""Seconds between two questions, and by how many more when the provider says `slow_down` (RFC 8628 section 3.5)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that waits for a person: `code` is to be typed at `address`. `until` and `interval` are in seconds, the
    former of the clock of `DeviceSignIn`."""

    code: str
    address: str
    device_code: str = field(repr=False)
    begun: float
    until: float
    interval: float


class DeviceSignIn:
    """Device sign-ins at one provider. `clock` gives seconds since 1970, `sleep` waits for so many."""

    def __init__(
        self,
        settings: OidcSettings,
        directory: Directory,
        fetch: Fetch,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._sleep = sleep
        self._provider = Provider(settings, fetch)
        self._tokens = TokenEndpoint(settings, self._provider, fetch)

    async def begin(self) -> Waiting:
        """Ask for a code. Raises `ConfigError` at a provider without this flow, `NotSignedIn`, `ConnectorError`."""
        where = (await self._provider.endpoints()).device
        if not where:
            raise ConfigError("the identity provider knows no device flow: use Slack, Teams or the web page")
        wanted = " ".join(self._settings.acr_to_ask)
        form = {
            "client_id": self._settings.client_id,
            "scope": self._settings.scope,
            "prompt": "login",
            "max_age": str(FRESH_SECONDS),  # 0 would do, but oidc-provider then forgets to say when it was
            **({"acr_values": wanted} if wanted else {}),
        }
        begun = self._clock()
        return _waiting(await self._tokens.post(where, urlencode(form)), begun)

    async def wait(self, waiting: Waiting, purpose: str) -> SignedIn:
        """Until the person has signed in, in the way that proves identity. Raises `NotSignedIn`, `ConnectorError`."""
        values, interval = None, waiting.interval
        while values is None:
            await self._sleep(interval)
            if self._clock() >= waiting.until:
                raise NotSignedIn("used_or_old")
            try:
                values = await self._tokens.ask(GRANT, {"device_code": waiting.device_code})
            except NotSignedIn as no:
                interval = _next(interval, no)
        tokens = tokens_of(values)
        expected = Expected("", "", tokens.access_token, waiting.begun, True, self._clock())
        claims = await check(tokens.id_token, self._provider, self._settings, expected)
        employee, identity = await employee_of(claims, self._settings, self._directory)
        method = method_of(claims, self._settings, fresh=True)
        at, acr = datetime.fromtimestamp(claims.at, UTC), " ".join(sorted(claims.acr))[:100]
        return SignedIn(employee.employee_id, identity, method, at, purpose, "", acr)


def _next(interval: float, no: NotSignedIn) -> float:
    """How long to wait until the next question. Raises what is final."""
    if no.reason == "provider_authorization_pending":
        return interval
    if no.reason == "provider_slow_down":
        return interval + SLOWER_BY
    raise no


def _waiting(values: Mapping[str, Any], begun: float) -> Waiting:
    code, address, device_code = (values.get(name) for name in ("user_code", "verification_uri", "device_code"))
    lasts, interval = values.get("expires_in"), values.get("interval", DEFAULT_INTERVAL)
    good = isinstance(code, str) and 0 < len(code) <= 40 and code.isascii() and code.isprintable()
    good = good and isinstance(device_code, str) and 0 < len(device_code) <= 2048 and device_code.isascii()
    if not good or not _is_page(address) or not _is_seconds(lasts) or not _is_seconds(interval):
        raise ConnectorError(SYSTEM, "the provider gave no usable code for a device")
    until = begun + min(float(str(lasts)), LONGEST_SECONDS)
    return Waiting(str(code), str(address), str(device_code), begun, until, max(1.0, min(float(str(interval)), 30.0)))


def _is_page(address: object) -> bool:
    """Whether a person can be sent there: an address of the web without anything that a terminal would act on."""
    if not isinstance(address, str) or len(address) > 500 or not address.isascii() or not address.isprintable():
        return False
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address)))


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**6
