"""People write in bursts: which waiting messages one turn answers together, and whether it waits for one more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent import inbox
from agent.intents import Intent, intent_of
from agent.secrets_in_text import COVER
from agent.settings import AgentSettings
from core.events import Message
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

    `parts` are (event id, text) as they were read: when they are not the same at commit, somebody wrote on. `alone`
    joins nothing more; `final` is committed as it is.
    """

    message: Message
    parts: tuple[tuple[str, str], ...]
    seconds: float = 0.0
    alone: bool = False
    final: bool = False


class WroteOn(Exception):
    """Another message or an edit came before the reply was committed: the work is thrown away and done again."""


def read(tx: Tx, first: Message, settings: AgentSettings, *, alone: bool = False, locked: bool = False) -> Burst:
    """The burst that begins with this message, as it waits now; `alone`: this message and no other."""
    waiting = inbox.waiting_from(tx, first, locked=locked)
    together = _together([one.message for one in waiting], settings)[: 1 if alone else None]
    if not together:  # another worker has just handled it: the commit will say so
        return Burst(first, ((first.event_id, first.text),), alone=alone)
    age = (now(tx) - waiting[len(together) - 1].received_at).total_seconds()
    seconds = settings.burst_seconds - age if not alone and looks_unfinished(together[-1]) else 0.0
    text = "\n".join(one.text for one in together)
    parts = tuple((one.event_id, one.text) for one in together)
    return Burst(replace(together[0], text=text, sent_at=together[-1].sent_at), parts, max(seconds, 0.0), alone)


def close(tx: Tx, burst: Burst, settings: AgentSettings, stored: str | None) -> None:
    """Mark all messages of the burst as handled, in the transaction of their turn. `stored` covers what they said.

    Raises `WroteOn` when the person wrote on since it was read.
    """
    now_there = read(tx, burst.message, settings, alone=burst.alone, locked=True)
    if now_there.parts != burst.parts and not burst.final:
        raise WroteOn(burst.message.event_id)
    for event_id, _ in burst.parts:
        inbox.mark_handled(tx, event_id, stored)


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
    return COVER in text or intent_of(text) in (Intent.CONFIRM, Intent.CANCEL)


def _together(waiting: Sequence[Message], settings: AgentSettings) -> list[Message]:
    taken: list[Message] = []
    length = 0
    for message in waiting:
        length += len(message.text) + 1
        if taken and (stands_alone(message.text) or length > settings.max_message_chars or len(taken) == _MOST):
            break
        taken.append(message)
        if stands_alone(message.text):
            break
    return taken
