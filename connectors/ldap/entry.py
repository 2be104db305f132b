"""One entry of a directory, as the server gave it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,](\d+))?(Z|[+-]\d{2}(?:\d{2})?)")


@dataclass(frozen=True, slots=True)
class Entry:
    """`values` by attribute name in lower case, as octets; they are private and so never in the representation."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]] = field(repr=False)

    def all(self, attribute: str) -> tuple[bytes, ...]:
        """Every value as it came; none for an attribute that is missing or has no name."""
        return self.values.get(attribute.lower(), ())

    def texts(self, attribute: str) -> tuple[str, ...]:
        """Every value that is text."""
        return tuple(value.decode("utf-8", "replace") for value in self.all(attribute))

    def text(self, attribute: str) -> str:
        """The first value, without blanks around it; empty when there is none."""
        return next(iter(self.texts(attribute)), "").strip()

    def moment(self, attribute: str) -> datetime | None:
        """A generalized time (RFC 4517) in UTC; None when there is none or it cannot be read."""
        return generalized_time(self.text(attribute))

    def fits(self, conditions: Iterable[tuple[str, str]]) -> bool:
        """Has it one of these values? Capitals do not matter."""
        return any(
            value.casefold() in (held.strip().casefold() for held in self.texts(attribute))
            for attribute, value in conditions
        )


def generalized_time(text: str) -> datetime | None:
    """`20261126093000Z` and its kin as a moment in UTC; None for anything else."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, part, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    if part and second:
        moment += timedelta(seconds=float(f"0.{part}"))
    if zone != "Z":
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or 0))
        moment += -ahead if zone[0] == "+" else ahead
    return moment
