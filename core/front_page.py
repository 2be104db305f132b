"""What somebody sees before they ask anything: what the desk can do, what runs for them, what waits for their vote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.replies import Suggestion


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """One action as its requester sees it in a list."""

    action_id: str
    title: str
    state: str
    created_at: datetime
    waits_for: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing the desk can do for this person, in their language."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class WaitsForYou:
    """One action on which this person may vote. `taken_by` is the name of whoever took it, empty for nobody."""

    action_id: str
    title: str
    requester: str
    asked_at: datetime
    expires_at: datetime
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What somebody sees before they ask anything. `known` is false for strangers: then there is only the notice.

    `notice` says that this is an AI, which one, how long text is kept and how to reach a person; Markdown.
    `switched_off` says in words what is switched off now. `brake` says what slows this approver down, if anything.
    """

    language: str
    known: bool
    name: str
    notice: str
    suggestions: tuple[Suggestion, ...] = ()
    abilities: tuple[Ability, ...] = ()
    requests: tuple[RequestSummary, ...] = ()
    waiting: tuple[WaitsForYou, ...] = ()
    is_approver: bool = False
    switched_off: tuple[str, ...] = ()
    brake: str = ""
