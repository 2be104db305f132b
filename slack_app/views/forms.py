"""Windows that Slack opens: the form that a button asks for, why an answer was no good, and one card by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from core.events import Verb
from core.replies import Button, Card
from slack_app.views import ids
from slack_app.views.card import buttons_of, facts_of
from slack_app.views.measure import size
from slack_app.views.message import block_size
from slack_app.views.pieces import Blocks, joined, plain, text_blocks
from slack_app.words import say

LIMITS = {"code": 20, "reason": 400, "callback": 200}
"""Characters of each field, as the gate keeps them."""
COMMENT = 2000
"""Characters of a comment."""
VIEW_BLOCKS = 100
VIEW_SIZE = 60_000
"""Of what a window may hold; Slack writes of a limit of 250 kB without saying what counts."""


@dataclass(frozen=True, slots=True)
class FormPlace:
    """Where a form was opened, as ids: the post with the button (`ts`), and the address it stands at."""

    tenant: str = ""
    room: str = ""
    thread: str = ""
    anchor: str = ""
    user: str = ""
    ts: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form was opened for; travels with it as `private_metadata`. `about` is an action's or an event's id."""

    about: str
    place: FormPlace
    language: str = "en"


def form_for(button: Button, action_id: str, language: str, where: FormPlace) -> dict[str, Any]:
    """The form of a button with fields; its callback id is `ids.FORM` and the verb."""
    known = button.fields[0] if len(button.fields) == 1 and button.fields[0] in LIMITS else "other"
    inputs = [_input(name, language, focus=number == 0) for number, name in enumerate(button.fields)]
    return _view(
        title=say(f"form_{known}_title", language),
        submit=say({Verb.APPROVE: "form_approve", Verb.DENY: "form_deny"}.get(button.verb, "form_send"), language),
        close=say("form_cancel", language),
        callback_id=f"{ids.FORM}{button.verb}",
        metadata=FormState(action_id, where, language),
        blocks=inputs,
    )


def comment_form(event_id: str, language: str, where: FormPlace) -> dict[str, Any]:
    """What went wrong: asked after a thumb down that is already kept, so nothing has to be filled in."""
    words = PlainTextInputElement(action_id="comment", multiline=True, max_length=COMMENT, focus_on_load=True)
    asked = InputBlock(
        block_id="comment",
        label=plain(say("comment_label", language)),
        hint=plain(say("comment_hint", language)),
        element=words,
        optional=True,
    )
    return _view(
        title=say("comment_title", language),
        submit=say("form_send", language),
        close=say("form_close", language),
        callback_id=ids.COMMENT,
        metadata=FormState(event_id, where, language),
        blocks=[asked],
    )


def card_view(card: Card | None, language: str, where: FormPlace | None = None) -> dict[str, Any]:
    """One card in a window, whole and with its buttons; one that does not fit whole has no buttons there."""
    blocks = joined(facts_of(card, language), buttons_of(card)) if card else text_blocks(say("card_gone", language))
    if len(blocks) > VIEW_BLOCKS or sum(block_size(block) for block in blocks) > VIEW_SIZE:
        blocks = text_blocks(say("card_too_long", language))
    state = FormState(card.action_id if card else "", where or FormPlace(), language)
    return _view(
        title=say("card_view_title", language), close=say("form_close", language), blocks=blocks, metadata=state
    )


def slow_view(language: str) -> dict[str, Any]:
    """Shown while a form's click is still being decided; the outcome comes in the chat."""
    return text_view("slow_title", say("slow_text", language), language)


def text_view(title: str, text: str, language: str) -> dict[str, Any]:
    """A window with nothing but a text; `title` is a key of the catalogue."""
    return _view(
        title=say(title, language),
        close=say("form_close", language),
        blocks=text_blocks(text)[:VIEW_BLOCKS] or text_blocks("…"),
    )


def state_of(view: Mapping[str, Any]) -> FormState:
    """What the form was opened for; raises ValueError for a view that none of these functions made."""
    try:
        found = json.loads(view.get("private_metadata") or "")
        place, about, language = dict(found["place"]), found["about"], found["language"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("a form without the state it was opened with") from error
    if not isinstance(about, str) or not isinstance(language, str):
        raise ValueError("a form without the state it was opened with")
    empty: dict[str, Any] = asdict(FormPlace())
    known = {name: place[name] for name, value in empty.items() if type(place.get(name)) is type(value)}
    return FormState(about, FormPlace(**empty | known), language)


def metadata_of(state: FormState) -> str:
    """The state as it travels with a form."""
    return json.dumps(asdict(state), separators=(",", ":"))


def fields_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the field's name; a field that was left empty is an empty text."""
    values = (view.get("state") or {}).get("values") or {}
    return {
        str(name): str((inputs.get(name) or {}).get("value") or "").strip()
        for name, inputs in values.items()
        if isinstance(inputs, Mapping)
    }


def missing_in(filled: Mapping[str, str], language: str) -> dict[str, str]:
    """What is wrong with the fields by themselves, said at each: nothing there, too long, or a code that is no code."""
    found = ((name, _fault(name, value, language)) for name, value in filled.items())
    return {name: fault for name, fault in found if fault}


def errors_for(names: Iterable[str], text: str) -> dict[str, str]:
    """What the desk said against a form, shown at its first field (`response_action="errors"`)."""
    return {name: text for name in list(names)[:1]}


def _fault(name: str, value: str, language: str) -> str:
    limit = LIMITS.get(name)
    if limit is None:
        return ""
    if not value:
        return say("form_missing", language)
    if size(value) > limit * 2 and len(value) > limit:
        return say("form_too_long", language, limit=limit)
    code = "".join(value.split()).replace("-", "")
    return say("form_code_wrong", language) if name == "code" and not (code.isascii() and code.isdigit()) else ""


def _input(name: str, language: str, *, focus: bool) -> InputBlock:
    known = name in LIMITS
    element = PlainTextInputElement(
        action_id=name,
        multiline=name != "code",
        max_length=LIMITS.get(name, COMMENT),
        focus_on_load=focus or None,
    )
    return InputBlock(
        block_id=name,
        label=plain(say(f"form_{name}", language) if known else name),
        hint=plain(say(f"form_{name}_hint", language)) if known else None,
        element=element,
    )


def _view(
    *,
    title: str,
    close: str,
    blocks: Blocks | list[InputBlock],
    submit: str | None = None,
    callback_id: str | None = None,
    metadata: FormState | None = None,
) -> dict[str, Any]:
    made: list[Block | dict[str, Any]] = list(blocks)
    view = View(
        type="modal",
        title=plain(title),
        submit=plain(submit) if submit else None,
        close=plain(close),
        callback_id=callback_id,
        private_metadata=metadata_of(metadata) if metadata else None,
        blocks=made,
    )
    drawn: dict[str, Any] = view.to_dict()
    return drawn
