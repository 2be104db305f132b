"""What the tools that file tickets share: queues, what looks alike already, and finding a ticket back by its key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from connectors.tickets import Ticket, TicketDraft
from core.plain_text import reveal
from tools import ActionContext, Draft, Effect, Fact, ToolContext, ToolRetry, one_line
from tools.texts import TEXTS

# What each queue is about, in words people use: how the built-in model tells them apart.
_ABOUT: dict[str, JsonValue] = {
    "IT": [
        "my laptop is broken", "the printer does not print", "wifi does not work", "outlook crashes", "a program hangs",
        "software to install", "computer screen or keyboard", "mouse broken", "headset, monitor or docking station",
        "muis stuk", "beamer", "telefoon of laptop stuk", "printer doet het niet",
        "geen internet", "excel start niet", "account of inloggen", "beeldscherm of toetsenbord",
    ],
    "HR": [
        "my payslip is wrong", "question about my contract", "change my working hours", "leave registration",
        "pension and salary", "declaration not paid", "loonstrook klopt niet", "vraag over mijn contract",
        "verlof aanvragen lukt niet", "salaris of pensioen", "declaratie niet betaald",
    ],
    "FAC": [
        "my chair or desk is broken", "the heating is off, too cold", "the lift is stuck", "toilet is blocked",
        "parking space", "meeting room", "access pass does not open the door", "light bulb is out", "coffee machine",
        "bureaustoel kapot", "verwarming doet het niet", "de lift staat stil", "toilet verstopt", "vergaderzaal",
        "toegangspas werkt niet", "parkeerplaats", "lamp stuk", "raam gaat niet dicht",
    ],
}  # fmt: skip

Queue = Annotated[
    Literal["IT", "HR", "FAC"],
    Field(
        description="IT for computers and accounts, HR for staff matters, FAC for buildings, rooms and passes.",
        json_schema_extra={"x-values": _ABOUT},
    ),
]


async def draft(ctx: ToolContext, title: str, queue: str, summary: str, description: str) -> Draft:
    """A draft that says first which outage or own ticket may already cover this. Raises `ToolRetry` for the queue."""
    if queue not in ctx.systems.tickets.queues:
        raise ToolRetry(f"queue: there is no queue {queue}; there are: {', '.join(ctx.systems.tickets.queues)}")
    similar = await ctx.systems.tickets.similar(queue, f"{summary} {description}", ctx.requester.employee_id)
    facts = (
        *facts_of(ctx.language, queue=TEXTS.say(f"queue.{queue}", ctx.language), summary=summary, details=description),
        *(_similar(ticket, ctx.language) for ticket in similar),
    )
    notice = " ".join(_notice(ticket, ctx.language) for ticket in similar[:1])
    return Draft(title, facts, notice, similar[0].ticket_id if similar else "")


def facts_of(language: str, **values: str | None) -> tuple[Fact, ...]:
    """The given values as lines of the card, labelled by the catalogue's `ticket.label_<name>`; empty ones left out."""
    return tuple(
        Fact(TEXTS.say(f"ticket.label_{name}", language), reveal(value)) for name, value in values.items() if value
    )


async def file(ctx: ActionContext, queue: str, summary: str, description: str) -> Effect:
    """File one ticket in the requester's name, marked with the action's key."""
    filed = TicketDraft(queue, summary, description, ctx.requester.employee_id)
    ticket = await ctx.systems.tickets.create(filed, key=ctx.key)
    return Effect(ticket.ticket_id, ticket.address)


async def filed_already(ctx: ActionContext, **_arguments: Any) -> Effect | None:
    """The ticket that a doubtful call filed after all."""
    ticket = await ctx.systems.tickets.by_key(ctx.key)
    return Effect(ticket.ticket_id, ticket.address) if ticket else None


def _notice(ticket: Ticket, language: str) -> str:
    key = "ticket.known_outage" if ticket.is_outage else "ticket.duplicate"
    return TEXTS.say(key, language, ticket=ticket.ticket_id, summary=one_line(ticket.summary))


def _similar(ticket: Ticket, language: str) -> Fact:
    label = TEXTS.say("ticket.label_outage" if ticket.is_outage else "ticket.label_own", language)
    return Fact(label, f"{ticket.ticket_id} {one_line(ticket.summary)} {ticket.address}".strip())
