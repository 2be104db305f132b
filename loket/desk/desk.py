"""The desk: all that a channel may call. It stores what comes in before it says yes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Protocol

from actions import files
from agent import bursts, feedback
from agent.secrets_in_text import notice_code
from connectors.directory import Directory
from core.catalogue import Catalogue
from core.encoding import encode
from core.errors import Refused
from core.events import Click, Message, Stop
from core.feedback import Feedback
from core.fields import Filled, Filling, Form, FormWanted
from core.front_page import FrontPage
from core.measures import Measures, Relay
from core.people import ChannelIdentity, Employee, Standing
from core.ports import Decision
from core.replies import Card, Reply
from core.sign_in import SignedIn
from core.tracing import span
from loket.desk.forms import Forms
from loket.desk.front_page import FrontPages
from loket.desk.storing import Storing
from loket.engine import Engine
from storage import Database, OutboxItem, Tx, outbox
from storage.faultpoint import around_commit, reached


class Deciding(Protocol):
    """What the desk needs of the gate."""

    async def decide(self, click: Click, decider: Employee) -> Decision:
        """Apply the click of a known employee."""

    async def not_me(self, code: str, actor: str = "", origin: str = "notice") -> Decision:
        """ "This was not me", with the code of a notice. Raises `Refused` for a code that was never sent."""

    async def prove_by_sign_in(self, signed: SignedIn) -> Decision:
        """Take a sign-in as proof of identity."""

    async def approve_signed_in(self, reference: str, browser_hash: str, language: str) -> Decision:
        """Cast the vote of an approver who signed in for it."""

    async def card_for(self, action_id: str, reader: Employee) -> Card:
        """The card as this reader sees it. Raises `Refused`."""


def _nobody_shows(_: Message) -> None:
    """The default of `taken`."""


class CounterDesk:
    """Implements `core.ports.Desk`. `wake_delivery` is called after every decision, `taken` for every message that was
    stored as a new one; it returns at once.
    """

    def __init__(  # noqa: PLR0913 - what it is built from, each by its name
        self,
        database: Database,
        engine: Engine,
        gate: Deciding,
        directory: Directory,
        sentences: Catalogue,
        wake_delivery: Callable[[], None],
        front: FrontPages,
        *,
        measures: Measures | None = None,
        forms: Forms,
        taken: Callable[[Message], None] = _nobody_shows,
    ) -> None:
        self._database = database
        self._storing = Storing(database, engine)
        self._taken = taken
        self._gate = gate
        self._directory = directory
        self._sentences = sentences
        self._wake_delivery = wake_delivery
        self._front = front
        self._forms = forms
        self._measures = measures or Relay()

    async def receive(self, message: Message) -> None:
        """Store the message, then queue it. The same event twice is stored and queued once."""
        address = dataclasses.replace(message.address, user=message.identity.user)
        message = files.looked_at(dataclasses.replace(message, address=address))
        if await self._not_me(message):
            return
        reached("desk.before_put")
        began = time.perf_counter()
        with span("receive", event_id=message.event_id, channel=address.channel) as seen:
            new = await self._storing.put(message)
            seen.set(new=new)
        self._measures.received(address.channel, time.perf_counter() - began, new=new)
        if new:
            self._taken(message)

    async def _not_me(self, message: Message) -> bool:
        """Whoever sends the code of a notice says "this was not me": done here, where votes are taken, before any turn.

        False for all else: twelve digits that no notice carries are words like others. Twice is harmless.
        """
        code, identity = notice_code(message.text), message.identity
        if not code:
            return False
        employee = await self._known(identity, message.standing)
        if employee is None or not employee.may_use_tools:
            return False
        try:
            heard = await self._gate.not_me(code, f"employee:{employee.employee_id}", identity.channel)
        except Refused:
            return False
        reply = Reply(heard.text, employee.language, private=True)
        item = OutboxItem(f"not-me:{message.event_id}", "reply", encode(message.address), encode(reply))
        await self._database.run(lambda tx: outbox.put(tx, item))
        self._wake_delivery()
        return True

    async def stop(self, stop: Stop) -> bool:
        """Let what this person wrote there, and what is not answered yet, end as `stopped`. Its own turn tells them."""
        with span("stop", event_id=stop.event_id, channel=stop.address.channel):
            return await self._database.run(lambda tx: self._stop(tx, stop))

    def _stop(self, tx: Tx, stop: Stop) -> bool:
        stopped = bursts.stop(tx, stop)
        around_commit(tx, "desk.stop")
        return stopped

    async def decide(self, click: Click) -> Decision:
        """Find out who clicked, then let the gate decide. A stranger decides nothing."""
        employee = await self._known(click.identity, click.standing)
        if employee is None or not employee.may_use_tools:
            language = employee.language if employee else "en"
            return Decision(False, self._sentences.say("unknown_person", language), "")
        decision = await self._gate.decide(click, employee)
        self._wake_delivery()
        return decision

    async def prove_by_sign_in(self, signed: SignedIn) -> Decision:
        """A fresh sign-in as proof of identity, from the page of proof."""
        decision = await self._gate.prove_by_sign_in(signed)
        self._wake_delivery()
        return decision

    async def approve_signed_in(self, reference: str, browser_hash: str, language: str) -> Decision:
        """An approver's yes, from the page that showed them all of it."""
        decision = await self._gate.approve_signed_in(reference, browser_hash, language)
        self._wake_delivery()
        return decision

    async def feedback(self, given: Feedback) -> str:
        """Find out who thinks so, then keep it with their turn. A stranger's opinion is not kept."""
        employee = await self._known(given.identity, given.standing)
        if employee is None or not employee.active:
            return self._sentences.say("unknown_person", employee.language if employee else "en")
        noted = await self._database.run(lambda tx: feedback.note(tx, given, employee.employee_id))
        if noted is not feedback.Noted.KEPT:
            return self._sentences.say(f"feedback_{noted}", employee.language)
        return self._sentences.say("feedback_good" if given.good else "feedback_bad", employee.language)

    async def front_page(self, identity: ChannelIdentity, standing: Standing = Standing.MEMBER) -> FrontPage:
        """See `core.ports.Desk`."""
        return await self._front.of(await self._known(identity, standing))

    async def card(
        self, identity: ChannelIdentity, action_id: str, standing: Standing = Standing.MEMBER
    ) -> Card | None:
        """See `core.ports.Desk`."""
        reader = await self._known(identity, standing)
        if reader is None or not reader.may_use_tools:
            return None
        try:
            return await self._gate.card_for(action_id, reader)
        except Refused:
            return None

    async def form(self, wanted: FormWanted) -> Form | None:
        """See `core.ports.Desk`."""
        person = await self._known(wanted.identity, wanted.standing)
        if person is None or not person.may_use_tools:
            return None
        return await self._forms.form(wanted, person)

    async def fill(self, filled: Filled) -> Filling:
        """Find out who filled it in, then have it checked and stored. A stranger's is not even read."""
        person = await self._known(filled.identity, filled.standing)
        if person is None or not person.may_use_tools:
            return Filling(False, self._sentences.say("unknown_person", person.language if person else "en"))
        return await self._forms.fill(filled, person, self.receive)

    async def _known(self, identity: ChannelIdentity, standing: Standing) -> Employee | None:
        """Who that is. Nobody, where the channel does not vouch for them: the directory is not even asked."""
        return await self._directory.by_identity(identity) if standing is Standing.MEMBER else None
