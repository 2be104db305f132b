"""`block_actions`: a button was pressed. Who may do what is the desk's to say; a button only carries an opaque id."""

from __future__ import annotations

import re

from core.errors import LoketError
from core.events import Click, Verb
from core.ports import Decision
from core.replies import Button, Card
from slack_app.deciding import decide, in_time
from slack_app.edge import Edge, Person
from slack_app.guard import Origin
from slack_app.listeners import feedback, filling, forms, home, suggestion
from slack_app.posted import person_of
from slack_app.pressed import Press, press_of
from slack_app.shapes import Json
from slack_app.telling import is_worth_telling, tell_decision, tell_words
from slack_app.views import ids

_ACTION_ID = re.compile(r"[0-9a-zA-Z-]{1,64}")
_NO_FORM = frozenset({Verb.CONFIRM, Verb.CANCEL, Verb.SEND_CODE, Verb.NO_CODE, Verb.TAKE, Verb.NOT_ME})
"""Buttons that never ask for anything first."""


async def pressed(edge: Edge, origin: Origin, body: Json) -> None:
    """Find out which button it was. One that we do not know, or that only opens a page, is left alone."""
    press = press_of(origin, body)
    if press.name.startswith(ids.SUGGEST):
        await suggestion.chosen(edge, press)
    elif press.name == ids.FEEDBACK:
        await feedback.given(edge, press)
    elif press.name == ids.FILL:
        edge.afterwards.do("open_form", _form(edge, press))
    elif press.name == ids.OPEN_CARD:
        edge.afterwards.do("open_card", home.card_opened(edge, press))
    elif (verb := _verb(press.name)) is not None:
        await in_time(edge.afterwards.do("click", _on_card(edge, press, verb)))


async def _form(edge: Edge, press: Press) -> None:
    """The form of a tool, for whoever pressed: the desk says whether they are offered it."""
    person = await person_of(edge, press.origin, press.user, press.home)
    await filling.opened(edge, press, person, forms.place_of(press), tool=press.value[:64])


def _verb(name: str) -> Verb | None:
    word = name.removeprefix(ids.CARD)
    return Verb(word) if name.startswith(ids.CARD) and word in set(Verb) else None


async def _on_card(edge: Edge, press: Press, verb: Verb) -> None:
    person = await person_of(edge, press.origin, press.user, press.home)
    if not _ACTION_ID.fullmatch(press.value):
        tell_words(edge, press.origin, person, "card_gone", press.room, press.root)
        return
    if verb is Verb.EDIT:
        place = forms.place_of(press)
        edge.afterwards.do("open_form", filling.opened(edge, press, person, place, replaces=press.value))
        return
    if verb not in _NO_FORM:
        try:
            card = await edge.desk.card(person.identity, press.value, person.standing)
        except LoketError:
            _told(edge, press, person, verb, None)
            return
        if card is None:
            tell_words(edge, press.origin, person, "card_gone", press.room, press.root)
            return
        if (button := _button(card, verb)) is not None and button.fields:
            edge.afterwards.do("open_form", forms.opened(edge, press, person, button))
            return
    click = Click(press.event_id, person.identity, press.address, press.value, verb, {}, person.standing)
    _told(edge, press, person, verb, await decide(edge, click))


def _button(card: Card, verb: Verb) -> Button | None:
    return next((button for button in card.buttons if button.verb is verb), None)


def _told(edge: Edge, press: Press, person: Person, verb: Verb, decision: Decision | None) -> None:
    """What came of it, to whoever pressed; the card itself is drawn anew by the desk, wherever it stands."""
    if decision is None:
        tell_words(edge, press.origin, person, "try_again", press.room, press.root)
    elif is_worth_telling(verb, decision):
        tell_decision(edge, press.origin, person, decision, press.room, press.root)
    if press.view_kind:
        edge.afterwards.do("views", home.after_decision(edge, press, person))
