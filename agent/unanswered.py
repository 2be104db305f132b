"""Which of several questions in a message found no answer: that is said, not passed over."""

from __future__ import annotations

import json

from agent.offers import SEARCH
from agent.several import requests_in
from agent.state import TurnState
from core.chat import ToolCall

FEWEST = 2


def unanswered(state: TurnState) -> list[str]:
    """The questions that were looked up apart and of whose passages nothing is said, as they were written; empty for a
    single question."""
    calls = [call for message in state["messages"] for call in message.tool_calls]
    found = state["gathered"].found
    if len(calls) < FEWEST or len(calls) != len(found) or any(call.name != SEARCH for call in calls):
        return []
    passages = state["gathered"].passages
    cited = {passages[one.number - 1].passage_id for one in state["kept"] if one.number}
    parts = requests_in(state["asked"].message.text)
    return [
        next((part for part in parts if question.endswith(part)), question)
        for call, one in zip(calls, found, strict=True)
        if cited.isdisjoint(passage.passage_id for passage in one.passages) and (question := _question(call))
    ]


def _question(call: ToolCall) -> str:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return ""
    return str(arguments.get("question", "")) if isinstance(arguments, dict) else ""
