"""Forms at the desk: who is offered which, and what somebody filled in as an event that its own turn handles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from actions.gate import Gate
from agent.secrets_in_text import cover_secrets
from core.errors import Refused, ToolRetry
from core.events import Address, FilledForm, Message
from core.fields import Filled, Filling, Form, FormWanted
from core.people import Employee
from storage import AuditEntry, Database, Tx, now
from storage.audit import record
from tools.fields import form_of, read_answers
from tools.loaded import LoadedTool
from tools.registry import Registry
from tools.texts import TEXTS

log = structlog.get_logger(__name__)
MOST_VALUES = 100
Receive = Callable[[Message], Awaitable[None]]


class Forms:
    """Makes forms and takes them in. All that comes back is looked at as if nobody had made it: who fills it in, for
    which tool, for whose draft, and each value."""

    def __init__(self, database: Database, gate: Gate, registry: Registry) -> None:
        self._database = database
        self._gate = gate
        self._registry = registry

    async def form(self, wanted: FormWanted, person: Employee) -> Form | None:
        """The form as this person sees it; None for a tool they are not offered, and for another's draft."""
        known: dict[str, Any] = {}
        tool = wanted.tool
        if wanted.replaces:
            try:
                draft = await self._gate.draft_to_edit(wanted.replaces, person.employee_id)
            except Refused as error:
                log.info("form_refused", reason=error.reason)
                return None
            if tool and tool != draft.tool:
                return None
            tool, known = draft.tool, draft.arguments
        loaded = self._offered(tool, person, wanted.address)
        return form_of(loaded, person.language, known, wanted.replaces) if loaded is not None else None

    async def fill(self, filled: Filled, person: Employee, receive: Receive) -> Filling:
        """See `core.ports.Desk.fill`; `receive` stores an event durably."""
        wanted = FormWanted(filled.identity, filled.address, filled.tool, filled.replaces, filled.standing)
        language = person.language
        form = await self.form(wanted, person)
        if form is None:
            await self._refused(filled, person, "not offered")
            key = "form.gone" if filled.replaces else "form.not_for_you"
            return Filling(False, TEXTS.say(key, language))
        moment = await self._database.read(now)
        answers = read_answers(form, filled.values, moment.date())
        if answers.foreign or len(filled.values) > MOST_VALUES:
            await self._refused(filled, person, "foreign field")
            return Filling(False, TEXTS.say("form.changed", language))
        if answers.errors:
            return Filling(False, "", answers.errors)
        arguments = {name: _covered(value) for name, value in answers.arguments.items()}
        loaded = self._offered(form.tool, person, filled.address)
        if loaded is None or not _fits(loaded, arguments):
            return Filling(False, TEXTS.say("form.changed", language))
        await receive(_event(filled, FilledForm(form.tool, arguments, filled.replaces), moment))
        return Filling(True, TEXTS.say("form.filled_in", language, title=form.title))

    def _offered(self, tool: str, person: Employee, address: Address) -> LoadedTool | None:
        """The tool, in the version this person is offered there; never one of the gate's own, nor one that is off."""
        return next((one for one in self._registry.offered_to(person, address) if one.name == tool), None)

    async def _refused(self, filled: Filled, person: Employee, why: str) -> None:
        """Somebody sent a form that we did not give them: that is kept."""
        entry = AuditEntry(
            actor=f"employee:{person.employee_id}",
            verb="form.refused",
            object=f"tool:{filled.tool[:64]}",
            result=why,
            origin=filled.identity.channel,
            request=filled.event_id[:200],
        )

        def write(tx: Tx) -> None:
            record(tx, entry)

        await self._database.run(write)


def _event(filled: Filled, form: FilledForm, moment: datetime) -> Message:
    sent_at = moment.astimezone(UTC)
    return Message(
        filled.event_id,
        filled.identity,
        filled.address,
        "",
        sent_at,
        complete=True,
        standing=filled.standing,
        form=form,
    )


def _covered(value: Any) -> Any:
    """A password or a code that somebody typed is stored nowhere, as in a message."""
    return cover_secrets(value) if isinstance(value, str) else value


def _fits(loaded: LoadedTool, arguments: dict[str, Any]) -> bool:
    try:
        loaded.tool.check(arguments)
    except ToolRetry:
        return False
    return True
