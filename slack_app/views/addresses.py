"""Which addresses may be clicked: plain web addresses on hosts that were named, and nothing that only looks so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

QUERY = 64
"""A longer query or fragment could carry somebody's words away, so an address with one is shown but not linked."""

# Letters, digits and hyphens only: no user part, no percent sign, no other script, no dot at the end, no backslash.
_WEB = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[^?#\s\\]*)?(?P<rest>[?#][^\s\\]*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?(?P<host>@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_AS_IS = "/:?#!$&+,;=%"
LONGEST = 2000
"""Of an address that is linked; Slack takes 3000 characters."""


def hosts_of(addresses: Iterable[str]) -> frozenset[str]:
    """The hosts of those that are plain web addresses."""
    matches = (_WEB.fullmatch(address.strip()) for address in addresses)
    return frozenset(match["host"].lower() for match in matches if match)


def clickable(address: str, hosts: frozenset[str]) -> str:
    """The address as it may stand in a link, or nothing: every sign that means something in Markdown is encoded."""
    match = _WEB.fullmatch(address)
    if match is None or match["host"].lower() not in hosts or len(match["rest"] or "") > QUERY + 1:
        return ""
    made = encoded(address)
    return made if len(made) <= LONGEST else ""


def writable(address: str, hosts: frozenset[str]) -> str:
    """A mail address as it may stand in a link, or nothing: bare, and at a host that was named as `@host`.

    No percent sign, behind which a subject or further readers could hide.
    """
    match = _MAIL.fullmatch(address)
    return f"mailto:{address}" if match is not None and match["host"].lower() in hosts else ""


def is_web(address: str) -> bool:
    """Whether it is a plain web address at all: asked of addresses that come from settings and documents."""
    return _WEB.fullmatch(address) is not None


def encoded(address: str) -> str:
    """The address with everything percent-encoded that is not plainly part of one."""
    return quote(address, safe=_AS_IS, errors="replace")
