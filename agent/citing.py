"""From checked sentences to an answer with its sources: quoted where the words are the policy's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from agent.answer_check import Supported
from agent.conflicts import Conflict
from agent.differing import differing
from agent.validity_notes import note_on
from agent.words import say
from core.plain_text import inert, one_line
from core.ports import Passage
from core.replies import Citation
from policies.sentences import sentences

_NAMED = frozenset({"en", "nl"})
_LIKE_A_CITATION = re.compile(r"\[(\d{1,3})\]")


def citations_of(
    kept: Sequence[Supported], passages: Sequence[Passage], language: str, conflicts: Sequence[Conflict] = ()
) -> tuple[Citation, ...]:
    """One citation for each passage that is rested on or says otherwise, in order, with the clauses it gave."""
    clauses: dict[int, list[str]] = {}
    for number, clause in (*((one.number, one.clause) for one in kept), *_others(conflicts)):
        if clause not in (quoted := clauses.setdefault(number, [])):
            quoted.append(clause)
    return tuple(_citation(passages[number - 1], quotes, language) for number, quotes in clauses.items())


def answer_text(
    kept: Sequence[Supported],
    passages: Sequence[Passage],
    language: str,
    conflicts: Sequence[Conflict] = (),
    *,
    quoted: bool,
) -> str:
    """The answer as people read it. Owners' own answers come first, whole.

    `quoted` is for the built-in model: each clause in its own words, under where it stands. Otherwise the model's
    sentences, and behind them what must be known of their sources. Texts that say otherwise come last.
    """
    places = _places(kept, conflicts)
    own = [number for number in places if passages[number - 1].outranks]
    rest = [one for one in kept if one.number not in own]
    blocks = [_block(number, kept, passages[number - 1], places, language) for number in own]
    if quoted:
        numbers = dict.fromkeys(one.number for one in rest)
        blocks += [_block(number, rest, passages[number - 1], places, language) for number in numbers]
    elif rest:
        blocks.append(_phrased(rest, passages, places, language))
    said = frozenset((one.number, one.clause) for one in kept)
    for one in conflicts:
        shown = (one.other_number, one.other_clause) in said
        blocks.append(differing(one, passages, places, language, shown=shown))
    return "\n\n".join(blocks)


def quotation(clauses: Iterable[str], place: int) -> str:
    """Clauses as a quotation with its number. What looks like another number in them is none."""
    return f"> {_shown(' '.join(clauses))} [{place}]"


def _shown(text: str) -> str:
    return _LIKE_A_CITATION.sub(r"(\1)", inert(text))


def _block(number: int, kept: Sequence[Supported], passage: Passage, places: dict[int, int], language: str) -> str:
    """One passage: where it stands, its clauses, and what must be known of it."""
    quote = quotation((one.clause for one in kept if one.number == number), places[number])
    basis = say("rests_on", language, titles=_list(passage.rests_on)) if passage.outranks and passage.rests_on else ""
    return "\n".join(line for line in (_frame(passage, language), quote, basis, note_on(passage, language)) if line)


def _phrased(kept: Sequence[Supported], passages: Sequence[Passage], places: dict[int, int], language: str) -> str:
    """A language model's checked sentences with their numbers, and the notes on their sources."""
    said = " ".join(f"{_shown(one.sentence)} [{places[one.number]}]" for one in kept)
    notes = [
        f"[{places[number]}] {note}"
        for number in dict.fromkeys(one.number for one in kept)
        if (note := note_on(passages[number - 1], language))
    ]
    return "\n\n".join([said, *notes])


def _places(kept: Sequence[Supported], conflicts: Sequence[Conflict]) -> dict[int, int]:
    """The number that people see for each passage: 1 for the first that is named."""
    numbers = [*(one.number for one in kept), *(number for number, _clause in _others(conflicts))]
    return {number: place for place, number in enumerate(dict.fromkeys(numbers), start=1)}


def _others(conflicts: Sequence[Conflict]) -> list[tuple[int, str]]:
    return [(one.other_number, one.other_clause) for one in conflicts]


def _frame(passage: Passage, language: str) -> str:
    title, heading, owner = (inert(one_line(text)) for text in (passage.title, passage.heading, passage.owner))
    key = "from_owner" if passage.outranks else "from_policy"
    if passage.language == language:
        return say(key, language, title=title, heading=heading, owner=owner)
    written_in = say(f"language_{passage.language if passage.language in _NAMED else 'other'}", language)
    return say(f"{key}_other_language", language, title=title, heading=heading, owner=owner, written_in=written_in)


def _list(titles: Sequence[str]) -> str:
    return "; ".join(inert(one_line(title)) for title in titles)


def _joined(quotes: Sequence[str], text: str) -> str:
    """Clauses that follow upon each other are one quotation; a gap between others is shown."""
    whole = " ".join(" ".join(sentences(text)).split())
    joined = quotes[0]
    for before, quote in pairwise(quotes):
        joined += f" {quote}" if f"{before} {quote}" in whole else f" … {quote}"
    return joined


def _citation(passage: Passage, quotes: list[str], language: str) -> Citation:
    return Citation(
        path=passage.path,
        heading=inert(passage.heading),
        title=inert(one_line(passage.title)),
        owner=inert(one_line(passage.owner)),
        language=passage.language,
        quote=inert(_joined(quotes, passage.text)),
        address=passage.address,
        note=note_on(passage, language),
    )
