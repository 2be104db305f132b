"""Arguments filled from words: each by its type, never one that the tool would not take, one question at a time."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from agent.argument_filling import ArgumentFilling, Filled, Said
from agent.matter import remark, subject
from agent.offers import schemas_of
from agent.shapes import fits, resolved
from core.chat import ToolSchema
from core.errors import ToolRetry
from tests.counter import built_in
from tests.generated import quick
from tools import IsoDate, LongText, PersonName, Risk, ShortText, TicketId, ToolContext, tool
from tools.context import Found
from tools.loading import load_builtin

TODAY = date(2026, 3, 11)
REGISTRY = load_builtin()
SCHEMAS = {schema.name: schema for schema in schemas_of(REGISTRY.available())}


@tool(risk=Risk.READ)
async def everything(  # noqa: PLR0917 - one of each
    ctx: ToolContext,
    who: PersonName,
    when: IsoDate,
    ticket: TicketId,
    size: Literal["small", "large"],
    count: Annotated[int, Field(ge=1, le=20)],
    share: float,
    urgent: bool,
    line: ShortText,
    more: LongText,
    until: IsoDate | None = None,
    spare: Annotated[int | None, Field(ge=0)] = None,
) -> Found:
    """Take one argument of every kind."""
    return Found("")


EVERYTHING = ToolSchema(everything.name, everything.description, everything.schema.parameters)


FILLING = ArgumentFilling(built_in().meaning)


def fill(schema: ToolSchema, text: str, *answers: str, corrections: tuple[str, ...] = (), seen: str = "") -> Filled:
    return FILLING.fill(schema, Said(text, TODAY, answers, corrections, text, seen), "en")


BUILDINGS = ToolSchema(
    "opening_hours",
    "When the counter of a building is open.",
    {
        "properties": {"site": {"type": "string", "enum": ["The Hague", "Utrecht"], "title": "Site"}},
        "required": ["site"],
    },
)


@pytest.mark.parametrize("text", ["opening hours", "when is the counter open", "openingstijden graag"])
def test_a_bare_choice_that_nobody_named_is_asked_for_never_guessed(text: str) -> None:
    filled = fill(BUILDINGS, text)
    assert filled.arguments == {}
    assert "The Hague" in filled.question
    assert fill(BUILDINGS, text, "utrecht").arguments == {"site": "Utrecht"}


def test_every_kind_is_read_from_one_message() -> None:
    filled = fill(EVERYTHING, "a large one for Sanne de Wit by next Friday, three of them, see IT-104")
    assert filled.arguments["who"] == "Sanne de Wit"
    assert filled.arguments["when"] == "2026-03-20"
    assert filled.arguments["ticket"] == "IT-104"
    assert filled.arguments["size"] == "large"
    assert filled.arguments["count"] == 3
    assert "urgent" not in filled.arguments
    assert filled.question


def test_one_thing_is_asked_at_a_time_until_all_is_there() -> None:
    answers: list[str] = []
    replies = iter(["Tom Bakker", "morgen", "it-104", "yes", "3"])
    filled = fill(EVERYTHING, "something small, 0.5")
    while filled.question and len(answers) < 5:
        answers.append(next(replies))
        filled = fill(EVERYTHING, "something small, 0.5", *answers)
    assert filled.arguments["who"] == "Tom Bakker"
    assert filled.arguments["when"] == "2026-03-12"


@pytest.mark.parametrize(
    ("correction", "name", "value"),
    [
        ("tomorrow", "when", "2026-03-12"),
        ("volgende week dinsdag", "when", "2026-03-17"),
        ("Jan van Dijk", "who", "Jan van Dijk"),
        ("small", "size", "small"),
        ("IT-103", "ticket", "IT-103"),
    ],
)
def test_a_correction_changes_the_argument_it_speaks_of_and_no_other(correction: str, name: str, value: str) -> None:
    text = "a large one for Sanne de Wit by next Friday, see IT-104"
    before = fill(EVERYTHING, text).arguments
    after = fill(EVERYTHING, text, corrections=(correction,))
    assert after.corrected
    changed = {key for key in after.arguments if after.arguments[key] != before.get(key)}
    assert after.arguments[name] == value
    assert changed <= {name, "until"}


def test_a_correction_about_nothing_changes_nothing() -> None:
    assert not fill(
        SCHEMAS["reset_password_for"], "reset the password of Tom Bakker", corrections=("Tom Bakker",)
    ).corrected


def test_what_is_too_many_or_no_day_is_asked_for_again() -> None:
    filled = fill(EVERYTHING, "five hundred large ones on 31 februari for Tom Bakker")
    assert "count" not in filled.arguments
    assert "when" not in filled.arguments


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("please open a ticket for my broken laptop screen", "my broken laptop screen"),
        ("maak een melding: de verwarming in mijn kamer is kapot", "de verwarming in mijn kamer is kapot"),
        ("my printer is broken, please open a ticket", "my printer is broken"),
        ("ticket: printer kapot", "printer kapot"),
        ("mijn scherm knippert", "mijn scherm knippert"),
        ("file a ticket", ""),
        ("melding maken", ""),
        ("can you make a ticket for this", ""),
    ],
)
def test_the_matter_is_what_remains_without_the_asking(text: str, line: str) -> None:
    assert subject(text) == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("add to IT-104 that it happens every morning", "it happens every morning"),
        ("zet bij IT-104 dat het elke ochtend gebeurt", "het elke ochtend gebeurt"),
        ("IT-104: also happens at home", "also happens at home"),
        ("update IT-104 it still does not work", "it still does not work"),
        ("add that it also happens on wifi to my ticket", "it also happens on wifi"),
        ("I want to add something to my ticket", ""),
        ("can you add a note to FAC-301", ""),
    ],
)
def test_a_remark_is_what_stands_behind_the_ticket(text: str, said: str) -> None:
    assert remark(text) == said


def test_a_bare_number_means_the_ticket_spoken_of() -> None:
    filled = fill(SCHEMAS["my_tickets"], "and #104?", seen="IT-104 printer, HR-202 hours")
    assert filled.arguments == {"ticket_id": "IT-104"}


MIXED = """Sanne de Wit morgen IT-104 it 104 #7 drie 31 februari 2024-02-30 yes nee HR large small tomorrow 99999999999
1e2 -5 van der E1020 ' " \u202e 🙂 next week file a ticket please"""
WORDS = MIXED.split()
TYPED = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join) | st.text(max_size=60)


