"""Two texts in force that answer the same question differently: found by code, for whichever model answered.

A clause of the answer is held against the clauses of the other passages that were found. They conflict when they are
about the same thing (by meaning and by words), answer the question about equally well, and give another figure of the
same kind, or one forbids what the other allows. A passage that anywhere gives the same figure agrees: a table or a
translation names many. Better to miss a conflict than to cry wolf; the figures are in docs/quality.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

from agent.answer_check import Supported
from agent.answer_figures import figures
from agent.meaning import Meaning
from agent.word_lists import words
from core.own_yaml import load_yaml
from core.ports import Passage
from policies.records import AUTHORITIES
from policies.sentences import sentences
from policies.validity import CURRENT

ALIKE, SHARED = 0.6, 0.75
"""Two clauses in one language are about the same from this cosine on with this share of common words ..."""
MORE_ALIKE, LESS_SHARED = 0.65, 0.5
"""... or, being nearer, with this share of them."""
ALIKE_ACROSS = 0.75
"""The cosine from which clauses in two languages are: words cannot help there."""
PERMISSION = 0.68
"""The cosine needed where no figure but a permission differs."""
AS_NEAR = 0.5
"""How near the other clause must be to the question, as a part of how near the answer's own is."""
ANSWERS = 0.8
"""A clause that the answer leaves out counts from this part of the answer's own nearness to the question on."""
FEWEST_WORDS = 4
"""A clause of fewer words is a row of a table: what it is about stands elsewhere."""
_WORD = re.compile(r"[a-zà-ÿ]{3,}")
_FIGURE = re.compile(r"(?:€ ?)?\d[\d.,:/-]*%?")
_COUNTED = re.compile(r"(?<![\w.,:-])(\d{1,6})(?![\d.,:%/-]) ([a-zà-ÿ]{4,})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A clause of the answer and one of another passage that says otherwise. Numbers are the passages'.

    `holds` is the number of the passage that goes first, `because` why (`authority` or `narrower`); 0 and empty when
    nothing decides between them.
    """

    number: int
    clause: str
    other_number: int
    other_clause: str
    holds: int = 0
    because: str = ""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two clauses in their languages, how alike they are with their figures left out, and the kinds of figures in
    which the other passage somewhere agrees."""

    one: str
    language: str
    other: str
    other_language: str
    likeness: float
    agreed: frozenset[str]

    @property
    def about_the_same(self) -> bool:
        """By meaning and, within a language, by words."""
        if self.language != self.other_language:
            return self.likeness >= ALIKE_ACROSS
        mine, theirs = _stems(self.one), _stems(self.other)
        shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        return (self.likeness >= ALIKE and shared >= SHARED) or (self.likeness >= MORE_ALIKE and shared >= LESS_SHARED)

    @property
    def differ(self) -> bool:
        """Whether they give another figure of one kind, bounded the same way, or differ in what they permit."""
        both = (self.one, self.other)
        permits = [_permits(each) for each in both]
        if sorted(permits) == [-1, 1] and self.language == self.other_language and self.likeness >= PERMISSION:
            return True
        if {_bound(each) for each in both} == {"at_least", "at_most"}:
            return False
        mine, theirs = _by_kind(self.one, self.language), _by_kind(self.other, self.other_language)
        # Several figures of a kind in one clause: which of them is the rule's cannot be told.
        return any(len(mine[kind]) == len(theirs[kind]) == 1 for kind in (mine.keys() & theirs.keys()) - self.agreed)


class Conflicts:
    """Looks for conflicts. Blocking: it embeds clauses."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def find(self, question: str, kept: Sequence[Supported], passages: Sequence[Passage]) -> list[Conflict]:
        """At most one conflict for each passage that the answer does not agree with."""
        found: dict[str, Conflict] = {}
        for one in self._candidates(question, kept, passages):
            own = passages[one.number - 1]
            for number, other in enumerate(passages, start=1):
                if other.path in found or other.path == own.path or not _comparable(own, other):
                    continue
                clause = self._otherwise(question, one.clause, own, other)
                if clause:
                    holds, because = _decided(own, other)
                    winner = (one.number, number)[holds - 1] if holds else 0
                    found[other.path] = Conflict(one.number, one.clause, number, clause, winner, because)
        return list(found.values())

    def _candidates(self, question: str, kept: Sequence[Supported], passages: Sequence[Passage]) -> Iterator[Supported]:
        """The clauses of the answer, then others of the same passages that answer the question nearly as well."""
        resting = [
            one for one in kept if 0 < one.number <= len(passages) and passages[one.number - 1].status == CURRENT
        ]
        yield from resting
        for number in dict.fromkeys(one.number for one in resting):
            said = [one.clause for one in resting if one.number == number]
            others = [each for each in sentences(passages[number - 1].text) if each not in said]
            near = self._meaning.likeness(question, [*said, *others])
            least = ANSWERS * float(near[: len(said)].max())
            yield from (
                Supported(each, number, each)
                for each, value in zip(others, near[len(said) :], strict=True)
                if value >= least
            )

    def _otherwise(self, question: str, clause: str, own: Passage, other: Passage) -> str:
        """The clause of the other passage that says otherwise than `clause`; empty when there is none."""
        theirs = [each for each in sentences(other.text) if len(_words(each)) >= FEWEST_WORDS]
        if len(_words(clause)) < FEWEST_WORDS or not theirs:
            return ""
        said = frozenset(chain.from_iterable(_quantities(each, other.language) for each in theirs))
        agreed = frozenset(each.partition(" ")[2] for each in _quantities(clause, own.language) & said)
        likeness = self._meaning.likeness(_unfigured(clause), [_unfigured(each) for each in theirs])
        order = sorted(range(len(theirs)), key=lambda at: -likeness[at])
        for at in order[:3]:
            pair = _Pair(clause, own.language, theirs[at], other.language, float(likeness[at]), agreed)
            if pair.about_the_same and pair.differ:
                mine, its = self._meaning.likeness(question, [clause, theirs[at]])
                if its >= AS_NEAR * mine:
                    return theirs[at]
        return ""


def _comparable(own: Passage, other: Passage) -> bool:
    """Both hold on the day asked about, for people who may be the same, and neither is for somebody else."""
    if other.status != CURRENT or "no" in (own.fits, other.fits) or "answer" in (own.kind, other.kind):
        return False
    mine, theirs = dict(own.applies_to), dict(other.applies_to)
    return all(set(mine[key]) & set(theirs[key]) for key in mine.keys() & theirs.keys())


def _decided(own: Passage, other: Passage) -> tuple[int, str]:
    """Which of two goes first (1 or 2, 0 for neither) and why: the higher text, else the one for fewer people."""
    ranks = [AUTHORITIES.index(each.authority) if each.authority in AUTHORITIES else 99 for each in (own, other)]
    if ranks[0] != ranks[1]:
        return (1 if ranks[0] < ranks[1] else 2), "authority"
    limited = [bool(each.applies_to) and each.fits == "yes" for each in (own, other)]
    if limited[0] != limited[1] and not (own.applies_to and other.applies_to):
        return (1 if limited[0] else 2), "narrower"
    return 0, ""


def _permits(clause: str) -> int:
    """1 for a clause that allows something, if only on a condition; -1 for one that forbids it; 0 for neither."""
    if _says("forbids", clause) and not _says("on_condition", clause):
        return -1
    return 1 if _says("allows", clause) else 0


def _bound(clause: str) -> str:
    bounds = [name for name in ("at_least", "at_most") if _says(name, clause)]
    return bounds[0] if len(bounds) == 1 else ""


def _by_kind(clause: str, language: str) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for quantity in _quantities(clause, language):
        value, _, kind = quantity.partition(" ")
        kinds.setdefault(kind, set()).add(value)
    return kinds


@lru_cache(maxsize=20_000)
def _quantities(clause: str, language: str) -> frozenset[str]:
    """Figures with what they count: `48 hour`, `2.45 euro`, `8:30 clock`, `15 visito`; no dates, no bare numbers."""
    found: set[str] = set()
    counted = {match[1]: match[2][:6].lower() for match in _COUNTED.finditer(clause)}
    for figure in figures(clause, language):
        unit = "clock" if figure.kind == "clock" else figure.unit or counted.get(figure.value, "")
        if figure.kind in ("number", "clock") and unit:
            found.add(f"{figure.value} {unit}")
    return frozenset(found)


def _unfigured(clause: str) -> str:
    return _FIGURE.sub("…", clause)


def _words(clause: str) -> list[str]:
    return _WORD.findall(clause.lower())


def _stems(clause: str) -> frozenset[str]:
    return frozenset(word[:6] for word in _words(clause) if word not in words("not_telling"))


def _says(name: str, clause: str) -> bool:
    return _patterns(name).search(clause) is not None


@cache
def _patterns(name: str) -> re.Pattern[str]:
    written = load_yaml(Path(__file__).with_name("conflict_words.yaml").read_text(encoding="utf-8"))
    return re.compile("|".join(written[name]), re.IGNORECASE)
