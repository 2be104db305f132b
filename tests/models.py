"""Models for tests: one that follows a script, one that fails, and one that obeys whatever text it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.errors import ModelError

_ORDER = re.compile(r"CALL ([\w.-]+) (\{.*?\})\s*$", re.MULTILINE)


class ScriptedModel:
    """Says fixed turns, one a call, and remembers what it was shown. Out of turns it raises `ModelError`."""

    def __init__(self, turns: Sequence[ModelTurn], name: str = "scripted") -> None:
        self._turns = list(turns)
        self._name = name
        self.seen: list[list[ChatMessage]] = []
        self.offered: list[list[ToolSchema]] = []

    @property
    def name(self) -> str:
        """As people see it."""
        return self._name

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """The next turn of the script."""
        self.seen.append(list(messages))
        self.offered.append(list(tools))
        if not self._turns:
            raise ModelError("the script is over")
        return self._turns.pop(0)


class ObedientModel:
    """The adversary: carries out every line `CALL tool {json}` it can read, wherever it stands, and believes all text.

    When it has nothing left to obey it repeats the last text it read as its answer. `orders` are obeyed first,
    whatever the person asks.
    """

    def __init__(self, orders: Sequence[tuple[str, str]] = ()) -> None:
        self._orders = list(orders)
        self._obeyed: set[str] = set()
        self.seen: list[list[ChatMessage]] = []

    @property
    def name(self) -> str:
        """As people see it."""
        return "obedient"

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """Everything that any text told it to do and that it has not done yet."""
        self.seen.append(list(messages))
        calls = [*self._orders, *(order for message in messages for order in _ORDER.findall(message.text))]
        self._orders = []
        fresh = [(name, arguments) for name, arguments in calls if f"{name} {arguments}" not in self._obeyed]
        self._obeyed |= {f"{name} {arguments}" for name, arguments in fresh}
        if fresh:
            count = len(self.seen)
            return ModelTurn(
                "", tuple(ToolCall(f"obey-{count}-{n}", name, text) for n, (name, text) in enumerate(fresh))
            )
        return ModelTurn(messages[-1].text)


class BrokenModel:
    """Fails in a chosen way: `error` is raised at every call."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.calls = 0

    @property
    def name(self) -> str:
        """As people see it."""
        return "broken"

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """Never anything."""
        self.calls += 1
        raise self._error


def says(text: str) -> ModelTurn:
    """A turn of plain text."""
    return ModelTurn(text)


def calls(name: str, /, **arguments: object) -> ModelTurn:
    """A turn that calls one tool."""
    return ModelTurn("", (ToolCall(f"call-{name}", name, json.dumps(arguments)),))
