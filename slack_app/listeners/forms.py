"""`view_submission`: a form was sent. What is wrong with it is said at its field, in the answer itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from core.events import Address, Click, Place, Verb
from core.ports import Decision
from core.replies import Button
from slack_app.deciding import decide, in_time
from slack_app.edge import Edge, Person, event_id_of
from slack_app.guard import CHANNEL, Origin
from slack_app.listeners import feedback, filling, home
from slack_app.posted import person_of
from slack_app.pressed import Press
from slack_app.shapes import Json, Malformed, id_of, needed_id, part_of, text_of
from slack_app.telling import is_worth_telling, tell_decision, tell_words
from slack_app.views import ids
from slack_app.views.forms import (
    FormPlace,
    FormState,
    errors_for,
    fields_of,
    form_for,
    missing_in,
    slow_view,
    state_of,
)
from slack_app.windows import open_window
from slack_app.words import say

Answer = Mapping[str, object]
MOST_FIELD = 3_000
"""Characters of one field; Slack's own limit for what people type."""
_CLEAR: Answer = {"response_action": "clear"}


async def opened(edge: Edge, press: Press, person: Person, button: Button) -> None:
    """Open the form of a button that asks for something first. Above a card in a window it lies on top of it."""
    language = await edge.languages.of(person.identity, person.standing)
    await open_window(edge, press, person, form_for(button, press.value, language, place_of(press)))


def place_of(press: Press) -> FormPlace:
    """Where a form is opened, as it travels with it."""
    tenant, user = press.origin.tenant, press.user
    if press.direct:
        return FormPlace(tenant, press.room, "", press.root, user, press.root)
    return FormPlace(tenant, press.room, press.root, "", user, press.root, shared=True)


async def sent(edge: Edge, origin: Origin, body: Json) -> Answer | None:
    """Somebody sent a form of ours. One that is not ours, or that says nothing we know, is refused as it stands."""
    view, who = part_of(body, "view"), part_of(body, "user")
    name = text_of(view, "callback_id")
    try:
        state = state_of(view)
        filled = fields_of(view) if name != ids.FILL else {}
    except (ValueError, AttributeError) as error:
        raise Malformed("view") from error
    if any(len(value) > MOST_FIELD for value in filled.values()):
        raise Malformed("values")
    person = await person_of(edge, origin, needed_id(who, "id"), id_of(who, "team_id"))
    if name == ids.FILL:
        return await filling.sent(edge, origin, person, view, state, _address(origin, person, state.place))
    if name == ids.COMMENT:
        return await feedback.commented(edge, origin, person, state, filled.get("comment", ""))
    word = name.removeprefix(ids.FORM)
    if not name.startswith(ids.FORM) or word not in set(Verb):
        raise Malformed("callback_id")
    if not filled:
        raise Malformed("values")
    if missing := missing_in(filled, state.language):
        return _errors(missing)
    event_id = event_id_of(
        origin, "form", person.user, text_of(view, "id"), text_of(view, "hash"), text_of(body, "trigger_id")
    )
    address = _address(origin, person, state.place)
    click = Click(event_id, person.identity, address, state.about, Verb(word), filled, person.standing)
    return await _decided(edge, origin, person, click, state)


def _address(origin: Origin, person: Person, place: FormPlace) -> Address:
    """Where the form was opened, as we noted it ourselves; another workspace's note, or another person's, is none."""
    if place.tenant != origin.tenant or place.user != person.user or not place.room:
        return Address(CHANNEL, origin.tenant, "", Place.DIRECT, None, person.user)
    where = Place.SHARED if place.shared else Place.DIRECT
    return Address(
        CHANNEL,
        origin.tenant,
        place.room,
        where,
        place.thread or None,
        person.user,
        "" if place.shared else place.anchor,
    )


async def _decided(edge: Edge, origin: Origin, person: Person, click: Click, state: FormState) -> Answer:
    task = edge.afterwards.track(decide(edge, click))
    if not await in_time(task):
        edge.afterwards.do("click", _late(edge, origin, person, click, task))
        return {"response_action": "update", "view": slow_view(state.language)}
    decision = task.result()
    if decision is None or not (decision.accepted or decision.links):
        text = decision.text if decision else say("try_again", state.language)
        return _errors(errors_for(click.fields, text))
    if is_worth_telling(click.verb, decision):
        tell_decision(edge, origin, person, decision, *_where(click))
    if not click.address.room:
        edge.afterwards.do("views", home.published(edge, origin, person))
    return _CLEAR


async def _late(edge: Edge, origin: Origin, person: Person, click: Click, task: asyncio.Task[Decision | None]) -> None:
    """The window said that the result comes in the chat."""
    decision = await task
    if decision is None:
        tell_words(edge, origin, person, "try_again", *_where(click))
    else:
        tell_decision(edge, origin, person, decision, *_where(click))
    await home.published(edge, origin, person)


def _where(click: Click) -> tuple[str, str]:
    return click.address.room, click.address.thread or click.address.anchor


def _errors(errors: Mapping[str, str]) -> Answer:
    return {"response_action": "errors", "errors": dict(errors)} if errors else _CLEAR
