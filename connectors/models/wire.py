"""Our words for a chat in the form of Chat Completions, and the answer back in ours, whatever state it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.errors import ModelError

MAX_TEXT = 60_000  # characters
MAX_ARGUMENTS = 60_000  # characters
MAX_CALLS = 16
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def message_to_wire(message: ChatMessage) -> dict[str, Any]:
    """One message as Chat Completions wants it."""
    wire: dict[str, Any] = {"role": message.role, "content": clean(message.text)}
    if message.role == "tool":
        wire["tool_call_id"] = message.call_id
    if message.tool_calls:
        wire["tool_calls"] = [_call_to_wire(call) for call in message.tool_calls]
    return wire


def tool_to_wire(tool: ToolSchema) -> dict[str, Any]:
    """One tool as Chat Completions wants it."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def turn_from_wire(answer: object) -> ModelTurn:
    """A whole answer as a `ModelTurn`. Raises `ModelError` when it says nothing, or too much."""
    answer = answer if isinstance(answer, Mapping) else {}
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, Sequence) and not isinstance(choices, str) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    if not isinstance(message, Mapping):
        raise ModelError("the model server gave an answer without content")
    usage = answer.get("usage")
    return turn_from_message(message, usage if isinstance(usage, Mapping) else {})


def turn_from_message(message: Mapping[str, Any], usage: Mapping[str, Any]) -> ModelTurn:
    """The message of an answer and its token counts. Raises `ModelError` when it says nothing, or too much."""
    text = clean(_text(message.get("content"))).strip()
    calls = _calls(message.get("tool_calls"))
    if len(text) > MAX_TEXT or any(len(call.arguments) > MAX_ARGUMENTS for call in calls):
        raise ModelError("the language model gave an answer that is far too long")
    if not text and not calls:
        raise ModelError("the language model gave an empty answer")
    return ModelTurn(text, calls, _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def clean(text: str) -> str:
    """Without halves of surrogate pairs and NULs: neither UTF-8 nor Postgres can hold them."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _calls(calls: object) -> tuple[ToolCall, ...]:
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return ()
    readable = [call for call in map(_call, calls[:MAX_CALLS]) if call is not None]
    ids = [call.call_id for call in readable]
    if len(set(ids)) == len(ids) and all(ids):
        return tuple(readable)
    # Two results under one id cannot be told apart; ids are ours to give, the server only gets them back.
    return tuple(ToolCall(f"call_{index}", call.name, call.arguments) for index, call in enumerate(readable))


def _call(call: object) -> ToolCall | None:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping):
        return None
    name, arguments, call_id = function.get("name"), function.get("arguments"), call.get("id")
    if not isinstance(name, str) or not name.strip():
        return None
    if not isinstance(arguments, str):
        arguments = "{}" if arguments is None else json.dumps(arguments)
    return ToolCall(clean(call_id)[:100] if isinstance(call_id, str) else "", clean(name)[:200], clean(arguments))


def _call_to_wire(call: ToolCall) -> dict[str, Any]:
    # Servers refuse a whole conversation for one odd name or broken argument in it.
    name = call.name if NAME.fullmatch(call.name) else UNSAFE.sub("_", call.name)[:64] or "unknown"
    arguments = call.arguments if _is_object(call.arguments) else "{}"
    return {"id": call.call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):  # some servers give parts
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0
