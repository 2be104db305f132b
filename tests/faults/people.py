"""Who comes to the counter in a run under faults, and what they do: each goes on where things stand, as people do."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.channel import Channel

APPROVERS = ("E1003", "E1004", "E1006", "E1022")
TICKET = "please open a ticket: the chair in {room} is broken"
RESET = "reset my password"


@dataclass(frozen=True)
class Wish:
    """What somebody says first, and how it goes on.

    `then`: `confirm`, `cancel`, or nothing. `verdict` is what the first approver clicks; `twice`: delivered twice;
    `late`: somebody clicks when all is decided.
    """

    user: str
    text: str
    then: str = ""
    verdict: str = "approve"
    approvers: Sequence[str] = ()
    twice: bool = False
    late: bool = False


DAY = (
    Wish("E1002", "how many days of leave do I get?", twice=True),
    Wish("E1041", TICKET.format(room="T0.05"), "confirm", twice=True),
    Wish("E1001", RESET, "confirm", approvers=("E1003", "E1022"), late=True),
    Wish("E1037", RESET, "confirm", approvers=("E1004", "E1006", "E1003")),
    Wish("E1020", RESET, "confirm", verdict="deny", approvers=("E1006", "E1004"), late=True),
    Wish("E1044", TICKET.format(room="Z1.07"), "cancel"),
)
SHORT = (DAY[1], DAY[2])
WAITING = (
    Wish("E1039", TICKET.format(room="Z1.05")),
    Wish("E1021", RESET, "confirm"),
)
"""Nobody goes on with these: they are reminded of, passed on, and expire."""


@dataclass
class Person:
    """One wish on its way. `patience`: seconds after which somebody gives up. `stuck` says what did not come."""

    wish: Wish
    channel: Channel
    number: int
    patience: float = 60.0
    stuck: str = ""
    action_id: str = ""
    tries: int = 0
    _clicks: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def event_id(self) -> str:
        """The event of what was said last."""
        return f"e{self.number}-{self.wish.user}{'-again' * self.tries}"

    async def live(self) -> None:
        """From the first word to the end. Whoever hears that it went wrong asks again, as people do."""
        for self.tries in range(3):
            await self._say()
            answer = await self.channel.until(lambda: self.channel.answer(self.event_id), self.patience)
            if answer is None:
                self.stuck = f"{self.wish.user} was not answered"
                return
            if not answer["outcome"].startswith("failed_"):
                break
        if self.wish.then:
            await self._go_on()

    async def _say(self) -> None:
        copies = 2 if self.wish.twice else 1
        await asyncio.gather(
            *(self.channel.event(self.event_id, self.wish.user, self.wish.text) for _ in range(copies))
        )

    async def _go_on(self) -> None:
        card = await self.channel.until(self._first_card, self.patience)
        if card is None:
            self.stuck = f"{self.wish.user} got no draft"
            return
        self.action_id = card["action_id"]
        end = asyncio.get_running_loop().time() + self.patience
        while not self.channel.over and (verbs := self._verbs(self.wish.user)):
            if asyncio.get_running_loop().time() > end:
                self.stuck = f"{self.wish.user} is left with {sorted(verbs)}"
                return
            if verbs == {"cancel"} and not self.wish.approvers:
                return  # nobody will decide
            await self._step(verbs)
            await asyncio.sleep(0.15)
        if self.wish.late:  # one who comes to a card that is decided
            await self._click(self.wish.approvers[-1], "approve")

    async def _step(self, verbs: set[str]) -> None:
        if "confirm" in verbs:
            await self._click(self.wish.user, self.wish.then)
        elif "prove" in verbs:
            if code := self._code():
                await self._click(self.wish.user, "prove", code=code)
        elif self.wish.approvers and "approve" in self._verbs("it-approvers"):
            await self._vote()

    async def _vote(self) -> None:
        """One after the other; who comes when it is decided is told so. Of a `deny` it is the first one's."""
        verdict = self.wish.verdict
        for approver in self.wish.approvers:
            if await self._click(approver, verdict):
                verdict = "approve"

    async def _click(self, who: str, verb: str, **fields: str) -> bool:
        click_id = f"c{self.number}-{who}-{next(self._clicks)}"
        return bool(await self.channel.click(click_id, who, self.action_id, verb, **fields))

    def _first_card(self) -> dict[str, str] | None:
        answer = self.channel.answer(self.event_id)
        posts = [post["reply"] for post in self.channel.posts.values() if post["event"] == self.event_id]
        return next((reply["card"] for reply in posts if reply["card"]), None) if answer else None

    def _verbs(self, room: str) -> set[str]:
        return {button["verb"] for button in self.channel.card(self.action_id, room).get("buttons", ())}

    def _code(self) -> str:
        """The newest code on the person's phone."""
        folder = self.channel.arrangement.folder / "world" / "notes" / "sms"
        files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        notes = [json.loads(file.read_text()) for file in files]
        texts = [note["text"] for note in notes if note["key"].startswith(f"{self.action_id}:code:")]
        found = re.search(r"\b\d{6}\b", texts[-1]) if texts else None
        return found.group() if found else ""
