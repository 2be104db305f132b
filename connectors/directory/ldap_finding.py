"""Finding people over LDAP: the server leaves a few who may be meant, our own ranking says who is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.directory.matching import LONGEST, PARTICLES, best_matches
from connectors.ldap.entry import Entry
from connectors.ldap.fetching import by_name
from connectors.ldap.link import Link
from connectors.ldap.people import ANYTHING, People
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, any_of, contains, equal, starts_with
from connectors.spelling import plain
from core.people import Employee

ENOUGH = 60
"""So many who may be meant are ranked; words that fit more of them are no way to find anybody."""
SHORTEST_MISSPELT = 4
LONGEST_MISSPELT = 16
MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Sketch:
    """As much of somebody as ranking needs; making whole employees of sixty takes milliseconds."""

    entry: Entry
    employee_id: str
    name: str
    email: str


def find_people(
    link: Link, settings: LdapSettings, people: People, wanted: Sequence[str], words: str, limit: int
) -> list[Employee]:
    """Active staff who fit `words`, best first: those who are written so, else those who are nearly."""
    asked = plain(words[:LONGEST]).strip()
    typed = [word for word in re.findall(r"[^\W_]+", asked) if word not in PARTICLES][:MOST_WORDS]
    for narrowing in _narrowings(settings, asked, typed) if typed else ():
        filter_ = all_of(settings.filter_of_people, narrowing)
        found = link.search(settings.people_base, filter_, people.for_ranking, enough=ENOUGH)
        best = _ranked(people, settings, found[:ENOUGH], asked, limit)
        if best:
            names = [entry.dn for entry in best]
            fresh = {
                entry.dn: entry for entry in by_name(link, settings, settings.people_base, ANYTHING, names, wanted)
            }
            return people.employees([fresh[name] for name in names if name in fresh])
    return []


def _narrowings(settings: LdapSettings, asked: str, typed: Sequence[str]) -> Iterator[str]:
    names = settings.attributes
    as_written = all_of(*(_holding(names.name, word) for word in typed))
    yield any_of((equal(names.employee_id, asked), equal(names.mail, asked), as_written))
    if any(len(word) >= SHORTEST_MISSPELT for word in typed):
        yield all_of(*(_nearly(names.name, word) for word in typed))


def _ranked(people: People, settings: LdapSettings, found: Sequence[Entry], asked: str, limit: int) -> list[Entry]:
    names = settings.attributes
    staff = people.active_staff(found)
    sketches = [
        Sketch(entry, entry.text(names.employee_id), people.name(entry), entry.text(names.mail)) for entry in staff
    ]
    return [sketch.entry for sketch in best_matches(asked, sketches, limit)]


def _holding(name: str, word: str) -> str:
    """Names with this word in them, or with a word that begins with this letter."""
    if len(word) == 1:
        return any_of((starts_with(name, word), contains(name, f" {word}")))
    return contains(name, word)


def _nearly(name: str, word: str) -> str:
    """Names with this word as it is or with anything in the place of two letters next to each other.

    That takes in a letter too many, too few, another one, two that changed places, and an accent: `marike` and
    `marieke`, `yilmaz` and `Yılmaz`. Who of them is near enough is for the ranking.
    """
    if len(word) < 3:
        return _holding(name, word)
    word = word[:LONGEST_MISSPELT]
    return any_of(contains(name, *_around(word, start)) for start in range(len(word) - 1))


def _around(word: str, start: int) -> tuple[str, ...]:
    return tuple(part for part in (word[:start], word[start + 2 :]) if part)
