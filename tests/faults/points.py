"""Every fault point there is, and how it is reached: in which arrangements, in which phase of a run, and after what.

`test_fault_points.py` holds this list against the code and against whole runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.case import Case
from tests.faults.people import DAY, Wish
from tests.faults.service_child import Fault
from tests.faults.templates import WORKERS

EVERYWHERE = tuple(WORKERS)
ON_POSTGRES = ("postgres-1", "postgres-3")
GATE = ("gate",)
"""Reached in `test_gate_crashes.py`, where the gate is alone with a process and outside systems can be made to fail."""
RESTORE = ("restore",)
"""Reached in `test_restored_backup.py`."""
REVEAL = ("reveal",)
"""Reached in `test_reveal_crashes.py`: pages, and passes that a system makes itself."""
STOP = ("stop",)
REPLACING = ("replacing",)
"""Reached in `test_stop_crashes.py`."""
FILES = ("files",)
"""Reached in `test_attachment_crashes.py`."""
PRUNING = ("pruning",)
"""Reached in `test_pruning_crashes.py`."""
PUBLISHING = ("publishing",)
"""Reached in `test_publishing_crashes.py`."""


@dataclass(frozen=True)
class Point:
    """`phase`: from when on the fault may happen. `after`: at which earlier point a process must have died first.

    `wishes`: who comes; everybody unless it must be one.
    """

    name: str
    where: tuple[str, ...] = EVERYWHERE
    phase: str = "day"
    after: str = ""
    wishes: tuple[Wish, ...] = DAY

    def case(self, arrangement: str, way: str) -> Case:
        """The run in which a process dies (`kill`) or stands still (`pause`) here."""
        first = (Fault(self.after),) if self.after else ()
        return Case(arrangement, (*first, Fault(self.name, way)), self.phase, wishes=self.wishes)


def _both(
    *names: str,
    where: tuple[str, ...] = EVERYWHERE,
    phase: str = "day",
    after: str = "",
    wishes: tuple[Wish, ...] = DAY,
) -> Iterator[Point]:
    for name in names:
        for side in ("before_commit", "after_commit"):
            yield Point(f"{name}.{side}", where, phase, after, wishes)


TICKET, RESET = DAY[1:2], DAY[2:3]
POINTS: tuple[Point, ...] = (
    # an event comes in
    Point("desk.before_put"),
    *_both("desk.put"),
    Point("door.before_acknowledge"),
    # somebody wants no answer any more
    *_both("desk.stop", where=STOP),
    Point("turn.stopped", where=STOP),
    # a draft that another takes the place of, or that a newer version voids
    *_both("editing.replace", "outdated.void", where=REPLACING),
    # a click comes in
    Point("door.call_claimed"),
    Point("door.call_decided"),
    # the queue
    *_both("queue.submit"),
    *_both("queue.take", where=ON_POSTGRES),
    *(Point(f"queue.{queue}.{step}") for queue in ("turns", "actions") for step in ("taken", "done")),
    # a turn
    *(Point(f"turn.{step}") for step in ("opened", "loaded", "before_tool", "after_tool", "thought")),
    *_both("propose", "turn"),
    # people decide
    *_both("vote.approve", "vote.deny"),
    *_both("move.awaiting_proof", "move.awaiting_approval", "move.approved", "move.denied", "move.cancelled"),
    # the effect
    *(Point(f"executor.{step}") for step in ("checked", "claimed", "before_effect", "acted", "recorded")),
    *_both("move.executing", "move.done"),
    *_both("move.failed", "move.refused", where=GATE),
    # whoever claimed it died
    *_both("executor.take_over", after="executor.before_effect", wishes=TICKET),
    *_both("move.unknown", "doubt.reserve", after="executor.acted", wishes=RESET),
    Point("doubt.looked", after="executor.acted", wishes=RESET),
    # codes and credentials
    *_both("secrets.make_code"),
    *(Point(f"secrets.{side}_{kind}") for kind in ("code", "credential") for side in ("before", "after")),
    *_both("secrets.mark_code", "secrets.mark_credential"),
    *_both("secrets.give_up_code", "secrets.give_up_credential", where=GATE),
    # credentials on a page, and passes made outside
    Point("reveal.before_link", where=REVEAL),
    *_both("reveal.offer", "reveal.link_over", "reveal.seen", "reveal.told", "reveal.wrong_code", where=REVEAL),
    Point("secrets.before_reveal_code", where=REVEAL),
    Point("secrets.after_reveal_code", where=REVEAL),
    *_both("secrets.mark_reveal_code", "secrets.give_up_reveal_code", where=REVEAL),
    Point("executor.pass_made", where=REVEAL),
    *_both("executor.reseal", "executor.pass_lost", where=REVEAL),
    # files on a ticket
    *_both("attaching.claim", "attaching.end", where=FILES),
    Point("attaching.claimed", where=FILES),
    Point("attaching.acted", where=FILES),
    # delivery
    *(Point(f"delivery.{step}") for step in ("claimed", "before_send", "after_send", "marked")),
    *_both("posts.send"),
    # the audit
    Point("audit.before_append"),
    Point("audit.appended"),
    Point("heads.before_sign", phase="stop"),
    Point("heads.signed", phase="stop"),
    # time passes
    *(Point(f"sweep.{step}") for step in ("begun", "gate_looked", "before_wake")),
    *_both("waiting.remind", "waiting.pass_on", "move.expired", phase="time"),
    # processes come and go
    *(Point(f"service.{step}", phase="start") for step in ("gate_opened", "working", "ready")),
    *_both("take_up", phase="start"),
    *(Point(f"service.{step}", phase="stop") for step in ("draining", "drained")),
    *_both("heartbeat.name", where=ON_POSTGRES, phase="start"),
    *(Point(f"heartbeat.before_{step}", where=ON_POSTGRES) for step in ("beat", "take_over")),
    Point("heartbeat.taken_over", where=("postgres-3",), after="turn.thought"),
    # an older copy of the database
    *_both("restored.alert", "restored.end", "restored.note", where=RESTORE),
    # a version of the policies comes in force
    Point("policies.indexed", where=PUBLISHING),
    *_both("policies.swap", where=PUBLISHING),
    # what is old goes
    Point("prune.before_batch", where=PRUNING),
    Point("prune.after_batch", where=PRUNING),
)
WAYS = ("kill", "pause")


def cases(arrangements: tuple[str, ...] = EVERYWHERE, names: tuple[str, ...] = ()) -> list[Case]:
    """All runs: every point of a service, killed and paused, in each arrangement. `names`: points that begin so."""
    return [
        point.case(arrangement, way)
        for arrangement in arrangements
        for point in POINTS
        for way in WAYS
        if arrangement in point.where and (not names or point.name.startswith(names))
    ]


def reached_in_peace(arrangement: str) -> frozenset[str]:
    """The points that a run without any fault comes to."""
    return frozenset(point.name for point in POINTS if arrangement in point.where and not point.after)
