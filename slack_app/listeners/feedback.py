"""Thumbs below an answer, and the form that asks why one was no good."""

from __future__ import annotations

from collections.abc import Mapping

from core.feedback import Feedback
from slack_app.edge import Edge, Person
from slack_app.guard import Origin
from slack_app.posted import person_of
from slack_app.pressed import Press
from slack_app.telling import tell
from slack_app.views.forms import FormPlace, FormState, comment_form

MOST_EVENT_ID = 200
_GOOD, _BAD = "good", "bad"
SECONDS = 2.5
"""Slack lets a form be opened for three seconds after the click."""


async def given(edge: Edge, press: Press) -> None:
    """A thumb is kept at once; after a thumb down a form asks why, which may be left empty."""
    verdict, _, event_id = press.value.partition(" ")
    if verdict not in (_GOOD, _BAD) or not event_id or len(event_id) > MOST_EVENT_ID:
        return
    person = await person_of(edge, press.origin, press.user, press.home)
    good = verdict == _GOOD
    said = await edge.desk.feedback(Feedback(event_id, person.identity, good, standing=person.standing))
    if not good and press.trigger:
        edge.afterwards.do("open_comment", _ask_why(edge, press, person, event_id))
    tell(edge, press.origin, person, said, press.room, press.root)


async def _ask_why(edge: Edge, press: Press, person: Person, event_id: str) -> None:
    language = await edge.languages.of(person.identity, person.standing)
    place = FormPlace(press.origin.tenant, press.room, press.root, user=press.user, shared=not press.direct)
    view = comment_form(event_id, language, place)
    await edge.api.call(
        press.origin.tenant,
        "views.open",
        lambda client: client.views_open(trigger_id=press.trigger, view=view),
        until=edge.api.until(SECONDS),
    )


async def commented(
    edge: Edge, origin: Origin, person: Person, state: FormState, comment: str
) -> Mapping[str, object] | None:
    """Why it was no good. Without a word, the thumb alone stands."""
    if comment and state.about and len(state.about) <= MOST_EVENT_ID:
        said = await edge.desk.feedback(
            Feedback(state.about, person.identity, good=False, comment=comment, standing=person.standing)
        )
        room = state.place.room if state.place.user == person.user else ""
        tell(edge, origin, person, said, room, state.place.thread)
    return None
