"""The desk: all that a channel may call. It stores what comes in before it says yes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Protocol

from agent import feedback, inbox
from connectors.directory import Directory
from core.catalogue import Catalogue
from core.events import Click, Message
from core.feedback import Feedback
from core.measures import Measures, Relay
from core.people import Employee
from core.ports import Decision
from core.tracing import span
from loket.engine import Engine, Queue
from storage import Database, Tx
from storage.faultpoint import around_commit, reached


class Deciding(Protocol):
    """What the desk needs of the gate."""

    async def decide(self, click: Click, decider: Employee) -> Decision:
        """Apply the click of a known employee."""


class CounterDesk:
    """Implements `core.ports.Desk`. `wake_delivery` is called after every decision."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        gate: Deciding,
        directory: Directory,
        sentences: Catalogue,
        wake_delivery: Callable[[], None],
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._gate = gate
        self._directory = directory
        self._sentences = sentences
        self._wake_delivery = wake_delivery
        self._measures = measures or Relay()

    async def receive(self, message: Message) -> None:
        """Store the message, then queue it. The same event twice is stored and queued once."""
        address = dataclasses.replace(message.address, user=message.identity.user)
        message = dataclasses.replace(message, address=address)
        reached("desk.before_put")
        began = time.perf_counter()
        with span("receive", event_id=message.event_id, channel=address.channel) as seen:
            new = await self._database.run(lambda tx: self._put(tx, message))
            seen.set(new=new)
        self._measures.received(address.channel, time.perf_counter() - began, new=new)

    def _put(self, tx: Tx, message: Message) -> bool:
        new = inbox.put(tx, message)
        if new:
            self._engine.enlist(tx, Queue.TURNS, message.event_id, message.partition)
        around_commit(tx, "desk.put")
        return new

    async def decide(self, click: Click) -> Decision:
        """Find out who clicked, then let the gate decide. A stranger decides nothing."""
        employee = await self._directory.by_identity(click.identity)
        if employee is None or not employee.may_use_tools:
            language = employee.language if employee else "en"
            return Decision(False, self._sentences.say("unknown_person", language), "")
        decision = await self._gate.decide(click, employee)
        self._wake_delivery()
        return decision

    async def feedback(self, given: Feedback) -> str:
        """Find out who thinks so, then keep it with their turn. A stranger's opinion is not kept."""
        employee = await self._directory.by_identity(given.identity)
        if employee is None or not employee.active:
            return self._sentences.say("unknown_person", employee.language if employee else "en")
        noted = await self._database.run(lambda tx: feedback.note(tx, given, employee.employee_id))
        if noted is not feedback.Noted.KEPT:
            return self._sentences.say(f"feedback_{noted}", employee.language)
        return self._sentences.say("feedback_good" if given.good else "feedback_bad", employee.language)
