"""A person's right to be forgotten: every table, file and queue of this machine, and what is left to a human."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from actions.cards import short_id
from actions.gate import Gate
from agent.masking import Masker
from connectors.directory import Directory
from core.errors import LoketError
from loket.home import Home
from loket.retention import log_files, rooms
from loket.retention.erasing import InTheWay, Removed, erase_rows_of, in_the_way
from loket.retention.person import Person, find_person
from loket.retention.queue_rows import forget_in_file, forget_in_postgres
from loket.retention.withdrawing import withdraw_all
from loket.terminal.channel import NAME, file_name
from policies.tables import documents, passages
from storage import Database, Tx
from storage.erase import clear_traces
from storage.tables import outbox

SHORT = 6
"""Letters of a name or an id: a shorter one stands in a file of numbers by chance."""
SENDING_SECONDS = 10.0
"""How long withdrawn cards get to leave before they are erased."""
LOOK_SECONDS = 0.2


class StillOpen(LoketError):
    """The operator waits, or withdraws: something of this person is not over."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed. `found` names texts of the organisation that quote the person: those a human has to edit.

    `spilt` names index files with something of the person: those have to be made anew. `traces_cleared` is false when
    SQLite's log could not be emptied because somebody reads: then run it again.
    """

    employee_id: str
    removed: tuple[Removed, ...]
    withdrawn: int
    found: tuple[str, ...]
    spilt: tuple[str, ...]
    traces_cleared: bool


class Erasure:
    """Erases people on this machine. `gate` withdraws what is open; cases were masked with these `work_domains`.

    Files (terminal rooms, logs, kept evaluations) lie on each machine: run it on all of them, in any order.
    """

    def __init__(
        self, database: Database, directory: Directory, gate: Gate, home: Home, work_domains: frozenset[str]
    ) -> None:
        self._database = database
        self._directory = directory
        self._gate = gate
        self._home = home
        self._work_domains = work_domains

    async def erase(
        self, employee_id: str, actor: str, reason: str, *, cancel_open: bool = False, cases: Collection[Path] = ()
    ) -> Erased:
        """Erase one person; may be repeated. `cases`: files of evaluation cases to look for their words in.

        Raises `StillOpen`, `LoketError` for a number that nobody has, `ConnectorError` when the directory or the
        database cannot be reached.
        """
        person = await find_person(self._database, self._directory, employee_id)
        if not person.is_known:
            raise LoketError(f"nothing is known of {employee_id}: neither the directory nor a table has this number")
        withdrawn = await self._clear_the_way(person, actor, cancel_open=cancel_open)
        found = await self._database.read(lambda tx: self._quoting_documents(tx, person))
        found += await asyncio.to_thread(self._quoting_cases, person, cases)
        spilt = await asyncio.to_thread(self._spilt, person)

        def erase(tx: Tx) -> list[Removed]:
            _refuse(person.employee_id, in_the_way(tx, person), messages_too=not cancel_open)
            return erase_rows_of(tx, person, actor, reason)

        removed = await self._database.run(erase)
        removed += await asyncio.to_thread(self._erase_files, person)
        queued = await self._forget_work(person)
        cleared = await asyncio.to_thread(clear_traces, self._database)
        removed.append(Removed("finished work of the queue", queued))
        return Erased(employee_id, tuple(removed), withdrawn, tuple(found), tuple(spilt), cleared)

    async def _clear_the_way(self, person: Person, actor: str, *, cancel_open: bool) -> int:
        way = await self._database.read(lambda tx: in_the_way(tx, person))
        if not cancel_open:
            _refuse(person.employee_id, way, messages_too=True)
            return 0
        withdrawn = await self._database.run(lambda tx: withdraw_all(self._gate.parts, tx, way.actions, actor))
        if withdrawn:
            await self._wait_for_cards([action.action_id for action in way.actions])
        return withdrawn

    async def _wait_for_cards(self, action_ids: Collection[str]) -> None:
        """Let whoever delivers take the buttons off the cards, if somebody does."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SENDING_SECONDS
        mine = sa.or_(*(outbox.c.slot.startswith(f"card:{action_id}:") for action_id in action_ids))
        left = sa.select(sa.func.count()).where(mine, outbox.c.state.in_(("waiting", "sending")))
        while (  # noqa: ASYNC110 - another process may be the one that delivers
            loop.time() < deadline and await self._database.read(lambda tx: tx.execute(left).scalar_one())
        ):
            await asyncio.sleep(LOOK_SECONDS)

    def _erase_files(self, person: Person) -> list[Removed]:
        return [
            Removed("lines in terminal rooms", self._erase_rooms(person)),
            Removed("log lines", log_files.drop_lines(self._home.log, person.is_named_in)),
            Removed("kept evaluations", self._drop_evaluations(person)),
        ]

    def _erase_rooms(self, person: Person) -> int:
        own = {file_name(identity.user) for identity in person.identities if identity.channel == NAME}

        def change(line: rooms.Line) -> rooms.Line | None:
            key = str(line.get("receipt", ""))
            return None if person.caused(key) else {**line, "reply": person.covered(key, line.get("reply"))}

        return sum(
            rooms.rewrite(file, (lambda _line: None) if file.stem in own else change)
            for file in rooms.room_files(self._home.rooms)
        )

    def _drop_evaluations(self, person: Person) -> int:
        """A kept run holds the questions of its cases; one with this person's words can be made again without."""
        quoting = [file for file in (self._home.folder / "eval").rglob("*.json") if self._quotes(person, file)]
        for file in quoting:
            file.unlink(missing_ok=True)
        return len(quoting)

    async def _forget_work(self, person: Person) -> int:
        if self._database.engine.dialect.name == "postgresql":
            return await forget_in_postgres(self._database, person)
        return await asyncio.to_thread(forget_in_file, Path(self._home.queue.removeprefix("sqlite:///")), person)

    def _quoting_documents(self, tx: Tx, person: Person) -> list[str]:
        """Owners' answers and policies in which the person's words stand."""
        texts = self._wordings(person)
        rows = tx.execute(
            sa.select(documents.c.path, documents.c.questions, passages.c.text).outerjoin(
                passages, passages.c.document_key == documents.c.document_key
            )
        )
        return sorted({row.path for row in rows if _holds_any(texts, (*row.questions, row.text or ""))})

    def _quoting_cases(self, person: Person, cases: Collection[Path]) -> list[str]:
        return [str(file) for file in cases if self._quotes(person, file)]

    def _spilt(self, person: Person) -> list[str]:
        """Index files with the person's name, id or words.

        No person's text is ever indexed. But the vector index saves spare room that it never wrote to, and with it
        whatever stood at that place in the memory of the process that made it.
        """
        marks = [mark.encode() for mark in (*self._wordings(person), person.name, *person.users) if len(mark) >= SHORT]
        held = ((file, file.read_bytes()) for file in self._home.index.rglob("*") if file.is_file())
        return [str(file) for file, content in held if any(mark in content for mark in marks)]

    def _quotes(self, person: Person, file: Path) -> bool:
        held = file.read_text(encoding="utf-8", errors="replace")
        written = {
            json.dumps(text, ensure_ascii=ascii)[1:-1] for text in self._wordings(person) for ascii in (False, True)
        }
        return _holds_any(self._wordings(person) | written, (held,))

    def _wordings(self, person: Person) -> frozenset[str]:
        """What they wrote, as it was and as a case would hold it."""
        return person.texts | {Masker(self._work_domains).mask(text) for text in person.texts}


def _holds_any(texts: Collection[str], where: Iterable[str]) -> bool:
    flat = [" ".join(text.split()) for text in where]
    return any(" ".join(text.split()) in place for text in texts for place in flat)


def _refuse(employee_id: str, way: InTheWay, *, messages_too: bool) -> None:
    """Raises `StillOpen` with what is open and what to do about it."""
    if way.actions:
        listed = ", ".join(f"{short_id(action.action_id)} ({action.state}, {action.tool})" for action in way.actions)
        raise StillOpen(
            f"{employee_id} has open requests: {listed}. Wait until they are over, or withdraw with --cancel-open; "
            "what is being carried out or in doubt (`loket approvals list`) has to end first"
        )
    if way.secrets:
        raise StillOpen(f"a code or password for {employee_id} is still on its way; try again in a few minutes")
    if way.messages and messages_too:
        raise StillOpen(
            f"{way.messages} message(s) of {employee_id} have no answer yet; try again when they have, or drop them "
            "with --cancel-open"
        )
