"""What the conversation is built from."""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.gate import Gate
from agent.meaning import Meaning
from agent.settings import AgentSettings, AiSettings
from core.chat import ChatModel
from core.measures import Measures, Relay
from core.ports import Live
from storage import Database
from tools.registry import Registry
from tools.systems import ReadSystems


@dataclass(frozen=True, slots=True)
class TurnParts:
    """Everything a turn uses. `systems` can only read; whatever changes something goes through `gate`.

    `model` is the language model where there is one, `fallback` the built-in model; they may be the same object.
    `meaning` is the built-in model's, for what code decides whichever model answered. `live` shows checked sentences of
    an answer while it is being written; `measures` counts what happened.
    """

    database: Database
    gate: Gate
    registry: Registry
    systems: ReadSystems
    model: ChatModel
    fallback: ChatModel
    settings: AgentSettings
    ai: AiSettings
    meaning: Meaning
    live: Live | None = None
    measures: Measures = field(default_factory=Relay)
