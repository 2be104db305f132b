"""The stand-in for a language model: the real client reads it, whole and streamed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from connectors.models.openai import OpenAIModel
from connectors.settings import LlmSettings
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolSchema
from loket.bench.servers.llm import ANSWER, ARGUMENTS, MODEL, QUESTION, TOOL, running_llm

OFFERED = [ToolSchema(TOOL, "Look a colleague up.", {"type": "object", "properties": {}})]
ASKED = [ChatMessage("user", QUESTION)]


@pytest.fixture(scope="module")
def llm_url() -> Iterator[str]:
    """A stand-in that answers at once."""
    with running_llm(0) as url:
        yield url


def model_at(url: str) -> OpenAIModel:
    """Our own client of it."""
    return OpenAIModel(LlmSettings(base_url=url, model=MODEL))


def after(spoken: ModelTurn) -> list[ChatMessage]:
    """The conversation with the result of what was called."""
    call = spoken.tool_calls[0]
    return [*ASKED, ChatMessage("assistant", "", spoken.tool_calls), ChatMessage("tool", "R1.01", (), call.call_id)]


async def test_it_calls_the_tool_then_answers_on_one_connection(llm_url: str) -> None:
    model = model_at(llm_url)
    called = await model.complete(ASKED, OFFERED)
    assert [(call.name, call.arguments) for call in called.tool_calls] == [(TOOL, ARGUMENTS)]
    answered = await model.complete(after(called), OFFERED)
    assert (answered.text, answered.tool_calls) == (ANSWER, ())
    assert answered.tokens_in > 0
    await model.close()


async def test_streamed_it_says_the_same(llm_url: str) -> None:
    model = model_at(llm_url)
    called = [item async for item in model.stream(ASKED, OFFERED)][-1]
    assert isinstance(called, ModelTurn)
    assert [call.name for call in called.tool_calls] == [TOOL]
    said = [item async for item in model.stream(after(called), OFFERED)]
    words = [item.text for item in said if isinstance(item, TextDelta)]
    assert len(words) == len(ANSWER.split())
    assert "".join(words) == ANSWER
    assert isinstance(said[-1], ModelTurn)
    assert said[-1].text == ANSWER
    await model.close()


async def test_without_tools_it_only_speaks(llm_url: str) -> None:
    model = model_at(llm_url)
    assert (await model.complete(ASKED, [])).text == ANSWER
    await model.close()


@pytest.mark.timed
async def test_it_takes_the_time_it_is_told_to() -> None:
    with running_llm(200) as url:
        model = model_at(url)
        await model.complete(ASKED, OFFERED)  # connecting is not its time
        began = time.perf_counter()
        await model.complete(ASKED, OFFERED)
        assert time.perf_counter() - began >= 0.2
        await model.close()
