"""What somebody thought of a reply: a thumb up or down, and why."""

from __future__ import annotations

from dataclasses import dataclass

from core.people import ChannelIdentity, Standing


@dataclass(frozen=True, slots=True)
class Feedback:
    """A person's opinion of the reply to their message `event_id`; a later one takes the place of an earlier.

    An empty `event_id` means their last message in that channel. `comment` may be empty.
    """

    event_id: str
    identity: ChannelIdentity
    good: bool
    comment: str = ""
    standing: Standing = Standing.MEMBER
