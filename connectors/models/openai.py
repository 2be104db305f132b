"""The language model behind any server that speaks OpenAI's Chat Completions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.http import async_client
from connectors.models.breaker import Breaker
from connectors.models.openai_client import headers, open_async
from connectors.models.stream import Gathered
from connectors.models.trouble import RESTING, TOO_SLOW, Trouble, read_trouble, vendor_errors
from connectors.models.wire import message_to_wire, tool_to_wire, turn_from_wire
from connectors.settings import LlmSettings, OutsideSettings
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolSchema
from core.errors import ModelError

T = TypeVar("T")
TRIES = 3  # for one model, and only where nothing was answered: no connection, HTTP 429, HTTP 5xx


@dataclass(frozen=True, slots=True)
class Time:
    """What tells the time and lets it pass; tests put their own here. `clock` never goes back, in seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class OpenAIModel:
    """Implements `ChatModel` and `StreamingModel`.

    Every failure is a `ModelError` with a fixed sentence: no key, no prompt, no vendor text.

    One call, its repeats included, ends within `settings.timeout_seconds`.
    """

    def __init__(
        self, settings: LlmSettings, outside: OutsideSettings | None = None, timing: Time | None = None
    ) -> None:
        self._settings = settings
        self._time = timing or Time()
        self._http = async_client(outside or OutsideSettings(), settings.timeout_seconds)
        self._client = open_async(settings.base_url, settings.key, self._http)
        self._breaker = Breaker(self._time.clock)
        self._vendor_errors = vendor_errors()
        # The SDK trips over chunks of odd shapes.
        self._stream_errors: tuple[type[Exception], ...] = (*self._vendor_errors, AttributeError, TypeError)

    @property
    def name(self) -> str:
        """The model's name as the operator set it."""
        return self._settings.model

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """One completion. Raises `ModelError`."""

        async def ask(body: dict[str, Any]) -> ModelTurn:
            response = await self._client.chat.completions.with_raw_response.create(**body)
            return turn_from_wire(json.loads(response.text))

        until = self._time.clock() + self._settings.timeout_seconds
        return await self._within(until, self._over_models(ask, self._body(messages, tools), until))

    async def stream(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]
    ) -> AsyncIterator[TextDelta | ModelTurn]:
        """The text piece by piece, then as the last item the whole turn. Raises `ModelError`, also in the middle."""

        async def ask(body: dict[str, Any]) -> Any:
            return await self._client.chat.completions.create(**body)

        body = {**self._body(messages, tools), "stream": True, "stream_options": {"include_usage": True}}
        until = self._time.clock() + self._settings.timeout_seconds
        stream = await self._within(until, self._over_models(ask, body, until))
        gathered = Gathered()
        try:
            async with aclosing(self._chunks(stream, until)) as chunks:
                async for chunk in chunks:
                    text = gathered.add(chunk)
                    if text:
                        yield TextDelta(text)
        finally:
            await stream.close()
        yield gathered.turn()

    def _body(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> dict[str, Any]:
        # As `extra_body`: the SDK looks for files in all that is typed, leaf by leaf, and a tool's schema has many.
        written: dict[str, Any] = {"messages": [message_to_wire(message) for message in messages]}
        if tools:
            written["tools"] = [tool_to_wire(tool) for tool in tools]
        body: dict[str, Any] = {
            "messages": [],
            self._settings.limit_name: self._settings.max_output_tokens,
            "extra_headers": headers(self._settings.key),
            "extra_body": written,
        }
        if self._settings.temperature is not None:
            body["temperature"] = self._settings.temperature
        return body

    async def _over_models(
        self, ask: Callable[[dict[str, Any]], Awaitable[T]], body: dict[str, Any], until: float
    ) -> T:
        """The first model's answer, or the next one's. Raises the last model's `ModelError`."""
        sentence = ""
        for model in self._settings.models:
            try:
                result = await self._repeated(lambda model=model: ask({**body, "model": model}), until)  # type: ignore[misc]
            except ModelError as error:
                sentence = str(error)
                continue
            if not isinstance(result, Trouble):
                return result
            sentence = result.sentence
            if not result.other_model:
                break
        raise ModelError(sentence)

    async def _repeated(self, ask: Callable[[], Awaitable[T]], until: float) -> T | Trouble:
        """What `ask` gives, or the trouble that remains after the tries that make sense."""
        trouble = Trouble(RESTING, other_model=False)
        for attempt in range(TRIES):
            if not self._breaker.may_call():
                return Trouble(RESTING, other_model=False)
            result = await self._once(ask)
            if not isinstance(result, Trouble):
                return result
            trouble = result
            pause = trouble.seconds(attempt)
            if not trouble.again or attempt + 1 == TRIES or self._time.clock() + pause >= until:
                break
            await self._time.sleep(pause)
        return trouble

    async def _once(self, ask: Callable[[], Awaitable[T]]) -> T | Trouble:
        # The trouble is returned, not raised inside `except`: the vendor's error, which may hold the key, must not
        # travel on as the context of ours.
        try:
            result = await ask()
        except ModelError:
            self._breaker.succeeded()  # it answered; that the answer is useless is not the connection's fault
            raise
        except self._vendor_errors as error:
            trouble = read_trouble(error)
        except BaseException:
            self._breaker.gave_up()
            raise
        else:
            self._breaker.succeeded()
            return result
        self._note(trouble)
        return trouble

    def _note(self, trouble: Trouble) -> None:
        if trouble.blames_server:
            self._breaker.failed()
        else:
            self._breaker.succeeded()

    async def _chunks(self, stream: Any, until: float) -> AsyncGenerator[object, None]:
        while True:
            chunk = await self._within(until, self._next(stream))
            if isinstance(chunk, Trouble):
                self._note(chunk)
                raise ModelError(chunk.sentence)
            if chunk is None:
                return
            yield chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk

    async def _next(self, stream: Any) -> Any:
        try:
            return await anext(stream, None)
        except self._stream_errors as error:
            return read_trouble(error)

    async def _within(self, until: float, work: Awaitable[T]) -> T:
        """`work`, given up when the time is over. Raises `ModelError` then."""
        try:
            async with asyncio.timeout(max(0.001, until - self._time.clock())):
                return await work
        except TimeoutError:
            self._breaker.failed()
        raise ModelError(TOO_SLOW)
