"""A form as every channel can draw it: fields with their labels and bounds, and what somebody filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.events import Address
from core.people import ChannelIdentity, Standing


class FieldKind(StrEnum):
    """What a field takes. A channel that has no input of a kind may draw a line of text: the value is checked again."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a field, and what people read for it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks, in the reader's language.

    `least` and `most` are characters of a text, the value of a number, and days from today of a date. A value is a text
    whatever the kind: a date is `2026-03-31`, a number has a point for its decimals, yes and no are `yes` and `no`.
    `whole`: a number without decimals. `value` stands there already.
    """

    name: str
    kind: FieldKind
    label: str
    help: str = ""
    required: bool = True
    choices: tuple[Choice, ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a tool asks for. `tool` is its name, an opaque id for a channel; `replaces` the draft being edited."""

    title: str
    fields: tuple[Field, ...]
    submit: str
    tool: str
    language: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class FormWanted:
    """Somebody wants to fill in the form of a tool, or (`replaces`) to change their own draft."""

    identity: ChannelIdentity
    address: Address
    tool: str = ""
    replaces: str = ""
    standing: Standing = Standing.MEMBER


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that somebody sent. All of it comes from outside and is checked again, by whom and for which tool first.

    The same `event_id` is the same form. `values` are by the field's name.
    """

    event_id: str
    identity: ChannelIdentity
    address: Address
    tool: str
    values: Mapping[str, str]
    replaces: str = ""
    standing: Standing = Standing.MEMBER


@dataclass(frozen=True, slots=True)
class Filling:
    """What became of it. `errors` are said at their field; `text` is about the whole form. Accepted: a draft follows in
    the chat."""

    accepted: bool
    text: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
