"""Ask a person to take over: always possible, with one "ok"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.people import Employee
from tools import ActionContext, Draft, Effect, LongText, Risk, ShortText, ToolContext, one_line, tool
from tools.builtin import filing
from tools.texts import TEXTS


async def _prepare(
    ctx: ToolContext, _subject: Employee, queue: str, summary: str | None = None, description: str | None = None
) -> Draft:
    title = TEXTS.say("hand_over.title", ctx.language, queue=TEXTS.say(f"queue.{queue}", ctx.language))
    facts = filing.facts_of(ctx.language, summary=summary, details=description)
    return Draft(title, facts, TEXTS.say("hand_over.notice", ctx.language))


@tool(risk=Risk.WRITE, prepare=_prepare, reconcile=filing.filed_already, repeats_with="tickets")
async def hand_over_to_person(
    ctx: ActionContext,
    queue: filing.Queue = "IT",
    summary: Annotated[
        ShortText | None,
        Field(description="One line on what it is about, if that is known.", json_schema_extra={"x-kind": "line"}),
    ] = None,
    description: Annotated[
        LongText | None,
        Field(description="What was asked and tried so far, if anything was.", json_schema_extra={"x-kind": "text"}),
    ] = None,
) -> Effect:
    """Have a human colleague take over. Use it as soon as the person asks for a human, is upset, or the desk cannot
    help; never talk anybody out of it and ask no further questions: every argument may stay empty. Not for an
    ordinary fault that nobody asked a human for: use create_ticket.
    """
    language = ctx.requester.language
    about = one_line(summary) if summary else TEXTS.say("hand_over.no_summary", language)
    marked = TEXTS.say("hand_over.summary", language, name=one_line(ctx.requester.name), about=about)
    return await filing.file(ctx, queue, marked, description or about)
