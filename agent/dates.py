"""Which day a text names, in Dutch or English: ISO, "1 maart", "next Friday", "over twee weken", "eind van de maand".

A small grammar of our own: the kept library that was tried (dateparser 1.5) does not know "volgende week dinsdag",
"over twee weken" or "eind van de maand", reads 1-3-2026 as 3 January, and takes "I may" for a month. Weeks begin on
Monday.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from agent.date_words import any_of, listed, meanings, names

MAX = 2_000
"""How many characters are looked at."""
SHORT = 3
_NEVER = date.min


@dataclass(frozen=True, slots=True)
class Span:
    """The days a text names, `first` to `last` included, and where it does."""

    first: date
    last: date
    start: int
    end: int


def spans_in(text: str, today: date) -> list[Span]:
    """Every day or period named, in order; where two readings overlap the longer one counts. Never raises."""
    flat = text[:MAX].lower()
    found = sorted(_all(flat, today), key=lambda span: (span.start - span.end, span.start))
    kept: list[Span] = []
    for span in found:
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted((span for span in kept if span.first != _NEVER), key=lambda span: span.start)


def day_in(text: str, today: date) -> date | None:
    """The first day named; of a period its first day. None when none is."""
    spans = spans_in(text, today)
    return spans[0].first if spans else None


def _all(flat: str, today: date) -> Iterator[Span]:
    for pattern, read in _grammar():
        for match in re.finditer(pattern, flat):
            try:
                days = read(match, today)
            except (ValueError, OverflowError):  # "31 February" is no day, and neither is the month in it
                days = _NEVER, _NEVER
            if days is not None:
                yield Span(*days, match.start(), match.end())


_Days = tuple[date, date] | None
_Reader = Callable[["re.Match[str]", date], _Days]


@cache
def _grammar() -> tuple[tuple[re.Pattern[str], _Reader], ...]:
    """Patterns over lower-case text, each with what its match means."""
    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th|e|de|ste)?"
    month = rf"(?P<month>{any_of('months')})\b\.?"
    year = r"(?P<year>(?:19|20)\d\d)"
    number = rf"(?P<number>\d{{1,3}}|{any_of('numbers')})"
    unit, which = rf"(?P<unit>{any_of('units')})", rf"(?P<which>{any_of('which')})"
    weekday, part = rf"(?P<weekday>{any_of('weekdays')})", rf"(?P<part>{any_of('part')})"
    the = r"(?:of |van )?(?:the |de |het |deze |dit |this )?"
    written: tuple[tuple[str, _Reader], ...] = (
        (rf"\b{year}-(?P<month>\d\d)-(?P<day>\d\d)\b", _fixed),
        (rf"(?<![\d./-])(?P<day>\d{{1,2}})([-/.])(?P<month>\d{{1,2}})\2{year}\b", _fixed),
        (r"(?:\b(?:on|op|per|by|until|tot|vanaf|from|since|sinds)\s+|^\W*(?=[\d/-]+\W*$))"
         r"(?P<day>\d{1,2})[-/](?P<month>\d{1,2})\b(?![-/.]?\d)", _dated),
        (rf"\b{day}\s+(?:of\s+)?{month}(?:,?\s+{year}\b)?", _dated),
        (rf"\b(?P<month>{any_of('months')})\.?\s+(?:the\s+)?{day}\b(?!\d)(?:,?\s+{year}\b)?", _dated),
        (r"\b(?:the|de)\s+(?P<day>\d{1,2})(?:st|nd|rd|th|e|de|ste)\b", _day_of_month),
        (rf"\b(?:{part}\s+{the})?{month}(?:\s+{year}\b)?", _month),
        (rf"(?<![\w.,/-]){year}(?![\w/-]|[.,]\d)", _year),
        (rf"(?<!good )(?<!goede )(?<!\w)(?P<days>{any_of('days')})\b", _near),
        (rf"\b(?:in|over|within)\s+{number}\s+{unit}\b", _ahead),
        (rf"\b{number}\s+{unit}\s+(?P<way>ago|geleden|from now|from today)\b", _ahead),
        (rf"\b(?:{which}\s+)?{weekday}\b", _weekday),
        (rf"\b{which}\s+week\s+(?:on\s+|op\s+)?{weekday}\b", _weekday_of_week),
        (rf"\b{weekday}\s+(?:of\s+|in\s+)?{which}\s+week\b", _weekday_of_week),
        (rf"\b(?:{part}\s+{the})?{which}\s+(?P<unit>week|month|year|maand|jaar)\b", _period),
        (rf"\b{part}\s+{the}(?P<unit>week|month|year|maand|jaar)\b", _period),
    )  # fmt: skip
    return tuple((re.compile(pattern), read) for pattern, read in written)


def _fixed(match: re.Match[str], _today: date) -> _Days:
    day, month, year = (int(match[part]) for part in ("day", "month", "year"))
    if month > 12 >= day:  # 12/31/2026
        day, month = month, day
    found = date(year, month, day)
    return found, found


def _dated(match: re.Match[str], today: date) -> _Days:
    """A day and a month: of the year named, else the next such day, or the last one in a text about the past."""
    parts = match.groupdict()
    month = int(parts["month"]) if parts["month"].isdigit() else meanings("months")[parts["month"]]
    if parts.get("year"):
        found = date(int(parts["year"]), month, int(parts["day"]))
        return found, found
    found = _in_a_near_year(today, month, int(parts["day"]), past=_speaks_of_the_past(match.string))
    return found, found


def _in_a_near_year(today: date, month: int, day: int, *, past: bool) -> date:
    years = range(today.year, today.year - 9, -1) if past else range(today.year, today.year + 9)
    for year in years:  # 29 February may be eight years away
        if day > monthrange(year, month)[1]:
            continue
        found = date(year, month, day)
        if (found <= today) if past else (found >= today):
            return found
    raise ValueError("no such day")


def _day_of_month(match: re.Match[str], today: date) -> _Days:
    day = int(match["day"])
    for ahead in range(12):
        first = _months_on(today.replace(day=1), ahead)
        if day <= monthrange(first.year, first.month)[1] and first.replace(day=day) >= today:
            return first.replace(day=day), first.replace(day=day)
    return None


def _month(match: re.Match[str], today: date) -> _Days:
    """A month by its name. "may", "mar" and the like are too often other words: these need a year or a part."""
    word, year, part = match["month"], match["year"], match["part"]
    if ((len(word) <= 3 and word != "mei") or word == "march") and not (year or part):
        return None
    number = meanings("months")[word]
    first = date(int(year), number, 1) if year else _near_month(today, number, _speaks_of_the_past(match.string))
    return _part_of(first, _months_on(first, 1) - timedelta(days=1), part)


def _near_month(today: date, month: int, past: bool) -> date:
    found = date(today.year, month, 1)
    if past:
        return found if found <= today else date(today.year - 1, month, 1)
    return found if month >= today.month else date(today.year + 1, month, 1)


def _year(match: re.Match[str], _today: date) -> _Days:
    year = int(match["year"])
    return date(year, 1, 1), date(year, 12, 31)


def _near(match: re.Match[str], today: date) -> _Days:
    found = today + timedelta(days=meanings("days")[" ".join(match["days"].split())])
    return found, found


def _ahead(match: re.Match[str], today: date) -> _Days:
    """ "in two weeks", "two weeks ago"."""
    count = int(match["number"]) if match["number"].isdigit() else meanings("numbers")[match["number"]]
    if match.groupdict().get("way") in ("ago", "geleden"):
        count = -count
    unit = names("units")[match["unit"]]
    if unit in ("day", "week"):
        found = today + timedelta(days=count * (7 if unit == "week" else 1))
    else:
        found = _months_on(today, count * (12 if unit == "year" else 1))
    return found, found


def _weekday(match: re.Match[str], today: date) -> _Days:
    """ "Friday", "komende vrijdag": the first one after today; "next Friday": of next week; "last Friday": before."""
    wanted, which = meanings("weekdays")[match["weekday"]], match["which"]
    if len(match["weekday"]) <= SHORT and not which and not _stands_for_a_day(match):
        return None
    if which is None or which in listed("nearest"):
        found = today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    elif meanings("which")[which] < 0:
        found = today - timedelta(days=(today.weekday() - wanted - 1) % 7 + 1)
    else:
        found = _monday(today) + timedelta(days=7 + wanted)
    return found, found


def _stands_for_a_day(match: re.Match[str]) -> bool:
    """ "sat" and "sun" are mostly other words: they count behind "on", and alone."""
    before = match.string[: match.start()].split()
    return before[-1:] in (["on"], ["op"], ["by"]) or match.string.strip(" .?!") == match.group()


def _weekday_of_week(match: re.Match[str], today: date) -> _Days:
    weeks = meanings("which")[match["which"]]
    found = _monday(today) + timedelta(days=7 * weeks + meanings("weekdays")[match["weekday"]])
    return found, found


def _period(match: re.Match[str], today: date) -> _Days:
    """A week, month or year, or its beginning, middle or end."""
    parts = match.groupdict()
    away = meanings("which")[parts["which"]] if parts.get("which") else 0
    unit = names("units")[parts["unit"]]
    if unit == "week":
        first = _monday(today) + timedelta(days=7 * away)
        last = first + timedelta(days=4 if parts.get("part") else 6)  # the end of the week is Friday
    else:
        first = _months_on(today.replace(day=1), away) if unit == "month" else date(today.year + away, 1, 1)
        last = _months_on(first, 1 if unit == "month" else 12) - timedelta(days=1)
    return _part_of(first, last, parts.get("part"))


def _part_of(first: date, last: date, part: str | None) -> tuple[date, date]:
    if part is None:
        return first, last
    middle = first + (last - first) // 2
    found = {"begin": first, "middle": middle, "end": last}[names("part")[part]]
    return found, found


def _months_on(day: date, count: int) -> date:
    """The same day so many months on, or the last of that month."""
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _speaks_of_the_past(flat: str) -> bool:
    return not listed("past").isdisjoint(re.findall(r"\w+", flat))
