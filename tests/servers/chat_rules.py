"""What OpenAI's published description of Chat Completions refuses (github.com/openai/openai-openapi), as a checklist.

Only what a client like ours could get wrong: unknown fields, wrong types, the order of roles, calls and their results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

FIELDS = frozenset(
    {
        "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction",
        "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed",
        "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools",
        "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
    }
)  # fmt: skip
OF_ROLE = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call"},
    "tool": {"role", "content", "tool_call_id"},
}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LONGEST_ID = 40


def problems(body: object) -> list[str]:
    """All that is wrong with a request; empty when it would be taken."""
    if not isinstance(body, dict):
        return ["the body is no object"]
    return [*_top(body), *_tools(body.get("tools")), *_messages(body.get("messages"))]


def _top(body: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown field {name}" for name in body.keys() - FIELDS)
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model must be a name"
    temperature = body.get("temperature", 1)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
        yield "temperature must be 0 to 2"
    for name in ("max_tokens", "max_completion_tokens"):
        if name in body and (not isinstance(body[name], int) or isinstance(body[name], bool) or body[name] < 1):
            yield f"{name} must be a positive integer"
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "max_tokens and max_completion_tokens together"
    if "stream_options" in body and body.get("stream") is not True:
        yield "stream_options without stream"
    if set(body.get("stream_options") or {}) - {"include_usage", "include_obfuscation"}:
        yield "unknown stream option"


def _tools(tools: object) -> Iterator[str]:
    if tools is None:
        return
    if not isinstance(tools, list) or not 1 <= len(tools) <= 128:
        yield "tools must be a list of 1 to 128"
        return
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) and set(tool) == {"type", "function"} else None
        if not isinstance(function, dict) or tool["type"] != "function":
            yield "a tool is {type: function, function}"
        else:
            yield from _function(function)


def _function(function: dict[str, Any]) -> Iterator[str]:
    if set(function) - {"name", "description", "parameters", "strict"}:
        yield "unknown field of a function"
    if not isinstance(function.get("name"), str) or not NAME.fullmatch(function["name"]):
        yield "a function's name"
    if not isinstance(function.get("description", ""), str):
        yield "a function's description"
    parameters = function.get("parameters", {"type": "object"})
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        yield "parameters must be a JSON schema of an object"
    elif any(key.startswith("x-") for key in parameters):
        yield "keys of our own in a schema"


def _messages(messages: object) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages must be a list with something in it"
        return
    waiting: set[str] = set()
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in OF_ROLE:
            yield f"messages[{number}]: no such role"
            continue
        yield from (f"messages[{number}]: {problem}" for problem in _message(message, waiting))
        if message["role"] == "assistant":
            calls = message.get("tool_calls") or []
            waiting = {call["id"] for call in calls if isinstance(call, dict) and isinstance(call.get("id"), str)}
        elif message["role"] == "tool":
            waiting.discard(str(message.get("tool_call_id")))
    if waiting:
        yield "tool calls without their results at the end"
    if isinstance(messages[-1], dict) and messages[-1].get("role") not in ("user", "tool"):
        yield "nothing to answer: the last message is neither a user's nor a tool's"


def _message(message: dict[str, Any], waiting: set[str]) -> Iterator[str]:
    role, content = message["role"], message.get("content")
    if message.keys() - OF_ROLE[role]:
        yield f"unknown fields {sorted(message.keys() - OF_ROLE[role])}"
    if content is None and not (role == "assistant" and message.get("tool_calls")):
        yield "no content"
    if content is not None and not isinstance(content, str):
        yield "content must be text"
    if role == "tool":
        if message.get("tool_call_id") not in waiting:
            yield "a tool message must answer a call of the assistant message before it"
    elif waiting:
        yield "an assistant message with tool_calls must be followed by a result for each"
    if "tool_calls" in message:
        yield from _calls(message["tool_calls"])


def _calls(calls: object) -> Iterator[str]:
    if not isinstance(calls, list) or not calls:
        yield "tool_calls must be a list with something in it"
        return
    ids = [call.get("id") for call in calls if isinstance(call, dict)]
    if len(set(map(str, ids))) != len(calls):
        yield "two calls under one id"
    for call in calls:
        if not isinstance(call, dict) or set(call) != {"id", "type", "function"} or call["type"] != "function":
            yield "a call is {id, type: function, function}"
            continue
        if not isinstance(call["id"], str) or not 1 <= len(call["id"]) <= LONGEST_ID:
            yield f"a call's id has 1 to {LONGEST_ID} characters"
        function = call["function"]
        if not isinstance(function, dict) or set(function) != {"name", "arguments"}:
            yield "a call's function is {name, arguments}"
        elif not NAME.fullmatch(str(function["name"])) or not _is_object(function["arguments"]):
            yield "a call's name or arguments"


def _is_object(arguments: object) -> bool:
    try:
        return isinstance(arguments, str) and isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
