"""The figures of a sentence, made comparable: numbers with their unit, dates, times, amounts, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

_COUNT = {
    word: number
    for number, words in enumerate(
        (
            "one één eenmaal once", "two twee twice tweemaal double dubbel", "three drie", "four vier", "five vijf",
            "six zes", "seven zeven", "eight acht", "nine negen", "ten tien", "eleven elf", "twelve twaalf",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_WORDS: dict[str, float] = {
    **_COUNT,
    **{"half": 0.5, "fifteen": 15, "twenty": 20, "thirty": 30, "vijftien": 15, "twintig": 20, "dertig": 30},
}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januari jan", "february februari feb", "march maart mrt", "april apr", "may mei", "june juni jun",
            "july juli jul", "august augustus aug", "september sep sept", "october oktober oct okt", "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_UNITS = {
    unit: mark
    for mark, units in {
        "minute": "minute minutes minuut minuten min",
        "hour": "hour hours uur uren hr hrs",
        "workday": "workday workdays werkdag werkdagen",
        "day": "day days dag dagen",
        "week": "week weeks weken",
        "month": "month months maand maanden",
        "year": "year years jaar jaren",
        "percent": "% percent procent",
        "euro": "€ euro euros eur",
        "km": "km kilometre kilometres kilometer kilometers",
        "character": "character characters teken tekens",
        "time": "times keer maal",
    }.items()
    for unit in units.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH})\b(?: (\d{{4}}))?|"
    rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?",
    re.I,
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_CLOCK = re.compile(r"\b([01]?\d|2[0-3])[:.]([0-5]\d)\b(?: ?(am|pm)\b)?(?!\d)", re.I)
_EURO = re.compile(r"(?:€|\beur\b) ?(\d[\d.,]*\d|\d)", re.I)
_NUMBER = re.compile(r"(?<![\w.,])(\d[\d.,]*\d|\d)(½)?(?:[ -]?(%|€|[a-zà-ÿ]+))?(?: ([a-zà-ÿ]+))?", re.I)
_PLACE = re.compile(r"https?://[^\s)>\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[A-Z]{2,5}-\d+\b")
_CITED = re.compile(r"\[\d{1,2}\]")


def figures(text: str) -> frozenset[str]:
    """All figures, each as one comparable string such as `14 day`, `date 1-7-2026`, `250 euro` or `at hr@x.example`."""
    found: set[str] = set()

    def take(pattern: re.Pattern[str], read: Callable[[re.Match[str]], str], text: str) -> str:
        def keep(match: re.Match[str]) -> str:
            found.add(read(match))
            return " ; "

        return pattern.sub(keep, text)

    rest = _CITED.sub(" ", text)
    rest = take(_PLACE, lambda match: "at " + match.group().rstrip(".,;").lower(), rest)
    rest = take(_ISO, lambda match: f"date {int(match[3])}-{int(match[2])}-{match[1]}", rest)
    rest = take(_DATE, _date, rest)
    rest = take(_EURO, lambda match: f"{_value(match[1])} euro", rest)
    rest = take(_CLOCK, _clock, rest)
    for match in _NUMBER.finditer(_spelled_out(rest)):
        found.add(_number(match))
    return frozenset(found)


def matches(figure: str, others: frozenset[str]) -> bool:
    """Whether the figure is among the others: the same value, and the same unit where it has one. A date may lack its
    year."""
    if figure in others:
        return True
    kind, _, rest = figure.partition(" ")
    if kind == "date":
        return rest.endswith("-?") and any(other.startswith(f"date {rest[:-1]}") for other in others)
    if kind in {"at", "clock"}:
        return False
    return not rest and any(other.split(" ")[0] == kind for other in others)


def _spelled_out(text: str) -> str:
    words = "|".join(_WORDS)
    return re.sub(rf"(?<![\w-])({words})(?![\w-])", lambda match: f"{_WORDS[match[1].lower()]:g}", text, flags=re.I)


def _date(match: re.Match[str]) -> str:
    day, month, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
    return f"date {int(day)}-{_MONTHS[month.lower()]}-{year or '?'}"


def _clock(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "pm" else 0) if match[3] else int(match[1])
    return f"clock {hour}:{match[2]}"


def _number(match: re.Match[str]) -> str:
    value = _value(match[1]) + (".5" if match[2] else "")
    for word in (match[3], match[4]):
        if word and (unit := _UNITS.get(word.lower())):
            return f"{value} {unit}"
        if word and word.lower() in {"working", "work", "full", "calendar", "consecutive", "hele", "volle"}:
            continue
        break
    return value


def _value(digits: str) -> str:
    """`1,250.00`, `1.250,00` and `1250` are the same amount: a comma or full stop before three digits groups them."""
    plain = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    return f"{float(plain):g}" if plain.count(".") <= 1 else digits
