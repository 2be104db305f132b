"""Search the organisation's policies, as far as the person who asks may read them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from core.ports import Passage
from tools import Found, IsoDate, LongText, Risk, ToolContext, ToolRetry, one_line, tool
from tools.builtin.groups import EVERYBODY
from tools.texts import quoted

PASSAGES = 5


@tool(risk=Risk.READ)
async def search_policies(
    ctx: ToolContext,
    question: Annotated[LongText, Field(description="The question, in the person's own words and language.")],
    as_of: Annotated[
        IsoDate | None,
        Field(
            description="Only when the person asks about another day than today: that day, as 2026-03-31.",
            json_schema_extra={"x-kind": "date"},
        ),
    ] = None,
) -> Found:
    """Search the organisation's own rules, guides and runbooks: leave, working from home, travel, sickness, gifts,
    passwords, devices, printers, VPN, visitors, privacy and the like. Use it for every question about what is
    allowed, how something works here or how to do it, before answering. Not for finding people or tickets.
    """
    passages = await ctx.systems.policies.search(question, ctx.requester.groups, PASSAGES, _day(as_of))
    if not passages:
        return Found("No passage was found.", empty=True)
    blocks = [_block(number, passage) for number, passage in enumerate(passages, start=1)]
    # One restricted passage makes the whole answer private: which of them it will rest on is not known yet.
    restricted = any(EVERYBODY not in passage.audience for passage in passages)
    return Found("\n\n".join(blocks), personal=restricted, passages=tuple(passages))


def _day(as_of: str | None) -> date | None:
    if as_of is None:
        return None
    try:
        return date.fromisoformat(as_of)
    except ValueError as error:
        raise ToolRetry(f"as_of: {as_of} is not a day of the calendar; write it as 2026-03-31") from error


def _block(number: int, passage: Passage) -> str:
    place = " > ".join(
        one_line(part) for part in (passage.title, *(passage.heading_path or (passage.heading,))) if part
    )
    validity = passage.status
    if passage.effective_from:
        validity += f", in force from {passage.effective_from.isoformat()}"
    if passage.effective_until:
        validity += f" until {passage.effective_until.isoformat()}"
    return f"[{number}] {place}\nowner: {one_line(passage.owner)}; status: {validity}\n{quoted(passage.text)}"
