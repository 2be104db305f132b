"""A real process that takes a message through its turn, and is killed where it is told to be.

One long-lived parent has everything imported and forks a child for each job that it reads as a line of JSON:
`home`, `engine` (`inline` or `dbos`), `kill_at` (a fault point, or empty), `say` (a text, or empty to only start and
look what was left behind), `stop` (when it is stopped: `waiting` before its turn, `thinking` in the middle, or empty).
It answers each job with how the child ended: `{"signal": 9}` or `{"code": 0}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dbos  # noqa: F401 - imported once, here, for all children
import langgraph.graph  # noqa: F401

from agent import inbox, stopping
from core.chat import ChatMessage, ModelTurn, ToolSchema
from core.events import Message, Stop
from loket.bootstrap import build
from loket.counter import Counter
from loket.home import Home
from loket.settings import Settings
from loket.terminal.channel import TerminalChannel, address_of, identity_of
from storage import faultpoint
from tests.models import ScriptedModel, calls, says

EVENT_ID = "terminal:local:crash-1"
STOP_ID = "terminal:local:crash-stop"
WHO = "E1002"
TICKET = {"queue": "FAC", "summary": "Chair broken", "description": "The chair in Z1.03 is broken."}


class Ponderer(ScriptedModel):
    """Says its turns, after it has thought until it is cut off when `thinks`."""

    thinks = False

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        while self.thinks:
            self.thinking.set()
            await asyncio.sleep(60)
        return await super().complete(messages, tools)

    def think(self) -> None:
        """From now on it thinks; `thinking` says that it does."""
        self.thinking = asyncio.Event()
        self.thinks = True


async def stopped(counter: Counter, model: Ponderer, message: Message, when: str) -> None:
    """Hand a message in and stop it: before its turn begins, or while the model thinks."""
    if when == "waiting":
        await counter.database.run(lambda tx: inbox.put(tx, message))
    else:
        model.think()
        await counter.desk.receive(message)
        await model.thinking.wait()
    await counter.desk.stop(Stop(STOP_ID, message.identity, message.address))


async def play(home: Path, engine: str, text: str, stop: str) -> None:
    """Start a counter, hand the message in if there is one, and wait until all is quiet, leases run out included."""
    settings = Settings(home=home, engine=engine, _env_file=None)
    model = Ponderer([calls("create_ticket", **TICKET), says("There you are.")])
    counter = build(settings, model=model, channels=(TerminalChannel(Home(home).rooms),))
    counter.sweep.seconds = 3600
    await counter.start()
    if text:
        message = Message(EVENT_ID, identity_of(WHO), address_of(WHO), text, datetime.now(UTC))
        if stop:
            await stopped(counter, model, message, stop)
        else:
            await counter.desk.receive(message)
    await counter.sweep.once()
    await counter.settle()
    counter.database.clock_offset += timedelta(minutes=5)  # a dead deliverer's lease is over
    await counter.sweep.once()
    await counter.settle()
    await counter.stop()


def child(job: dict[str, str]) -> None:
    """Play one job and leave, at the named point by SIGKILL."""

    def hook(name: str) -> None:
        if name == job["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    faultpoint.install(hook)
    stopping.LOOK_SECONDS = 0.05
    asyncio.run(asyncio.wait_for(play(Path(job["home"]), job["engine"], job["say"], job["stop"]), 120))


def main() -> None:
    """Fork a child for each line."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                child(json.loads(line))
                code = 0
            except BaseException:  # noqa: BLE001 - the child reports and ends, whatever it was
                traceback.print_exc()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        ended = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"code": os.WEXITSTATUS(status)}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
