"""The language model in a turn: its level, its failures, its budget; and that the built-in model always stands by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from agent.builtin_model import NAME
from agent.tables import spend
from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.servers.chat_rules import problems
from tests.servers.strict_llm import StrictServer, strict_llm
from tests.staff import TOM

FULL = "Full-time employees get 200 hours of annual leave a year."
SHARE = "Employees with a part-time contract get a share in proportion to their contract hours."
QUESTION = "how many hours of annual leave do I get?"
HANDBOOK = {"leave.md": f"---\ntitle: Leave\nowner: HR\nlanguage: en\n---\n\n# Annual leave\n\n{FULL} {SHARE}\n"}
SEARCH = calls("search_policies", question=QUESTION)
GOOD = says(f"{FULL} [1] {SHARE} [1]")


@asynccontextmanager
async def desk_with(
    turns: Sequence[ModelTurn],
    usage: bool = True,
    pause: float = 0.0,
    cut_after: int | None = None,
    **settings: Mapping[str, Any],
) -> AsyncIterator[tuple[Desk, StrictServer]]:
    """A desk whose language model is a strict server that says these turns."""
    async with strict_llm(ScriptedModel(turns), pause, usage, cut_after) as server:
        chosen = {"llm": {"base_url": server.url, "model": "m", "timeout_seconds": 20}, **settings}
        async with Desk.start(documents=HANDBOOK, settings=chosen) as desk:
            yield desk, server
            assert server.violations == []


# --- levels ------------------------------------------------------------------------------------------------------


async def test_level_act_chooses_tools_in_a_loop_and_its_answer_is_cited() -> None:
    async with desk_with([SEARCH, calls("my_tickets"), GOOD]) as (desk, server):
        replies = await desk.say(TOM, QUESTION)
        assert outcome_of(replies) is Outcome.ANSWERED
        assert replies[-1].model == "m"
        assert [citation.quote for citation in replies[-1].citations] == [f"{FULL} {SHARE}"]
        assert len(server.bodies) == 3
        names = [tool["function"]["name"] for tool in server.bodies[0]["tools"]]
        assert {"search_policies", "reset_my_password", "create_ticket"} <= set(names)


async def test_level_act_proposes_and_a_person_still_decides() -> None:
    async with desk_with([calls("create_ticket", queue="IT", summary="Broken chair", description="It broke.")]) as (
        desk,
        _,
    ):
        action_id = await desk.ask_for(TOM, "my chair is broken, please file that")
        assert await desk.state(action_id) == "awaiting_confirmation"
        assert desk.effects() == []


async def test_level_write_sends_no_tool_and_takes_no_call() -> None:
    wish = ModelTurn(GOOD.text, (ToolCall("c9", "reset_my_password", "{}"),))
    async with desk_with([wish], ai={"level": "write"}) as (desk, server):
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, "m")
        (body,) = server.bodies
        assert "tools" not in body
        assert {message["role"] for message in body["messages"]} == {"system", "user"}
        assert not any(message.get("tool_calls") for message in body["messages"])
        assert FULL in body["messages"][-1]["content"]
        assert QUESTION in body["messages"][-1]["content"]
        assert not any(reply.card for reply in replies)


async def test_level_write_asks_the_model_only_about_passages() -> None:
    async with desk_with([], ai={"level": "write"}) as (desk, server):
        assert outcome_of(await desk.say(TOM, "reset my password")) is Outcome.PROPOSED
        assert outcome_of(await desk.say(TOM, "who is Sanne de Wit?")) is Outcome.ANSWERED
        assert server.bodies == []


async def test_level_extract_asks_nothing_of_a_server_that_is_there() -> None:
    async with desk_with([], ai={"level": "extract"}) as (desk, server):
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)
        assert server.bodies == []


async def test_a_second_question_goes_out_with_the_first_and_its_answer() -> None:
    async with desk_with([SEARCH, GOOD, SEARCH, says(f"{SHARE} [1]")]) as (desk, server):
        await desk.say(TOM, QUESTION)
        replies = await desk.say(TOM, "and for part-timers?")
        assert replies[-1].model == "m"
        said = [message["content"] for message in server.bodies[2]["messages"]]
        assert any(QUESTION in text for text in said)
        assert any(FULL in text for text in said)


# --- failures: the built-in model answers in the same turn ----------------------------------------------------------


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [SEARCH],
        [says("You get 400 hours of annual leave a year.")],
        [SEARCH, says("You get 400 hours of annual leave a year. [1]")],
        [SEARCH, says("As everybody knows, leave is 400 hours and a sabbatical.")],
        [SEARCH, says("lorem ipsum dolor " * 200)],
        [SEARCH, says("[1] [2] [3]")],
        [SEARCH, SEARCH, SEARCH],
        [calls("drop_tables"), calls("drop_tables"), calls("drop_tables")],
        [calls("drop_tables"), calls("list_tables", schema="x"), calls("show_tables")],
        [SEARCH, calls("drop_tables"), calls("delete_everything")],
        [ModelTurn("", (ToolCall("c", "search_policies", "{not json"),))] * 3,
        [ModelTurn("", tuple(ToolCall(f"c{n}", "drop_tables", "{}") for n in range(4)))] * 3,
    ],
    ids=[
        "down at once", "down after the search", "from memory", "another figure", "cites nothing", "babble",
        "only numbers", "the same search for ever", "one unknown tool", "two unknown tools", "unknown after a search",
        "broken arguments", "many unknown at once",
    ],
)  # fmt: skip
@pytest.mark.parametrize("level", ["act", "write"])
async def test_the_built_in_model_takes_over_within_the_turn_and_is_named(
    turns: Sequence[ModelTurn], level: str
) -> None:
    said = [turn for turn in turns if not turn.tool_calls] if level == "write" else turns
    async with desk_with(said, ai={"level": level}) as (desk, _):
        replies = await desk.say(TOM, QUESTION)
        assert outcome_of(replies) is Outcome.ANSWERED
        assert "200 hours" in text_of(replies)
        assert "400" not in text_of(replies)
        assert "sabbatical" not in str(desk.streamed())
        assert replies[-1].model == NAME
        assert len([reply for reply in replies if reply.outcome]) == 1


@pytest.mark.parametrize("way", ["cut off", "one word a second"])
async def test_a_stream_that_breaks_or_creeps_is_withdrawn_and_the_built_in_model_answers(way: str) -> None:
    cut_after, pause = (14, 0.0) if way == "cut off" else (None, 1.0)
    turns = [SEARCH, says(f"{SHARE} [1] {FULL} [1]")]
    async with desk_with(turns, cut_after=cut_after, pause=pause, ai={"call_seconds": 3}) as (desk, _):
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)
        assert "200 hours" in text_of(replies)
        assert [one.text for one in desk.streamed()] in ([f"{SHARE} [1]", ""], [])


async def test_one_wrong_call_is_forgiven() -> None:
    async with desk_with([calls("drop_tables"), SEARCH, GOOD]) as (desk, server):
        assert (await desk.say(TOM, QUESTION))[-1].model == "m"
        results = [message for message in server.bodies[1]["messages"] if message["role"] == "tool"]
        assert results[0]["content"].startswith("TRY AGAIN")


async def test_a_model_that_finds_no_answer_in_the_passages_is_believed() -> None:
    async with desk_with([SEARCH, says("NOT FOUND")]) as (desk, _):
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.NOT_FOUND, "m")


class Dawdling:
    """Answers each call after a while."""

    def __init__(self, turns: Sequence[ModelTurn], seconds: float) -> None:
        self._inner = ScriptedModel(turns)
        self._seconds = seconds

    @property
    def name(self) -> str:
        return "dawdling"

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        await asyncio.sleep(self._seconds)
        return await self._inner.complete(messages, tools)


@pytest.mark.slow
@pytest.mark.thorough
async def test_slow_calls_that_add_up_leave_the_built_in_model_its_time() -> None:
    """Each call keeps its own limit; together they would use up the turn."""
    other = calls("search_policies", question="annual leave for part-time employees")
    settings = {"agent": {"deadline_seconds": 20}, "ai": {"call_seconds": 9}}
    async with Desk.start(documents=HANDBOOK, model=Dawdling([SEARCH, other, GOOD], 7), settings=settings) as desk:
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)


# --- budgets -----------------------------------------------------------------------------------------------------


def tokens(desk: Desk) -> int:
    with desk.database.reading() as tx:
        return int(tx.execute(sa.select(sa.func.sum(spend.c.tokens))).scalar_one() or 0)


async def test_tokens_are_estimated_where_the_server_does_not_count() -> None:
    async with desk_with([SEARCH, GOOD], usage=False) as (desk, server):
        await desk.say(TOM, QUESTION)
        characters = sum(len(str(body)) for body in server.bodies)
        assert characters / 6 < tokens(desk) < characters / 2


async def test_what_the_server_counts_is_what_is_charged() -> None:
    search = ModelTurn("", SEARCH.tool_calls, 100, 20)
    async with desk_with([search, ModelTurn(GOOD.text, (), 300, 40)]) as (desk, _):
        await desk.say(TOM, QUESTION)
        # The strict server counts 7 tokens where a turn says none; these say theirs.
        assert tokens(desk) == 460


async def test_a_server_that_does_not_count_cannot_get_round_the_budget() -> None:
    agent = {"person_tokens_per_day": 500}
    async with desk_with([SEARCH, GOOD, SEARCH, GOOD], usage=False, agent=agent) as (desk, server):
        assert (await desk.say(TOM, QUESTION))[-1].model == "m"
        asked = len(server.bodies)
        assert (await desk.say(TOM, QUESTION))[-1].model == NAME
        assert len(server.bodies) == asked


async def test_a_turn_whose_tokens_are_spent_is_answered_by_the_built_in_model() -> None:
    search = ModelTurn("", SEARCH.tool_calls, 5_000, 20)
    async with desk_with([search, GOOD], agent={"max_tokens": 1_000}) as (desk, server):
        replies = await desk.say(TOM, QUESTION)
        assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)
        assert len(server.bodies) == 1


# --- the strict server is strict -------------------------------------------------------------------------------------


def request(**changes: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0, **changes}


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = {"role": "user", "content": "hi"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        request(messages=[]),
        request(system="x"),
        request(temperature="0"),
        request(max_tokens="many"),
        request(stream_options={"include_usage": True}),
        request(tools=[]),
        request(tools=[{"name": "f"}]),
        request(tools=[{"type": "function", "function": {"name": "f f", "parameters": {"type": "object"}}}]),
        request(tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "x-y": 1}}}]),
        request(messages=[{"role": "robot", "content": "hi"}]),
        request(messages=[{"role": "user", "content": None}]),
        request(messages=[{**ASKED, "language": "nl"}]),
        request(messages=[ASKED, CALLED]),
        request(messages=[ASKED, CALLED, ASKED]),
        request(messages=[ASKED, RESULT]),
        request(messages=[ASKED, CALLED, {**RESULT, "tool_call_id": "c2"}]),
        request(messages=[ASKED, {**CALLED, "tool_calls": []}, ASKED]),
        request(messages=[ASKED, {**CALLED, "tool_calls": [CALL, CALL]}, RESULT]),
        request(messages=[ASKED, {**CALLED, "tool_calls": [{**CALL, "id": "c" * 41}]}, ASKED]),
        request(messages=[ASKED, {"role": "assistant", "content": "hello"}]),
    ],
)
def test_the_strict_server_refuses(body: Any) -> None:
    assert problems(body)


def test_the_strict_server_takes_a_proper_request() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
    body = request(messages=[{"role": "system", "content": "s"}, ASKED, CALLED, RESULT], tools=[tool], max_tokens=5)
    assert problems(body) == []
