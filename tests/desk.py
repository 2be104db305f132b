"""The desk for tests: the whole counter in one object, with the inline engine and the embedded outside world.

    async with Desk.start() as desk:
        replies = await desk.say("E1002", "how many days of leave do I get?")
        assert replies[-1].citations[0].path.endswith("leave-2026.md")
        reset = await desk.ask_for("E1002", "reset my password")
        await desk.prove("E1002", reset)
        await desk.click("E1003", reset, "approve")

Usable outside pytest. `model=` takes nothing (the built-in model), a `ScriptedModel`, an `ObedientModel`, or anything
that is a `core.chat.ChatModel`; what any of them was shown is in `desk.sinks()`.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from agent.tables import turns
from connectors.embedded import EffectRecord, World
from connectors.notify.embedded import Note, read_notes
from core.chat import ChatModel
from core.events import Address, Click, Message, Place, Stop, Verb
from core.outcomes import Outcome
from core.people import ChannelIdentity, Standing
from core.ports import Decision
from core.replies import Reply
from loket.bootstrap import build
from loket.counter import Counter
from loket.engine import Engine
from loket.logs import logging_to
from loket.recording import Posted, RecordingChannel, Streamed
from loket.settings import Settings
from storage import Database
from tests import strict_mind
from tests.handbooks import SMALL_HANDBOOK, Documents, embedder, prepare, write_documents
from tests.reading import RecordingModel, holds, recording

CODE = re.compile(r"\b\d{6}\b")
CREDENTIAL = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){2,}\b")
SPARE_ROOM = frozenset({"data_level0.bin", "length.bin", "link_lists.bin"})
"""The vectors of the index. Chroma saves memory there that it never wrote to: that of whichever process ingests, in a
test the one with its words. `loket policies ingest` is a process of its own, and erasure looks for what spilt."""
CHANNELS = {"terminal": ("terminal", "local"), "slack": ("slack", "TDHB"), "teams": ("teams", "dhb")}


@dataclass
class Clock:
    """Moves the database's clock and the outside world's, which follows it, and lets the sweep see it."""

    counter: Counter

    async def advance(self, **how_long: float) -> None:
        """`advance(hours=2)`: the keywords of `timedelta`."""
        self.counter.database.clock_offset += timedelta(**how_long)
        await self.counter.sweep.once()
        await self.counter.settle()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.counter.database.clock_offset


class Desk:
    """Say, click, settle, look. `counter` is the real thing inside."""

    def __init__(self, counter: Counter, channels: Mapping[str, RecordingChannel], model: RecordingModel | None):
        self.counter = counter
        self.clock = Clock(counter)
        self._channels = channels
        self._model = model
        self._numbers = itertools.count(1)
        self._said: list[str] = []
        self._documents = counter.home.folder / "documents"

    # --- starting --------------------------------------------------------------------------------------------

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        model: ChatModel | None = None,
        home: Path | None = None,
        documents: Documents = SMALL_HANDBOOK,
        database_url: str = "",
        engine: Engine | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Desk]:
        """A counter at work.

        `home`: a folder that stays (default: one that goes). `documents`: a folder, names of sample documents, or
        {path: Markdown}. `database_url`: another database than SQLite in the home folder. `settings`: sections of
        the settings, as in `settings={"gate": {"draft_minutes": 5}}`.
        """
        folder = home or Path(tempfile.mkdtemp(prefix="loket-desk-"))
        mind = strict_mind.Mind(model, settings)
        try:
            await prepare(folder, documents, database_url)
            sections = {**await mind.open(), **(settings or {})}
            chosen = Settings(home=folder, database_url=database_url, _env_file=None, **sections)
            channels = {name: RecordingChannel(name) for name in CHANNELS}
            shown = recording(model) if model is not None else None
            counter = build(chosen, embedder=embedder(), model=shown, engine=engine, channels=tuple(channels.values()))
            counter.sweep.seconds = 3600  # the test's clock moves by `advance` only
            mind.knows(counter)
            desk = cls(counter, channels, shown)
            with logging_to(counter.home.log, "debug"):
                await counter.start()
                try:
                    await desk.settle()
                    yield desk
                finally:
                    await counter.stop()
        finally:
            await mind.close()
            if home is None:
                shutil.rmtree(folder, ignore_errors=True)

    # --- doing -----------------------------------------------------------------------------------------------

    async def say(
        self,
        employee: str,
        text: str,
        via: str = "terminal",
        thread: str | None = None,
        *,
        anchor: str = "",
        standing: Standing = Standing.MEMBER,
    ) -> list[Reply]:
        """Write something as an employee and wait; returns what was said to them, in order.

        `via`: `terminal`, `slack_dm`, `slack_channel`, `teams_dm`, `teams_channel`. `anchor`: the post it hangs under.
        `standing`: what the channel says of them.
        """
        message = self.message(employee, text, via, thread, anchor)
        message = replace(message, complete=True, standing=standing)
        before = self._count()
        await self.deliver(message)
        await self.settle()
        return [post.reply for post in self.posts(since=before) if post.address.user == message.identity.user]

    async def ask_for(self, employee: str, text: str, via: str = "terminal", thread: str | None = None) -> str:
        """Say something that leads to a draft; returns the action's id. Raises AssertionError when there is none."""
        replies = await self.say(employee, text, via, thread)
        cards = [reply.card for reply in replies if reply.card]
        assert cards, f"no draft came of {text!r}: {[reply.text for reply in replies]}"
        return cards[-1].action_id

    async def prove(self, employee: str, action_id: str, whose: str = "", via: str = "terminal") -> Decision:
        """Confirm a draft and type in the code that came on the phone: of the employee, or of `whose` (a caller)."""
        confirmed = await self.click(employee, action_id, "confirm", via)
        assert confirmed.accepted, confirmed.text
        return await self.click(employee, action_id, "prove", via, code=self.code(whose or employee))

    async def deliver(self, message: Message) -> None:
        """Hand an event in as a channel does, without waiting for its turn."""
        await self.counter.desk.receive(message)

    def message(
        self, employee: str, text: str, via: str = "terminal", thread: str | None = None, anchor: str = ""
    ) -> Message:
        """An event that says something, with an event id of its own."""
        address, identity = self._where(employee, via, thread)
        address = replace(address, anchor=anchor)
        event_id = f"{identity.channel}:{identity.tenant}:test-{next(self._numbers)}"
        return Message(event_id, identity, address, text, self.clock.now())

    async def stop(self, employee: str, via: str = "terminal", thread: str | None = None, anchor: str = "") -> bool:
        """Press Stop; says whether there was anything to stop. What is said about it is in `posts` once it settles."""
        address, identity = self._where(employee, via, thread)
        event_id = f"{identity.channel}:{identity.tenant}:stop-{next(self._numbers)}"
        return await self.counter.desk.stop(Stop(event_id, identity, replace(address, anchor=anchor)))

    async def click(
        self,
        employee: str,
        action_id: str,
        verb: str,
        via: str = "terminal",
        *,
        standing: Standing = Standing.MEMBER,
        **fields: str,
    ) -> Decision:
        """Press a button of a card: `approve`, `deny`, `confirm`, `cancel`, `take`, `prove` with `code=…`."""
        address, identity = self._where(employee, via, None)
        event_id = f"{identity.channel}:{identity.tenant}:click-{next(self._numbers)}"
        click = Click(event_id, identity, address, action_id, Verb(verb), fields, standing)
        decision = await self.counter.desk.decide(click)
        self._said.append(decision.text)
        await self.settle()
        return decision

    async def settle(self) -> None:
        """Wait until nothing is queued, running or due."""
        await asyncio.wait_for(self.counter.settle(), 60)

    # --- looking ---------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """The outside world: people come and go, systems fail."""
        return self.counter.world

    @property
    def database(self) -> Database:
        """The ledger's database."""
        return self.counter.database

    def effects(self) -> list[EffectRecord]:
        """What the outside systems recorded, never what the agent claims."""
        return self.world.effects()

    def notes(self, employee: str = "", road: str = "") -> list[Note]:
        """What arrived on phones and in mailboxes, oldest first; of one person, by one road."""
        people = self.world.read(
            lambda c: c.execute("SELECT employee_id, mobile, private_email, email FROM people").fetchall()
        )
        whose = {address: row["employee_id"] for row in people for address in tuple(row)[1:] if address}
        return [
            note
            for note in read_notes(self.world.notes)
            if (not employee or whose.get(note.address) == employee) and (not road or note.road.value == road)
        ]

    def code(self, employee: str) -> str:
        """The newest code on somebody's registered phone, read as they would; empty when there is none."""
        return self._newest(CODE, self.notes(employee, "sms"))

    def credential(self, employee: str) -> str:
        """The newest temporary credential that reached somebody outside the chat; empty when there is none."""
        return self._newest(CREDENTIAL, self.notes(employee))

    @staticmethod
    def _newest(pattern: re.Pattern[str], notes: Sequence[Note]) -> str:
        found = [match.group() for note in notes for match in pattern.finditer(note.text.get_secret_value())]
        return found[-1] if found else ""

    def posts(self, since: int = 0) -> list[Posted]:
        """Everything that was posted in any channel, in order."""
        merged = sorted(
            (post for channel in self._channels.values() for post in channel.posts), key=lambda post: post.number
        )
        return merged[since:]

    def streamed(self) -> list[Streamed]:
        """What was shown of answers while they were being written, in order; an empty text is a withdrawal."""
        return sorted((one for channel in self._channels.values() for one in channel.streamed), key=lambda one: one.at)

    def begun(self) -> list[str]:
        """The ids of the messages of which a channel heard that the desk thinks about them."""
        return [event_id for channel in self._channels.values() for event_id in channel.begun_events]

    def taken(self) -> list[tuple[str, str]]:
        """The ids of the messages of which a channel heard that they were taken in, and what was said of the wait."""
        return [told for channel in self._channels.values() for told in channel.taken_events]

    def cards(self, room: str) -> list[Reply]:
        """The posts with a card in one room, such as an approver group's."""
        return [post.reply for post in self.posts() if post.address.room == room and post.reply.card]

    async def state(self, action_id: str) -> str:
        """The state of an action in the ledger; empty when there is none."""
        action = await self.counter.gate.show(action_id)
        return action.state.value if action else ""

    def turns(self) -> list[Outcome]:
        """How all turns ended, oldest first."""
        with self.database.reading() as tx:
            return [Outcome(row.outcome) for row in tx.execute(sa.select(turns).order_by(turns.c.at))]

    def prompts(self) -> list[str]:
        """Everything that the given model was shown, call by call."""
        return self._model.shown if self._model else []

    def sinks(self) -> dict[str, str]:
        """Every text written anywhere, by place: tables, files of the home folder, prompts, replies, decisions.

        The files of the outside world are left out: there a code and a credential are meant to arrive. So are the
        vectors of the index; see `SPARE_ROOM`.
        """
        found = {f"table {table}": text for table, text in self._tables()}
        found["posts"] = "\n".join(repr(post) for post in self.posts())
        found["streamed"] = "\n".join(repr(one) for one in self.streamed())
        found["decisions"] = "\n".join(self._said)
        found["prompts"] = "\n".join(self._model.shown if self._model else ())
        for file in sorted(self.counter.home.folder.rglob("*")):
            if file.is_file() and file.name not in SPARE_ROOM and not file.is_relative_to(self.counter.home.world):
                found[f"file {file.relative_to(self.counter.home.folder)}"] = file.read_bytes().decode("latin-1")
        return found

    def sinks_with(self, secret: str) -> list[str]:
        """The places in which a text can be read, plain or in a disguise that anybody undoes."""
        return [place for place, text in self.sinks().items() if holds(text, secret)]

    # --- changing what there is ------------------------------------------------------------------------------

    async def add_documents(self, documents: Mapping[str, str], collection: str = "handbook") -> None:
        """Publish documents: {path: Markdown}."""
        write_documents(self._documents, documents)
        await self.counter.library.ingest(self._documents, collection)

    def add_person(self, employee_id: str, name: str, **details: Any) -> None:
        """A new colleague; `details` are the keys of `connectors/people.yaml`."""
        self.world.add_person(employee_id, name, **details)

    # --- inside ----------------------------------------------------------------------------------------------

    def _where(self, employee: str, via: str, thread: str | None) -> tuple[Address, ChannelIdentity]:
        kind, _, where = via.partition("_")
        channel, tenant = CHANNELS[kind]
        user = f"U{employee}" if channel == "slack" else employee
        identity = ChannelIdentity(channel, tenant, user)
        if where == "channel":
            return Address(channel, tenant, "C-GENERAL", Place.SHARED, thread, user), identity
        return Address(channel, tenant, user, Place.DIRECT, thread, user), identity

    def _count(self) -> int:
        return sum(len(channel.posts) for channel in self._channels.values())

    def _tables(self) -> list[tuple[str, str]]:
        tables = sa.MetaData()
        tables.reflect(self.database.engine)
        with self.database.reading() as tx:
            return [
                (table.name, "\n".join(repr(tuple(row)) for row in tx.execute(sa.select(table))))
                for table in tables.sorted_tables
            ]
