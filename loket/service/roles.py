"""What each role of a process does. One process does everything in the embedded form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loket.engine import Queue


class Role(StrEnum):
    """How much of the counter one process is."""

    ALL = "all"
    WEB = "web"
    AGENT = "agent"
    EXECUTOR = "executor"


@dataclass(frozen=True, slots=True)
class Duties:
    """What a role does, and with it what it must hold.

    `queues`: the work it takes up. `talks`: takes events and clicks in and delivers replies (channel tokens).
    `thinks`: asks the models, reads the outside systems. `changes`: holds the accounts that change something, sends
    codes and credentials. `sweeps`: looks after what waits, signs the audit chain, prunes.
    """

    queues: tuple[Queue, ...] = ()
    talks: bool = False
    thinks: bool = False
    changes: bool = False
    sweeps: bool = False


DUTIES: dict[Role, Duties] = {
    Role.ALL: Duties((Queue.TURNS, Queue.ACTIONS), talks=True, thinks=True, changes=True, sweeps=True),
    Role.WEB: Duties(talks=True),
    Role.AGENT: Duties((Queue.TURNS,), thinks=True),
    Role.EXECUTOR: Duties((Queue.ACTIONS,), changes=True, sweeps=True),
}
