"""What goes out: text, citations and cards. Channels draw them; nothing here knows how a channel looks."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Verb
from core.fields import Form
from core.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Citation:
    """The clause an answer rests on; built from retrieval metadata only, never from model text.

    `quote` stands verbatim in the section `heading` of `path`. `note` says in the reader's language when the text
    is superseded or not yet in force.
    """

    path: str
    heading: str
    title: str
    owner: str
    language: str
    quote: str
    address: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card: what it is and its whole value, never cut off."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Button:
    """A choice on a card. `fields` names what a form asks before the click is sent: `code`, `reason`, `callback`."""

    verb: Verb
    label: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A way to one of our own pages. Opening it changes nothing: what it leads to asks first."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Card:
    """The state of one action as its reader may see it. Buttons act on `action_id` and nothing else."""

    action_id: str
    title: str
    state: str
    facts: tuple[Fact, ...] = ()
    buttons: tuple[Button, ...] = ()
    note: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to say next. Choosing it is the same as writing `message`; `title` is short enough for a button."""

    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing said to one address. `outcome` is set on the reply that ends a turn.

    `text` is Markdown. `private` moves it to the person's direct chat when the address is shared. `form` is offered
    besides: a channel that cannot draw one leaves it out.
    """

    text: str
    language: str
    outcome: Outcome | None = None
    citations: tuple[Citation, ...] = ()
    card: Card | None = None
    private: bool = False
    model: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    form: Form | None = None
