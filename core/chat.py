"""Messages, tools and replies of a language model: the same for the built-in model and any OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to use a tool. `arguments` is whatever JSON text it produced; nobody has checked it yet."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the exchange with the model. `call_id` links a tool's result to its call."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """What a model is told of a tool: its name, its docstring and the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelTurn:
    """What the model said: text, or tool calls, or both. Token counts are 0 where the server gives none.

    `asks_for` is the call that the text asks something for, with what is known of its arguments so far.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    asks_for: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text, just written. Nobody has checked it: only checked sentences go to a person."""

    text: str


class ChatModel(Protocol):
    """Something that answers a list of messages. Raises `ModelError` when it gives nothing usable."""

    @property
    def name(self) -> str:
        """Shown to people, so that they know which of the two answered."""

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """One completion. The caller sets the deadline."""


@runtime_checkable
class StreamingModel(Protocol):
    """A `ChatModel` that can also be read while it writes."""

    def stream(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]
    ) -> AsyncIterator[TextDelta | ModelTurn]:
        """The text piece by piece, then as the last item the whole turn. Raises `ModelError`, also in the middle."""
