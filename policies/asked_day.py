"""The day a question is about, when that is another than today: "what was the rule in 2024?", "en volgend jaar?".

A time in a question is more often part of a story ("born in 2019", "carry over to next year") than the time of the
rule. A past time counts only in a question about how something was, or beside hardly another word; a future one
unless it is where something ends or goes. The patterns stand in `asked_day.yaml`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

from core.own_yaml import load_yaml

FEW = 4
"""With so few telling words beside it, a past time is what is asked ("km rate 2024")."""
_SENTENCE = re.compile(r"(?<=[.?!;])\s+")
_PREPOSITION = re.compile(
    r"\s*\b(?:in|of|for|from|on|as of|over|per|op|van|vanaf|voor|uit)(?: the year| het jaar| the| het)?\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ISO = re.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b")
# A bare number is a year behind a word that times have before them, or as the last word.
_YEAR_ALONE = re.compile(
    rf"\b(?:in|of|for|from|since|and|or|over|voor|van|vanaf|en|uit|sinds|per|year|jaar) (?:the year |het jaar )?{_YEAR}"
    rf"(?![\w/-]|[.,]\d)|(?<![\w.,/€$-])(?P<last>(?:19|20)\d\d)(?=[\s.?!]*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A time in a sentence: where it stands and the last day of it."""

    start: int
    end: int
    last: date


@dataclass(frozen=True, slots=True)
class Asked:
    """The day a question is about (None: today), and the question without the words that named it."""

    day: date | None
    subject: str


def asked_time(question: str, today: date) -> Asked:
    """The last day of the time that a question is about. The last sentence that names one counts."""
    sentences = _SENTENCE.split(question.strip())
    for at in reversed(range(len(sentences))):
        for found in reversed(_times(sentences[at], today)):
            if _is_asked(sentences[at], found, today):
                before = _PREPOSITION.sub("", sentences[at][: found.start])
                sentences[at] = f"{before}{sentences[at][found.end :]}"
                subject = " ".join(" ".join(sentences).split())
                return Asked(found.last, subject if _WORD.search(subject) else question)
    return Asked(None, question)


def _is_asked(sentence: str, found: _Found, today: date) -> bool:
    before = sentence[: found.start]
    if _patterns("other_time").search(before):
        return False
    if found.last > today:
        return True
    rest = f"{before} {sentence[found.end :]}".lower()
    telling = [word for word in _WORD.findall(rest) if word not in _no_subject()]
    return len(telling) <= FEW or _patterns("about_the_past").search(sentence) is not None


def _times(sentence: str, today: date) -> list[_Found]:
    """The times in a sentence, in order; a year within a date is no time of its own."""
    found: list[_Found] = []
    for pattern, read in _readers(today):
        for match in pattern.finditer(sentence):
            last = read(match)
            if last is not None and all(match.end() <= one.start or match.start() >= one.end for one in found):
                found.append(_Found(_start(match), match.end(), last))
    return sorted(found, key=lambda one: one.start)


def _readers(today: date) -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], date | None]]]:
    names = "|".join(sorted(_months(), key=len, reverse=True))
    of_day = re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|e)? (?P<month>{names}) {_YEAR}\b", re.IGNORECASE)
    day_of = re.compile(rf"\b(?P<month>{names}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}\b", re.IGNORECASE)
    of_month = re.compile(rf"\b(?P<month>{names}) {_YEAR}\b", re.IGNORECASE)
    yield _ISO, lambda match: _day(int(match["year"]), int(match["month"]), int(match["day"]))
    for pattern in (of_day, day_of):
        yield pattern, lambda match: _day(int(match["year"]), _months()[match["month"].lower()], int(match["day"]))
    yield of_month, lambda match: _end_of_month(int(match["year"]), _months()[match["month"].lower()])
    for offset, written in _written()["years_from_now"].items():
        yield re.compile(written, re.IGNORECASE), partial(_years_on, today, int(offset))
    for offset, written in _written()["months_from_now"].items():
        yield re.compile(written, re.IGNORECASE), partial(_months_on, today, int(offset))
    yield _YEAR_ALONE, lambda match: _year(match, today)


def _start(match: re.Match[str]) -> int:
    """Where the time itself starts, without the word before it."""
    groups = match.groupdict()
    return match.start("year") if groups.get("year") and not groups.get("month") else match.start()


def _year(match: re.Match[str], today: date) -> date | None:
    """The end of a year; this year is today, and no rule of a staff handbook is a lifetime away."""
    year = int(match["year"] or match["last"])
    return date(year, 12, 31) if year != today.year and abs(year - today.year) <= 50 else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None  # 31 February: no day of the calendar, so no time


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _years_on(today: date, by: int, _match: re.Match[str]) -> date:
    return date(today.year + by, 12, 31)


def _months_on(today: date, by: int, _match: re.Match[str]) -> date:
    at = today.year * 12 + today.month - 1 + by
    return _end_of_month(at // 12, at % 12 + 1)


@cache
def _months() -> dict[str, int]:
    return {name: number for number, names in enumerate(_written()["months"], start=1) for name in names.split()}


@cache
def _no_subject() -> frozenset[str]:
    return frozenset(_written()["no_subject"].split())


@cache
def _patterns(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_written()[name]), re.IGNORECASE)


@cache
def _written() -> dict[str, Any]:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("asked_day.yaml").read_text(encoding="utf-8"))
    return written
