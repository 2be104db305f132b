"""How a channel asks who an account it does not know may be, and what it tells of that account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.people import ChannelIdentity, Standing
from core.replies import Link


@dataclass(frozen=True, slots=True)
class Profile:
    """What a channel says of an account. Data: `name` and `workspace` are words that its owner or somebody else typed.

    `address` is an e-mail address only where the channel itself has verified it (Slack: `is_email_confirmed`), else
    empty.
    """

    name: str = ""
    address: str = ""
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Whom a channel talks with in a direct chat, as it knows them."""

    identity: ChannelIdentity
    standing: Standing
    profile: Profile | None = None


class Linking(Protocol):
    """What a channel tells and asks about accounts that the directory may not know. Nothing here raises for a system
    that is away: a message must not wait for it."""

    async def met(self, who: Acquaintance) -> None:
        """Somebody wrote or clicked. A link that exists stays in use; an outsider's ends; where an admin trusts the
        addresses of the workspace, a stranger may be linked. Call it before the event is handed in: it returns when
        nothing is left to do that the event depends on."""

    async def offer(self, who: Acquaintance, language: str) -> Link | None:
        """A link with which this stranger can show who they are, for their own direct chat only; None where there is
        no such way, for outsiders, for who is known, and after three in an hour."""

    async def departed(self, identity: ChannelIdentity) -> None:
        """The channel says that this account is off, a guest's, or of another organisation: its link ends."""
