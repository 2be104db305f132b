"""Microsoft's sign-in library over our own guarded client: same limits, same proxy, and only the hosts we named."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.http import blocking_client
from connectors.settings import OutsideSettings

Guard = Callable[[str], bool]


class MsalHttp:
    """What msal expects of an HTTP client: `get`, `post`, `close`. Raises `ValueError` for a host that is not ours.

    msal takes the address of the token from a document it fetched; `allowed` keeps our credential from going
    wherever that document says.
    """

    def __init__(self, outside: OutsideSettings, seconds: float, allowed: Guard) -> None:
        self._client = blocking_client(outside, seconds)
        self._allowed = allowed

    def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_ignored: Any,
    ) -> httpx.Response:
        """Fetch; further arguments of msal (a `timeout` of its own) have no say."""
        return self._client.get(self._checked(url), params=_texts(params), headers=_texts(headers))

    def post(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_ignored: Any,
    ) -> httpx.Response:
        """Send a form."""
        address = self._checked(url)
        return self._client.post(address, params=_texts(params), data=_texts(data), headers=_texts(headers))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _checked(self, url: str) -> str:
        if not self._allowed(url):
            raise ValueError("the sign-in was to go to a host that is not the configured cloud's")
        return url


def only(host: str) -> Guard:
    """HTTPS to one host, on its usual port."""

    def allowed(url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.netloc.lower() == host

    return allowed


def only_this_machine(url: str) -> bool:
    """Where Azure answers for managed identities: this machine or its link-local address, never beyond."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_link_local


def _texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    # msal gives its signed assertion as bytes; httpx would send Python's spelling of them: "b'eyJ…'".
    if values is None:
        return None
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)
