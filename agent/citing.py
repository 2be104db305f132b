"""From checked sentences to an answer with its sources: quoted where the words are the policy's own."""

from __future__ import annotations

from collections.abc import Sequence

from agent.answer_check import Supported
from agent.words import say
from core.ports import Passage
from core.replies import Citation

_NAMED = frozenset({"en", "nl"})


def citations_of(kept: Sequence[Supported], passages: Sequence[Passage], language: str) -> tuple[Citation, ...]:
    """One citation for each passage that is rested on, in order of appearance, with the clauses it gave."""
    clauses: dict[int, list[str]] = {}
    for one in kept:
        if one.clause not in (quoted := clauses.setdefault(one.number, [])):
            quoted.append(one.clause)
    return tuple(_citation(passages[number - 1], quotes, language) for number, quotes in clauses.items())


def quoted_answer(kept: Sequence[Supported], passages: Sequence[Passage], language: str) -> str:
    """The built-in model's answer: where it stands in the reader's language, then the clause in its own words."""
    blocks: list[str] = []
    for place, number in enumerate(dict.fromkeys(one.number for one in kept), start=1):
        passage = passages[number - 1]
        own = " ".join(one.clause for one in kept if one.number == number)
        lines = [_frame(passage, language), f"> {own} [{place}]", note_on(passage, language)]
        blocks.append("\n".join(line for line in lines if line))
    return "\n\n".join(blocks)


def note_on(passage: Passage, language: str) -> str:
    """Says when the text no longer or not yet holds; empty when it is in force."""
    if passage.status == "superseded":
        if passage.effective_until:
            return say("status_superseded_since", language, until=passage.effective_until.isoformat())
        return say("status_superseded", language)
    if passage.status == "upcoming":
        if passage.effective_from:
            return say("status_upcoming_from", language, start=passage.effective_from.isoformat())
        return say("status_upcoming", language)
    return ""


def _frame(passage: Passage, language: str) -> str:
    if passage.language == language:
        return say("from_policy", language, title=passage.title, heading=passage.heading)
    written_in = say(f"language_{passage.language if passage.language in _NAMED else 'other'}", language)
    return say(
        "from_policy_other_language", language, title=passage.title, heading=passage.heading, written_in=written_in
    )


def _citation(passage: Passage, quotes: list[str], language: str) -> Citation:
    return Citation(
        path=passage.path,
        heading=passage.heading,
        title=passage.title,
        owner=passage.owner,
        language=passage.language,
        quote=" … ".join(quotes) if len(quotes) > 1 else quotes[0],
        address=passage.address,
        note=note_on(passage, language),
    )
