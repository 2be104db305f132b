"""Add a comment to one of the requester's own tickets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectors.tickets import TicketReader
from core.people import Employee
from tools import ActionContext, Draft, Effect, LongText, Risk, TicketId, ToolContext, ToolFailed, one_line, tool
from tools.builtin import filing
from tools.texts import TEXTS


async def _prepare(ctx: ToolContext, _subject: Employee, ticket_id: str, text: str) -> Draft:
    effect, summary = await _own(ctx.systems.tickets, ticket_id, ctx.requester)
    title = TEXTS.say("comment_on_ticket.title", ctx.language, ticket=ticket_id)
    return Draft(title, filing.facts_of(ctx.language, about=summary, comment=text), reference=effect.reference)


async def _commented_already(ctx: ActionContext, ticket_id: str, text: str) -> Effect | None:
    """What became of a doubtful call: the comment stands there, or nothing is known."""
    tickets, requester_id = ctx.systems.tickets, ctx.requester.employee_id
    if not await tickets.commented(ticket_id, requester_id, ctx.key):
        return None
    ticket = await tickets.get(ticket_id, requester_id)
    return Effect(ticket_id, ticket.address if ticket else "")


@tool(risk=Risk.WRITE, prepare=_prepare, reconcile=_commented_already, repeats_with="tickets")
async def comment_on_ticket(
    ctx: ActionContext,
    ticket_id: Annotated[TicketId, Field(description="The number of the person's own ticket, such as IT-104.")],
    text: Annotated[LongText, Field(description="What to add, in the person's own words.")],
) -> Effect:
    """Add information to one of the person's own tickets, by its number. The person sees the text and confirms it
    first. Not for tickets of others, and not for a new problem: use create_ticket.
    """
    # The ticket may have changed hands since the draft.
    effect, _ = await _own(ctx.systems.tickets, ticket_id, ctx.requester)
    await ctx.systems.tickets.comment(ticket_id, ctx.requester.employee_id, text, key=ctx.key)
    return effect


async def _own(tickets: TicketReader, ticket_id: str, requester: Employee) -> tuple[Effect, str]:
    """The ticket and its summary. Raises `ToolFailed`, in the same words whether it is another's or does not exist."""
    ticket = await tickets.get(ticket_id, requester.employee_id)
    if ticket is None or ticket.requester_id != requester.employee_id:
        raise ToolFailed(f"this person has no ticket {ticket_id}")
    return Effect(ticket.ticket_id, ticket.address), one_line(ticket.summary)
