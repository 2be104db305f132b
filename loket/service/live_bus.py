"""Checked sentences on their way from the process that thinks to the one that holds the channel."""

from __future__ import annotations

import json

from core.encoding import decode, encode
from core.events import Message
from core.ports import Live
from loket.service.bus import Bus

TOPIC = "live"


class LiveSender:
    """Implements `core.ports.Live` in the agent: every call is told to whoever holds the channel.

    What was asked stays here; the other side gets who and where, and the sentence. A sentence that is too long for
    the bus is not shown before its time; the reply brings it.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def begun(self, message: Message) -> None:
        """See `Live.begun`."""
        self._tell("begun", message)

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`."""
        self._tell("sentence", message, text)

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        self._tell("withdraw", message)

    def _tell(self, what: str, message: Message, text: str = "") -> None:
        told = {"what": what, "message": {**encode(message), "text": ""}, "text": text}
        self._bus.tell(TOPIC, json.dumps(told, ensure_ascii=False))


class LiveReceiver:
    """Shows in the channels of this process what a `LiveSender` told."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def heard(self, text: str) -> None:
        """One piece of news. Raises ValueError or KeyError for what no `LiveSender` wrote."""
        told = json.loads(text)
        message = decode(Message, told["message"])
        match told["what"]:
            case "begun":
                await self._live.begun(message)
            case "sentence":
                await self._live.sentence(message, str(told["text"]))
            case "withdraw":
                await self._live.withdraw(message)
            case what:
                raise ValueError(f"nobody tells {what!r}")
