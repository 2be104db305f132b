"""What changes the meaning of a rule: denials, limits, conditions, duties, parties and who acts, in two languages.

The words stand in `answer_words.yaml`; each has one mark, the same in English and Dutch.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from core.own_yaml import load_yaml

Marks = frozenset[str]
_GAP = r"(?:\W|\ba\b|\ban\b|\bthe\b|\been\b|\bde\b|\bhet\b|\baround\b|\babout\b|\bnog\b|\bweek\b){0,3}$"
"""What may stand between a limit and its figure."""
_EXAMPLE = re.compile(
    r"(?:(?:for example|for instance|such as|bijvoorbeeld|zoals),?|\bzo \w+(?: mogelijk)?) $", re.IGNORECASE
)
_SPAN = re.compile(r"\b(?:within|binnen|after|na|for|before|than|dan) $", re.IGNORECASE)
_SIDE = frozenset({"ahead", "behind"})


def denials(text: str) -> int:
    """How many times the text is turned round. Two denials are one statement; an exception counts as a denial."""
    return len(_alternatives("denials").findall(_alternatives("no_denials").sub(" ", text)))


def limits_before(text: str) -> Marks:
    """The limits that the end of `text` lays on the figure behind it."""
    return frozenset(mark for mark, pattern in _ending() if pattern.search(text))


def limits_behind(text: str) -> Marks:
    """The limits that the start of `text` lays on the figure before it."""
    return frozenset(mark for mark, pattern in _family("limits_behind") if pattern.search(text))


def limits_agree(said: Marks, clause: Marks, exact: bool) -> bool:
    """Whether two figures are limited alike.

    The place in time ("from", "after", "weeks before") may be left out unless `exact`, but not turned.
    """
    return all(_answered(mark, clause, exact) for mark in said) and all(_answered(mark, said, exact) for mark in clause)


def _answered(mark: str, marks: Marks, exact: bool) -> bool:
    others = marks - _SIDE if mark not in _SIDE else marks & _SIDE
    if mark in _SIDE or (
        not others and (mark in {"from", "until", "within"} or (mark in {"before", "after"} and not exact))
    ):
        return not others or mark in others
    return mark in others or any(mark in alike and others & set(alike) for alike in written("limits_alike"))


def rates(text: str) -> Marks:
    """How often its figures count: per day, per week, per month, per year."""
    return frozenset(
        mark for mark, pattern in _family("rates") if any(not _is_span(text, match) for match in pattern.finditer(text))
    )


def _is_span(text: str, match: re.Match[str]) -> bool:
    """ "Within a year" is a span of time; "each year" is a rate."""
    article = match.group().lower().startswith(("a ", "an ", "een "))
    return article and _SPAN.search(text[max(0, match.start() - 12) : match.start()]) is not None


def rate_behind(text: str) -> str:
    """The rate that the start of `text` gives the figure before it; empty when none."""
    return next((mark for mark, pattern in _rates_behind() if pattern.search(text)), "")


@cache
def _rates_behind() -> tuple[tuple[str, re.Pattern[str]], ...]:
    start = written("rates_behind")
    return tuple(
        (mark, re.compile(f"{start}(?:{'|'.join(lines)})", re.IGNORECASE)) for mark, lines in written("rates").items()
    )


def restricted(text: str) -> bool:
    """Whether it says "only", or denies or excepts something, which restricts as well."""
    return _alternatives("only").search(text) is not None or denials(text) > 0


def condition_starts(text: str) -> list[int]:
    """Where conditions and exceptions begin."""
    return [
        match.start()
        for match in _alternatives("conditions").finditer(text)
        if not _EXAMPLE.search(text[max(0, match.start() - 15) : match.start()])
    ]


@lru_cache(maxsize=8_000)
def mode(text: str) -> str:
    """What it lays on somebody: `free`, `ban`, `duty`, `advice`, `may`, `can`, `order`; empty when it just tells."""
    for mark, pattern in _family("modes"):
        if pattern.search(text):
            return mark
    return "order" if _alternatives("orders").search(text.lstrip(" -*:;,")) else ""


def parties(text: str) -> Marks:
    """The parties it names."""
    return frozenset(mark for mark, pattern in _family("parties") if pattern.search(text))


def actors(text: str) -> dict[str, str]:
    """For each act in the text, the party that stands nearest before it; acts without one are left out."""
    found: dict[str, str] = {}
    for act, pattern in _family("acts"):
        if match := pattern.search(text):
            before = text[max(0, match.start() - 60) : match.start()]
            places = [
                (place.end(), mark)
                for mark, party in (*_family("parties"), *_family("others_who_act"))
                for place in party.finditer(before)
            ]
            if places:
                found[act] = max(places)[1]
    return found


@cache
def _ending() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (mark, re.compile("(?:" + "|".join(lines) + ")" + _GAP, re.IGNORECASE))
        for mark, lines in written("limits_before").items()
    )


@cache
def _family(name: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((mark, _compiled(lines)) for mark, lines in written(name).items())


@cache
def _alternatives(name: str) -> re.Pattern[str]:
    return _compiled(written(name))


def _compiled(lines: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(lines), re.IGNORECASE)


def written(name: str) -> Any:
    """One list or table of `answer_words.yaml`, as it stands there."""
    return _file()[name]


@cache
def _file() -> dict[str, Any]:
    text = Path(__file__).with_name("answer_words.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = load_yaml(text)
    return found
