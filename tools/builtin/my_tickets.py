"""The requester's own tickets, with their state and a link."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectors.tickets import Ticket
from tools import Fact, Found, Risk, TicketId, ToolContext, one_line, tool
from tools.texts import TEXTS, quoted, word_for


@tool(risk=Risk.READ)
async def my_tickets(
    ctx: ToolContext,
    ticket_id: Annotated[
        TicketId | None,
        Field(
            description="A ticket number such as IT-104, when the person names one.",
            json_schema_extra={"x-kind": "ticket"},
        ),
    ] = None,
) -> Found:
    """Show the person's own tickets and their state, newest first, or one of them by its number. Use it for "what
    about my ticket", "is IT-104 solved yet". It never shows tickets of others. Not for password resets and other
    requests that wait for approval: those are in my_requests.
    """
    if ticket_id is None:
        tickets = await ctx.systems.tickets.mine(ctx.requester.employee_id)
    else:
        ticket = await ctx.systems.tickets.get(ticket_id, ctx.requester.employee_id)
        tickets = [ticket] if ticket else []
    if not tickets:
        return Found("There is no such ticket of this person.", personal=True, empty=True)
    facts = tuple(_fact(ticket, ctx.language) for ticket in tickets)
    lines = [f"{fact.label}: {fact.value}" for fact in facts]
    if ticket_id is not None:
        lines.append(quoted(tickets[0].description))
    return Found("\n".join(lines), facts, personal=True)


def _fact(ticket: Ticket, language: str) -> Fact:
    line = TEXTS.say(
        "ticket.line",
        language,
        summary=one_line(ticket.summary),
        status=one_line(word_for("status", ticket.status, language)),
        date=ticket.created_at.date().isoformat(),
    )
    return Fact(ticket.ticket_id, f"{line} {ticket.address}".strip())
