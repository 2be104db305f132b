"""A process that plays the gate and can be killed at any fault point. One interpreter loads everything and forks.

`python tests/faults/gate_process.py` reads jobs from stdin, one JSON object a line, and answers each with one line:
`{"signal": 9 or 0, "code": exit code, "points": fault points reached}`. Each job is a process of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import sys
import traceback
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import sqlalchemy as sa

from actions import files, ledger
from actions.attaching import file_context
from actions.file_tables import attachment_bytes, attachments
from actions.opening import Reveals
from actions.records import Action, Origin, State
from actions.roads import Pages
from core.attachments import Attachment
from core.errors import Refused
from core.events import Address, Message
from core.people import ChannelIdentity
from storage import Database, Tx, now
from storage.faultpoint import install
from storage.tables import outbox
from tests.gate_only import GateOnly
from tests.own_pass import OwnPasses

WAITING = (State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.AWAITING_APPROVAL, State.APPROVED)
PDF = b"%PDF-1.7 scan"
PAGE = "https://desk.dhb.example"
_TOKEN = re.compile(r"/reveal/([A-Za-z0-9_-]{44})")
LATER = (0.0, 1.2, 12.0, 40.0, 300.0, 20_000.0)
"""Minutes after the beginning at which the sweep of the fresh process looks."""


@dataclass
class Job:
    """What one process does. `faults` are pairs of system and way, set before anything else.

    `kill` is the fault point at which it dies, `nth` which time; `play` is false for one that only settles;
    `code` is what the requester types instead of the right one. `page`: credentials may be seen on a page, and the
    requester looks there (`page_code` is what they type instead of the right one, `-` that they never look).
    `own_passes`: the account system makes its passes itself. `files` go along with the ticket, their bytes are here.
    """

    home: str
    tool: str
    requester: str
    arguments: dict[str, str] = field(default_factory=dict)
    kill: str = ""
    nth: int = 1
    verdict: str = "approve"
    faults: list[list[str]] = field(default_factory=list)
    settle: bool = False
    code: str = ""
    page: bool = False
    page_code: str = ""
    own_passes: bool = False
    files: list[str] = field(default_factory=list)


def action_id_of(job: Job) -> str:
    """The id that the turn would give: the same after a crash of the turn."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.requester}:{job.tool}"))


async def run(job: Job) -> None:
    """Everybody does what they would do now; with `settle` time passes as well, until nothing is left to do."""
    room = GateOnly(Database(f"sqlite:///{job.home}/loket.db"), Path(job.home))
    _arrange(room, job)
    await room.gate.open()
    for system, how in job.faults:
        room.world.fail_next(system, how)
    for minutes in LATER if job.settle else LATER[:1]:
        room.clock_offset = timedelta(0)
        room.advance_clock(timedelta(minutes=minutes))
        await room.gate.sweep()
        await room.settle()
        await people(room, job)
        await room.settle()
        if job.page and job.page_code != "-":
            await look_at_page(room, job)
            await room.settle()
        await room.gate.sweep()
        await room.settle()
    room.database.close()


async def people(room: GateOnly, job: Job) -> None:
    """Requester and approvers go on where things stand."""
    action_id = action_id_of(job)
    if await _find(room, action_id) is None:
        await _propose(room, job, action_id)
    for _ in range(6):
        action = await room.action(action_id)
        if action.state is State.AWAITING_CONFIRMATION:
            await room.click(job.requester, action_id, "confirm")
        elif action.state is State.AWAITING_PROOF and room.messages("sms"):
            await room.click(job.requester, action_id, "prove", code=job.code or room.last_secret("sms"))
        elif action.state is State.AWAITING_APPROVAL:
            for who in ("E1003", "E1004"):
                await room.click(who, action_id, job.verdict)
        await room.settle()


def _arrange(room: GateOnly, job: Job) -> None:
    systems = room.gate.parts.systems
    if job.page:
        systems = replace(systems, pages=Pages(PAGE))
    if job.own_passes:
        assert systems.change is not None
        systems = replace(systems, change=replace(systems.change, accounts=OwnPasses(room.world, room.protected)))
    room.gate.parts = replace(room.gate.parts, systems=systems)


