"""What one person is told about what they pressed or filled in: only they see it, and only where they did it."""

from __future__ import annotations

from collections.abc import Sequence

from core.events import Verb
from core.ports import Decision
from core.replies import Link
from slack_app.edge import Edge, Person
from slack_app.guard import Origin
from slack_app.words import say

_SEEN_ON_THE_CARD = frozenset({Verb.CONFIRM, Verb.CANCEL, Verb.NO_CODE, Verb.PROVE, Verb.TAKE, Verb.EDIT})
"""What came of these is posted, or stands on the card, in the moment."""
_WAITS = "awaiting_approval"


def is_worth_telling(verb: Verb, decision: Decision) -> bool:
    """Whether the card alone does not say it: any no, and a yes where more people are needed or a code is sent."""
    if not decision.text:
        return False
    if not decision.accepted:
        return True
    if verb in (Verb.APPROVE, Verb.DENY):
        return decision.state == _WAITS
    return verb not in _SEEN_ON_THE_CARD


def tell(edge: Edge, origin: Origin, person: Person, text: str, room: str = "", thread: str = "") -> None:
    """Say it once Slack has its answer. Without a room: in their direct chat."""
    edge.afterwards.do("whisper", _whisper(edge, origin, person, text, room, thread))


def tell_decision(edge: Edge, origin: Origin, person: Person, decision: Decision, room: str, thread: str) -> None:
    """What came of a click, with the links that are for this person alone."""
    edge.afterwards.do("whisper", _whisper(edge, origin, person, decision.text, room, thread, decision.links))


def tell_words(edge: Edge, origin: Origin, person: Person, key: str, room: str = "", thread: str = "") -> None:
    """A sentence of ours, in the person's language."""

    async def whisper() -> None:
        language = await edge.languages.of(person.identity, person.standing)
        await _whisper(edge, origin, person, say(key, language), room, thread)

    edge.afterwards.do("whisper", whisper())


async def _whisper(
    edge: Edge, origin: Origin, person: Person, text: str, room: str, thread: str, links: Sequence[Link] = ()
) -> None:
    if not room:
        room = (await edge.channel.direct(origin.tenant, person.user)).room
    await edge.channel.whisper(origin.tenant, room, person.user, text, thread, links)
