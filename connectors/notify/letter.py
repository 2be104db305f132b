"""One message as mail: its headers and text, in the bytes that a mail server takes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime

from pydantic import SecretStr

from connectors.notify import Road
from connectors.notify.addresses import MAILBOX, check_address
from connectors.notify.settings import SmtpSettings
from core.errors import ConnectorError
from core.plain_text import one_line, visible

HEADERS = (
    "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
    "Subject", "To", "X-Auto-Response-Suppress",
)  # fmt: skip
"""All that a mail has, each once."""


def message_id(road: Road, key: str, sender: str) -> str:
    """The number of a message, the same for every try of a key by a road. The key cannot be read in it."""
    digest = hashlib.sha256(f"{road} {key}".encode()).hexdigest()
    return f"<{digest[:40]}@{sender.rpartition('@')[2]}>"


def letter(
    settings: SmtpSettings, road: Road, address: str, subject: str, text: SecretStr, key: str, at: datetime
) -> bytes:
    """The whole mail. Raises `ConnectorError` for an address that mail cannot reach, without repeating it.

    A text that cannot be read as characters loses those, as everywhere: it is never an error that quotes it.
    """
    check_address(road, address, subject)
    if not MAILBOX.fullmatch(address):
        raise ConnectorError(
            "mail", "the address has quotes, comments or letters outside ASCII: mail needs a plain one"
        )
    name = (settings.private_name or settings.work_name) if road is Road.PRIVATE_MAIL else settings.work_name
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=_inert(name), addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=address)
    mail["Subject"] = _inert(subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(road, key, settings.sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies and list servers leave it alone
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mail.set_content(visible(text.get_secret_value()), charset="utf-8", cte="quoted-printable")
    return _checked(mail.as_bytes())


def _inert(text: str) -> str:
    # The library takes "=?utf-8?q?=0A…?=" in a header for what it encodes, and some versions of Python (CVE-2024-6923)
    # write the line break in it out: a header of the sender's choice.
    return one_line(text).replace("=?", "= ?")


def _checked(raw: bytes) -> bytes:
    if tuple(sorted(BytesHeaderParser().parsebytes(raw).keys())) != HEADERS:
        raise ConnectorError("mail", "the headers are not those that were meant")
    return raw
