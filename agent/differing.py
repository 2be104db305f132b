"""How it is said that two texts in force differ: both with their owners, and which goes first where that is known."""

from __future__ import annotations

from collections.abc import Sequence

from agent.conflicts import Conflict
from agent.stretches import Places
from agent.validity_notes import whom
from agent.words import CATALOGUE, say
from core.plain_text import inert, one_line
from core.ports import Passage


def differing(conflict: Conflict, passages: Sequence[Passage], places: Places, language: str, *, shown: bool) -> str:
    """The block about one conflict. `shown`: the other clause is quoted above already."""
    own, other = passages[conflict.number - 1], passages[conflict.other_number - 1]
    named = {
        "title": _safe(own.title),
        "owner": _safe(own.owner),
        "other_title": _safe(other.title),
        "other_owner": _safe(other.owner),
    }
    lines = [say("conflict_shown" if shown else "conflict", language, **named)]
    if not shown:
        lines.append(f"> {inert(conflict.other_clause)} [{places[conflict.other_number, conflict.other_clause]}]")
    return "\n".join([*lines, _decision(conflict, own, other, language)])


def _decision(conflict: Conflict, own: Passage, other: Passage, language: str) -> str:
    if not conflict.holds:
        contacts = dict.fromkeys(_safe(one.contact or one.owner) for one in (own, other))
        return say("conflict_ask", language, contacts=" / ".join(contacts))
    first, second = (own, other) if conflict.holds == conflict.number else (other, own)
    if conflict.because == "authority":
        ranks = {"rank": _rank(first, language), "other_rank": _rank(second, language)}
        return say("conflict_authority", language, title=_safe(first.title), **ranks)
    return say("conflict_narrower", language, title=_safe(first.title), whom=whom(first, language))


def _rank(passage: Passage, language: str) -> str:
    key = f"rank_{passage.authority}"
    return say(key, language) if key in CATALOGUE.keys("en") else _safe(passage.authority)


def _safe(text: str) -> str:
    return inert(one_line(text))
