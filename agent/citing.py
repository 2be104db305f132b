"""From checked sentences to an answer with its sources: quoted where the words are the policy's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.answer_check import Supported
from agent.conflicts import Conflict
from agent.differing import differing
from agent.stretches import Places, places_of, stretches
from agent.validity_notes import note_on
from agent.words import say
from core.plain_text import inert, one_line
from core.ports import Passage
from core.replies import Citation
from policies.clauses import clauses

_NAMED = frozenset({"en", "nl"})
_STEP = re.compile(r"^(?:\d{1,2}|[a-z])[.)]\s", re.IGNORECASE)
_LIKE_A_CITATION = re.compile(r"\[(\d{1,3})\]")


def citations_of(
    kept: Sequence[Supported], passages: Sequence[Passage], language: str, conflicts: Sequence[Conflict] = ()
) -> tuple[Citation, ...]:
    """One citation for each stretch of a passage that is rested on or says otherwise, in the order of their numbers."""
    found = stretches([*((one.number, one.clause) for one in kept), *_others(conflicts)], passages)
    return tuple(_citation(passages[one.number - 1], one.quote, language) for one in found)


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
    places = places_of([*((one.number, one.clause) for one in kept), *_others(conflicts)], passages)
    own = [number for number in dict.fromkeys(number for number, _ in places) if passages[number - 1].outranks]
    rest = [one for one in kept if one.number not in own]
    blocks = [_block(number, kept, passages[number - 1], places, language) for number in own]
    if quoted:
        numbers = dict.fromkeys(one.number for one in rest)
        last = _last_with_note(list(numbers), passages, language)
        blocks += [
            _block(number, rest, passages[number - 1], places, language, noted=number in last) for number in numbers
        ]
    elif rest:
        blocks.append(_phrased(rest, passages, places, language))
    said = frozenset((one.number, one.clause) for one in kept)
    for one in conflicts:
        shown = (one.other_number, one.other_clause) in said
        blocks.append(differing(one, passages, places, language, shown=shown))
    return "\n\n".join(blocks)


def _shown(text: str) -> str:
    """Text of a source: what looks like a number of a citation in it is none."""
    return _LIKE_A_CITATION.sub(r"(\1)", inert(text))


def _last_with_note(numbers: Sequence[int], passages: Sequence[Passage], language: str) -> frozenset[int]:
    """What must be known of several passages alike is said once, behind the last of them."""
    return frozenset({note_on(passages[number - 1], language): number for number in numbers}.values())


def _block(
    number: int, kept: Sequence[Supported], passage: Passage, places: Places, language: str, *, noted: bool = True
) -> str:
    """One passage: its clauses, who knows more, and what must be known of it.

    The answer comes first. Only of a text in another language, and of an owner's answer, is it said beforehand what it
    is.
    """
    quote = quotation([one.clause for one in kept if one.number == number], number, passage, places)
    basis = say("rests_on", language, titles=_list(passage.rests_on)) if passage.outranks and passage.rests_on else ""
    lines = (_knows_more(passage, language), basis, note_on(passage, language) if noted else "")
    behind = "\n".join(line for line in lines if line)
    first = f"{frame}\n" if (frame := _frame(passage, language)) else ""
    # Without the empty line Markdown reads what follows as part of the quotation.
    return f"{first}{quote}" + (f"\n\n{behind}" if behind else "")


def quotation(said: Sequence[str], number: int, passage: Passage, places: Places) -> str:
    """Clauses as a quotation, each stretch with its number: sentences run on, list items stand below each other."""
    items = {clause.text: clause for clause in clauses(passage.text) if clause.item}
    text, listed = "", True
    for at, clause in enumerate(said):
        item = items.get(clause)
        bullet = "- " if item and not _STEP.match(clause) else ""
        apart = "\n>" if text and listed and not item else ""  # else Markdown takes it into the last item
        text += " " if text and (item.goes_on if item else not listed) else f"{apart}\n> {bullet}"
        listed = item is not None
        place = places[number, clause]
        ends = at + 1 == len(said) or places[number, said[at + 1]] != place
        shown = _shown(item.said if item else clause)
        text += f"{shown} [{place}]" if ends else shown
    return text.strip()


def _phrased(kept: Sequence[Supported], passages: Sequence[Passage], places: Places, language: str) -> str:
    """A language model's checked sentences with their numbers, and the notes on their sources."""
    said = " ".join(f"{_shown(one.sentence)} [{places[one.number, one.clause]}]" for one in kept)
    first = {one.number: places[one.number, one.clause] for one in reversed(kept)}
    notes = [
        f"[{first[number]}] {note}"
        for number in dict.fromkeys(one.number for one in kept)
        if (note := note_on(passages[number - 1], language))
    ]
    return "\n\n".join([said, *notes])


def _others(conflicts: Sequence[Conflict]) -> list[tuple[int, str]]:
    return [(one.other_number, one.other_clause) for one in conflicts]


def _knows_more(passage: Passage, language: str) -> str:
    """Whom to ask for more; an owner's answer has said so at its beginning. Where it stands, the citations say."""
    if passage.outranks:
        return ""
    owner, contact = (inert(one_line(text)) for text in (passage.owner, passage.contact))
    known = ", ".join(part for part in (owner, contact) if part)
    return say("knows_more", language, whom=known) if known else ""


def _frame(passage: Passage, language: str) -> str:
    title, owner = (inert(one_line(text)) for text in (passage.title, passage.owner))
    key = "from_owner" if passage.outranks else "from_policy"
    if passage.language == language:
        return say(key, language, title=title, owner=owner) if passage.outranks else ""
    written_in = say(f"language_{passage.language if passage.language in _NAMED else 'other'}", language)
    return say(f"{key}_other_language", language, title=title, owner=owner, written_in=written_in)


def _list(titles: Sequence[str]) -> str:
    return "; ".join(inert(one_line(title)) for title in titles)


def _citation(passage: Passage, quote: str, language: str) -> Citation:
    return Citation(
        path=passage.path,
        heading=inert(passage.heading),
        title=inert(one_line(passage.title)),
        owner=inert(one_line(passage.owner)),
        language=passage.language,
        quote=inert(quote),
        address=passage.address,
        note=note_on(passage, language),
    )
