"""A channel that offers strangers, in their own direct chat, a link to sign in with and be linked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from actions.linking.words import say
from core.events import Address, Message, Place
from core.linking import Acquaintance, Linking
from core.outcomes import Outcome
from core.ports import Capabilities, Channel, Live
from core.replies import Card, Reply

Who = Callable[[Address], Awaitable[Acquaintance | None]]
"""Whom a direct chat is with, as the channel knows them; None when it cannot say."""


class OfferingChannel:
    """Implements `Channel` and, where the one behind it does, `Live`.

    The token is made when the reply leaves and stands in the chat alone: no table, queue or log of ours holds it.
    """

    def __init__(self, inner: Channel, linking: Linking, who: Who) -> None:
        self._inner = inner
        self._linking = linking
        self._who = who

    @property
    def name(self) -> str:
        """See `Channel`."""
        return self._inner.name

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel`."""
        return self._inner.capabilities

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel`."""
        return await self._inner.send(address, await self._with_offer(address, reply), key, again=again)

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel`."""
        await self._inner.update(address, receipt, reply)

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel`."""
        return await self._inner.direct(tenant, user)

    async def begun(self, message: Message) -> None:
        """See `Live`."""
        if isinstance(self._inner, Live):
            await self._inner.begun(message)

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live`."""
        if isinstance(self._inner, Live):
            await self._inner.sentence(message, text)

    async def withdraw(self, message: Message) -> None:
        """See `Live`."""
        if isinstance(self._inner, Live):
            await self._inner.withdraw(message)

    async def _with_offer(self, address: Address, reply: Reply) -> Reply:
        if reply.outcome is not Outcome.REFUSED_IDENTITY or address.place is not Place.DIRECT or reply.card:
            return reply
        who = await self._who(address)
        link = await self._linking.offer(who, reply.language) if who is not None else None
        if link is None:
            return reply
        card = Card(action_id="", title=say("offer_title", reply.language), state="", links=(link,))
        return replace(reply, text=f"{reply.text}\n\n{say('offer_text', reply.language)}", card=card)
