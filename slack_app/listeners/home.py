"""`app_home_opened`: what somebody sees before they ask anything; and one card in a window, opened from there."""

from __future__ import annotations

from slack_app.edge import Edge, Person, Told
from slack_app.guard import Origin
from slack_app.posted import person_of
from slack_app.pressed import Press
from slack_app.shapes import needed_id, text_of
from slack_app.views.forms import FormPlace, card_view
from slack_app.views.home import home_view
from slack_app.views.prompts import prompts_for

SECONDS = 10.0
OPEN_SECONDS = 2.5


async def opened(edge: Edge, told: Told) -> None:
    """Somebody opened one of the two tabs. Nothing of it is stored: they look again when they want to."""
    user, tab = needed_id(told.event, "user"), text_of(told.event, "tab")
    if tab == "home":
        edge.afterwards.do("home", _welcomed(edge, told.origin, user))
    elif tab == "messages":
        edge.afterwards.do("prompts", _prompted(edge, told.origin, user, needed_id(told.event, "channel")))


async def _welcomed(edge: Edge, origin: Origin, user: str) -> None:
    await published(edge, origin, await person_of(edge, origin, user))


async def published(edge: Edge, origin: Origin, person: Person) -> None:
    """Draw the home tab of somebody as things stand now."""
    page = await edge.desk.front_page(person.identity, person.standing)
    edge.languages.note(person.identity, page.language)
    view = home_view(page)
    await edge.api.call(
        origin.tenant,
        "views.publish",
        lambda client: client.views_publish(user_id=person.user, view=view),
        until=edge.api.until(SECONDS),
    )


async def _prompted(edge: Edge, origin: Origin, user: str, room: str) -> None:
    """Suggest what to ask. Without a thread: with one, Slack takes the call and shows nothing."""
    person = await person_of(edge, origin, user)
    page = await edge.desk.front_page(person.identity, person.standing)
    prompts = prompts_for(page.suggestions, page.language)
    if prompts.prompts:
        await edge.api.call(
            origin.tenant,
            "assistant.threads.setSuggestedPrompts",
            lambda client: client.assistant_threads_setSuggestedPrompts(
                channel_id=room, title=prompts.title, prompts=list(prompts.prompts)
            ),
            until=edge.api.until(SECONDS),
        )


async def card_opened(edge: Edge, press: Press) -> None:
    """Show the card of an action, as this person may see it, with its buttons."""
    person = await person_of(edge, press.origin, press.user, press.home)
    card = await edge.desk.card(person.identity, press.value, person.standing)
    language = await edge.languages.of(person.identity, person.standing)
    view = card_view(card, language, FormPlace(press.origin.tenant, user=press.user))
    await edge.api.call(
        press.origin.tenant,
        "views.open",
        lambda client: client.views_open(trigger_id=press.trigger, view=view),
        until=edge.api.until(OPEN_SECONDS),
    )


async def after_decision(edge: Edge, press: Press, person: Person) -> None:
    """A button was pressed in a view: the card in its window and the home tab show what came of it."""
    if press.view_kind == "modal" and press.view_id:
        language = await edge.languages.of(person.identity, person.standing)
        card = await edge.desk.card(person.identity, press.value, person.standing)
        view = card_view(card, language, FormPlace(press.origin.tenant, user=press.user))
        await edge.api.call(
            press.origin.tenant,
            "views.update",
            lambda client: client.views_update(view_id=press.view_id, view=view),
            until=edge.api.until(SECONDS),
        )
    await published(edge, press.origin, person)
