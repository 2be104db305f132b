"""Once text from outside has been read, a tool is used only if the person's own words ask for it.

A document, a ticket or a name may hold orders, and a model may obey them. What a turn does must follow from what the
person wrote: so after the first result, and after an earlier answer that quotes, each wish of a model is held against
their words by the same choice that the built-in model makes. A wish before that follows from nothing else anyway.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from agent.builtin_model import BuiltinModel
from agent.offers import SEARCH
from agent.parts import TurnParts
from agent.state import Asked, Gathered, TurnState
from agent.wish import read_wish
from agent.word_lists import words
from core.chat import ToolCall, ToolSchema
from core.errors import ToolRetry

SAID = 3
"""How many of the person's last messages count as their words."""
ALIKE = 0.3
"""How near a further search must be to what the person asks (cosine), unless it shares a telling word with it."""
UNASKED = "the person's own words do not ask for this; answer from what was found, or ask them whether they want it"


class Provenance:
    """Knows for one batch of calls whether the model has read text from outside."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts

    async def check(self, call: ToolCall, state: TurnState, *, after_reading: bool) -> None:
        """Raises `ToolRetry` for a wish that follows from something else than the person's words."""
        model = self._parts.fallback
        if not after_reading or not isinstance(model, BuiltinModel):
            return
        meant = read_wish(state["messages"], state["language"]).text  # "yes" to the offer of a ticket asks for one
        said = (*state["asked"].said[-SAID:], meant)
        asks = self._is_near if call.name == SEARCH else _is_meant
        if not await asyncio.to_thread(asks, model, call, said, state["tools"]):
            raise ToolRetry(UNASKED)

    def _is_near(self, _model: BuiltinModel, call: ToolCall, said: Sequence[str], _tools: Sequence[ToolSchema]) -> bool:
        question = _question(call)
        if any(_telling(question) & _telling(text) for text in said):
            return True
        return float(self._parts.meaning.likeness(question, list(said)).max(initial=-1.0)) >= ALIKE


def has_read(asked: Asked, gathered: Gathered) -> bool:
    """Whether the model sees words of others: results of tools, or earlier answers that quote."""
    return bool(gathered.found) or any(past.role == "assistant" and "\n> " in past.text for past in asked.history)


def _is_meant(model: BuiltinModel, call: ToolCall, said: Sequence[str], tools: Sequence[ToolSchema]) -> bool:
    return any(call.name in model.meant(text, tools) for text in said)


def _question(call: ToolCall) -> str:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""  # refused for what it is, right after this
    return str(arguments.get("question", "")) if isinstance(arguments, dict) else ""


def _telling(text: str) -> set[str]:
    stripped = (word.strip(".,;:!?()\"'") for word in text.lower().split())
    return {word[:6] for word in stripped if len(word) > 3 and word not in words("not_telling")}
