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


def status(term: Term, ends: Mapping[str, date], on: date) -> str:
    """`current`, `superseded` or `upcoming` on the day `on`."""
    until = min(
        term.effective_until or date.max, ends.get(term.document_id, date.max) if term.document_id else date.max
    )
    if on > until:
        return SUPERSEDED
    if term.effective_from and on < term.effective_from:
        return UPCOMING
    return CURRENT
