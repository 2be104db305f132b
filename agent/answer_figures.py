"""The figures of a sentence, made comparable: numbers with their unit and limit, dates, times, amounts, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from agent.answer_words import limits_before, limits_behind, rate_behind, written

_DATE_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_CLOCK = re.compile(r"\b([01]?\d|2[0-4])[:.]([0-5]\d)\b(?:\s?(am|pm)\b)?(?![\d.,]*\d)(?!\s*%)", re.I)
_MONEY = re.compile(r"(€|\$|£|\b(?:eur|usd)\b)\s?(\d[\d.,]*\d|\d)", re.I)
_NUMBER = re.compile(
    r"(?<![\w.,])(\d[\d.,]*\d|\d)(½)?(?:[ -]{0,12}(%|€|°|[^\W\d_]+(?:-[^\W\d_]+)*))?(?: ([^\W\d_]+))?(?: ([^\W\d_]+))?",
    re.I,
)
_ADDRESS = re.compile(
    r"https?://[^\s)>\]\"”]+|www\.[^\s)>\]\"”]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)*|(?<!\w)[@#][\w-]{2,}"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,10}(?:/[^\s)>\]]*)?\b|\b[A-Z]{2,5}-\d+\b"
    r"|\b\w+ ?[\[(](?:at|dot|punt|apenstaartje)[\])] ?\w+"
)
_PHONE = re.compile(r"(?<![\w€.,])(?:\+\d{1,3}[ -]?)?(?:\(?\d{2,4}\)?[ -]){1,4}\d{2,8}\b|(?<!\w)\+?\d{8,13}\b")
_ABBREVIATION = re.compile(r"^(?:[a-z]\.)+[a-z]?$|^\d[\d.]*$|^[\d.]+[a-z]{0,2}$", re.I)
_NO_LATER = re.compile(r"(?:\blater (?:than|dan)|\buiterlijk|\blatest)\W*$", re.I)
_CITED = re.compile(r"\[\d{1,3}\]")
_SKIPPED = frozenset(
    [
        "full",
        "calendar",
        "consecutive",
        "hele",
        "volle",
        "more",
        "extra",
        "other",
        "whole",
        "meer",
        "andere",
        "kalender",
        "volledige",
    ]
)
_WORKING = frozenset({"working", "work", "business"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `value` as text ("14", "1-7", "9:30"), its unit ("" when none), its limits, and where it stands."""

    kind: str
    value: str
    unit: str
    limits: frozenset[str]
    rate: str
    at: int

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind if self.kind != "number" else "", self.value, self.unit) if part)


def figures(text: str, language: str) -> tuple[Figure, ...]:
    """All figures in order. Citations such as `[1]` are none."""
    found: list[Figure] = []
    rest = _CITED.sub(_blank, text)

    def take(pattern: re.Pattern[str], read: Callable[[re.Match[str]], tuple[str, str, str] | None]) -> None:
        nonlocal rest

        def keep(match: re.Match[str]) -> str:
            figure = read(match)
            if figure is None:
                return match.group()
            place = (match.start(), match.end())
            found.append(Figure(*figure, _limits(rest, *place), rate_behind(rest[place[1] : place[1] + 40]), place[0]))
            return _blank(match)

        rest = pattern.sub(keep, rest)

    take(_ADDRESS, _address)
    take(_DATE_ISO, lambda match: ("date", f"{int(match[3])}-{int(match[2])}-{match[1]}", ""))
    take(_PHONE, lambda match: ("at", re.sub(r"\D", "", match.group()), ""))
    take(_dates(), _date)
    take(_MONEY, lambda match: ("number", _value(match[2]), _currency(match[1])))
    take(_CLOCK, _clock)
    rest = _spelled_out(rest, "nl" if language == "nl" else "en")
    for match in _NUMBER.finditer(rest):
        found.append(_number(match, rest))
    return tuple(sorted(found, key=lambda figure: figure.at))


def matches(figure: Figure, others: Iterable[Figure]) -> bool:
    """Whether the figure is among the others: the same value, and no other unit. A date may lack its year, one of
    something its unit."""
    return any(_same(figure, other) for other in others)


def _same(one: Figure, other: Figure) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind == "date":
        return one.value == other.value or one.value == other.value.rsplit("-", 1)[0] + "-?"
    if one.kind == "at":
        return one.value == other.value
    loose = not one.unit or (not other.unit and one.value != "1")
    return one.value == other.value and (one.unit == other.unit or loose)


def _blank(match: re.Match[str]) -> str:
    return " " * (len(match.group()) - 1) + ";" if len(match.group()) > 1 else ";"


def _limits(text: str, start: int, end: int) -> frozenset[str]:
    before, behind = text[max(0, start - 45) : start], limits_behind(text[end : end + 40])
    if "ahead" in behind and _NO_LATER.search(before):
        return behind | {"least"}
    return limits_before(before) | behind


def _address(match: re.Match[str]) -> tuple[str, str, str] | None:
    address = match.group().rstrip(".,;:").lower()
    if _ABBREVIATION.match(address):
        return None
    return ("at", re.sub(r"^https?://|/$", "", address), "")


def _date(match: re.Match[str]) -> tuple[str, str, str]:
    day, month, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
    return ("date", f"{int(day)}-{written('months')[month.lower()]}-{year or '?'}", "")


def _clock(match: re.Match[str]) -> tuple[str, str, str]:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "pm" else 0) if match[3] else int(match[1])
    return ("clock", f"{hour}:{match[2]}", "")


def _number(match: re.Match[str], text: str) -> Figure:
    value = _value(match[1]) + (".5" if match[2] else "")
    unit, end = "", match.end(1)
    working = False
    for place in (3, 4, 5):
        word = (match[place] or "").lower()
        if not word:
            break
        unit = written("units").get(word, "")
        if unit:
            end = match.end(place)
            break
        head = word.split("-")[0]
        working = working or head in _WORKING
        if word not in _SKIPPED | _WORKING and not working:
            break
    unit = "workday" if unit == "day" and working else unit
    rate = rate_behind(text[end : end + 40])
    return Figure("number", value, unit, _limits(text, match.start(), end), rate, match.start())


def _currency(mark: str) -> str:
    return {"€": "euro", "eur": "euro", "$": "dollar", "usd": "dollar", "£": "pound"}[mark.lower()]


def _value(digits: str) -> str:
    """`1,250.00`, `1.250,00` and `1250` are the same amount: a comma or full stop before three digits groups them."""
    plain = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    return f"{float(plain):g}" if plain.count(".") <= 1 and len(plain) < 16 else digits


def _spelled_out(text: str, language: str) -> str:
    """Number words as digits, kept as long as they were so that places stay what they are."""
    numerals = written("numerals")[language]
    return _numerals(language).sub(lambda match: numerals[match.group().lower()].ljust(len(match.group())), text)


@cache
def _numerals(language: str) -> re.Pattern[str]:
    words = sorted(written("numerals")[language], key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?<!\bat )(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.I)


@cache
def _dates() -> re.Pattern[str]:
    month = "|".join(sorted(written("months"), key=len, reverse=True))
    return re.compile(
        rf"\b(\d{{1,2}})(?:st|nd|rd|th|e)? (?:of )?({month})\b(?: (\d{{4}}))?|"
        rf"\b({month}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?",
        re.I,
    )
