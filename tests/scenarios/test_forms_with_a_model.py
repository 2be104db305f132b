"""A language model that leaves most of a tool's arguments out is not asked again: the person gets the form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from core.chat import ModelTurn, ToolCall
from core.outcomes import Outcome
from core.replies import Reply
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.servers.strict_llm import StrictServer, strict_llm
from tests.staff import TOM

WISH = "something is wrong, please help me to report it"


@asynccontextmanager
async def desk_with(turns: Sequence[ModelTurn]) -> AsyncIterator[tuple[Desk, StrictServer]]:
    async with strict_llm(ScriptedModel(turns)) as server:
        settings = {"llm": {"base_url": server.url, "model": "m", "timeout_seconds": 20}}
        async with Desk.start(documents=(), settings=settings) as desk:
            yield desk, server
            assert server.violations == []


def values(reply: Reply) -> dict[str, str]:
    assert reply.form is not None
    return {field.name: field.value for field in reply.form.fields}


@pytest.mark.parametrize("via", ["slack_dm", "teams_dm", "terminal"])
async def test_it_gets_the_form_and_one_question_and_nothing_is_invented(via: str) -> None:
    async with desk_with(
        [calls("create_ticket"), calls("create_ticket", summary="made up", description="made up")]
    ) as (
        desk,
        server,
    ):
        [*_, reply] = await desk.say(TOM, WISH, via)
        assert (reply.outcome, desk.turns()[-1]) == (Outcome.CLARIFIED, Outcome.CLARIFIED)
        assert reply.text.endswith(("?", "."))
        assert set(values(reply).values()) == {""}
        assert len(server.bodies) == 1
        assert desk.effects() == []


async def test_what_the_model_gave_stands_in_the_form_as_far_as_it_fits_and_has_a_field() -> None:
    turn = calls("create_ticket", queue="IT", employee_no="E1009", approved=True)
    async with desk_with([turn]) as (desk, _):
        [*_, reply] = await desk.say(TOM, WISH)
        assert values(reply) == {"queue": "IT", "summary": "", "description": ""}


async def test_a_value_that_is_no_choice_is_left_out() -> None:
    async with desk_with([calls("create_ticket", queue="the basement")]) as (desk, _):
        [*_, reply] = await desk.say(TOM, WISH)
        assert values(reply) == {"queue": "", "summary": "", "description": ""}


async def test_arguments_that_are_no_json_give_the_empty_form() -> None:
    broken = ModelTurn("", (ToolCall("c-1", "create_ticket", "[1,"),))
    async with desk_with([broken]) as (desk, _):
        [*_, reply] = await desk.say(TOM, WISH)
        assert set(values(reply).values()) == {""}


async def test_where_one_thing_is_missing_the_model_asks_for_it_by_itself() -> None:
    turns = [calls("create_ticket", queue="IT", summary="Printer jams"), says("What happens exactly?")]
    async with desk_with(turns) as (desk, server):
        [*_, reply] = await desk.say(TOM, WISH)
        assert (reply.text, reply.form) == ("What happens exactly?", None)
        assert len(server.bodies) == 2
