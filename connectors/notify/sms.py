"""Text messages through a gateway that the settings describe: one POST a message."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import SecretStr

from connectors.examination import Seen
from connectors.http import async_client
from connectors.not_accepted import why
from connectors.notify import Road
from connectors.notify.addresses import check_address
from connectors.notify.certificate import ends_soon, look_at, trust
from connectors.notify.once import Once
from connectors.notify.segments import segments
from connectors.notify.settings import SmsSettings
from connectors.notify.template import Template
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown
from core.plain_text import visible

NEVER_BEGAN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""What httpx raises before a request has left."""

MOST_SECONDS = 25.0
"""How long one message may take in all: delivery gives each 30."""

MAY_BE_THERE = frozenset({408, 409, 425})
"""Refusals that are none: the gateway gave up waiting for a message, or has this key at work already."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a request ended. `left`: the gateway may have the message."""

    good: bool
    detail: str = ""
    left: bool = False


class SmsNotifier:
    """Implements `Notifier` for text messages.

    This process sends a key once. With `key_header` set the gateway itself recognises a repeat; without it, a message
    may come twice after a crash between the gateway's answer and the caller's record.
    """

    name = "sms"
    roads = frozenset({Road.SMS})

    def __init__(self, settings: SmsSettings, outside: OutsideSettings) -> None:
        """Raises `ConfigError` for a certificate file that cannot be read. Nothing is connected yet."""
        self._settings, self._outside = settings, outside
        self._template = Template(settings.template)
        self._once = Once(self.name)
        # What goes to this machine goes unencrypted, so not by way of another one.
        near = settings.url.startswith("http://")
        self._client = async_client(
            outside.model_copy(update={"proxy": ""}) if near else outside, settings.read_seconds
        )

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """Hand one message to the gateway; a text message has no subject. Raises `ConnectorError` when it surely was
        not sent, `EffectUnknown` when it may have been. Neither names the number or what the gateway said."""
        if road not in self.roads:
            raise ConnectorError(self.name, f"{road.value} is no text message")
        check_address(road, address, subject)
        said = visible(text.get_secret_value())
        if (parts := segments(said)) > self._settings.max_segments:
            most = self._settings.max_segments
            raise ConnectorError(self.name, f"the text takes {parts} parts, LOKET_SMS_MAX_SEGMENTS allows {most}")
        await self._once.send(road, key, partial(self._send, address, said, token_of(key)))

    async def _send(self, address: str, text: str, token: str) -> None:
        values = {
            "to": address,
            "to_digits": address.removeprefix("+"),
            "sender": self._settings.sender,
            "text": text,
            "key": token,
        }
        end = await self._post(self._written(self._template.filled(values)), self._headers(token))
        if end.left:
            raise EffectUnknown(self.name, f"{end.detail}: the message may have been sent")
        if not end.good:
            raise ConnectorError(self.name, end.detail)

    async def _post(self, body: bytes, headers: dict[str, str]) -> _End:
        """Never raises what the library raises: its errors hold the request, and with it the text and the key."""
        seconds = min(MOST_SECONDS, self._outside.connect_seconds + 2 * self._settings.read_seconds)
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.post(self._settings.url, content=body, headers=headers)
                return self._judged(response)
        except NEVER_BEGAN as error:
            return _End(good=False, detail=_words(error))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return _End(good=False, detail=f"no whole answer ({type(error).__name__})", left=True)
        finally:
            self._client.cookies.clear()

    def _judged(self, response: httpx.Response) -> _End:
        code = response.status_code
        if code in self._settings.accepted:
            if not self._settings.id_path or _at(response, self._settings.id_path):
                return _End(good=True)
            return _End(good=False, detail=f"the gateway answers {code} without a number", left=True)
        surely_not = 400 <= code <= 499 and code not in MAY_BE_THERE
        return _End(good=False, detail=f"the gateway answers {code}", left=not surely_not)

    def _written(self, body: dict[str, Any]) -> bytes:
        if self._settings.body == "form":
            return urlencode(body).encode("ascii")
        return json.dumps(body, ensure_ascii=False).encode()

    def _headers(self, token: str) -> dict[str, str]:
        settings = self._settings
        kind = "application/x-www-form-urlencoded" if settings.body == "form" else "application/json"
        headers = {"Content-Type": kind, "Accept": "application/json"}
        key = settings.key.get_secret_value() if settings.key else ""
        if settings.auth == "header":
            headers[settings.auth_header] = key
        elif settings.auth == "basic":
            headers["Authorization"] = f"Basic {base64.b64encode(f'{settings.user}:{key}'.encode()).decode('ascii')}"
        else:
            headers["Authorization"] = f"Bearer {key}"
        if settings.key_header:
            headers[settings.key_header] = token
        return headers

    async def powers(self) -> Sequence[str]:
        """What it can do to others: it writes to people in the organisation's name, and costs money."""
        return ("notify.sms",)

    async def examine(self) -> Sequence[Seen]:
        """Shake hands with the gateway's server. No request is made: gateways have none that surely sends nothing."""
        address = urlsplit(self._settings.url)
        if address.scheme == "http":
            return [Seen("sms", good=True, detail=f"{address.netloc}, on this machine; not asked")]
        ca_file = self._outside.ca_file
        context = trust(ca_file) if ca_file else httpx.create_ssl_context()
        try:
            async with asyncio.timeout(self._outside.connect_seconds + self._settings.read_seconds):
                look = await look_at(self._settings.url, context, self._outside.proxy)
        except (OSError, ValueError, TimeoutError) as error:
            return [Seen("sms", good=False, detail=f"{address.netloc}: {_reason(error)}", advice=_advice(error))]
        repeats = "repeats are recognised" if self._settings.key_header else "a repeat may come twice"
        detail = f"{address.netloc} answers under {look.tls}; {repeats}; the key was not tried, since that would send"
        return [Seen("sms", good=True, detail=detail), ends_soon("sms certificate", look.ends)]

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def token_of(key: str) -> str:
    """What the gateway sees of a key: 32 letters, the same for every try, and nothing that can be read."""
    return hashlib.sha256(f"sms {key}".encode()).hexdigest()[:32]


def _at(response: httpx.Response, path: str) -> bool:
    """Whether the JSON answer has a text or number at a path such as `messages.0.id`."""
    try:
        found = response.json()
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    return isinstance(found, str | int) and not isinstance(found, bool) and found != ""


def _words(error: httpx.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _reason(cause)
        cause = cause.__cause__ or cause.__context__
    return f"no connection ({type(error).__name__})"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not accepted ({why(error)})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return f"no connection ({error.strerror or type(error).__name__})"
    return str(error)


def _advice(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "LOKET_SMS_URL must have the name in the certificate, LOKET_OUTSIDE_CA_FILE the authority that signed it"
    return "check LOKET_SMS_URL, LOKET_OUTSIDE_PROXY, and that the firewall lets this machine out"
