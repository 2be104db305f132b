"""One question, one answer: puts a message to the desk and waits until its turn is committed."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from actions.records import Action
from agent.turn import TurnSummary
from core.events import Message
from loket.counter import Counter
from loket.terminal.channel import NAME, TENANT, address_of, identity_of

THREAD = "ask-"
"""How the thread of every asked question begins."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one turn ended, and the actions it filed as they stand now. `ms` is wall clock, queue included."""

    question_id: str
    turn: TurnSummary
    actions: tuple[Action, ...]
    ms: int

    def as_json(self) -> dict[str, Any]:
        """The object that `loket ask --json` prints and `--batch` writes, one a line."""
        turn = self.turn
        return {
            "id": self.question_id,
            "outcome": turn.outcome.value if turn.outcome else None,
            "text": turn.text,
            "language": turn.language,
            "citations": [
                {"path": citation.path, "heading": citation.heading, "quote": citation.quote}
                for citation in turn.citations
            ],
            "actions": [
                {"id": action.action_id, "tool": action.tool, "title": action.title, "state": action.state.value}
                for action in self.actions
            ],
            "model": turn.model,
            "ms": self.ms,
        }


class Asker:
    """Asks a started counter in the name of employees, each question in a conversation of its own."""

    def __init__(self, counter: Counter, seconds: float) -> None:
        self._counter = counter
        self._seconds = seconds
        self._waiting: dict[str, asyncio.Future[TurnSummary]] = {}
        counter.listeners.append(self._hear)

    async def ask(self, employee_id: str, question: str, question_id: str = "", thread: str = "") -> Answer:
        """Put the question; in the same `thread` it follows on the one before. Raises TimeoutError when the turn has
        not ended in time.
        """
        own = f"{THREAD}{uuid.uuid4().hex}"
        thread, event_id = thread or own, f"{NAME}:{TENANT}:{own}"
        address, identity = address_of(employee_id, thread), identity_of(employee_id)
        ended = self._waiting[event_id] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        try:
            asked = Message(event_id, identity, address, question, datetime.now(UTC), complete=True)
            await self._counter.desk.receive(asked)
            turn = await asyncio.wait_for(ended, self._seconds)
        finally:
            del self._waiting[event_id]
        ms = round((time.perf_counter() - began) * 1000)
        found = [await self._counter.gate.show(action_id) for action_id in turn.action_ids]
        return Answer(question_id, turn, tuple(action for action in found if action is not None), ms)

    def _hear(self, turn: TurnSummary) -> None:
        ended = self._waiting.get(turn.event_id)
        if ended is not None and not ended.done():
            ended.set_result(turn)
