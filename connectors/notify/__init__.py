"""Reaching people outside the chat: by text message, work mail or private mail."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr


class Road(StrEnum):
    """A way to reach somebody. A code and a credential never travel by the same one."""

    SMS = "sms"
    WORK_MAIL = "work_mail"
    PRIVATE_MAIL = "private_mail"


class Notifier(Protocol):
    """Sends one text by one road. Raises `ConnectorError` when it surely was not sent."""

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """`text` may hold a secret: it is written nowhere but to the road. The same `key` is sent once."""
