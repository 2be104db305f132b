"""File a ticket in the requester's name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.people import Employee
from tools import ActionContext, Draft, Effect, LongText, Risk, ShortText, ToolContext, one_line, tool
from tools.builtin import filing
from tools.texts import TEXTS


async def _prepare(ctx: ToolContext, _subject: Employee, queue: str, summary: str, description: str) -> Draft:
    where = TEXTS.say(f"queue.{queue}", ctx.language)
    title = TEXTS.say("create_ticket.title", ctx.language, queue=where, summary=one_line(summary))
    return await filing.draft(ctx, title, queue, summary, description)


@tool(risk=Risk.WRITE, prepare=_prepare, reconcile=filing.filed_already, repeats_with="tickets")
async def create_ticket(
    ctx: ActionContext,
    queue: filing.Queue,
    summary: Annotated[ShortText, Field(description="One line that says what is wrong or wanted.")],
    description: Annotated[
        LongText, Field(description="What happens, since when, where and what was tried, in the person's words.")
    ],
) -> Effect:
    """File a ticket for the person who asks: something is broken, missing or wanted and somebody has to do it. The
    person sees a draft and confirms it first. Known outages and the person's own similar tickets are looked up by
    itself. Not for a password reset or unlock, and not when the person asks for a human: use hand_over_to_person.
    """
    return await filing.file(ctx, queue, summary, description)
