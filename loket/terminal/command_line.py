"""A channel for commands that end at once: whoever proposed something there looks with `loket approvals list`."""

from __future__ import annotations

from core.events import Address
from core.ports import Capabilities
from core.replies import Reply

PLACE = "command_line"


class CommandLineChannel:
    """Implements `core.ports.Channel`: whoever proposed something there looks with `loket approvals list`."""

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return PLACE

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return Capabilities()

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """Nobody is there any more."""
        return key

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """Nobody is there any more."""

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`."""
        return Address(PLACE, tenant, user, user=user)
