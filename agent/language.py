"""In which language somebody wrote: the words that hold a sentence together first, the look of words second, what we
know of the person last."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.words import CATALOGUE
from core.own_yaml import load_yaml

SUPPORTED = ("en", "nl")
FRAME, MATTER, LOOK = 2.0, 1.4, 1.0
"""What a word counts that holds a sentence together, one of the work here, and at most one that only looks the part."""
SURE = 0.5
"""From this sum on the text itself decides, else what is known of the person."""
FOREIGN = 2
READ = 400
"""How many characters are looked at."""
_WORD = re.compile(r"[a-zà-ÿ]+(?:['’-][a-zà-ÿ]+)*", re.IGNORECASE)
_NAME = re.compile(
    r"\b[A-ZÀ-Þ][\wà-ÿ'-]+(?: (?:van|de|den|der|el|ter|ten|het|al|da|di))* (?!I\b)[A-ZÀ-Þ][\wà-ÿ'-]+"
    r"(?: [A-ZÀ-Þ][\wà-ÿ'-]+)?"
)


def language_of(text: str, *known: str) -> str:
    """`en` or `nl`. `known` are the person's last and their directory language, best first, for an unclear text."""
    words = _words(text)
    if not _is_foreign(words):
        score = sum(_score(word) for word in words) + sum(_score(word) for word in words[:1] if _holds(word))
        if abs(score) >= SURE:
            return "nl" if score > 0 else "en"
    return next((language for language in known if language in SUPPORTED), SUPPORTED[0])


def is_foreign(text: str) -> bool:
    """Whether it is plainly written in another language than the two spoken here."""
    return _is_foreign(_words(text))


def _words(text: str) -> list[str]:
    """Its words in lower case. A name says nothing of the language it stands in."""
    head = text[:READ].replace("’", "'")
    kept = _NAME.sub(lambda match: match.group() if _is_plain(match.group()) else " ", head)
    return [word.lower() for word in _WORD.findall(kept)]


def _is_plain(name: str) -> bool:
    """ "Hoe Lang" at the start of a sentence is no name."""
    listed = _lists()
    known = listed["frame.nl"] | listed["frame.en"] | listed["matter.nl"] | listed["matter.en"] | listed["shared"]
    words = [word.lower() for word in _WORD.findall(name) if word[:1].isupper()]
    return any(word in known for word in words)


def _is_foreign(words: list[str]) -> bool:
    listed = _lists()
    foreign = sum(word in listed["foreign"] for word in words)
    own = sum(word in listed["frame.nl"] or word in listed["frame.en"] for word in words)
    return foreign >= FOREIGN and foreign > own


def _holds(word: str) -> bool:
    """Whether it holds a sentence together: the first word of all counts twice, "hoe werkt the new policy" is Dutch."""
    return word in _lists()["frame.nl"] or word in _lists()["frame.en"]


def _score(word: str) -> float:
    """Above 0 for Dutch, below for English."""
    listed = _lists()
    if word in listed["shared"]:
        return 0.0
    for kind, weight in (("frame", FRAME), ("matter", MATTER)):
        dutch, english = word in listed[f"{kind}.nl"], word in listed[f"{kind}.en"]
        if dutch != english:
            return weight if dutch else -weight
    if len(word) < 3:
        return 0.0
    return max(-LOOK, min(LOOK, _look(word)))


def _look(word: str) -> float:
    """How much more its groups of letters are those of Dutch words: a logarithm of odds."""
    odds = _odds()
    return sum(odds.get(group, 0.0) for group in _groups(word)) / 2


def _groups(word: str) -> list[str]:
    padded = f"^{word[:30]}$"
    return [padded[start : start + size] for size in (2, 3) for start in range(len(padded) - size + 1)]


@lru_cache(maxsize=1)
def _odds() -> Mapping[str, float]:
    """Learned from the word lists and from what the house itself says in both languages."""
    counts = {language: Counter(_learned_from(language)) for language in SUPPORTED}
    totals = {language: sum(count.values()) for language, count in counts.items()}
    groups = counts["nl"].keys() | counts["en"].keys()
    return {
        group: math.log((counts["nl"][group] + 0.5) / totals["nl"] / ((counts["en"][group] + 0.5) / totals["en"]))
        for group in groups
    }


def _learned_from(language: str) -> Iterable[str]:
    said = {word.lower() for text in CATALOGUE.keys(language).values() for word in _WORD.findall(text)}
    listed = _lists()
    for word in sorted(said | listed[f"frame.{language}"] | listed[f"matter.{language}"]):
        yield from _groups(word)


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("language.yaml").read_text(encoding="utf-8"))
    found = {}
    for name, text in written.items():
        entries = {f"{name}.{key}": value for key, value in text.items()} if isinstance(text, dict) else {name: text}
        found.update({key: frozenset(value.split()) for key, value in entries.items()})
    return found