async def look_at_page(room: GateOnly, job: Job) -> None:
    """The requester opens the newest link of their chat and types what is on their phone."""
    token = await room.database.read(_newest_token)
    codes = [message["text"] for message in room.messages("sms") if "pagina" in message["text"]]
    code = re.search(r"\b[0-9]{6}\b", codes[-1]) if codes else None
    if token and code:
        await Reveals(room.gate.parts).by_code(token, job.page_code or code.group())


def _newest_token(tx: Tx) -> str:
    texts = [str(row) for row in tx.execute(sa.select(outbox.c.payload).order_by(outbox.c.outbox_id)).scalars()]
    found = [match for text in texts for match in _TOKEN.findall(text)]
    return found[-1] if found else ""


async def _propose(room: GateOnly, job: Job, action_id: str) -> None:
    prepared = await room.gate.prepare(await room.employee(job.requester), job.tool, job.arguments, "en")
    if job.files:
        sealed = await room.database.run(lambda tx: sent_along(tx, room, job))
        prepared = replace(prepared, arguments={**prepared.arguments, files.ARGUMENT: files.as_argument(sealed)})
    identity = ChannelIdentity("terminal", "local", job.requester)
    origin = Origin(action_id, f"e-{action_id}", "c", Address("terminal", "local", job.requester), identity)
    try:
        await room.database.run(lambda tx: room.gate.propose(tx, prepared, origin))
    except Refused as refusal:  # after all these days the limit of the day may be another
        raise RuntimeError(refusal.reason) from refusal


def sent_along(tx: Tx, room: GateOnly, job: Job) -> list[files.SealedFile]:
    """The files as a message brought them and the web fetched them."""
    identity = ChannelIdentity("terminal", "local", job.requester)
    came = tuple(Attachment(f"terminal:local:{name}", name, "application/pdf", len(PDF)) for name in job.files)
    message = Message("e-files", identity, Address("terminal", "local", job.requester), "", now(tx), files=came)
    files.put(tx, files.looked_at(message))
    file_ids = [files.file_id_of(message.event_id, one.attachment_id) for one in came]
    for one in files.of_ids(tx, file_ids).values():
        this = attachments.c.file_id == one.file_id
        digest = hashlib.sha256(PDF).hexdigest()
        tx.change(sa.update(attachments).where(this).values(state=files.KEPT, sha256=digest, due_at=None))
        sealed = room.gate.parts.keys.sealing("file").seal(PDF, file_context(one.file_id))
        content = dict(zip(("key_id", "nonce", "ciphertext"), sealed, strict=True))
        tx.add(attachment_bytes, file_id=one.file_id, at=now(tx), **content)
    there = files.of_ids(tx, file_ids)
    return [files.SealedFile(one, there[one].name, there[one].size, there[one].sha256) for one in file_ids]


async def _find(room: GateOnly, action_id: str) -> Action | None:
    return await room.database.read(lambda tx: ledger.find(tx, action_id))


def child(job: Job, points: Path) -> None:
    """The process itself; never returns."""
    seen: Counter[str] = Counter()

    def hook(name: str) -> None:
        seen[name] += 1
        with points.open("a") as file:
            file.write(f"{name}\n")
        if name == job.kill and seen[name] == job.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    install(hook)
    os.dup2(2, 1)  # the answers of the parent go to stdout, what a child says must not
    try:
        asyncio.run(run(job))
    except BaseException:  # noqa: BLE001 - a forked child must never run its parent's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Fork once for each line."""
    for line in sys.stdin:
        job = Job(**json.loads(line))
        points = Path(job.home) / "points"
        points.write_text("")
        process = os.fork()
        if process == 0:
            child(job, points)
        _, status = os.waitpid(process, 0)
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
        answer = {"signal": killed, "code": code, "points": points.read_text().split()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