@quick(80)
@given(
    st.sampled_from([EVERYTHING, *SCHEMAS.values()]), TYPED, st.lists(TYPED, max_size=3), st.lists(TYPED, max_size=2)
)
def test_whatever_is_typed_only_fitting_values_are_filled(
    schema: ToolSchema, text: str, answers: list[str], corrections: list[str]
) -> None:
    filled = fill(schema, text, *answers, corrections=tuple(corrections), seen=text)
    shapes = {name: resolved(shape, schema.parameters) for name, shape in schema.parameters["properties"].items()}
    assert all(fits(value, shapes[name]) for name, value in filled.arguments.items()), filled.arguments
    missing = [name for name in schema.parameters.get("required", ()) if name not in filled.arguments]
    assert bool(missing) == bool(filled.question)


@quick(80)
@given(st.sampled_from(sorted(SCHEMAS)), TYPED, st.lists(TYPED, max_size=3))
def test_whatever_is_typed_the_tool_itself_takes_what_was_filled(name: str, text: str, answers: list[str]) -> None:
    """Pydantic is the judge here, not our own reading of the schema."""
    filled = fill(SCHEMAS[name], text, *answers)
    if not filled.question:
        try:
            REGISTRY.get(name).tool.check(filled.arguments)
        except ToolRetry as error:
            pytest.fail(f"{name} does not take {filled.arguments}: {error}")


@given(
    st.sampled_from([int, float, bool, str, Literal["a", "b"], Annotated[int, Field(ge=1, le=3)]]),
    st.sampled_from([0, 1, 2, 4, 1.5, True, "a", "c", ""]),
)
def test_what_fits_is_what_pydantic_takes(kind: type, value: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    try:
        adapter.validate_python(value, strict=True)
        taken = True
    except ValidationError:
        taken = False
    assert fits(value, adapter.json_schema()) == taken
