"""Which text is in force on a day: current, superseded or upcoming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

CURRENT = "current"
SUPERSEDED = "superseded"
UPCOMING = "upcoming"


@dataclass(frozen=True, slots=True)
class Term:
    """From when until when a document holds, both days included; None is open. `replaces` holds document ids."""

    document_id: str
    effective_from: date | None
    effective_until: date | None
    replaces: tuple[str, ...] = ()


def last_days(terms: Iterable[Term]) -> Mapping[str, date]:
    """The last day each replaced document is in force: the day before its earliest replacement starts.

    A replacement without a starting day is in force already: then the document was never current (`date.min`).
    """
    ends: dict[str, date] = {}
    for term in terms:
        start = term.effective_from
        last = start - timedelta(days=1) if start and start > date.min else date.min
        for replaced in term.replaces:
            if replaced != term.document_id:
                ends[replaced] = min(last, ends.get(replaced, date.max))
    return ends


def last_day(term: Term, ends: Mapping[str, date]) -> date | None:
    """The last day a document holds: its own, or the day before its replacement starts; None is open."""
    replaced = ends.get(term.document_id) if term.document_id else None
    known = [day for day in (term.effective_until, replaced) if day is not None]
    return min(known) if known else None


def status(term: Term, ends: Mapping[str, date], on: date) -> str:
    """`current`, `superseded` or `upcoming` on the day `on`."""
    until = last_day(term, ends)
    if until is not None and on > until:
        return SUPERSEDED
    if term.effective_from and on < term.effective_from:
        return UPCOMING
    return CURRENT


def loops(terms: Iterable[Term]) -> frozenset[str]:
    """Ids of documents that replace each other in a circle: none of them can be the one that holds."""
    replaces: dict[str, set[str]] = {}
    for term in terms:
        if term.document_id:
            replaces.setdefault(term.document_id, set()).update(set(term.replaces) - {term.document_id, ""})
    return frozenset(start for start in replaces if _reaches(start, replaces))


def _reaches(start: str, replaces: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    ahead = list(replaces[start])
    while ahead:
        name = ahead.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            ahead.extend(replaces.get(name, ()))
    return False
