"""Finding a colleague from what somebody types: without accents, half a name, a typing mistake, a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Protocol, TypeVar

from connectors.spelling import plain

LONGEST = 100
ALIKE = 0.78
"""From this likeness on, a typed word counts as a misspelt name: `Sanna` is `Sanne`, `Tim` is not `Tom`."""
INITIAL = 0.7
"""What an initial counts beside another word: `J. de Boer`. Alone it names nobody."""
PARTICLES = frozenset({"de", "den", "der", "van", "von", "el", "al", "ter", "ten", "te", "la"})


class Named(Protocol):
    """What somebody is told by: an employee, or the little of an entry that is read to rank it."""

    @property
    def employee_id(self) -> str:
        """Their number."""

    @property
    def name(self) -> str:
        """Their whole name."""

    @property
    def email(self) -> str:
        """Their address at work."""


Person = TypeVar("Person", bound=Named)


def best_matches(words: str, people: Iterable[Person], limit: int) -> Sequence[Person]:
    """Those who fit `words`, best first; equal ones by name and number, so that the order never changes by itself."""
    asked = plain(words[:LONGEST]).strip()
    if not asked:
        return []
    scored = [(likeness(asked, person), person) for person in people]
    fitting = [(score, person) for score, person in scored if score > 0]
    fitting.sort(key=lambda pair: (-pair[0], pair[1].name, pair[1].employee_id))
    return [person for _, person in fitting[:limit]]


def likeness(asked: str, person: Named) -> float:
    """How well the plain words fit a person, 0 (not) to 1 (their number, their e-mail address or their whole name)."""
    if asked in (person.employee_id.casefold(), person.email.casefold()):
        return 1.0
    name = plain(person.name)
    if asked == name:
        return 1.0
    typed, parts = _words(asked), _words(name)
    telling = [word for word in typed if word not in PARTICLES]
    if not telling:
        return 0.0
    alone = len(telling) == 1
    scores = [max(_word_likeness(word, part, initial=not alone) for part in parts) for word in telling]
    if min(scores) == 0:
        return 0.0
    covered = len(typed) / max(len(parts), len(typed))
    return 0.9 * sum(scores) / len(scores) + 0.09 * covered


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text) or [""]


def _word_likeness(word: str, part: str, *, initial: bool) -> float:
    if word == part:
        return 1.0
    if initial and len(word) == 1 and part.startswith(word):
        return INITIAL
    if len(word) >= 3 and part.startswith(word):
        return 0.9
    if len(word) < 4 or part in PARTICLES:
        return 0.0
    ratio = SequenceMatcher(None, word, part).ratio()
    return 0.85 * ratio if ratio >= ALIKE else 0.0
