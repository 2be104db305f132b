"""Gathering a streamed answer: the text as it comes, and at the end the same turn that a whole answer gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.models.trouble import CUT_OFF
from connectors.models.wire import MAX_ARGUMENTS, MAX_CALLS, MAX_TEXT, clean, turn_from_message
from core.chat import ModelTurn
from core.errors import ModelError


class Gathered:
    """What has come so far of one streamed answer."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._calls: dict[int, dict[str, Any]] = {}
        self._usage: Mapping[str, Any] = {}
        self._finished = False

    def add(self, chunk: object) -> str:
        """Take one chunk in; returns its text. Raises `ModelError` once the answer is far too long."""
        if not isinstance(chunk, Mapping):
            return ""
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = chunk["usage"]
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, Sequence) and not isinstance(choices, str) and choices else None
        if not isinstance(choice, Mapping):
            return ""
        self._finished = self._finished or choice.get("finish_reason") is not None
        delta = choice.get("delta")
        return self._add_delta(delta) if isinstance(delta, Mapping) else ""

    def turn(self) -> ModelTurn:
        """The whole. Raises `ModelError` when the stream was cut off, or when it said nothing."""
        if not self._finished:
            raise ModelError(CUT_OFF)
        calls = [self._calls[index] for index in sorted(self._calls)]
        return turn_from_message({"content": "".join(self._text), "tool_calls": calls}, self._usage)

    def _add_delta(self, delta: Mapping[str, Any]) -> str:
        calls = delta.get("tool_calls")
        if isinstance(calls, Sequence) and not isinstance(calls, str):
            for call in calls:
                self._add_call(call)
        text = delta.get("content")
        if not isinstance(text, str) or not text:
            return ""
        self._grow(len(text), MAX_TEXT)
        self._text.append(text)
        return clean(text)

    def _add_call(self, call: object) -> None:
        if not isinstance(call, Mapping):
            return
        index = call.get("index", 0)
        if not isinstance(index, int) or not 0 <= index < MAX_CALLS:
            return
        known = self._calls.setdefault(index, {"id": "", "function": {"name": "", "arguments": ""}})
        known["id"] = known["id"] or call.get("id") or ""
        function = call.get("function")
        if not isinstance(function, Mapping):
            return
        for part in ("name", "arguments"):
            piece = function.get(part)
            if isinstance(piece, str):
                self._grow(len(piece), MAX_TEXT + MAX_ARGUMENTS)
                known["function"][part] += piece

    def _grow(self, length: int, most: int) -> None:
        self._length += length
        if self._length > most:
            raise ModelError("the language model gave an answer that is far too long")
