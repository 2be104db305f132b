"""The turn of a form that somebody sent: no model has a part in it. What it asks for is prepared as any wish is."""

from __future__ import annotations

import json
from typing import Any

import structlog

from agent.argument_filling import question_for
from agent.data_text import RETRY
from agent.offers import ASKED
from agent.parts import TurnParts
from agent.shapes import resolved
from agent.state import Asked, Ending, TurnState
from agent.words import refusal, say
from core.chat import ModelTurn, ToolCall
from core.errors import Refused, ToolFailed, ToolRetry
from core.fields import Form
from core.outcomes import Outcome
from tools.fields import form_of, read_answers

log = structlog.get_logger(__name__)
FEW = 2
"""Questions that are quicker to answer in a form than one after the other."""


async def ending_of_form(parts: TurnParts, asked: Asked, language: str) -> Ending:
    """A draft, or why there is none. Raises `ConnectorError`.

    The form was checked when it was sent; who asks, and what they may, is looked at now. Whom a tool is about must be
    in the words that this person filled in, as with a message.
    """
    form = asked.message.form
    if form is None:
        raise ValueError("this event is no form")
    words = [str(value) for value in form.arguments.values()]
    try:
        prepared = await parts.gate.prepare(
            asked.requester, form.tool, dict(form.arguments), language, said=words, address=asked.message.address
        )
    except ToolRetry:  # the tool is another one by now, or is off
        log.info("form_outdated", event_id=asked.message.event_id, tool=form.tool)
        return Ending(Outcome.FORM, language, say("form_outdated", language), private=True, stored_text="")
    except ToolFailed as error:
        said = say("tool_failed", language, reason=str(error))
        return Ending(Outcome.NOT_FOUND, language, said, private=True, stored_text="")
    except Refused as error:
        log.info("tool_refused", event_id=asked.message.event_id, tool=form.tool, reason=error.reason)
        said = refusal(error.reason, language, **error.details)
        return Ending(error.outcome, language, said, private=True, stored_text="")
    return Ending(
        Outcome.PROPOSED, language, proposals=(prepared,), private=True, stored_text="", replaces=form.replaces
    )


def form_besides(parts: TurnParts, state: TurnState) -> Form | None:
    """The form to offer with a question for one thing: where most of what a tool needs is not known yet.

    Whoever cannot see it, or would rather not fill it in, answers the question.
    """
    call = state["spoken"].asks_for
    if call is None:
        return None
    form = _form(parts, state, call.name, json.loads(call.arguments))
    return form if form is not None and _missing(form) >= FEW else None


def asked_in_a_form(parts: TurnParts, state: TurnState) -> ModelTurn | None:
    """What to ask in place of a language model that has just called a tool with most of its arguments left out.

    It is not asked again: it would invent them. None when it called something else, or when one question will do; then
    it asks by itself. What it did give stands in the form for the person to see and change, as far as it fits; what is
    bound to the person or secret has no field.
    """
    messages = state["messages"]
    if len(messages) < 2 or messages[-1].role != "tool" or not messages[-1].text.startswith(RETRY):
        return None
    if len(messages[-2].tool_calls) != 1 or state["gathered"].anything:
        return None
    call = messages[-2].tool_calls[0]
    given = _parsed(call.arguments)
    form = _form(parts, state, call.name, given)
    if form is None:
        return None
    written = {field.name: field.value for field in form.fields if field.value}
    wrong = read_answers(form, written, state["asked"].at.date()).errors
    known = {name: value for name, value in given.items() if name in written and name not in wrong}
    form = _form(parts, state, call.name, known)
    if form is None or _missing(form) < FEW:
        return None
    first = next(field.name for field in form.fields if field.required and not field.value)
    schema = next(tool for tool in state["tools"] if tool.name == call.name)
    shape = resolved(schema.parameters.get("properties", {}).get(first, {}), schema.parameters)
    question = question_for(first, shape, state["language"], schema.parameters.get(ASKED, {}))
    return ModelTurn(question, asks_for=ToolCall(call.call_id, call.name, json.dumps(known, ensure_ascii=False)))


def _form(parts: TurnParts, state: TurnState, name: str, known: dict[str, Any]) -> Form | None:
    """The form of a tool that this person is offered here."""
    asked = state["asked"]
    offered = parts.registry.offered_to(asked.requester, asked.message.address)
    loaded = next((one for one in offered if one.name == name), None)
    return form_of(loaded, state["language"], known) if loaded is not None else None


def _missing(form: Form) -> int:
    return sum(field.required and not field.value for field in form.fields)


def _parsed(arguments: str) -> dict[str, Any]:
    """What a model wrote as arguments; nothing where it is no object."""
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}
