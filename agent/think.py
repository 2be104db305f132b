"""Second step: ask a model what to do or say. When the language model fails, the built-in one takes over."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Sequence

import structlog

from agent.answer_check import check
from agent.budget import has_tokens, tokens_of, use_model_call
from agent.builtin_model import BuiltinModel
from agent.check import sources_of
from agent.data_text import FAILED, RETRY
from agent.filling import asked_in_a_form
from agent.model_calls import model_call
from agent.offers import ALWAYS, NEAREST, told_schemas, without_extras
from agent.parts import TurnParts
from agent.prompting import phrasing_messages, says_not_found
from agent.state import TurnState
from agent.streaming import Preview, may_be_shown
from core.chat import ChatMessage, ModelTurn, StreamingModel, ToolSchema
from core.errors import ConnectorError, ModelError
from core.plain_text import visible

log = structlog.get_logger(__name__)
MAX_ANSWER = 8_000
MAX_SPOKEN = 50_000
MAX_QUESTION = 400
BAD_ROUNDS = 2
"""After so many rounds of calls that no tool can carry out, the language model is not asked any more."""
RESERVE_SECONDS = 4.0
"""Kept of the turn's time for the built-in model, where the turn has at least five times as much."""


class Think:
    """One call of a model: which one is decided here, by level, budget and what went wrong before."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts

    async def __call__(self, state: TurnState) -> TurnState:
        """What the model said, added to the messages. Raises `BudgetSpent`, and `ModelError` when both models fail."""
        messages = state["messages"]
        before, bad_rounds = without_bad_calls(messages)
        if self._may_use_model(state):
            if (asks := asked_in_a_form(self._parts, state)) is not None:
                return _said(asks, messages)
            spoken = None if self._is_spent(state, bad_rounds) else await self._language_model(state)
            if spoken is not None:
                return _said(spoken, messages)
            messages = before  # to the built-in model, another model's wrong calls are no start
        return _said(await self._built_in(messages, state), messages)

    async def _built_in(self, messages: Sequence[ChatMessage], state: TurnState) -> ModelTurn:
        """The built-in model's turn. Raises `BudgetSpent`, and `ModelError` when it fails too."""
        spent, model = state["spent"], self._parts.fallback
        use_model_call(spent, self._parts.settings)
        with model_call(self._parts, model, state["asked"].message.event_id, messages, state["masker"]) as answered:
            spoken = await model.complete(messages, state["tools"])
            answered(spoken)
        spent.model = model.name
        return spoken

    def _may_use_model(self, state: TurnState) -> bool:
        if state["spent"].fell_back or state["asked"].built_in_only or self._parts.model is self._parts.fallback:
            return False
        level = self._parts.ai.level
        return level == "act" or (level == "write" and bool(state["gathered"].passages))

    def _is_spent(self, state: TurnState, bad_rounds: int) -> bool:
        """Whether the language model has had its chances, its calls or its tokens in this turn."""
        spent, settings = state["spent"], self._parts.settings
        if bad_rounds >= BAD_ROUNDS:
            self._give_up(state, "wrong calls")
        elif spent.model_calls and spent.model_calls >= settings.max_model_calls - 1:
            self._give_up(state, "calls")  # the last one is kept for the built-in model
        elif not has_tokens(spent, settings):
            self._give_up(state, "tokens")
        return spent.fell_back

    async def _language_model(self, state: TurnState) -> ModelTurn | None:
        """The language model's turn, or None when the built-in model must take over for the rest of the turn."""
        spent = state["spent"]
        use_model_call(spent, self._parts.settings)
        phrasing = self._parts.ai.level == "write"
        messages = phrasing_messages(state["messages"]) if phrasing else state["messages"]
        tools = [] if phrasing else [without_extras(schema) for schema in await self._told(state)]
        preview = self._preview(state)
        try:
            async with asyncio.timeout(self._seconds(state)):
                spoken = await self._ask(messages, tools, state, preview)
            spoken = dataclasses.replace(spoken, tool_calls=()) if phrasing else spoken
            _refuse_garbage(spoken, state)
        except (ModelError, TimeoutError) as error:
            if preview is not None:
                await preview.withdraw()
                spent.seen = False
            self._give_up(state, type(error).__name__)
            return None
        spent.model = self._parts.model.name
        return spoken

    async def _told(self, state: TurnState) -> Sequence[ToolSchema]:
        """Of many tools those near to what was said: a language model that reads all is slow and confused."""
        fallback = self._parts.fallback
        few = len(state["tools"]) <= NEAREST + len(ALWAYS)  # known without asking a thread
        if few or not isinstance(fallback, BuiltinModel):
            return state["tools"]
        try:
            return await asyncio.to_thread(told_schemas, state["messages"], state["tools"], fallback.nearest)
        except ConnectorError:  # without an embedder nothing is near: better too many than the wrong ones
            return state["tools"]

    async def _ask(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema], state: TurnState, preview: Preview | None
    ) -> ModelTurn:
        """One completion: masked on the way out, its tokens counted, its text restored."""
        model, masker = self._parts.model, state["masker"]
        masks = self._parts.ai.mask
        sent = [masker.mask_message(message) for message in messages] if masks else messages
        with model_call(self._parts, model, state["asked"].message.event_id, sent, masker) as answered:
            if preview is not None and isinstance(model, StreamingModel):
                spoken = await preview.read(model.stream(sent, tools))
                state["spent"].seen = preview.is_seen
                self._measure_first(preview, state)
            else:
                spoken = await model.complete(sent, tools)
            answered(spoken)
        state["spent"].tokens += tokens_of(spoken, sent, tools)
        return masker.restore_turn(spoken) if masks else spoken

    def _measure_first(self, preview: Preview, state: TurnState) -> None:
        if preview.first_at is not None:
            channel = state["asked"].message.address.channel
            self._parts.measures.first_sentence(channel, preview.first_at - state["spent"].began)

    def _preview(self, state: TurnState) -> Preview | None:
        """Somewhere to show the answer while it is written: not before there is something that it can rest on."""
        live, asked, gathered = self._parts.live, state["asked"], state["gathered"]
        if live is None or not gathered.passages or not may_be_shown(asked, gathered, self._parts.settings):
            return None
        restore = state["masker"].restore if self._parts.ai.mask else str
        return Preview(live, asked, sources_of(gathered, state["language"]), state["language"], restore)

    def _seconds(self, state: TurnState) -> float:
        """How long this call may take: as set, but so that the built-in model can still answer within the turn."""
        whole = self._parts.settings.deadline_seconds
        left = whole - (time.monotonic() - state["spent"].began)
        reserve = RESERVE_SECONDS if whole >= 5 * RESERVE_SECONDS else 0.0
        return max(0.001, min(self._parts.ai.call_seconds, left - reserve))

    def _give_up(self, state: TurnState, error: str) -> None:
        """The built-in model answers the rest of this turn."""
        state["spent"].fell_back = True
        event_id = state["asked"].message.event_id
        log.warning("model_failed", event_id=event_id, model=self._parts.model.name, error=error)
        self._parts.measures.model_failed(self._parts.model.name, error)


