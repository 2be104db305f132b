"""Second step: ask a model what to do or say. When the language model fails, the built-in one takes over."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

import structlog

from agent.budget import use_model_call
from agent.masking import Masker
from agent.offers import without_extras
from agent.parts import TurnParts
from agent.prompting import phrasing_prompt
from agent.state import TurnState
from core.chat import ChatMessage, ChatModel, ModelTurn, ToolSchema
from core.errors import ModelError

log = structlog.get_logger(__name__)
MAX_ANSWER = 8_000
MAX_SPOKEN = 50_000
MAX_QUESTION = 400


class Think:
    """One call of a model: which one is decided here, by level, budget and what went wrong before."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts

    async def __call__(self, state: TurnState) -> TurnState:
        """What the model said, added to the messages. Raises `BudgetSpent`, and `ModelError` when both models fail."""
        spent = state["spent"]
        spoken = await self._language_model(state) if self._may_use_model(state) else None
        if spoken is None:
            use_model_call(spent, self._parts.settings)
            spoken = await self._parts.fallback.complete(state["messages"], state["tools"])
            spent.model = self._parts.fallback.name
        answer = ChatMessage("assistant", spoken.text, spoken.tool_calls)
        return {"spoken": spoken, "messages": [*state["messages"], answer]}

    def _may_use_model(self, state: TurnState) -> bool:
        if state["spent"].fell_back or state["asked"].built_in_only or self._parts.model is self._parts.fallback:
            return False
        level = self._parts.ai.level
        return level == "act" or (level == "write" and bool(state["gathered"].passages))

    async def _language_model(self, state: TurnState) -> ModelTurn | None:
        """The language model's turn, or None when the built-in model must take over for the rest of the turn."""
        spent = state["spent"]
        use_model_call(spent, self._parts.settings)
        phrasing = self._parts.ai.level == "write"
        messages = [*state["messages"], ChatMessage("system", phrasing_prompt())] if phrasing else state["messages"]
        tools = [] if phrasing else [without_extras(schema) for schema in state["tools"]]
        try:
            async with asyncio.timeout(self._parts.ai.call_seconds):
                spoken = await self._masked(self._parts.model, messages, tools, state["masker"])
            spent.tokens += spoken.tokens_in + spoken.tokens_out
            _refuse_garbage(spoken, state)
        except (ModelError, TimeoutError) as error:
            spent.fell_back = True
            event_id = state["asked"].message.event_id
            log.warning("model failed", event_id=event_id, model=self._parts.model.name, error=type(error).__name__)
            return None
        spent.model = self._parts.model.name
        return dataclasses.replace(spoken, tool_calls=()) if phrasing else spoken

    async def _masked(
        self, model: ChatModel, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema], masker: Masker
    ) -> ModelTurn:
        if not self._parts.ai.mask:
            return await model.complete(messages, tools)
        masked = [masker.mask_message(message) for message in messages]
        return masker.restore_turn(await model.complete(masked, tools))


def _refuse_garbage(spoken: ModelTurn, state: TurnState) -> None:
    """Raises `ModelError` for what no reply can be made of: nothing, far too much, or an answer without a source."""
    if len(spoken.text) + sum(len(c.call_id + c.name + c.arguments) for c in spoken.tool_calls) > MAX_SPOKEN:
        raise ModelError("far too much")
    if spoken.tool_calls:
        return
    if state["gathered"].anything:
        return
    text = spoken.text.strip()
    if not text or len(text) > MAX_ANSWER:
        raise ModelError("no usable text")
    if len(text) > MAX_QUESTION or not text.endswith("?"):
        raise ModelError("an answer from memory")
