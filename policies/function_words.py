"""Words without a subject of their own, in five languages: what is left of a question without them is its subject."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from core.own_yaml import load_yaml

_FILE = Path(__file__).with_name("function_words.yaml")
_WORD = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*")


def telling(query: str) -> list[str]:
    """The words of a question that say what it is about, as they are written, in order, none twice."""
    found: dict[str, str] = {}
    for word in _WORD.findall(query):
        found.setdefault(folded(word), word)
    empty = _empty(found)
    return [word for key, word in found.items() if key not in empty and not (len(key) == 1 and key.isalpha())]


def listed(languages: Iterable[str] | None = None) -> frozenset[str]:
    """The small words of these languages, folded; without any, of all."""
    return frozenset().union(*(words for language, words in _lists().items() if not languages or language in languages))


def language_of(query: str) -> str:
    """The language most of a question's small words are of; empty when none is ahead."""
    words = set(map(folded, _WORD.findall(query)))
    counts = {language: len(words & listed) for language, listed in _lists().items()}
    most = max(counts.values())
    ahead = [language for language, count in counts.items() if count == most > 0]
    return ahead[0] if len(ahead) == 1 else ""


def folded(word: str) -> str:
    """A word as the word lists have it: lower case, no accents, no apostrophe."""
    plain = unicodedata.normalize("NFKD", word.lower().replace("'", "").replace("’", ""))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _empty(words: dict[str, str]) -> frozenset[str]:
    """The list of the language most of the small words are of: "car" is a vehicle, but in French it is "because"."""
    counts = {language: sum(word in listed for word in words) for language, listed in _lists().items()}
    most = max(counts.values())
    return frozenset().union(*(_lists()[language] for language, count in counts.items() if count == most > 0))


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    loaded: dict[str, str] = load_yaml(_FILE.read_text(encoding="utf-8"))
    return {language: frozenset(words.split()) for language, words in loaded.items()}
