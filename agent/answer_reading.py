"""One sentence taken apart: its parts between commas and conjunctions, and in each what can change its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from agent.answer_figures import Figure, figures
from agent.answer_meaning import Keys, Word, read_words, sides
from agent.answer_words import actors, condition_starts, denials, mode, parties

_BREAK = {
    "en": re.compile(
        r"[;:()–—•]|,(?!\d)|(?<=\s)(?=(?:but|because|so that|whereas)\b)"
        r"|(?<=\s)(?=(?:and|or) (?!(?:more|less|older|longer|higher|with|without|including)\b))",
        re.IGNORECASE,
    ),
    "nl": re.compile(
        r"[;:()–—•]|,(?!\d)|(?<=\s)(?=(?:maar|omdat|zodat|terwijl)\b)"
        r"|(?<=\s)(?=(?:en|of) (?!(?:meer|minder|ouder|langer|korter|hoger|met|zonder|inclusief)\b))",
        re.IGNORECASE,
    ),
}
_NEW_GROUP = {
    "en": re.compile(r"[;:]|^\s*(?:but|and)\b|,\s*(?:and|but)\b", re.IGNORECASE),
    "nl": re.compile(r"[;:]|^\s*(?:maar|en)\b|,\s*(?:en|maar)\b", re.IGNORECASE),
}
_SPLIT_CONDITION = {
    "en": re.compile(r"\b(?:and|or)\b(?! (?:more|less|older|longer|higher)\b)", re.IGNORECASE),
    "nl": re.compile(r"\b(?:en|of)\b(?! (?:meer|minder|ouder|langer|korter|hoger)\b)", re.IGNORECASE),
}
_VERB_FIRST = re.compile(
    r"^(?:[A-Z][a-zà-ÿ]+ (?:u|uw|je|jij|jouw|het|er|de|een|DHB|iemand)\b[^.;?]{2,160}?,\s+(?=dan\b)"
    r"|(?:Ben|Bent|Heb|Heeft|Kun|Kunt|Kon|Word|Wordt|Werk|Werkt|Wil|Wilt|Moet|Ga|Gaat|Kom|Komt|Krijg|Krijgt|Vertrek|"
    r"Vertrekt|Reis|Reist|Log|Logt|Meldt|Neemt|Trekt|Verandert|Gebruikt|Verwacht|Ligt|Hoort|Is|Was|Zijn|Should|Had) "
    r"(?:u|uw|je|jij|jouw|het|er|de|een|DHB|you|your|the)\b[^.;?]{2,160}?,\s)"
)
_JOINED = re.compile(r"\s*(?:and|or|en|of)\b", re.IGNORECASE)
_RANGE = re.compile(r"\b(?:between|tussen)\s[^,;]{1,30}$", re.IGNORECASE)
SHORTEST = 12
"""Characters of the shortest condition: "except with your manager's agreement" is one, not two."""
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a sentence: its telling words and figures, and how it turns or limits what is said."""

    text: str
    words: tuple[Word, ...]
    figures: tuple[Figure, ...]
    denials: int
    mode: str
    group: int
    conditional: bool
    parties: frozenset[str]
    sides: frozenset[str]

    @property
    def telling(self) -> int:
        """How many words and figures it has to go by."""
        return len(self.words) + len(self.figures)


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence, or two that belong together, as the check sees it."""

    text: str
    parts: tuple[Part, ...]
    words: tuple[Word, ...]
    keys: Keys
    figures: tuple[Figure, ...]
    conditions: tuple[Part, ...]
    told: Keys
    sides: frozenset[str]
    parties: frozenset[str]
    actors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """The words and figures of a text, before anything is made of them. `words` are the telling ones."""

    words: tuple[Word, ...]
    keys: Keys
    figures: tuple[Figure, ...]


@lru_cache(maxsize=8_000)
def glance(text: str, language: str) -> Glance:
    """A first look at `text`, which is written in `language`: cheap, and enough to see what it is about."""
    all_words = read_words(_ADDRESS.sub(lambda match: " " * len(match.group()), text), language)
    return Glance(
        words=tuple(word for word in all_words if not word.weak and len(word.text) > 1),
        keys=frozenset().union(*(word.keys for word in all_words)),
        figures=figures(text, language),
    )


@lru_cache(maxsize=4_000)
def read(text: str, language: str) -> Reading:
    """The reading of `text`, which is written in `language`."""
    language = language if language in _BREAK else "en"
    seen = glance(text, language)
    words, found = seen.words, seen.figures
    plain = _ADDRESS.sub(" ", text)
    conditions = _conditions(text)
    parts = tuple(
        _part(text, start, end, group, words, found, conditions, language)
        for start, end, group in _stretches(text, conditions, language)
    )
    return Reading(
        text=text,
        parts=_with_modes(part for part in parts if part.telling or part.denials),
        words=words,
        keys=seen.keys,
        figures=found,
        conditions=tuple(
            piece
            for start, end in conditions
            for begin, finish in _pieces(text, start, end, language)
            if (
                piece := _part(
                    text,
                    begin,
                    finish,
                    _group_at(text, start, conditions, language),
                    words,
                    found,
                    conditions,
                    language,
                )
            ).telling
        ),
        told=frozenset().union(*(word.keys for word in words)),
        sides=sides(text, language),
        parties=parties(plain),
        actors=tuple(sorted(actors(plain).items())),
    )


def _with_modes(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts joined by "and" or "or" share what the first lays on somebody, unless they say otherwise."""
    found: list[Part] = []
    for part in parts:
        joined = found and not part.mode and _JOINED.match(part.text) and part.group == found[-1].group
        found.append(replace(part, mode=found[-1].mode) if joined else part)
    for index in range(len(found) - 2, -1, -1):
        joins = (
            _JOINED.match(found[index + 1].text)
            and not found[index].mode
            and found[index].group == found[index + 1].group
        )
        if joins and found[index + 1].mode != "order":
            found[index] = replace(found[index], mode=found[index + 1].mode)
    return tuple(found)


