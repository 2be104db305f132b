"""The answer check: every sentence must rest on a clause; what does not is dropped.

A sentence is held against the clauses of the passages it may cite. Likeness is necessary and never enough: its figures,
limits, denials, conditions, duties, parties, names and opposites must agree with the one clause it rests on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.answer_faults import FAULTS
from agent.answer_likeness import Cover, cover
from agent.answer_meaning import Keys
from agent.answer_pairing import Match
from agent.answer_reading import read
from agent.answer_sources import SourceText, take_apart
from policies.sentences import sentences

TRIED = 5
"""Clauses a sentence is held against, the likest first."""

WHOLLY = 0.95
"""A clause that has so much of a sentence and contradicts it still does when the next clause is read with it."""

_CITATION = re.compile(r"\s*\[(\d{1,3})\]")
_WORD = re.compile(r"[a-zà-ÿ]{3,}")
_SOURCE_CLAIM = re.compile(
    r"[(\[]\s*(?:source|bron|ref(?:erence)?|cite[ds]?|zie bron)\b[^)\]]*[)\]]|\b(?:source|bron):", re.I
)
_LEADING = re.compile(r"^(?:yes|no|ja|nee)\s*[,.:;–—-]\s*(?=\w)", re.I)


@dataclass(frozen=True, slots=True)
class Source:
    """Text an answer may rest on. `number` is how the model cites it; 0 cannot be cited but may support. `heading`
    stands above the text and explains it, but nothing rests on it alone."""

    number: int
    text: str
    language: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Supported:
    """A sentence that may be said, with the number of its source and the clause it rests on, verbatim."""

    sentence: str
    number: int
    clause: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that may not be said, and the reason, for the log."""

    sentence: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result: what is left, in order, and what was dropped."""

    kept: tuple[Supported, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    apart: SourceText
    index: int
    cover: Cover


def check(answer: str, sources: Sequence[Source], language: str) -> Checked:
    """Hold each sentence of `answer` (written in `language`) against the sources.

    A condition may stand in another sentence of the answer with the same source: what `check_sentence` drops for
    want of it alone may stay here.
    """
    written = written_sentences(answer)
    verdicts = [check_sentence(sentence, sources, language) for sentence in written]
    beside: dict[int, set[str]] = {}
    for verdict in verdicts:
        if isinstance(verdict, Supported):
            beside.setdefault(verdict.number, set()).update(read(verdict.sentence, language).keys)
    also = {number: frozenset(keys) for number, keys in beside.items()}
    verdicts = [
        _judged(sentence, sources, language, also) if isinstance(verdict, Dropped) and also else verdict
        for sentence, verdict in zip(written, verdicts, strict=True)
    ]
    return Checked(
        kept=tuple(verdict for verdict in verdicts if isinstance(verdict, Supported)),
        dropped=tuple(verdict for verdict in verdicts if isinstance(verdict, Dropped) and verdict.sentence),
    )


def check_sentence(sentence: str, sources: Sequence[Source], language: str) -> Supported | Dropped:
    """Hold one sentence of an answer, with the citations in or behind it, against the sources.

    For text that arrives sentence by sentence. Text without a word in it comes back dropped, with an empty sentence.
    """
    return _judged(sentence, sources, language, {})


def _judged(sentence: str, sources: Sequence[Source], language: str, also: Mapping[int, Keys]) -> Supported | Dropped:
    cited = {int(number) for number in _CITATION.findall(sentence)}
    plain = _CITATION.sub("", sentence).strip().lstrip("-*> ").strip()
    if not any(letter.isalnum() for letter in plain):
        return Dropped("", "no words")
    if cited - {source.number for source in sources}:
        return Dropped(plain, "cites a passage that there is not")
    allowed = [source for source in sources if not cited or source.number in cited or source.number == 0]
    taken = [(source, take_apart(source.text, source.heading, source.language)) for source in allowed]
    for source, apart in taken:
        if quote := next((quote for quote in apart.quotes if _flat(quote) == _flat(plain)), None):
            return Supported(plain, source.number, quote)
    if not _WORD.search(plain.lower()):
        return Dropped("", "no words")
    if reason := _never(plain, [apart for _, apart in taken]):
        return Dropped(plain, reason)
    return _best(plain, taken, language, also)


def _never(plain: str, taken: Sequence[SourceText]) -> str:
    """What no answer may hold, whatever it rests on."""
    if _SOURCE_CLAIM.search(plain):
        return "names a source itself"
    letters = {letter for letter in plain if letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN")}
    if any(letter.lower() not in apart.text for letter in letters for apart in taken):
        return "letters of another script"
    return ""


def _best(
    plain: str, taken: Sequence[tuple[Source, SourceText]], language: str, also: Mapping[int, Keys]
) -> Supported | Dropped:
    """The clause that supports the sentence, the likest first; else the reason of the likest one."""
    said = read(_LEADING.sub("", plain), language)
    candidates = sorted(
        (
            _Candidate(source, apart, index, cover(said, clause, apart.keys, source.language == language))
            for source, apart in taken
            for index, clause in enumerate(apart.clauses)
        ),
        key=lambda candidate: -candidate.cover.rank,
    )[:TRIED]
    reason, contradicted = "no source", list[str]()
    for position, candidate in enumerate(candidates):
        clause, source = candidate.apart.clauses[candidate.index], candidate.source
        if any(text in clause.text for text in contradicted):
            continue
        problem = candidate.cover.problem
        if not problem:
            beside = also.get(source.number, frozenset())
            match = Match(said, clause, source.language == language, beside, candidate.apart.text)
            problem = next((found for fault in FAULTS if (found := fault(match))), "")
        if not problem:
            return Supported(plain, source.number, clause.quote)
        if position == 0:
            reason = problem
        if candidate.cover.share >= WHOLLY and len(clause.members) == 1:
            contradicted.append(clause.text)
    return Dropped(plain, reason)


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[^\w%€.,:]+", " ", text.lower()).split()).strip(" .")


def written_sentences(answer: str) -> list[str]:
    """The sentences of an answer as written; a citation behind the full stop belongs to the sentence before it."""
    apart = re.sub(r"\](?=\[)", "] ", answer)  # "[1][2]" is a link in Markdown
    drawn_in = re.sub(r"([.!?])((?:\s*\[\d{1,3}\])+)", r"\2\1", apart)
    return sentences(drawn_in)
