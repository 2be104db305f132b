"""The answer check: every sentence must rest on a clause; what does not is dropped.

A sentence is held against the clauses of the passages it may cite. Likeness is not support: its figures, denials,
limits, conditions, duties, parties and opposites must agree with the one clause it is nearest to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.answer_figures import figures, matches
from agent.answer_words import conditional, contradicts, limits, modes, negated, parties
from agent.word_lists import words
from policies.sentences import sentences

ENOUGH = 0.55
"""Share of a sentence's own words that its clause must have, in the same language."""
ENOUGH_FOREIGN = 0.12
"""The same across languages: only names, loan words and figures can agree."""

_CITATION = re.compile(r"\s*\[(\d{1,2})\]")
_WORD = re.compile(r"[a-zà-ÿ]{3,}")
_NAME = re.compile(r"(?<![.!?:\"“] )(?<!^)\b[A-Z][a-zA-Zà-ÿ]+(?:[A-Z]\w*)?\b")


@dataclass(frozen=True, slots=True)
class Source:
    """Text an answer may rest on. `number` is how the model cites it; 0 cannot be cited but may support."""

    number: int
    text: str
    language: str


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


def check(answer: str, sources: Sequence[Source], language: str) -> Checked:
    """Hold each sentence of `answer` (written in `language`) against the sources. Unknown numbers count for nothing."""
    kept: list[Supported] = []
    dropped: list[Dropped] = []
    for written in _written_sentences(answer):
        verdict = check_sentence(written, sources, language)
        if isinstance(verdict, Supported):
            kept.append(verdict)
        elif verdict.sentence:
            dropped.append(verdict)
    return Checked(tuple(kept), tuple(dropped))


def check_sentence(sentence: str, sources: Sequence[Source], language: str) -> Supported | Dropped:
    """Hold one sentence of an answer, with the citations in or behind it, against the sources.

    For text that arrives sentence by sentence. Text without a word in it comes back dropped, with an empty sentence.
    """
    cited = {int(number) for number in _CITATION.findall(sentence)} & {source.number for source in sources}
    plain = _CITATION.sub("", sentence).strip().lstrip("-*> ").strip()
    if not _WORD.search(plain.lower()):
        return Dropped("", "no words")
    allowed = [source for source in sources if not cited or source.number in cited or source.number == 0]
    return _best(plain, allowed, {source.number: sentences(source.text) for source in allowed}, language)


def _best(plain: str, sources: Sequence[Source], clauses: dict[int, list[str]], language: str) -> Supported | Dropped:
    """The source that supports the sentence, the likeliest clause first; else the reason of the nearest one."""
    candidates = sorted(
        (
            (_coverage(plain, clause), source, index)
            for source in sources
            for index, clause in enumerate(clauses[source.number])
        ),
        key=lambda candidate: -candidate[0],
    )[:4]
    reason = "no source"
    for position, (coverage, source, index) in enumerate(candidates):
        same = source.language == language
        found = clauses[source.number]
        if _flat(plain) == _flat(found[index]):
            return Supported(plain, source.number, found[index])
        problem = _problem(plain, found[index], coverage, ENOUGH if same else ENOUGH_FOREIGN)
        if not problem:
            return Supported(plain, source.number, found[index])
        if position == 0:
            reason = problem
    return Dropped(plain, reason)


def _problem(said: str, clause: str, coverage: float, enough: float) -> str:
    """Why the clause does not support what is said; empty when it does."""
    if coverage < enough:
        return "too little of it is in the source"
    return next((problem for test in _TESTS if (problem := test(said, clause))), "")


def _other_figure(said: str, clause: str) -> str:
    known = figures(clause)
    strange = next((figure for figure in figures(said) if not matches(figure, known)), "")
    return f"figure not in the clause: {strange}" if strange else ""


def _denial(said: str, clause: str) -> str:
    return "one denies what the other says" if negated(said) != negated(clause) else ""


def _other_limit(said: str, clause: str) -> str:
    return "another limit" if limits(said) != limits(clause) else ""


def _condition(said: str, clause: str) -> str:
    return "a condition was added or left out" if conditional(said) != conditional(clause) else ""


def _other_mode(said: str, clause: str) -> str:
    return "duty and permission differ" if modes(clause) and modes(said) - modes(clause) else ""


def _other_party(said: str, clause: str) -> str:
    return "another party" if parties(said) - parties(clause) else ""


def _opposite(said: str, clause: str) -> str:
    return "the opposite word" if contradicts(said, clause) else ""


def _strange_name(said: str, clause: str) -> str:
    lower = clause.lower()
    for match in _NAME.finditer(said):
        name = match.group().lower()
        if name not in lower and not parties(name) and name not in words("not_telling"):
            return f"name not in the clause: {match.group()}"
    return ""


_TESTS = (_other_figure, _denial, _other_limit, _condition, _other_mode, _other_party, _opposite, _strange_name)


def _coverage(said: str, clause: str) -> float:
    """Share of the words of `said` that the clause has, by their first six letters."""
    own = _stems(said)
    return len(own & _stems(clause)) / len(own) if own else 0.0


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:6] for word in _WORD.findall(text.lower()) if word not in words("not_telling"))


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[^\w%€.,:]+", " ", text.lower()).split()).strip(" .")


def _written_sentences(answer: str) -> list[str]:
    """The sentences as written; a citation behind the full stop belongs to the sentence before it."""
    drawn_in = re.sub(r"([.!?])((?:\s*\[\d{1,2}\])+)", r"\2\1", answer)
    return sentences(drawn_in)
