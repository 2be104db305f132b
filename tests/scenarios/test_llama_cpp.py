"""Whole turns through a real llama.cpp server: its protocol, its chat templates, its streams, its garbage."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.builtin_model import NAME
from connectors.models.openai import OpenAIModel
from connectors.settings import LlmSettings
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolSchema
from core.errors import ModelError
from core.outcomes import Outcome
from tests.desk import Desk
from tests.reading import outcome_of, text_of
from tests.servers.llama_cpp import llama_cpp, missing, write_model
from tests.staff import TOM

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "installed")]

FULL = "Full-time employees get 200 hours of annual leave a year."
SHARE = "Employees with a part-time contract get a share in proportion to their contract hours."
QUESTION = "how many hours of annual leave do I get?"
HANDBOOK = {"leave.md": f"---\ntitle: Leave\nowner: HR\nlanguage: en\n---\n\n# Annual leave\n\n{FULL} {SHARE}\n"}
ASK = [ChatMessage("system", "You are Loket."), ChatMessage("user", QUESTION)]
FIND = ToolSchema("search_policies", "Search.", {"type": "object", "properties": {"question": {"type": "string"}}})
CALL = [
    "<tool_call>\n", '{"name": ', '"search_policies"', ', "arguments": ', '{"question": ', '"annual ', 'leave hours"}',
    "}", "\n</tool_call>",
]  # fmt: skip


def pieces(text: str) -> list[str]:
    """A text in pieces of two words, as they would be tokens; all different."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split())]
    return ["".join(pair) for pair in itertools.zip_longest(words[::2], words[1::2], fillvalue="")]


ANSWER = pieces(f"{FULL} [1] {SHARE} [1]")


def model_file(folder: Path, says: Sequence[str] = ANSWER, calls: Sequence[str] = (), *, loops: bool = False) -> Path:
    file = folder / "chain.gguf"
    write_model(file, says, calls, loops=loops)
    return file


async def test_an_answer_a_stream_and_a_tool_call_are_understood(tmp_path: Path) -> None:
    with llama_cpp(model_file(tmp_path, calls=CALL)) as url:
        model = OpenAIModel(LlmSettings(base_url=url, model="chain"))
        called = await model.complete(ASK, [FIND])
        assert [(call.name, call.arguments) for call in called.tool_calls] == [
            ("search_policies", '{"question": "annual leave hours"}')
        ]
        assert called.tokens_in > 10
        found = ChatMessage("tool", "<passage>", call_id=called.tool_calls[0].call_id)
        parts = [
            part async for part in model.stream([*ASK, ChatMessage("assistant", "", called.tool_calls), found], [FIND])
        ]
        await model.close()
    *deltas, turn = parts
    assert isinstance(turn, ModelTurn)
    assert turn.text == f"{FULL} [1] {SHARE} [1]"
    assert len(deltas) > 5
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == turn.text
    assert turn.tokens_out >= len(ANSWER)


@pytest.mark.parametrize("level", ["act", "write"])
async def test_a_whole_turn_is_answered_with_its_source_and_seen_while_written(tmp_path: Path, level: str) -> None:
    """At `write` the model's chat template has no place for tools; at `act` it calls the search itself."""
    file = model_file(tmp_path, calls=CALL if level == "act" else ())
    with llama_cpp(file) as url:
        # Its tokens are bytes: it counts four times what other models count.
        agent = {"max_tokens": 500_000, "deadline_seconds": 300}
        llm = {"base_url": url, "model": "chain", "timeout_seconds": 120}
        settings = {"llm": llm, "ai": {"level": level, "call_seconds": 120}, "agent": agent}
        async with Desk.start(documents=HANDBOOK, settings=settings) as desk:
            replies = await desk.say(TOM, QUESTION)
            assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, "chain")
            assert replies[-1].text == f"{FULL} [1] {SHARE} [1]"
            assert [one.text for one in desk.streamed()] == [f"{FULL} [1]", f"{SHARE} [1]"]
            assert replies[-1].citations[0].path.endswith("leave.md")
            again = await desk.say(TOM, "and how many hours of leave for part-time work?")
            assert outcome_of(again) is Outcome.ANSWERED


@pytest.mark.parametrize("level", ["act", "write"])
async def test_a_model_that_never_ends_and_writes_half_letters_costs_nobody_their_answer(
    tmp_path: Path, level: str
) -> None:
    with llama_cpp(model_file(tmp_path, pieces("You get 400 hours of leave, friend!"), loops=True)) as url:
        settings = {"llm": {"base_url": url, "model": "chain", "max_output_tokens": 400}, "ai": {"level": level}}
        async with Desk.start(documents=HANDBOOK, settings=settings) as desk:
            replies = await desk.say(TOM, QUESTION)
            assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)
            assert "400" not in text_of(replies)


async def test_a_context_that_is_too_small_is_an_error_with_a_fixed_sentence(tmp_path: Path) -> None:
    with llama_cpp(model_file(tmp_path), context=256) as url:
        model = OpenAIModel(LlmSettings(base_url=url, model="chain"))
        with pytest.raises(ModelError, match="did not accept") as failure:
            await model.complete([ChatMessage("user", "canary " * 2_000)], [])
        await model.close()
        assert "canary" not in str(failure.value)
        settings = {"llm": {"base_url": url, "model": "chain"}}
        async with Desk.start(documents=HANDBOOK, settings=settings) as desk:
            replies = await desk.say(TOM, QUESTION)
            assert (outcome_of(replies), replies[-1].model) == (Outcome.ANSWERED, NAME)
