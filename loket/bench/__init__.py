"""Measurements that anybody can repeat: `loket bench NAME`. Each is one file, and returns rows for a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import LoketError


class MeasurementFailed(LoketError):
    """Whoever measures acts: what was to be measured did not run as it must, so there are no figures."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report: what was measured, the figure with its unit, and what it was held against."""

    what: str
    figure: str
    target: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    return f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {percentile(seconds, 0.95) * 1000:.1f} ms"
