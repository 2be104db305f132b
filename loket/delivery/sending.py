"""One row of the outbox on its way out: a post in a channel, a newer version of one, or a notice outside chat."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from pydantic import SecretStr

from connectors.notify import Notifier, Road
from core.encoding import decode
from core.errors import ConnectorError
from core.events import Address, Place
from core.ports import Channel
from core.replies import Reply
from storage.outbox import Waiting

TURN = "turn:"
"""How the keys of replies begin that a turn ends with (`agent/record.py`)."""


def nobody_asks(_: Address) -> None:
    """The default of `answers`."""


class Sender:
    """Sends rows, once each and without keeping anything. `answers` is told where the answer to a message is posted."""

    def __init__(
        self,
        channels: Iterable[Channel],
        notifier: Notifier | None,
        answers: Callable[[Address], None] = nobody_asks,
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._notifier = notifier
        self._answers = answers

    def add_channel(self, channel: Channel) -> None:
        """Serve one more channel."""
        self._channels[channel.name] = channel

    async def send(self, item: Waiting) -> str:
        """Send it; returns the receipt by which it can be found again. Raises `ConnectorError`, and what a row that
        cannot be read raises (`ValueError`, `KeyError`)."""
        if item.kind == "notify" and self._notifier is not None:
            text = SecretStr(str(item.payload["text"]))
            road = Road(item.destination["road"])
            await self._notifier.send(
                road, str(item.destination["address"]), str(item.payload["subject"]), text, item.key
            )
            return item.key
        return await self._post(decode(Address, item.destination), decode(Reply, item.payload), item)

    async def _post(self, address: Address, reply: Reply, item: Waiting) -> str:
        channel = self._channels.get(address.channel)
        if channel is None:
            raise ConnectorError("delivery", f"no channel {address.channel!r} is connected here")
        if item.key.startswith(TURN):
            self._answers(address)
        if reply.private and address.place is Place.SHARED:
            address = await self._direct(channel, address)
        if item.receipt is not None and channel.capabilities.updates:
            await channel.update(address, item.receipt, reply)
            return item.receipt
        return await channel.send(address, reply, item.key, again=item.attempts > 0)

    async def _direct(self, channel: Channel, address: Address) -> Address:
        if not address.user:
            raise ConnectorError("delivery", "a private reply to a shared room does not say whose it is")
        direct = await channel.direct(address.tenant, address.user)
        return dataclasses.replace(direct, user=address.user)
