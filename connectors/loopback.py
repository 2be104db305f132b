"""Whether an address is this machine's own: only there may something go unencrypted or unmasked."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """True for `localhost` and for loopback numbers alone: `127.evil.example` is a name that anybody can own."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
