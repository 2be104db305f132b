"""Approvers who press Approve: how soon every card of the action shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from loket.bench.load.people import add_approvers, add_staff
from loket.bench.load.running import Progress, open_service
from loket.bench.load.service import Place
from loket.bench.slack.filing import Filed, file_all, has_buttons
from loket.bench.slack.organisation import ROOM, connect, found, move_in
from simulators.slack import SimMessage, SlackSimulator
from simulators.slack.person import SimPerson
from slack_app.views import ids

STREAM_AFTER = 2.0
LONGEST_SECONDS = 20.0


@dataclass
class Clicked:
    """Seconds from the press to Slack's answer, to the changed card of the approvers, and to the requester's.

    `unchanged`: cards that never changed. `with_buttons`: cards on which something could still be pressed in the end.
    """

    acknowledged: list[float] = field(default_factory=list)
    approvers: list[float] = field(default_factory=list)
    requester: list[float] = field(default_factory=list)
    unchanged: int = 0
    with_buttons: int = 0
    refused: int = 0
    resets: int = 0


class Changes:
    """When each post was changed for the first time after it was asked for, in seconds of `perf_counter`."""

    def __init__(self, slack: SlackSimulator) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Future[float]] = {}
        self._before = slack.world.hear
        slack.world.hear = self._heard

    def of(self, post: SimMessage) -> asyncio.Future[float]:
        """The moment of the next change of a post."""
        return self._waiting.setdefault((post.channel, post.ts), asyncio.get_running_loop().create_future())

    def _heard(self, post: SimMessage, subtype: str) -> None:
        waiting = self._waiting.get((post.channel, post.ts))
        if subtype == "message_changed" and waiting is not None and not waiting.done():
            waiting.set_result(time.perf_counter())
        self._before(post, subtype)


async def measure_clicks(place: Place, count: int, every: float, progress: Progress) -> Clicked:
    """So many actions are filed in Slack; then each is approved by somebody of their own, one `every` so many seconds.

    Somebody of their own: who approves forty cards in a minute is stopped by the brake, not by the machine.
    """
    async with SlackSimulator.start(echo=False) as slack:
        teams = found(slack, 1)
        people = move_in(slack, place, teams, add_staff(place.world(), count))
        approvers = move_in(slack, place, teams, add_approvers(place.world(), count))
        slack.add_channel(ROOM, [*people, *approvers], team=teams[0])
        connect(place, slack, teams, STREAM_AFTER)
        place.settings["LOKET_AI_LEVEL"] = "extract"
        async with open_service(place):
            slack.deliver_to(f"{place.address}/slack/events")
            filed = await file_all(slack, people, place.world_folder / "notes", progress)
            await asyncio.sleep(2)  # what is told beside the cards
            clicked, changes = Clicked(), Changes(slack)
            await _press_all(filed, approvers, changes, clicked, every, progress)
            await asyncio.sleep(3)
            cards = [card for one in filed for card in (one.approvers, one.requester)]
            clicked.with_buttons = sum(has_buttons(card) for card in cards)
        clicked.resets = sum(effect.kind == "credential_set" for effect in place.world().effects())
        return clicked


async def _press_all(
    filed: Sequence[Filed],
    approvers: Sequence[SimPerson],
    changes: Changes,
    clicked: Clicked,
    every: float,
    progress: Progress,
) -> None:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, (one, approver) in enumerate(zip(filed, approvers, strict=True)):
            due = began + number * every
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            progress("clicking", number, len(filed))
            group.create_task(_press(one, approver, changes, clicked, due))
    progress("clicking", len(filed), len(filed))


async def _press(one: Filed, approver: SimPerson, changes: Changes, clicked: Clicked, due: float) -> None:
    seen = [changes.of(one.approvers), changes.of(one.requester)]
    delivery = await approver.press(one.approvers, f"{ids.CARD}approve")
    clicked.refused += not delivery.acknowledged
    clicked.acknowledged.append(time.perf_counter() - due)
    await asyncio.wait(seen, timeout=LONGEST_SECONDS)
    for moment, times in zip(seen, (clicked.approvers, clicked.requester), strict=True):
        if moment.done():
            times.append(moment.result() - due)
        else:
            clicked.unchanged += 1
