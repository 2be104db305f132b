"""Numbers and times of the day in what people type: "3", "drie", "twenty five", "14:30", "half drie", "2 pm"."""

from __future__ import annotations

import re
from functools import cache

from agent.date_words import any_of, meanings

_DIGITS = re.compile(r"(?<![\w.,/:#-])(-?\d{1,9})(?:[.,](\d{1,4}))?(?![\w/:]|[.,-]\d)")
_ARTICLES = ("a", "an", "een", "one")
"""These are 1 only when no other number is there: "a large one"."""
_CLOCK = re.compile(r"(?<![\d.:-])([01]?\d|2[0-3])[:.h]([0-5]\d)(?![\d.:])\s*(am|pm)?\b", re.IGNORECASE)
_HOUR = re.compile(r"\b(1[0-2]|0?[1-9])\s*(am|pm)\b|\b([01]?\d|2[0-3])\s*(?:uur|u|o'?clock)\b", re.IGNORECASE)


def number_in(text: str) -> float | None:
    """The first number, in figures or in words; whole ones as `int`. A year or a ticket's number is one too."""
    flat = text.lower()
    figures = _DIGITS.search(flat)
    in_words = list(_in_words().finditer(flat))
    plain = next((match for match in in_words if match.group() not in _ARTICLES), None)
    if figures and not (plain and plain.start() < figures.start()):
        return float(f"{figures[1]}.{figures[2]}") if figures[2] else int(figures[1])
    counted = plain or next(iter(in_words), None)
    return _of_words(counted.group()) if counted else None


def time_in(text: str) -> str | None:
    """The first time of the day, as `HH:MM`; None when there is none."""
    flat = text.lower()
    if match := _CLOCK.search(flat):
        return _at(int(match[1]), int(match[2]), match[3])
    if match := _dutch_half().search(flat):
        hour = _number(match["hour"])
        return _at((hour - 2) % 12 + 1 if match["way"] == "half" else hour, 30) if 1 <= hour <= 12 else None
    if match := _HOUR.search(flat):
        return _at(int(match[1] or match[3]), 0, match[2])
    return None


def _at(hour: int, minute: int, half: str | None = None) -> str | None:
    if half == "pm" and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 24 else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else meanings("numbers")[word]


def _of_words(words: str) -> int:
    """ "twenty five" is 25; "vijfentwintig" is not known and not guessed."""
    total = 0
    for word in re.split(r"[\s-]+", words):
        value = meanings("numbers")[word]
        total = (total or 1) * value if value == 100 else total + value
    return total


@cache
def _in_words() -> re.Pattern[str]:
    number = any_of("numbers")
    return re.compile(rf"(?<!\w){number}(?:[\s-]{number})?(?!\w)")


@cache
def _dutch_half() -> re.Pattern[str]:
    hour = rf"(?P<hour>\d{{1,2}}|{any_of('numbers')})"
    return re.compile(rf"\b(?P<way>half past|half)\s+{hour}\b")
