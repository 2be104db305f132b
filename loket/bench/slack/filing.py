"""Actions that are asked for in Slack, from the first word to the card in the approvers' room, as people do it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from connectors.notify.embedded import read_notes
from loket.bench import MeasurementFailed
from loket.bench.load.running import Progress
from loket.bench.slack.organisation import ROOM
from simulators.slack import SimMessage, SlackSimulator
from simulators.slack.person import SimPerson
from simulators.slack.screen import controls
from slack_app.views import ids

WISH = "I cannot log in, please reset my password"
AT_ONCE = 4
LOOK_SECONDS = 0.05
STEP_SECONDS = 30.0
_CODE = re.compile(r"\b\d{6}\b")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filed:
    """One action that waits: its card in the approvers' room, and the requester's in their direct chat."""

    action_id: str
    approvers: SimMessage
    requester: SimMessage


async def file_all(slack: SlackSimulator, people: Sequence[SimPerson], notes: Path, progress: Progress) -> list[Filed]:
    """Each of these people asks for a reset and proves who they are. Raises `MeasurementFailed`."""
    filed: list[Filed] = []
    for start in range(0, len(people), AT_ONCE):
        progress("filing", start, len(people))
        some = people[start : start + AT_ONCE]
        filed += await asyncio.gather(*(_file(slack, one, notes) for one in some))
    progress("filing", len(people), len(people))
    return filed


async def _file(slack: SlackSimulator, person: SimPerson, notes: Path) -> Filed:
    await person.dm(WISH)
    draft = await _until("a draft", lambda: with_button(slack, person.im, "confirm"))
    action_id = value_of(draft, "confirm")
    await person.press(draft, f"{ids.CARD}confirm")
    card = await _until("a question for the code", lambda: with_button(slack, person.im, "prove", action_id))
    code = await _until("a code", lambda: _code(notes, person))
    await person.press(card, f"{ids.CARD}prove")
    await _until("a form", lambda: person.modal)
    if errors := await person.submit({"code": code}):
        raise MeasurementFailed(f"the code was not taken: {sorted(errors)}")
    theirs = await _until("an approvers' card", lambda: with_button(slack, ROOM, "approve", action_id))
    own = await _until("the requester's card", lambda: with_button(slack, person.im, "cancel", action_id))
    return Filed(action_id, theirs, own)


async def _until(what: str, look: Callable[[], T | None]) -> T:
    until = time.monotonic() + STEP_SECONDS
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        await asyncio.sleep(LOOK_SECONDS)
    raise MeasurementFailed(f"{what} never came")


def with_button(slack: SlackSimulator, room: str, verb: str, action_id: str = "") -> SimMessage | None:
    """The newest post with this button, of this action."""
    for post in reversed(slack.messages(room)):
        if (value := value_of(post, verb)) and action_id in ("", value):
            return post
    return None


def value_of(post: SimMessage, verb: str) -> str:
    """The action that a button of a post is about; empty where there is no such button."""
    found = (control.value for control in controls(post.all_blocks, "") if control.action_id == f"{ids.CARD}{verb}")
    return next(found, "")


def has_buttons(post: SimMessage) -> bool:
    """Whether anything can still be done with the card that a post shows."""
    return any(one.action_id.startswith(ids.CARD) for one in controls(post.all_blocks, ""))


def _code(notes: Path, person: SimPerson) -> str | None:
    """The newest code that arrived on this person's phone, whose number ends like theirs."""
    own = (note for note in reversed(read_notes(notes)) if note.address.endswith(person.id[-4:]))
    found = (code for note in own for code in _CODE.findall(note.text.get_secret_value()))
    return next(found, None)
