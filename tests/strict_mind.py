"""`pytest --strict-llm`: every desk without a model of its own gets one, behind a strict Chat Completions server.

Its mind is the built-in model under the same name, so that every scenario must end as it does without: what differs is
the road there and back, over HTTP, with everything a server like OpenAI's would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from agent.builtin_model import NAME, BuiltinModel
from agent.offers import schemas_of
from core.chat import ChatMessage, ChatModel, ModelTurn, ToolSchema
from loket.counter import Counter
from tests.handbooks import embedder
from tests.servers.strict_llm import StrictServer, strict_llm

wanted = False
"""Set by `tests/conftest.py`."""


class Mind:
    """The server's mind, and the server for the time of one desk."""

    def __init__(self, model: ChatModel | None, settings: Mapping[str, Any] | None) -> None:
        chosen = settings or {}
        self._on = wanted and model is None and "llm" not in chosen and "ai" not in chosen
        self._stack = AsyncExitStack()
        self._server: StrictServer | None = None
        self._counter: Counter | None = None
        self._builtin: BuiltinModel | None = None

    @property
    def name(self) -> str:
        """As people see it: what is written must not differ."""
        return NAME

    async def open(self) -> dict[str, Any]:
        """The settings that lead to the server; empty where there is none."""
        if not self._on:
            return {}
        self._server = await self._stack.enter_async_context(strict_llm(self))
        return {"llm": {"base_url": self._server.url, "model": NAME}}

    def knows(self, counter: Counter) -> None:
        """The counter whose tools and glossary it uses."""
        self._counter = counter
        self._builtin = BuiltinModel(embedder(), counter.library.glossary)

    async def close(self) -> None:
        """Stop the server. Raises AssertionError when it was asked what it would refuse."""
        await self._stack.aclose()
        assert self._server is None or self._server.violations == []

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """What the built-in model says, with the examples that no server is sent."""
        assert self._builtin is not None
        assert self._counter is not None
        whole = {schema.name: schema for schema in schemas_of(self._counter.registry.available())}
        return await self._builtin.complete(messages, [whole.get(tool.name, tool) for tool in tools])
