"""A process that plays the gate and can be killed at any fault point. One interpreter loads everything and forks.

`python tests/faults/gate_process.py` reads jobs from stdin, one JSON object a line, and answers each with one line:
`{"signal": 9 or 0, "code": exit code, "points": fault points reached}`. Each job is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from actions import ledger
from actions.records import Action, Origin, State
from core.errors import Refused
from core.events import Address
from core.people import ChannelIdentity
from storage import Database
from storage.faultpoint import install
from tests.gate_only import GateOnly

WAITING = (State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.AWAITING_APPROVAL, State.APPROVED)
LATER = (0.0, 1.2, 12.0, 40.0, 300.0, 20_000.0)
"""Minutes after the beginning at which the sweep of the fresh process looks."""


@dataclass
class Job:
    """What one process does. `faults` are pairs of system and way, set before anything else.

    `kill` is the fault point at which it dies, `nth` which time; `play` is false for one that only settles;
    `code` is what the requester types instead of the right one.
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


def action_id_of(job: Job) -> str:
    """The id that the turn would give: the same after a crash of the turn."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.requester}:{job.tool}"))


async def run(job: Job) -> None:
    """Everybody does what they would do now; with `settle` time passes as well, until nothing is left to do."""
    room = GateOnly(Database(f"sqlite:///{job.home}/loket.db"), Path(job.home))
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


async def _propose(room: GateOnly, job: Job, action_id: str) -> None:
    prepared = await room.gate.prepare(await room.employee(job.requester), job.tool, job.arguments, "en")
    identity = ChannelIdentity("terminal", "local", job.requester)
    origin = Origin(action_id, f"e-{action_id}", "c", Address("terminal", "local", job.requester), identity)
    try:
        await room.database.run(lambda tx: room.gate.propose(tx, prepared, origin))
    except Refused as refusal:  # after all these days the limit of the day may be another
        raise RuntimeError(refusal.reason) from refusal


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
