"""Which address can be reached by which road: a wrong one is refused before anything is sent."""

from __future__ import annotations

import re

from connectors.notify import Road
from core.errors import ConnectorError

PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
MAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9.-]{1,253}")
# What mail servers take without an extension (RFC 5321 Dot-string, RFC 5322 atext): no quotes, no comments, ASCII.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAILBOX = re.compile(rf"(?=.{{1,64}}@.{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
SENDER_NAME = re.compile(r"\+[1-9][0-9]{6,14}|(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ]{0,9}[A-Za-z0-9]|[A-Za-z]")


def check_address(road: Road, address: str, subject: str) -> None:
    """Raises `ConnectorError` for an address the road cannot reach, and for a subject with a line break in it.

    Neither value is repeated in the error: a private address does not belong in a log.
    """
    pattern = PHONE if road is Road.SMS else MAIL
    if not pattern.fullmatch(address):
        raise ConnectorError("notify", f"the address is none that {road.value} can reach")
    if "\n" in subject or "\r" in subject:
        raise ConnectorError("notify", "a subject is one line")
