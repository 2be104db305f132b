"""What a check found: one row each, with what to do about it, and all of them as one report that can be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """`unseen`: it could not be looked at (no network, no person to ask for). That is no pass."""

    PASSED = "passed"
    FAILED = "failed"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row. `check` is what was looked at, `found` what was seen, `remedy` how to mend it; texts in English."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def passed(self) -> bool:
        """Nothing is in the way of a release."""
        return self.verdict is Verdict.PASSED


@dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at of exactly one document. Nothing looked at is no pass."""

    name: str
    hash: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Every row passed."""
        return bool(self.findings) and all(one.passed for one in self.findings)

    def encoded(self) -> dict[str, Any]:
        """As JSON values: what is kept, and what `--json` prints."""
        rows = [
            {"check": one.check, "verdict": one.verdict.value, "found": one.found, "remedy": one.remedy}
            for one in self.findings
        ]
        return {"name": self.name, "hash": self.hash, "passed": self.passed, "checks": rows}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Report:
        """From JSON values. Raises `ValueError` or `KeyError` for values that are no report."""
        rows = (Finding(row["check"], Verdict(row["verdict"]), row["found"], row["remedy"]) for row in values["checks"])
        return cls(values["name"], values["hash"], tuple(rows))


def passed(check: str, found: str) -> Finding:
    """Nothing to mend."""
    return Finding(check, Verdict.PASSED, found)


def failed(check: str, found: str, remedy: str) -> Finding:
    """Something to mend."""
    return Finding(check, Verdict.FAILED, found, remedy)


def unseen(check: str, found: str, remedy: str) -> Finding:
    """It could not be looked at."""
    return Finding(check, Verdict.UNSEEN, found, remedy)


def judged(check: str, problems: Iterable[tuple[str, str]], fine: str) -> list[Finding]:
    """A row for each problem (found, remedy); without any, one row that says what is fine."""
    rows = [failed(check, found, remedy) for found, remedy in problems]
    return rows or [passed(check, fine)]
