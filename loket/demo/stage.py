"""The stage: people write and press in a Slack workspace, and what stands there is printed as a reader sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from connectors.notify.embedded import Note, read_notes
from core.events import Verb
from core.outcomes import Outcome
from core.ports import Decision
from core.replies import Card, Reply
from loket.counter import Counter
from loket.demo.workspace import ROOM, Heard, Workspace
from simulators.slack.message import SimMessage
from simulators.slack.person import SimPerson

CODE = re.compile(r"\b\d{6}\b")
CREDENTIAL = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){2,}\b")


@dataclass
class Stage:
    """One run of the demo. `failures` collects what did not hold; the demo fails when there is one."""

    workspace: Workspace
    console: Console
    names: dict[str, str]
    failures: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    seen: int = 0
    whispered: set[str] = field(default_factory=set)

    @property
    def counter(self) -> Counter:
        """The counter that the people talk with."""
        return self.workspace.counter

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
        """Somebody writes in their chat with Loket; what is said back to them is printed and returned."""
        self.console.print()
        self.console.print(
            Text(f"{self.names[employee_id]}: ", style="bold yellow").append(text, style="not bold white")
        )
        person = self.workspace.people[employee_id]
        await person.dm(text)
        return [heard.reply for heard in await self._listen() if heard.address.room == person.im]

    async def click(self, employee_id: str, action_id: str, verb: Verb, shown: str, **fields: str) -> Decision:
        """Somebody presses a button of a card, and fills in the form it opens; `shown` says in words what they do.

        Whose card has no such button any more presses the one that stood there before, as on a screen that lags.
        """
        self.console.print()
        self.console.print(
            Text(f"{self.names[employee_id]} ", style="bold yellow").append(f"[{shown}]", style="not bold")
        )
        person, before = self.workspace.people[employee_id], len(self.workspace.desk.decisions)
        message, stale = self._card(person, action_id, verb)
        await person.press(message, f"card.{verb.value}", stale=stale)
        await self.workspace.side.app.settle()  # a form opens right after the button is acknowledged
        if person.modal is not None:
            for error in (await person.submit(dict(fields))).values():
                self._say(f"form of {person.name}", error, "red")
        heard = await self._listen()
        self._whispers(person)
        decisions = self.workspace.desk.decisions[before:]
        if not decisions:
            return Decision(accepted=False, text="", state="")
        if not heard and decisions[-1].accepted:
            self.console.print(Padding(Text(decisions[-1].text, style="green"), (0, 0, 0, 2)))
        return decisions[-1]

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

    def _card(self, person: SimPerson, action_id: str, verb: Verb) -> tuple[SimMessage, bool]:
        """The newest post before this person that has, or once had, this button of this action."""
        there = [*person.sees(person.im), *person.sees(ROOM)]
        for stale in (False, True):
            for message in reversed(there):
                if _has_button(message, action_id, verb, stale=stale):
                    return message, stale
        raise LookupError(f"{person.name} sees no button {verb.value!r} of {action_id}")

    async def _listen(self) -> list[Heard]:
        """Wait until all is quiet, then print what was posted: of a card that changed twice the last state."""
        await self.workspace.settle()
        heard, self.seen = self.workspace.overheard.heard[self.seen :], len(self.workspace.overheard.heard)
        newest = {one.receipt: one for one in heard}
        for one in heard:
            if newest[one.receipt] is one:
                self._print(one)
        return heard

    def _print(self, heard: Heard) -> None:
        room, _, stamps = heard.receipt.partition(":")
        if heard.replaces and heard.reply.card is not None:
            card = heard.reply.card
            buttons = " ".join(f"[{button.label}]" for button in card.buttons)
            now = f"card {card.action_id[:8]} “{card.title}” is now: {card.state}"
            self._say(self._place(room), f"{now}\n{buttons}".strip())
            return
        for message in self.workspace.slack.messages(room):
            if message.ts in stamps.split(","):
                self._say(self._place(room), self.workspace.slack.drawn(message))

    def _whispers(self, person: SimPerson) -> None:
        """What Slack showed to this person alone."""
        for message in person.sees(ROOM):
            if message.ephemeral_to and message.ts not in self.whispered:
                self.whispered.add(message.ts)
                self._say(f"{person.name}, who alone sees this", self.workspace.slack.drawn(message), "red")

    def _say(self, where: str, text: str, style: str = "") -> None:
        self.console.print(Text(f"  Loket → {where}", style="bold cyan"))
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 4)))

    def _place(self, room: str) -> str:
        owner = next((person.name for person in self.workspace.people.values() if person.im == room), "")
        return owner or "#it-approvers"


def _has_button(message: SimMessage, action_id: str, verb: Verb, *, stale: bool) -> bool:
    versions = [blocks for _text, blocks in message.versions] if stale else [message.all_blocks]
    buttons = (element for blocks in versions for block in blocks or () for element in block.get("elements") or ())
    return any(
        one.get("action_id") == f"card.{verb.value}" and one.get("value") == action_id
        for one in buttons
        if isinstance(one, dict)
    )


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
