"""Look a colleague up: only what every colleague may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from core.people import Employee
from tools import Fact, Found, PersonName, Risk, ToolContext, ToolRetry, one_line, tool
from tools.builtin.whom import whom
from tools.texts import TEXTS

SHOWN = 5


@tool(risk=Risk.READ)
async def find_person(
    ctx: ToolContext,
    name: Annotated[
        PersonName,
        Field(description='Name, e-mail address or employee number as the person typed it; "me" for who asks.'),
    ],
    relation: Annotated[
        Literal["person", "manager"],
        Field(description='"manager" to get that person\'s manager instead of the person.'),
    ] = "person",
) -> Found:
    """Look up a colleague: job title, department, site, room, work phone, work e-mail and manager. Use it for "who is
    my manager", "phone number of …", "where does … work", "who is …". Private addresses, leave and other personal
    data are not here; do not guess them. Not for questions about a department's rules.
    """
    wanted = whom(name)
    people = await _people(ctx, wanted.name)
    if len(people) > 1:
        return _several(people, ctx.language)
    person = people[0] if people else None
    managed: Employee | None = None
    for _ in range(wanted.manager or int(relation == "manager")):
        managed = person
        person = await _manager_of(ctx, person) if person is not None else None
    if person is None:
        return Found("Nobody was found.", empty=True)
    manager = await _manager_of(ctx, person)
    return _one(person, manager, managed, ctx.language)


async def _people(ctx: ToolContext, name: str | None) -> Sequence[Employee]:
    if name is None:
        return [ctx.requester]
    if not name:
        raise ToolRetry("name: give the name of a colleague, as the person typed it")
    found = [person for person in await ctx.systems.directory.find(name, SHOWN) if person.may_use_tools]
    exact = [person for person in found if name.casefold() in _exact_names(person)]
    return exact or found


def _exact_names(person: Employee) -> tuple[str, ...]:
    return person.name.casefold(), person.email.casefold(), person.employee_id.casefold()


async def _manager_of(ctx: ToolContext, person: Employee) -> Employee | None:
    if not person.manager_id:
        return None
    manager = await ctx.systems.directory.by_id(person.manager_id)
    return manager if manager and manager.may_use_tools else None


def _one(person: Employee, manager: Employee | None, managed: Employee | None, language: str) -> Found:
    """One colleague; `managed` is whose manager they were looked up as, and is said first."""
    values = {
        "name": person.name,
        "title": person.title,
        "department": person.department,
        "site": person.site,
        "room": person.room,
        "phone": person.phone,
        "email": person.email,
        "manager": manager.name if manager else "",
    }
    facts = _facts(values, language)
    if managed is not None:
        label = TEXTS.say("person.manager_of", language, name=one_line(managed.name))
        facts = (Fact(label, one_line(person.name)), *facts[1:])
    return Found("\n".join(f"{fact.label}: {fact.value}" for fact in facts), facts)


def _facts(values: dict[str, str], language: str) -> tuple[Fact, ...]:
    return tuple(
        Fact(TEXTS.say(f"person.{key}", language), one_line(value)) for key, value in values.items() if one_line(value)
    )


def _several(people: Sequence[Employee], language: str) -> Found:
    facts = tuple(
        Fact(one_line(person.name), ", ".join(one_line(part) for part in (person.title, person.department) if part))
        for person in people
    )
    lines = "\n".join(f"- {fact.label}: {fact.value}" for fact in facts)
    return Found(f"{TEXTS.say('person.several', language)}\n{lines}", facts)
