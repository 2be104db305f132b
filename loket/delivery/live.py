"""Shows an answer that is being written in the channel the question came from, where that channel can show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.events import Address, Message
from core.ports import Channel, Live


def _nobody_asks(_: Address) -> None:
    """The default of `begins`."""


class LiveChannels:
    """Implements `core.ports.Live` for all channels that say they can stream.

    `begins` is told where the desk begins to think, whether the channel can show that or not.
    """

    def __init__(self, channels: Iterable[Channel], begins: Callable[[Address], None] = _nobody_asks) -> None:
        self._begins = begins
        self._live: dict[str, Live] = {
            channel.name: channel
            for channel in channels
            if channel.capabilities.streaming and isinstance(channel, Live)
        }

    async def begun(self, message: Message) -> None:
        """See `Live.begun`."""
        self._begins(message.address)
        live = self._live.get(message.address.channel)
        if live is not None:
            await live.begun(message)

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`. In a channel that cannot stream nothing is shown."""
        live = self._live.get(message.address.channel)
        if live is not None:
            await live.sentence(message, text)

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        live = self._live.get(message.address.channel)
        if live is not None:
            await live.withdraw(message)
