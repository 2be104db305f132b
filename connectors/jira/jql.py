"""JQL in which a value can be nothing but a value, and which never asks for everything.

Source: Atlassian's "JQL reserved characters": in a quoted string `"` and `\\` are escaped by a backslash; `~` reads the
string as a Lucene query besides, in which an inner pair of quotes makes a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_CHARACTERS = 255
"""A longer value is no name, number or mark of ours."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WORD = re.compile(r"\w+")


def literal(value: str) -> str:
    """A value as one quoted string. Raises ValueError for line ends, controls and what is too long or empty."""
    if not value or len(value) > MOST_CHARACTERS or _UNSAFE.search(value):
        raise ValueError("not a value that can be searched for")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def equals(field: str, value: str) -> str:
    """`field` is exactly `value`. `field` is ours, never from outside."""
    return f"{field} = {literal(value)}"


def one_of(field: str, values: Iterable[str]) -> str:
    """`field` is one of `values`. Raises ValueError for none."""
    listed = ", ".join(literal(value) for value in values)
    if not listed:
        raise ValueError("nothing to search for")
    return f"{field} in ({listed})"


def has_phrase(field: str, value: str) -> str:
    """The words of `value` stand in `field` one after the other. An index is no proof: look at what comes back.

    Only words reach Lucene, so nothing in it is an operator there. Raises ValueError when there is no word.
    """
    literal(value)
    words = " ".join(_WORD.findall(value))
    if not words:
        raise ValueError("not a value that can be searched for")
    return f"{field} ~ {literal(chr(34) + words + chr(34))}"


def either(*clauses: str) -> str:
    """At least one of the clauses; empty ones do not count."""
    there = [clause for clause in clauses if clause]
    return f"({' OR '.join(there)})" if len(there) > 1 else "".join(there)


def within(projects: Iterable[str], *clauses: str, order: str) -> str:
    """All clauses, in these projects only: Jira Cloud refuses a search without such a bound."""
    return f"{' AND '.join([one_of('project', projects), *filter(None, clauses)])} ORDER BY {order}"
