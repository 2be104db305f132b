"""What one turn knows while it runs: the question, and what the steps of the graph have found so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

from actions.records import Prepared
from agent.answer_check import Supported
from agent.conflicts import Conflict
from agent.masking import Masker
from core.chat import ChatMessage, ModelTurn, ToolSchema
from core.events import Message, Place
from core.fields import Form
from core.outcomes import Outcome
from core.people import Employee
from core.ports import Passage
from core.replies import Citation, Suggestion
from tools import Found


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier message of this person in this conversation."""

    role: Literal["user", "assistant"]
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and all that was known before the first step. Identity comes from here and nowhere else."""

    message: Message
    requester: Employee
    conversation_id: str
    history: tuple[Past, ...]
    at: datetime
    first_contact: bool
    built_in_only: bool = False

    @property
    def shared(self) -> bool:
        """Whether others can read along."""
        return self.message.address.place is Place.SHARED

    @property
    def said(self) -> tuple[str, ...]:
        """What the requester wrote themselves, in this message and before."""
        return (*(past.text for past in self.history if past.role == "user"), self.message.text)


@dataclass(frozen=True, slots=True)
class Move:
    """A yes or a no in text to the requester's own draft."""

    action_id: str
    yes: bool


@dataclass(frozen=True, slots=True)
class FileNote:
    """What is said of the files that came along: `text` is shown and never kept, `kept` is what the history has of it.

    `replaces` is the draft in whose place a proposal of this turn comes.
    """

    text: str
    kept: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the turn ends: what is said, what is proposed, and whether the person's text may be kept.

    `form` is offered besides the question for one thing. `replaces` is the draft that the proposal was edited from.
    """

    outcome: Outcome
    language: str
    text: str = ""
    citations: tuple[Citation, ...] = ()
    private: bool = False
    model: str = ""
    proposals: tuple[Prepared, ...] = ()
    move: Move | None = None
    stored_text: str | None = None
    files: FileNote | None = None
    suggestions: tuple[Suggestion, ...] = ()
    form: Form | None = None
    replaces: str = ""


@dataclass(slots=True)
class Spent:
    """What the turn has used of its budget, and who spoke last. `began`: seconds of `time.monotonic`. `seen`: a
    preview of the answer was shown."""

    model_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    model: str = ""
    fell_back: bool = False
    began: float = field(default_factory=time.monotonic)
    seen: bool = False
    called: list[str] = field(default_factory=list)
    """The tools that were asked for, in order, also those that refused or failed."""


@dataclass(slots=True)
class Gathered:
    """What the tools gave, in order. Grows during the turn and is never shown to another person."""

    found: list[Found] = field(default_factory=list)
    prepared: list[Prepared] = field(default_factory=list)
    refused: list[tuple[Outcome, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    connector_failed: bool = False

    @property
    def anything(self) -> bool:
        """Whether a tool gave or refused anything: if not, the model's words are all there is."""
        return bool(self.found or self.prepared or self.refused or self.failed or self.connector_failed)

    @property
    def passages(self) -> list[Passage]:
        """All passages, in the order of their numbers (the first is 1)."""
        return [passage for found in self.found for passage in found.passages]


class TurnState(TypedDict, total=False):
    """The state of the graph. The objects in `spent`, `gathered` and `masker` are this turn's own.

    `plain` is a wish that code read from the person's words: no model had a part in it.
    """

    asked: Asked
    language: str
    tools: Sequence[ToolSchema]
    messages: list[ChatMessage]
    spoken: ModelTurn
    plain: ModelTurn
    spent: Spent
    gathered: Gathered
    masker: Masker
    around: tuple[str, str]
    kept: tuple[Supported, ...]
    conflicts: tuple[Conflict, ...]
    ending: Ending
