"""What the door takes, field by field: strict, closed and short, because every value ends in a table or a log.

Ids are visible ASCII without `:`, which separates the parts of an event id. Text loses what nobody can see.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from core.attachments import UNWANTED_SIZE, Attachment
from core.events import Address, Click, Message, Place, Verb
from core.feedback import Feedback
from core.file_names import MEGABYTE
from core.people import ChannelIdentity
from core.plain_text import visible

CHANNEL = "door"
MOST_FILE_BYTES = 10 * MEGABYTE
"""Of one file; the same as Slack's default."""


def _id(longest: int) -> StringConstraints:
    return StringConstraints(pattern=r"^[!-9;-~]+$", max_length=longest, strict=True)


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _this_century(moment: datetime) -> datetime:
    # At the ends of the calendar a time zone cannot be taken off any more.
    if not 2000 <= moment.year < 2100:
        raise ValueError("a moment of another century")
    return moment.astimezone(UTC)


Id = Annotated[str, _id(120)]
User = Annotated[str, _id(60)]
Room = Annotated[str, _id(100)]
Text = Annotated[str, BeforeValidator(_visible), StringConstraints(strict=True, min_length=1, max_length=16_000)]
Value = Annotated[str, BeforeValidator(_visible), StringConstraints(strict=True, max_length=2_000)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$", strict=True)]
ActionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$", strict=True)]
Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_this_century)]


class Body(BaseModel):
    """What every body has: an id of its own, and who."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Id
    user: User

    def event_id(self, source: str) -> str:
        """The event's id here: the same id of another source is another event."""
        return f"{CHANNEL}:{source}:{self.id}"

    def identity(self, source: str) -> ChannelIdentity:
        """Who did it. The source vouches for its own users and for nobody else's."""
        return ChannelIdentity(CHANNEL, source, self.user)


class PlacedBody(Body):
    """What happened somewhere. `place` says whether others read along."""

    room: Room
    place: Literal["direct", "shared"]
    thread: Annotated[str, _id(64)] | None = None

    def address(self, source: str) -> Address:
        """Where that is."""
        return Address(CHANNEL, source, self.room, Place(self.place), self.thread, self.user)


class FileForm(BaseModel):
    """A file that comes with an event: its bytes are brought afterwards. `size` is in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, BeforeValidator(_visible), StringConstraints(strict=True, min_length=1, max_length=200)]
    type: Annotated[str, StringConstraints(pattern=r"^[!-~ ]*$", strict=True, max_length=100)] = ""
    size: Annotated[int, Field(ge=1, lt=2**31)]


class EventForm(PlacedBody):
    """`POST /v1/events`: something a person wrote. `edits` is the id of an earlier event of the same source."""

    text: Text | Literal[""] = ""
    files: Annotated[list[FileForm], Field(max_length=20)] = Field(default_factory=list)
    sent_at: Moment | None = None
    edits: Id | None = None
    complete: bool = False

    @model_validator(mode="after")
    def _something(self) -> EventForm:
        if not self.text and not self.files:
            raise ValueError("nothing is said")
        return self

    def message(self, source: str, moment: datetime, most_bytes: int = MOST_FILE_BYTES) -> Message:
        """As the desk takes it. `moment` counts when the source does not say when it was written."""
        own = self.event_id(source)
        files = tuple(
            Attachment(f"{own}:{number}", one.name, one.type, one.size, UNWANTED_SIZE if one.size > most_bytes else "")
            for number, one in enumerate(self.files)
        )
        return Message(
            self.event_id(source),
            self.identity(source),
            self.address(source),
            self.text,
            self.sent_at or moment,
            f"{CHANNEL}:{source}:{self.edits}" if self.edits else "",
            self.complete,
            files,
        )


class ClickForm(Body):
    """`POST /v1/clicks`: somebody pressed a button of a card. `fields` is what its form asked for."""

    room: Room
    action_id: ActionId
    verb: Annotated[Verb, Field(strict=False)]
    fields: Annotated[dict[FieldName, Value], Field(max_length=10)] = Field(default_factory=dict)

    def click(self, source: str) -> Click:
        """As the desk takes it."""
        address = Address(CHANNEL, source, self.room, user=self.user)
        return Click(
            self.event_id(source), self.identity(source), address, self.action_id, self.verb, dict(self.fields)
        )


class FeedbackForm(Body):
    """`POST /v1/feedback`: what somebody thought of the reply to `event`; without it, of their last one here."""

    good: bool
    event: Id | None = None
    comment: Annotated[str, BeforeValidator(_visible), StringConstraints(strict=True, max_length=2_000)] = ""

    def feedback(self, source: str) -> Feedback:
        """As the desk takes it."""
        event_id = f"{CHANNEL}:{source}:{self.event}" if self.event else ""
        return Feedback(event_id, self.identity(source), self.good, self.comment)
