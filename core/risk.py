"""How much harm a tool can do, in order. A rule may only move a tool up this list."""

from __future__ import annotations

from enum import StrEnum


class Risk(StrEnum):
    """`read` runs in the turn; all others become an action; `forbidden` never runs."""

    READ = "read"
    WRITE = "write"
    SENSITIVE = "sensitive"
    CRITICAL = "critical"
    FORBIDDEN = "forbidden"

    @property
    def rank(self) -> int:
        """Position in the list, 0 for `read`."""
        return list(Risk).index(self)


def strictest(*risks: Risk) -> Risk:
    """The highest of the given risks; the strictest wins."""
    return max(risks, key=lambda risk: risk.rank)
