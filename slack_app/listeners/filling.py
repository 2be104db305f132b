"""A tool's form in Slack: opened by a button, filled in by whoever pressed it, and answered at its fields."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from core.errors import LoketError, where
from core.events import Address
from core.fields import Filled, Filling, FormWanted
from slack_app.deciding import in_time
from slack_app.edge import Edge, Person, event_id_of
from slack_app.guard import Origin
from slack_app.pressed import Press
from slack_app.shapes import Json, Malformed, text_of
from slack_app.telling import tell, tell_words
from slack_app.views.fields import about, form_view, values_of
from slack_app.views.forms import FormPlace, FormState, slow_view
from slack_app.windows import open_window
from slack_app.words import say

Answer = Mapping[str, object]
MOST_FIELD, MOST_FIELDS = 4_000, 100
_CLEAR: Answer = {"response_action": "clear"}
log = structlog.get_logger(__name__)


async def opened(
    edge: Edge, press: Press, person: Person, place: FormPlace, *, tool: str = "", replaces: str = ""
) -> None:
    """Open the form of a tool, or of a draft that its requester wants to change. Nobody else gets that one."""
    wanted = FormWanted(person.identity, press.address, tool, replaces, person.standing)
    try:
        form = await edge.desk.form(wanted)
    except LoketError:
        tell_words(edge, press.origin, person, "try_again", press.room, press.root)
        raise
    if form is None:
        tell_words(edge, press.origin, person, "form_gone", press.room, press.root)
        return
    await open_window(edge, press, person, form_view(form, place))


async def sent(edge: Edge, origin: Origin, person: Person, view: Json, state: FormState, address: Address) -> Answer:
    """Have the desk look at what was filled in. What is wrong is said at its field; else the draft comes in the chat.

    Raises `Malformed` for what no form of ours sends.
    """
    try:
        values = values_of(view)
    except (ValueError, AttributeError) as error:
        raise Malformed("values") from error
    if len(values) > MOST_FIELDS or any(len(value) > MOST_FIELD for value in values.values()):
        raise Malformed("values")
    tool, replaces = about(state)
    event_id = event_id_of(origin, "fill", person.user, text_of(view, "id"))
    if not address.room:  # opened in App Home: the draft comes in their direct chat
        address = await edge.channel.direct(origin.tenant, person.user)
    filled = Filled(event_id, person.identity, address, tool, values, replaces, person.standing)
    task = edge.afterwards.track(_filled(edge, filled))
    if not await in_time(task):
        edge.afterwards.do("fill", _late(edge, origin, person, address, task))
        return {"response_action": "update", "view": slow_view(state.language)}
    return _answer(task.result(), values, state.language)


def _answer(filling: Filling | None, values: Mapping[str, str], language: str) -> Answer:
    if filling is not None and filling.accepted:
        return _CLEAR
    text = filling.text if filling else say("try_again", language)
    errors = {name: said for name, said in filling.errors.items() if name in values} if filling else {}
    errors = errors or {name: text for name in list(values)[:1]}
    return {"response_action": "errors", "errors": errors} if errors else _CLEAR


async def _filled(edge: Edge, filled: Filled) -> Filling | None:
    """None where the desk could not; nothing of an error is repeated, it may hold what was typed."""
    try:
        return await edge.desk.fill(filled)
    except LoketError as error:
        log.warning("slack_form_failed", error=type(error).__name__, system=getattr(error, "system", ""))
    except Exception as error:  # noqa: BLE001 - its text may hold what was typed into a form
        log.error("slack_form_failed", error=type(error).__name__, at=where(error))
    return None


async def _late(
    edge: Edge, origin: Origin, person: Person, address: Address, task: asyncio.Task[Filling | None]
) -> None:
    """The window said that the result comes in the chat: a draft does so by itself, anything else is told."""
    filling = await task
    root = address.thread or address.anchor
    if filling is None:
        tell_words(edge, origin, person, "try_again", address.room, root)
    elif not filling.accepted:
        tell(edge, origin, person, filling.text or "\n".join(filling.errors.values()), address.room, root)
