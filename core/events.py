"""What comes in: a message, or a click on a card. Channels verify and normalise; nothing else builds these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.attachments import Attachment
from core.people import ChannelIdentity, Standing


class Place(StrEnum):
    """Who can read along: `direct` is one person and the desk, `shared` is anybody in the room."""

    DIRECT = "direct"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply goes. Only the channel itself reads `room` and `thread`.

    `user` is whom the desk is talking with there: a private reply to a shared room goes to their direct chat.

    `thread` is a conversation of its own. `anchor` is not: it names the post that replies hang under where a channel
    draws each exchange of one running conversation below what the person wrote.
    """

    channel: str
    tenant: str
    room: str
    place: Place = Place.DIRECT
    thread: str | None = None
    user: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """What a form asked for, as a tool's arguments; `replaces` is the draft that was edited. Nothing is proposed."""

    tool: str
    arguments: Mapping[str, Any]
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person wrote. `event_id` is `channel:tenant:delivery id`; the same id is the same event.

    `edits` is the event id of an earlier message whose text this one replaces. `complete` says that nothing follows
    (a form, a one-off question): the desk does not wait for the next line of a burst. `files` came with it. With `form`
    it is a form that they sent: it has no text, and is handled by itself.
    """

    event_id: str
    identity: ChannelIdentity
    address: Address
    text: str
    sent_at: datetime
    edits: str = ""
    complete: bool = False
    files: tuple[Attachment, ...] = ()
    standing: Standing = Standing.MEMBER
    form: FilledForm | None = None

    @property
    def partition(self) -> str:
        """Messages of one partition are handled one after the other, in the order they came; a form is alone."""
        room = f"{self.address.channel}:{self.address.tenant}:{self.address.room}"
        if self.form is not None:
            return f"form:{self.event_id}"
        return f"{room}:{self.address.thread or '-'}:{self.identity.user}"


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants no answer any more to what they wrote at an address and that has not been answered yet.

    With an `anchor` in the address it is only what hangs under that post.
    """

    event_id: str
    identity: ChannelIdentity
    address: Address


class Verb(StrEnum):
    """What a button can mean. `prove` carries a `code` field, `deny` a `reason`, `approve` may carry `callback`."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    EDIT = "edit"
    SEND_CODE = "send_code"
    PROVE = "prove"
    NO_CODE = "no_code"
    TAKE = "take"
    APPROVE = "approve"
    DENY = "deny"
    NOT_ME = "not_me"


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody pressed a button. The button carried an opaque action id and nothing else."""

    event_id: str
    identity: ChannelIdentity
    address: Address
    action_id: str
    verb: Verb
    fields: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = Standing.MEMBER
