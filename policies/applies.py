"""For whom a document is meant (`applies_to`), held against what the directory says of a person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.people import Employee

Limits = tuple[tuple[str, tuple[str, ...]], ...]
"""Each key of `applies_to` with its values: ((`site`, (`Zwolle`,)), (`contract`, (`permanent`, `temporary`)))."""


class Fit(StrEnum):
    """Whether somebody is meant. `UNKNOWN`: nothing says no, and the directory does not say enough for a yes."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def limits(applies_to: Mapping[str, object]) -> Limits:
    """`applies_to` as it is stored, in a form that cannot change."""
    return tuple(
        (key, tuple(str(value) for value in (values if isinstance(values, list) else [values])))
        for key, values in applies_to.items()
    )


def attributes(person: Employee) -> Mapping[str, frozenset[str]]:
    """What is known of somebody, by key and in small letters: site, department, function, and what groups say.

    A group named `contract:temporary` or `grade:9` says so of its members: every directory can hold such groups.
    """
    found: dict[str, set[str]] = {}
    own = {"site": person.site, "department": person.department, "function": person.title}
    for key, value in own.items():
        if value:
            found.setdefault(key, set()).add(value.casefold())
    for group in person.groups:
        key, colon, value = group.partition(":")
        if colon and value:
            found.setdefault(key.strip().casefold(), set()).add(value.strip().casefold())
    return {key: frozenset(values) for key, values in found.items()}


def fit(meant: Limits, person: Employee) -> Fit:
    """Whether a person is among those a document is meant for: every key must hold, by any of its values."""
    known = attributes(person)
    groups = {group.casefold() for group in person.groups}
    answers = [_one(key.casefold(), {value.casefold() for value in values}, known, groups) for key, values in meant]
    if Fit.NO in answers:
        return Fit.NO
    return Fit.UNKNOWN if Fit.UNKNOWN in answers else Fit.YES


def _one(key: str, values: set[str], known: Mapping[str, frozenset[str]], groups: set[str]) -> Fit:
    """`who`, a list without a key, may name groups."""
    if key in known:
        return Fit.YES if values & known[key] else Fit.NO
    return Fit.YES if values & groups else Fit.UNKNOWN
