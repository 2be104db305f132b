"""`loket chat`: talk with the desk in the terminal."""

from __future__ import annotations

import asyncio
import sys
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from core.errors import Refused
from core.events import Message
from core.people import Employee
from core.ports import Decision
from loket.bootstrap import Counter
from loket.command.running import employee_of, run, settings_for_a_person, warn_if_no_policies, working
from loket.home import Home
from loket.settings import Settings
from loket.terminal.channel import Line, TerminalChannel, address_of, identity_of
from loket.terminal.drawing import draw_link, draw_reply
from loket.terminal.live_screen import LiveScreen
from loket.terminal.typed_clicks import opinion, parse
from loket.words import SENTENCES, say


def chat(
    as_: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Who you are, such as E1002.")],
) -> None:
    """
    Talk with the desk. Type questions; the buttons of cards are commands such as /confirm. /help lists them.

    Examples:

      loket chat --as E1002       an employee

      loket chat --as E1003       an approver: cards of other people's requests appear here
    """
    run(_chat(settings_for_a_person(), as_))


async def _chat(settings: Settings, employee_id: str) -> None:
    channel = TerminalChannel(Home(settings.home).rooms)
    async with working(settings, "loket chat", channel, talks=True) as counter:
        employee = await employee_of(counter, employee_id)
        await warn_if_no_policies(counter)
        screen = _Screen(counter, employee, channel)
        screen.open()
        await screen.talk()


class _Screen:
    """One person's terminal: their own chat, and the rooms of the groups they approve for."""

    def __init__(self, counter: Counter, employee: Employee, channel: TerminalChannel) -> None:
        self._counter = counter
        self._employee = employee
        self._channel = channel
        self._rooms = (employee.employee_id, *sorted(employee.groups))
        self._console = Console()
        self._heard: list[str] = []
        self._live = LiveScreen(self._console, employee.employee_id)

    def open(self) -> None:
        """Say hello and show what was posted while nobody looked."""
        self._say("chat_hello", name=self._employee.name)
        missed = [line for room in self._rooms for line in self._channel.unseen(room)]
        if missed:
            self._say("while_away")
        for line in missed:
            self._draw(line)
        self._channel.listen(self._hear)
        self._channel.watch(self._live.watch)

    async def talk(self) -> None:
        """Read lines until /quit or the end of input."""
        while True:
            text = await asyncio.to_thread(self._read)
            if text is None or text.lower() in ("/quit", "/exit"):
                break
            if text:
                await self._handle(text)
        self._say("chat_bye")

    async def _handle(self, text: str) -> None:
        self._heard.clear()
        decision = None
        if text.lower() == "/help":
            self._say("chat_help")
        elif given := opinion(text, self._employee):
            self._console.print(await self._counter.desk.feedback(given), style="dim", markup=False)
        elif text.startswith("/"):
            decision = await self._click(text)
        else:
            await self._counter.desk.receive(self._message(text))
        await self._counter.settle()
        if decision is not None and decision.text not in self._heard:
            self._console.print(decision.text, style="green" if decision.accepted else "red", markup=False)
        for link in decision.links if decision is not None else ():
            self._console.print(draw_link(link))

    async def _click(self, text: str) -> Decision | None:
        try:
            click = parse(text, await self._counter.gate.waiting(), self._employee)
        except Refused as refusal:
            self._say(refusal.reason, **refusal.details)
            return None
        return await self._counter.desk.decide(click)

    def _message(self, text: str) -> Message:
        employee_id = self._employee.employee_id
        event_id = f"terminal:local:{uuid.uuid4().hex}"
        return Message(
            event_id, identity_of(employee_id), address_of(employee_id), text, datetime.now(UTC), complete=True
        )

    def _hear(self, room: str, line: Line) -> None:
        if room in self._rooms:
            self._channel.saw(room)
            self._heard.append(line.reply.text)
            self._draw(line)

    def _draw(self, line: Line) -> None:
        self._live.clear()
        self._console.print(draw_reply(line.reply, SENTENCES))

    def _say(self, key: str, **values: object) -> None:
        self._console.print(say(key, self._employee.language, **values), style="dim", markup=False)

    def _read(self) -> str | None:
        if sys.stdin.isatty():
            self._console.print("[bold]>[/bold] ", end="")
        line = sys.stdin.readline()
        return line.strip() if line else None
