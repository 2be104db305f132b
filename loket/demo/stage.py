"""The stage: people speak and click through the real desk, and everything the system says is printed as it stands."""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from connectors.notify.embedded import Note, read_notes
from core.events import Message, Verb
from core.outcomes import Outcome
from core.ports import Decision
from core.replies import Card, Reply
from loket.counter import Counter
from loket.drawing import draw_reply
from loket.terminal import Line, address_of, identity_of
from loket.typed_clicks import click_of
from loket.words import SENTENCES

CODE = re.compile(r"\b\d{6}\b")
CREDENTIAL = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){2,}\b")
NAMES = {"it-approvers": "the room of the IT approvers"}


@dataclass
class Stage:
    """One run of the demo. `failures` collects what did not hold; the demo fails when there is one."""

    counter: Counter
    console: Console
    names: dict[str, str]
    failures: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    heard: list[tuple[str, Line]] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def heading(self, title: str, aside: str = "") -> None:
        """The title of a scene."""
        self.console.print()
        self.console.rule(f"[bold]{title}[/bold]", align="left")
        if aside:
            self.aside(aside)

    def aside(self, text: str) -> None:
        """A remark to the audience."""
        self.console.print(text, style="dim italic", markup=False)

    async def say(self, employee_id: str, text: str) -> list[Reply]:
        """Somebody writes; what is said back to them is printed and returned."""
        self.console.print()
        self.console.print(
            Text(f"{self.names[employee_id]}: ", style="bold yellow").append(text, style="not bold white")
        )
        event_id = f"terminal:local:demo-{next(self.numbers)}"
        message = Message(
            event_id, identity_of(employee_id), address_of(employee_id), text, datetime.now(UTC), complete=True
        )
        await self.counter.desk.receive(message)
        return [line.reply for room, line in await self._listen() if room == employee_id]

    async def click(self, employee_id: str, action_id: str, verb: Verb, shown: str, **fields: str) -> Decision:
        """Somebody presses a button; `shown` says in words what they do."""
        self.console.print()
        self.console.print(
            Text(f"{self.names[employee_id]} ", style="bold yellow").append(f"[{shown}]", style="not bold")
        )
        decision = await self.counter.desk.decide(click_of(employee_id, action_id, verb, fields))
        style = "green" if decision.accepted else "red"
        self.console.print(Padding(Text(decision.text, style=style), (0, 0, 0, 2)))
        await self._listen()
        return decision

    def check(self, holds: bool, what: str) -> None:
        """What this scene is to show; printed, and remembered when it does not hold."""
        mark, style = ("✓", "green") if holds else ("✗ NOT SO:", "bold red")
        self.console.print(Text(f"  {mark} {what}", style=style))
        if not holds:
            self.failures.append(what)

    def notes(self, address: str) -> list[Note]:
        """What has arrived on a phone or in a mailbox, oldest first."""
        return [note for note in read_notes(self.counter.world.notes) if note.address == address]

    def code_on(self, phone: str) -> str:
        """The newest code that a phone received, read as its owner would. It must not be in the transcript."""
        for note in reversed(self.notes(phone)):
            if found := CODE.search(note.text.get_secret_value()):
                self.secrets.append(found.group())
                return found.group()
        return ""

    def credential_in(self, mailbox: str) -> str:
        """The newest temporary credential in a mailbox, read as its owner would."""
        for note in reversed(self.notes(mailbox)):
            if found := CREDENTIAL.search(note.text.get_secret_value()):
                self.secrets.append(found.group())
                return found.group()
        return ""

    async def _listen(self) -> list[tuple[str, Line]]:
        """Wait until all is quiet, then print what was posted: of a card that changed twice the last state."""
        await asyncio.wait_for(self.counter.settle(), 60)
        heard, self.heard[:] = list(self.heard), []
        newest = {(room, line.receipt): line for room, line in heard}
        for room, line in heard:
            if newest[room, line.receipt] is line:
                self._print(room, line)
        return heard

    def _print(self, room: str, line: Line) -> None:
        where = NAMES.get(room, self.names.get(room, room))
        self.console.print(Text(f"  Loket → {where}", style="bold cyan"))
        if line.replaces and line.reply.card is not None:
            card = line.reply.card
            text = f"card {card.action_id[:8]} “{card.title}” is now: {card.state}"
            self.console.print(Padding(Text(text), (0, 0, 0, 4)))
            return
        self.console.print(Padding(draw_reply(line.reply, SENTENCES), (0, 0, 0, 4)))


def outcome_of(replies: list[Reply]) -> Outcome | None:
    """How the turn ended."""
    return next((reply.outcome for reply in reversed(replies) if reply.outcome is not None), None)


def paths_of(replies: list[Reply]) -> list[str]:
    """The files that the answer rests on."""
    return [citation.path for reply in replies for citation in reply.citations]


def text_of(replies: list[Reply]) -> str:
    """Everything that was said."""
    return "\n".join(reply.text for reply in replies)


def card_of(replies: list[Reply]) -> Card | None:
    """The card that came with it."""
    return next((reply.card for reply in replies if reply.card is not None), None)