def _stretches(text: str, conditions: list[tuple[int, int]], language: str) -> list[tuple[int, int, int]]:
    """Where the parts begin and end, each with the number of the group of parts it belongs to."""
    marks = (
        {0, len(text)}
        | {match.end() for match in _BREAK[language].finditer(text)}
        | {m.end() for m in _SENTENCE_END.finditer(text)}
    )
    marks = {mark for mark in marks if not _RANGE.search(text[max(0, mark - 40) : mark])}
    marks |= {place for stretch in conditions for place in stretch}
    places = sorted(marks)
    return [
        (start, end, _group_at(text, start, conditions, language))
        for start, end in pairwise(places)
        if text[start:end].strip()
    ]


def _group_at(text: str, place: int, conditions: list[tuple[int, int]], language: str) -> int:
    """A group is what one condition governs: semicolons, full stops and ", and" begin another, outside conditions."""
    count = len(_SENTENCE_END.findall(text[:place]))
    for match in _NEW_GROUP[language].finditer(text, 0, min(len(text), place + 5)):
        inside = any(start <= match.start() < end for start, end in conditions)
        if match.start() <= place and (not inside or match.group() in ";:"):
            count += 1
    return count


def _part(
    text: str,
    start: int,
    end: int,
    group: int,
    words: tuple[Word, ...],
    found: tuple[Figure, ...],
    conditions: list[tuple[int, int]],
    language: str,
) -> Part:
    own = text[start:end]
    plain = _ADDRESS.sub(" ", own)
    return Part(
        text=own,
        words=tuple(word for word in words if start <= word.at < end),
        figures=tuple(figure for figure in found if start <= figure.at < end),
        denials=denials(own),
        mode=mode(own.strip()),
        group=group,
        conditional=any(begin <= start < finish for begin, finish in conditions),
        parties=parties(plain),
        sides=sides(own, language),
    )


def _conditions(text: str) -> list[tuple[int, int]]:
    """Where the conditions and exceptions stand."""
    starts = condition_starts(text)
    found: list[tuple[int, int]] = []
    if first := _VERB_FIRST.match(text):
        found.append((0, first.end()))
    for index, start in enumerate(starts):
        if any(begin <= start < end for begin, end in found):
            continue
        following = next((later for later in starts[index + 1 :] if later - start >= SHORTEST), len(text))
        stop = next((m.start() for m in re.finditer(r"[;.:](?!\d)|,(?!\d)| [–—] ", text[start:])), len(text) - start)
        found.append((start, min(start + stop, following)))
    return sorted(found)


@lru_cache(maxsize=20_000)
def leading_condition(text: str) -> int:
    """How many characters the condition has that it begins with ("If you fall ill abroad, ..."); 0 for none."""
    return next((end for start, end in _conditions(text) if start == 0 and end < len(text)), 0)


def _pieces(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    """A condition with "and" or "or" in it is as many conditions."""
    cuts = [start, *(start + match.start() for match in _SPLIT_CONDITION[language].finditer(text[start:end])), end]
    return [(one, other) for one, other in pairwise(cuts) if text[one:other].strip()]
