"""The requester's own actions: what waits, what was done, what was refused."""

from __future__ import annotations

from core.front_page import RequestSummary
from tools import Fact, Found, Risk, ToolContext, one_line, tool
from tools.texts import TEXTS, word_for


@tool(risk=Risk.READ)
async def my_requests(ctx: ToolContext) -> Found:
    """Show what the person has asked this desk to do and how far it is: drafts, resets that wait for approval, what
    was done, denied or has expired. Use it for "is my reset approved yet", "what am I waiting for". Not for tickets
    that people work on: those are in my_tickets.
    """
    requests = await ctx.systems.requests.mine(ctx.requester.employee_id)
    if not requests:
        return Found("This person has no requests.", personal=True, empty=True)
    facts = tuple(_fact(request, ctx.language) for request in requests)
    return Found("\n".join(f"- {fact.label}: {fact.value}" for fact in facts), facts, personal=True)


def _fact(request: RequestSummary, language: str) -> Fact:
    parts = [word_for("state", request.state, language)]
    if request.waits_for:
        parts.append(TEXTS.say("request.waits_for", language, who=one_line(request.waits_for)))
    if request.reference:
        parts.append(one_line(request.reference))
    parts.append(request.created_at.date().isoformat())
    return Fact(one_line(request.title), ", ".join(parts))
