"""One turn: from a stored message to a committed, named ending. Whatever goes wrong, the person hears something."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, replace

import structlog

from agent import bursts, conversation, inbox
from agent.attached import with_files
from agent.budget import BudgetSpent, Room, room_for
from agent.builtin_model import BuiltinModel
from agent.bursts import Burst, WroteOn
from agent.conversation import Conversation
from agent.filling import ending_of_form
from agent.graph import build_graph
from agent.inbox import Opened
from agent.language import language_of
from agent.masking import Masker
from agent.offers import said_to_tools, schemas_of
from agent.parts import TurnParts
from agent.record import AlreadyCommitted, Committed, commit, refuse_unknown
from agent.routing import Routing
from agent.state import Asked, Ending, Gathered, Spent, TurnState
from agent.stopping import unless_stopped
from agent.streaming import thinking, withdraw_seen
from agent.summary import TurnSummary, summary_of
from agent.words import say
from core.errors import ConnectorError, ModelError, Refused, where
from core.events import Message
from core.outcomes import Outcome
from core.people import Employee, EmployeeKind, Standing
from core.tracing import span
from storage import Tx, now
from storage.faultpoint import reached
from tools.registry import Registry

__all__ = ["TurnParts", "TurnRunner", "TurnSummary"]

log = structlog.get_logger(__name__)
MAX_BEGINNINGS = 4
"""How often a turn is begun anew while somebody writes on; after that the first message is answered by itself."""
LOOK_SECONDS = 0.1
"""How often an unfinished burst is looked at again."""
_CAUSES: dict[type[BaseException], Outcome] = {
    TimeoutError: Outcome.FAILED_DEADLINE,
    BudgetSpent: Outcome.FAILED_BUDGET,
    ModelError: Outcome.FAILED_MODEL,
    ConnectorError: Outcome.FAILED_CONNECTOR,
}


@dataclass(frozen=True, slots=True)
class _Begun:
    """What a turn starts from, read in one transaction."""

    burst: Burst
    talk: Conversation
    room: Room
    asked: Asked


class TurnRunner:
    """Runs turns. Build it once: the graph is compiled here. `run` may be called for many events at a time."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts
        self._routing = Routing(parts.meaning, lambda: said_to_tools(parts.registry))
        self._graph = build_graph(parts, self._routing)
        self._follows = False

    async def run(self, event_id: str) -> TurnSummary:
        """Handle one stored message. Safe to call again after a crash at any point. Raises `KeyError` for no event.

        An exception leaves only when the database itself fails: the engine then tries again.
        """
        with span("turn", event_id=event_id) as seen:
            summary = await self._run(event_id)
            seen.set(outcome=summary.outcome, repeated=summary.repeated)
            return summary

    async def _run(self, event_id: str) -> TurnSummary:
        started = time.monotonic()
        opened = await self._parts.database.run(lambda tx: inbox.open_message(tx, event_id))
        if opened.handled:
            return TurnSummary(event_id, repeated=True)
        reached("turn.opened")
        message = opened.message
        try:
            requester, failure = await self._requester(message)
            if failure is not None or requester is None or not requester.may_use_tools:
                return await self._unknown(message, requester, failure or Outcome.REFUSED_IDENTITY, started)
            return await self._answered(opened, requester, started)
        except AlreadyCommitted:
            return TurnSummary(event_id, repeated=True)

    async def warm(self) -> None:
        """Load the weights and embed the tools' examples before the first message does: about 2 s, once a process.

        From then on the examples of newly released tools are learned before anybody is offered them.
        """
        await asyncio.to_thread(self._learn, self._parts.registry)
        await asyncio.to_thread(language_of, "printer defect")
        if not self._follows:
            self._follows = True
            self._parts.registry.before_change(self._learn)

    def _learn(self, registry: Registry) -> None:
        """Whatever the built-in model makes of the tools of this registry. Blocking; turns go on meanwhile."""
        fallback = self._parts.fallback
        for view in registry.views():
            if isinstance(fallback, BuiltinModel):
                fallback.warm(schemas_of(view))
        self._routing.learn(said_to_tools(registry))

    async def _answered(self, opened: Opened, requester: Employee, started: float) -> TurnSummary:
        """The turn, begun anew as long as the person writes on. What crashed before is tried by itself."""
        spent, alone = Spent(), opened.attempts > 1
        begun = await self._begin(opened.message, requester, alone=alone)
        async with thinking(None if begun.burst.stopped else self._parts.live, begun.burst.message):
            for beginning in itertools.count(1):
                try:
                    return await self._turn(opened, begun, spent, started)
                except WroteOn:
                    seen = begun.burst.message
                    log.info("person_wrote_on", event_id=seen.event_id, messages=len(begun.burst.parts))
                    if spent.seen:
                        await withdraw_seen(self._parts.live, seen)
                    spent = Spent(tokens=spent.tokens)
                final = beginning >= MAX_BEGINNINGS  # from then on only a stop begins it anew
                begun = await self._begin(opened.message, requester, alone=alone or final)
                begun = replace(begun, burst=replace(begun.burst, final=final))
        raise AssertionError("unreachable")

    async def _begin(self, first: Message, requester: Employee, *, alone: bool) -> _Begun:
        """The messages to answer, once the last of them looks finished or has waited long enough."""
        settings = self._parts.settings

        def read(tx: Tx) -> _Begun | float:
            burst = bursts.read(tx, first, settings, alone=alone)
            return burst.seconds or self._load(tx, burst, requester)

        while isinstance(found := await self._parts.database.read(read), float):  # noqa: ASYNC110 - rows change elsewhere
            await asyncio.sleep(min(found, LOOK_SECONDS))
        return found

    async def _turn(self, opened: Opened, begun: _Begun, spent: Spent, started: float) -> TurnSummary:
        """Raises `WroteOn` when the person wrote on, or stopped it, before the commit."""
        burst, talk, room, asked = begun.burst, begun.talk, begun.room, begun.asked
        requester = asked.requester
        reached("turn.loaded")
        language = next((past.language for past in reversed(talk.history)), requester.language)
        if burst.stopped:
            ending = replace(self._canned(Outcome.STOPPED, language), stored_text="")
        elif opened.attempts > self._parts.settings.max_attempts:
            ending = self._canned(Outcome.FAILED_CRASHED, language)
        elif not room.turns_left:
            ending = self._canned(Outcome.REFUSED_LIMIT, language)
        else:
            ending = await unless_stopped(self._think(asked, spent, language), lambda: self._stopped(opened.message))
            ending = await with_files(self._parts, asked, ending, [event_id for event_id, *_ in burst.parts])
            reached("turn.thought")
        ms = round((time.monotonic() - started) * 1000)

        def write(tx: Tx) -> Committed:
            bursts.close(tx, burst, self._parts.settings, ending.stored_text)
            return commit(tx, self._parts, asked, talk.place, ending, spent, ms)

        committed = await self._parts.database.run(write)
        return summary_of(opened.message.event_id, ending, committed, ms, spent.called)

    async def _requester(self, message: Message) -> tuple[Employee | None, Outcome | None]:
        """Who wrote this, from the verified identity; or what failed. An outsider stays one, whoever they map to."""
        if message.standing is not Standing.MEMBER:
            outside = message.standing is Standing.OUTSIDER
            return None, Outcome.REFUSED_IDENTITY if outside else Outcome.FAILED_CONNECTOR
        try:
            return await self._parts.systems.directory.by_identity(message.identity), None
        except ConnectorError as error:
            log.error("directory_failed", event_id=message.event_id, system=error.system)
            return None, Outcome.FAILED_CONNECTOR

    def _load(self, tx: Tx, burst: Burst, requester: Employee) -> _Begun:
        settings = self._parts.settings
        talk = conversation.load(tx, burst.message, requester.employee_id, settings)
        room = room_for(tx, requester.employee_id, settings)
        asked = Asked(
            burst.message,
            requester,
            talk.conversation_id,
            talk.history,
            now(tx),
            talk.first_contact,
            built_in_only=not room.tokens_left or self._parts.ai.level == "extract",
        )
        return _Begun(burst, talk, room, asked)

    async def _think(self, asked: Asked, spent: Spent, language: str) -> Ending:
        """The graph under its deadline. Every exception becomes an ending; its detail goes to the log only."""
        state: TurnState = {
            "asked": asked,
            "spent": spent,
            "gathered": Gathered(),
            "masker": Masker(self._parts.settings.work_domains),
        }
        try:
            async with asyncio.timeout(self._parts.settings.deadline_seconds):
                if asked.message.form is not None:
                    return await ending_of_form(self._parts, asked, language)
                return (await self._graph(state))["ending"]
        except (TimeoutError, BudgetSpent, ModelError, ConnectorError) as error:
            outcome = next(outcome for kind, outcome in _CAUSES.items() if isinstance(error, kind))
            log.error("turn_failed", event_id=asked.message.event_id, outcome=outcome.value, error=type(error).__name__)
            return self._canned(outcome, language)
        except Refused as error:
            log.info("turn_refused", event_id=asked.message.event_id, reason=error.reason)
            return self._canned(error.outcome, language)
        except Exception as error:  # noqa: BLE001 - the person must hear something, whatever it was
            # Neither the message nor the values of the frames: they may hold what somebody wrote.
            log.error("turn_crashed", event_id=asked.message.event_id, error=type(error).__name__, at=where(error))
            return self._canned(Outcome.FAILED_CRASHED, language)

    async def _stopped(self, first: Message) -> bool:
        return await self._parts.database.read(lambda tx: inbox.is_stopped(tx, first.event_id))

    async def _unknown(
        self, message: Message, requester: Employee | None, outcome: Outcome, started: float
    ) -> TurnSummary:
        """A stranger, a guest, a service entry, somebody inactive, or a directory that is down: no tools, no model."""
        language = requester.language if requester else self._parts.settings.organisation_language
        ending = self._canned(outcome, language)
        known = requester or _nobody(language)
        asked = Asked(message, known, "", (), message.sent_at, first_contact=False)
        committed = await self._parts.database.run(lambda tx: refuse_unknown(tx, self._parts, asked, ending))
        return summary_of(message.event_id, ending, committed, round((time.monotonic() - started) * 1000))

    def _canned(self, outcome: Outcome, language: str) -> Ending:
        return Ending(outcome, language, say(outcome.value, language, service_desk=self._parts.settings.service_desk))


def _nobody(language: str) -> Employee:
    """Stands for an identity that maps to no employee; may use nothing."""
    return Employee(
        "", "", "", "", "", "", "", "", "", None, frozenset(), language, kind=EmployeeKind.GUEST, active=False
    )
