"""What the door takes, field by field: strict, closed and short, because every value ends in a table or a log.

Ids are visible ASCII without `:`, which separates the parts of an event id. Text loses what nobody can see.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from core.events import Address, Click, Message, Place, Verb
from core.feedback import Feedback
from core.people import ChannelIdentity
from core.plain_text import visible

CHANNEL = "door"


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
Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_this_century)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Id
    user: User

    def event_id(self, source: str) -> str:
        """The event's id here: the same id of another source is another event."""
        return f"{CHANNEL}:{source}:{self.id}"

    def identity(self, source: str) -> ChannelIdentity:
        """Who did it. The source vouches for its own users and for nobody else's."""
        return ChannelIdentity(CHANNEL, source, self.user)


class EventForm(_Form):
    """`POST /v1/events`: something a person wrote. `edits` is the id of an earlier event of the same source."""

    room: Room
    place: Literal["direct", "shared"]
    text: Text
    thread: Annotated[str, _id(64)] | None = None
    sent_at: Moment | None = None
    edits: Id | None = None
    complete: bool = False

    def message(self, source: str, moment: datetime) -> Message:
        """As the desk takes it. `moment` counts when the source does not say when it was written."""
        return Message(
            self.event_id(source),
            self.identity(source),
            Address(CHANNEL, source, self.room, Place(self.place), self.thread, self.user),
            self.text,
            self.sent_at or moment,
            f"{CHANNEL}:{source}:{self.edits}" if self.edits else "",
            self.complete,
        )


class ClickForm(_Form):
    """`POST /v1/clicks`: somebody pressed a button of a card. `fields` is what its form asked for."""

    room: Room
    action_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$", strict=True)]
    verb: Annotated[Verb, Field(strict=False)]
    fields: Annotated[dict[FieldName, Value], Field(max_length=10)] = Field(default_factory=dict)

    def click(self, source: str) -> Click:
        """As the desk takes it."""
        address = Address(CHANNEL, source, self.room, user=self.user)
        return Click(
            self.event_id(source), self.identity(source), address, self.action_id, self.verb, dict(self.fields)
        )


class FeedbackForm(_Form):
    """`POST /v1/feedback`: what somebody thought of the reply to `event`; without it, of their last one here."""

    good: bool
    event: Id | None = None
    comment: Annotated[str, BeforeValidator(_visible), StringConstraints(strict=True, max_length=2_000)] = ""

    def feedback(self, source: str) -> Feedback:
        """As the desk takes it."""
        event_id = f"{CHANNEL}:{source}:{self.event}" if self.event else ""
        return Feedback(event_id, self.identity(source), self.good, self.comment)
