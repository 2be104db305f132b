"""What a turn, a person and a day may use, and the tally of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from agent.settings import AgentSettings
from agent.state import Spent
from agent.tables import spend, turns
from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.errors import LoketError
from storage import Tx, now

CHARS_A_TOKEN = 3
"""Where a server does not count: Dutch text has 3 to 4 characters a token, so this counts rather too much."""

# Building a statement costs as much as running it: those of every turn are built once.
_WHO: sa.BindParameter[str] = sa.bindparam("employee_id")
_MADE = (
    sa.select(sa.func.count())
    .select_from(turns)
    .where(turns.c.employee_id == _WHO, turns.c.at > sa.bindparam("since", type_=turns.c.at.type))
)
_USED = sa.select(
    sa.func.sum(sa.case((spend.c.employee_id == _WHO, spend.c.tokens), else_=0)).label("own"),
    sa.func.sum(spend.c.tokens).label("everybody"),
).where(spend.c.day == sa.bindparam("today"))


class BudgetSpent(LoketError):
    """The turn has used what it may use: it ends as `failed_budget`."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left before the turn starts."""

    turns_left: bool
    tokens_left: bool


def room_for(tx: Tx, employee_id: str, settings: AgentSettings) -> Room:
    """Whether this person may be answered now, and whether a model that costs tokens may do it."""
    moment = now(tx)
    whose = {"employee_id": employee_id, "since": moment - timedelta(hours=1), "today": moment.date()}
    made = tx.execute(_MADE, whose).scalar_one()
    used = tx.execute(_USED, whose).mappings().one()
    own, everybody = used["own"] or 0, used["everybody"] or 0
    return Room(
        turns_left=made < settings.person_turns_per_hour,
        tokens_left=own < settings.person_tokens_per_day and everybody < settings.organisation_tokens_per_day,
    )


def add_spend(tx: Tx, employee_id: str, spent: Spent) -> None:
    """Add a turn to the person's day."""
    day = now(tx).date()
    tx.put(
        spend,
        adds=("turns", "model_calls", "tokens"),
        employee_id=employee_id,
        day=day,
        turns=1,
        model_calls=spent.model_calls,
        tokens=spent.tokens,
    )


def use_model_call(spent: Spent, settings: AgentSettings) -> None:
    """Count one call of a model. Raises `BudgetSpent` when there is none left."""
    if spent.model_calls >= settings.max_model_calls:
        raise BudgetSpent("model calls")
    spent.model_calls += 1


def has_tokens(spent: Spent, settings: AgentSettings) -> bool:
    """Whether a model that costs tokens may go on in this turn; the built-in model costs none."""
    return spent.tokens < settings.max_tokens


def use_tool_call(spent: Spent, settings: AgentSettings) -> None:
    """Count one tool call, also one that cannot be carried out. Raises `BudgetSpent` when there is none left."""
    if spent.tool_calls >= settings.max_tool_calls:
        raise BudgetSpent("tool calls")
    spent.tool_calls += 1


def tokens_of(spoken: ModelTurn, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> int:
    """The tokens of one call as the server counts them; estimated where it gives no count."""
    if spoken.tokens_in + spoken.tokens_out:
        return spoken.tokens_in + spoken.tokens_out
    sent = sum(len(message.text) + _length(message.tool_calls) for message in messages)
    offered = sum(len(tool.name) + len(tool.description) + len(str(tool.parameters)) for tool in tools)
    return 1 + (sent + offered + len(spoken.text) + _length(spoken.tool_calls)) // CHARS_A_TOKEN


def _length(calls: Sequence[ToolCall]) -> int:
    return sum(len(call.name) + len(call.arguments) for call in calls)