def without_bad_calls(messages: Sequence[ChatMessage]) -> tuple[list[ChatMessage], int]:
    """The messages without the rounds of calls at their end that came to nothing, and how many rounds those are."""
    kept, rounds = list(messages), 0
    while kept and kept[-1].role == "tool":
        start = max((index for index, message in enumerate(kept) if message.role != "tool"), default=-1)
        results = kept[start + 1 :]
        if start < 0 or not all(message.text.startswith(RETRY) for message in results):
            break
        kept, rounds = kept[:start], rounds + 1
    return kept, rounds


def _said(spoken: ModelTurn, messages: Sequence[ChatMessage]) -> TurnState:
    answer = ChatMessage("assistant", spoken.text, spoken.tool_calls)
    return {"spoken": spoken, "messages": [*messages, answer]}


def _refuse_garbage(spoken: ModelTurn, state: TurnState) -> None:
    """Raises `ModelError` for what no reply can be made of: nothing, far too much, calls that were made before, or
    an answer that rests on nothing."""
    if len(spoken.text) + sum(len(c.call_id + c.name + c.arguments) for c in spoken.tool_calls) > MAX_SPOKEN:
        raise ModelError("far too much")
    text, gathered = spoken.text.strip(), state["gathered"]
    if spoken.tool_calls:
        if _only_repeats(spoken, state["messages"]):
            raise ModelError("the same calls again")
    elif not gathered.anything:
        _refuse_memory(text)
    elif gathered.passages and text and not says_not_found(text):
        sources = sources_of(gathered, state["language"])
        if not check(visible(text), sources, state["language"]).kept:
            raise ModelError("an answer that rests on no passage")


def _refuse_memory(text: str) -> None:
    """Without any source, all that a model may say is one short question."""
    if not text or len(text) > MAX_ANSWER:
        raise ModelError("no usable text")
    if len(text) > MAX_QUESTION or not text.endswith("?"):
        raise ModelError("an answer from memory")


def _only_repeats(spoken: ModelTurn, messages: Sequence[ChatMessage]) -> bool:
    """Whether each call was made before in this turn, and answered well."""
    results = {message.call_id: message.text for message in messages if message.role == "tool"}
    made = {
        (call.name, call.arguments)
        for message in messages
        for call in message.tool_calls
        if not results.get(call.call_id, RETRY).startswith((RETRY, FAILED))
    }
    return all((call.name, call.arguments) in made for call in spoken.tool_calls)
