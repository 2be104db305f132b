"""Search the organisation's policies, as far as the person who asks may read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from pydantic import Field

from core.people import Employee
from core.ports import Passage
from policies.applies import Fit, fit
from policies.asked_day import asked_time
from tools import Found, IsoDate, LongText, Risk, ToolContext, ToolRetry, one_line, tool
from tools.builtin.groups import EVERYBODY
from tools.texts import quoted

PASSAGES = 5
LOOKED_AT = 8
"""So many are fetched, so that a text that is meant for somebody else can make room for one that is meant for all."""
OTHERS = 0.9
"""What a text counts that is not meant for the person, and by its inverse root one that is meant for them by name."""


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
    asked = asked_time(question, ctx.now.date())
    found = await ctx.systems.policies.search(asked.subject, ctx.requester.groups, LOOKED_AT, _day(as_of) or asked.day)
    passages = _for(ctx.requester, ctx.language, found)[:PASSAGES]
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


def _for(person: Employee, language: str, found: Sequence[Passage]) -> list[Passage]:
    """What fits the person best first, and of an owner's answer in two languages the one in theirs."""
    own = [passage for passage in found if passage.outranks]
    kept = next((passage for passage in own if passage.language == language), own[0] if own else None)
    weighed = [_weighed(passage, person) for passage in found if not passage.outranks or passage is kept]
    return sorted(weighed, key=lambda one: (not one.outranks, one.status != "current", -one.score))


def _weighed(passage: Passage, person: Employee) -> Passage:
    """A text meant for somebody else counts less, one that is limited and meant for this person a little more."""
    fits = fit(passage.applies_to, person)
    factor = {Fit.NO: OTHERS, Fit.UNKNOWN: 1.0, Fit.YES: OTHERS**-0.5 if passage.applies_to else 1.0}[fits]
    return replace(passage, fits=fits.value, score=passage.score * factor)


def _block(number: int, passage: Passage) -> str:
    place = " > ".join(
        one_line(part) for part in (passage.title, *(passage.heading_path or (passage.heading,))) if part
    )
    validity = passage.status
    if passage.effective_from:
        validity += f", in force from {passage.effective_from.isoformat()}"
    if passage.effective_until:
        validity += f" until {passage.effective_until.isoformat()}"
    meant = "; ".join(f"{one_line(key)}: {one_line(', '.join(values))}" for key, values in passage.applies_to)
    lines = [f"[{number}] {place}", f"owner: {one_line(passage.owner)}; status: {validity}"]
    lines += [f"only for {meant}"] if meant else []
    return "\n".join([*lines, quoted(passage.text)])
