"""People write in bursts: which waiting messages one turn answers together, and whether it waits for one more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent import inbox
from agent.intents import Intent, intent_of, is_yes_or_no
from agent.naming import names_draft
from agent.secrets_in_text import COVER
from agent.settings import AgentSettings
from core.events import Message, Stop
from storage import Tx, now

_MOST = 12  # messages of one turn
_FEW = 4  # words: "reset my password" may go on, "my printer does not print" is a message
_ASKS = re.compile(
    r"\?\s*$|^(?:who|what|when|where|which|why|how|may|can|is|are|do|does|"
    r"wie|wat|wanneer|waar|welke?|waarom|hoe|mag|kan|is|zijn)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?…]\s*$")


@dataclass(frozen=True, slots=True)
class Burst:
    """The messages of one turn, oldest first, and `seconds` to wait for another (0: none).

    The answer goes where the last of them was written: that is what the person looks at. `parts` are (event id, text)
    as they were read: when they are not the same at commit, somebody wrote on. `alone` joins nothing more; `final` is
    committed as it is. `stopped`: no answer to these is wanted any more.
    """

    message: Message
    parts: tuple[tuple[str, str], ...]
    seconds: float = 0.0
    alone: bool = False
    final: bool = False
    stopped: bool = False


class WroteOn(Exception):
    """Another message, an edit or a stop came before the reply was committed: the work is thrown away, done again."""


def read(tx: Tx, first: Message, settings: AgentSettings, *, alone: bool = False, locked: bool = False) -> Burst:
    """The burst that begins with this message, as it waits now; `alone`: this message and no other."""
    unanswered = inbox.open_from(tx, first, locked=locked)
    if not unanswered:  # another worker has just handled it: the commit will say so
        return Burst(first, ((first.event_id, first.text),), alone=alone)
    if unanswered[0].stopped:
        together = [one.message for one in unanswered if one.stopped]
        return _burst(together[: 1 if alone else None], alone=alone, stopped=True)
    waiting = [one for one in unanswered if not one.stopped]
    together = _together([one.message for one in waiting], settings)[: 1 if alone else None]
    age = (now(tx) - waiting[len(together) - 1].received_at).total_seconds()
    seconds = settings.burst_seconds - age if not alone and looks_unfinished(together[-1]) else 0.0
    return _burst(together, alone=alone, seconds=max(seconds, 0.0))


def close(tx: Tx, burst: Burst, settings: AgentSettings, stored: str | None) -> None:
    """Mark all messages of the burst as handled, in the transaction of their turn. `stored` covers what they said.

    Raises `WroteOn` when the person wrote on since it was read, or stopped it.
    """
    now_there = read(tx, burst.message, settings, alone=burst.alone, locked=True)
    if now_there.stopped and not burst.stopped:
        raise WroteOn(burst.message.event_id)
    if now_there.parts != burst.parts and not burst.final:
        raise WroteOn(burst.message.event_id)
    for event_id, _ in burst.parts:
        inbox.mark_handled(tx, event_id, stored)


def stop(tx: Tx, wanted: Stop) -> bool:
    """Let the turns of what a person wrote somewhere, and has no answer to yet, end without one; false for nothing.

    With an anchor it is what hangs under that post. Where that is the newest of it, the answer to all they wrote on
    end is expected there, so all of that is stopped.
    """
    partition = Message(wanted.event_id, wanted.identity, wanted.address, "", now(tx)).partition
    waiting = [one.message for one in inbox.open_in(tx, partition, locked=True) if not one.stopped]
    own = [message for message in waiting if message.identity == wanted.identity]
    anchor = wanted.address.anchor
    if anchor and own and own[-1].address.anchor == anchor:
        own = _answered_with_the_last(own)
    elif anchor:
        own = [message for message in own if message.address.anchor == anchor]
    return any([inbox.mark_stopped(tx, message.event_id) for message in own])


def _burst(together: Sequence[Message], *, alone: bool, seconds: float = 0.0, stopped: bool = False) -> Burst:
    first, last = together[0], together[-1]
    text = "\n".join(one.text for one in together)
    files = tuple(file for one in together for file in one.files)
    parts = tuple((one.event_id, one.text) for one in together)
    message = replace(first, text=text, sent_at=last.sent_at, files=files, address=last.address)
    return Burst(message, parts, seconds, alone, stopped=stopped)


def _answered_with_the_last(waiting: Sequence[Message]) -> list[Message]:
    """The newest message, those that hang under the same post, and those before it that its turn would answer too."""
    anchor, start = waiting[-1].address.anchor, len(waiting) - 1
    while start and not stands_alone(waiting[start].text) and not stands_alone(waiting[start - 1].text):
        start -= 1
    return [one for at, one in enumerate(waiting) if at >= start or one.address.anchor == anchor]


def looks_unfinished(message: Message) -> bool:
    """A greeting, or under four words that ask nothing: more may follow. Never what a channel calls complete."""
    text = message.text.strip()
    if message.complete or stands_alone(text) or _ASKS.search(text):
        return False
    if intent_of(text) is Intent.GREETING:
        return True
    return len(text.split()) < _FEW and not _ENDS.search(text) and intent_of(text) is None


def stands_alone(text: str) -> bool:
    """A yes or a no belongs to the draft that was seen, and a code to its form: neither is read with other words."""
    return COVER in text or is_yes_or_no(text) or names_draft(text)


def _together(waiting: Sequence[Message], settings: AgentSettings) -> list[Message]:
    taken: list[Message] = []
    length = 0
    for message in waiting:
        length += len(message.text) + 1
        full = length > settings.max_message_chars or len(taken) == _MOST
        if taken and (full or stands_alone(message.text) or message.standing is not taken[0].standing):
            break
        taken.append(message)
        if stands_alone(message.text):
            break
    return taken
