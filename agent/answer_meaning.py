"""What the words of a rule mean, as far as a list can know: endings taken off, expressions and translations joined.

The words stand in `answer_meanings.yaml`. Two words meet when they share a key: the same stem, the same idea, or,
across languages, the same sound ("paspoort", "passport").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from core.own_yaml import load_yaml

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*(?:['’](?:s|t|m|re|ve|ll|d)\b)?")
_DOUBLE = re.compile(r"([a-z])\1")
_SOUNDS = (
    ("ph", "f"),
    ("ij", "i"),
    ("qu", "kw"),
    ("ch", "g"),
    ("x", "ks"),
    ("c", "k"),
    ("y", "i"),
    ("z", "s"),
    ("v", "f"),
)
_ENGLISH_ENDINGS = ("ings", "ing", "edly", "ied", "ies", "ed", "ly", "s")
_DENYING = ("un", "on", "in")
"""How "unused" and "ongebruikt" begin: the idea behind it, turned round."""
_OTHER = {"en": "nl", "nl": "en"}

Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class Word:
    """A word or an expression of several, with the keys by which it meets others. A weak one shows nothing."""

    text: str
    keys: Keys
    weak: bool
    known: bool
    at: int


@lru_cache(maxsize=20_000)
def stem(word: str, language: str) -> str:
    """The word without its endings: enough to join the forms of one word, not a dictionary's stem."""
    plain = word.lower().replace("’", "'").removesuffix("'s").replace("é", "e").replace("ë", "e").replace("ï", "i")
    return (_dutch if language == "nl" else _english)(plain)


def _english(word: str) -> str:
    for ending in _ENGLISH_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + ("y" if ending in {"ies", "ied"} else "")
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    word = word.rstrip("e") if len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _dutch(word: str) -> str:
    if word.startswith("ge") and word.endswith(("de", "te")):
        word = word[:-1]
    if word.startswith("ge") and len(word) >= 7 and word.endswith(("d", "t", "en")):
        word = word[2:].removesuffix("d")
    for ending in ("s", "en", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
    word = _DOUBLE.sub(r"\1", word)
    if (len(word) > 3 and word.endswith("t")) or (len(word) > 5 and word.endswith("d")):
        word = word[:-1]
    return word[:-1] + {"v": "f", "z": "s"}[word[-1]] if word[-1:] in {"v", "z"} else word


def read_words(text: str, language: str) -> tuple[Word, ...]:
    """The words in order, expressions joined."""
    found = [(match.group(), match.start()) for match in WORD.finditer(text)]
    stems = [stem(word, language) for word, _ in found]
    lexicon = _lexicon()
    words: list[Word] = []
    index = 0
    while index < len(found):
        length, ideas = _expression(stems, index, lexicon.expressions[language if language in _OTHER else "en"])
        if length:
            keys = frozenset().union(ideas, *(_keys(word, language)[0] for word, _ in found[index : index + length]))
            text_of = " ".join(word for word, _ in found[index : index + length]).lower()
            words.append(Word(text_of, keys, False, True, found[index][1]))
            index += length
            continue
        word, at = found[index]
        keys, known = _keys(word, language)
        words.append(Word(word.lower(), keys, word.lower() in lexicon.weak, known, at))
        index += 1
    return tuple(words)


def opposed(said: frozenset[str], written: frozenset[str]) -> bool:
    """Whether the sides taken by what is said and by what is written exclude each other. See `sides`."""
    for side in said - written:
        other = side[:-1] + ("b" if side.endswith("a") else "a")
        if other in written and other not in said:
            return True
    return False


def qualities(marks: frozenset[str]) -> frozenset[str]:
    """Those of the marks of `sides` that name a quality a clause must name too: paid, temporary, first class."""
    strict = _lexicon().strict
    return frozenset(mark for mark in marks if mark[:-1] in strict)


def sides(text: str, language: str) -> frozenset[str]:
    """Which side of which pair of opposites a text names, as marks such as `7a`."""
    stems = [stem(match.group(), language) for match in WORD.finditer(text)]
    table = _lexicon().sides[language if language in _OTHER else "en"]
    found: set[str] = set()
    for index, first in enumerate(stems):
        length = 1
        for expression, mark in sorted(table.get(first, ()), key=lambda one: -len(one[0])):
            if len(expression) >= length and tuple(stems[index : index + len(expression)]) == expression:
                found.add(mark)
                # "Full time" is not "full"; "full pay" is.
                length = len(expression) if mark[:-1] in _lexicon().strict else length
    return frozenset(found)


def _expression(stems: list[str], index: int, table: dict[str, list[tuple[tuple[str, ...], str]]]) -> tuple[int, Keys]:
    """The longest expression that starts here: its length in words (0 for none) and the ideas it stands for."""
    best, ideas = 0, set[str]()
    for expression, idea in table.get(stems[index], ()):
        length = len(expression)
        if length >= best and tuple(stems[index : index + length]) == expression:
            ideas = ideas | {idea} if length == best else {idea}
            best = length
    return best, frozenset(ideas)


@lru_cache(maxsize=20_000)
def _keys(word: str, language: str) -> tuple[Keys, bool]:
    """The keys of one word, and whether the list knows it."""
    own = language if language in _OTHER else "en"
    ideas = _ideas(word, own) or _ideas(word, _OTHER[own])
    keys = set(ideas) | {"=" + stem(word, own)[:6]}
    if len(word) >= 5:
        keys.add("~" + _sound(word)[:5])
    if (
        not ideas
        and word.lower() not in _lexicon().weak
        and word.lower().startswith(_DENYING)
        and (turned := _ideas(word[2:], own))
    ):
        keys |= {f"!{idea}" for idea in turned}
        ideas = frozenset(f"!{idea}" for idea in turned)
    if parts := _parts(word.lower()):
        keys |= parts
        ideas = ideas | frozenset(parts)
    return frozenset(keys), bool(ideas)


def _ideas(word: str, language: str) -> Keys:
    return _lexicon().ideas[language].get(stem(word, language), frozenset())


def _parts(word: str) -> set[str]:
    """The ideas of the parts of a Dutch compound: "treinreis" is a train and a journey. Empty when it is none."""
    if len(word) < 7:
        return set()
    for cut in range(len(word) - 3, 3, -1):
        first, second = word[:cut], word[cut:]
        if second_ideas := _ideas(second, "nl"):
            first_ideas = _ideas(first, "nl") or _ideas(first.removesuffix("s"), "nl")
            if first_ideas:
                return {*first_ideas, *second_ideas, "=" + stem(first, "nl")[:6], "=" + stem(second, "nl")[:6]}
    return set()


def _sound(word: str) -> str:
    """A rough spelling by sound: what English and Dutch write differently comes out the same."""
    sound = word.lower()
    for written, heard in _SOUNDS:
        sound = sound.replace(written, heard)
    return _DOUBLE.sub(r"\1", sound)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    ideas: dict[str, dict[str, Keys]]
    expressions: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]]
    sides: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]]
    weak: frozenset[str]
    strict: frozenset[str]


@cache
def _lexicon() -> _Lexicon:
    written = load_yaml(Path(__file__).with_name("answer_meanings.yaml").read_text(encoding="utf-8"))
    ideas: dict[str, dict[str, set[str]]] = {"en": {}, "nl": {}}
    expressions: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {"en": {}, "nl": {}}
    for number, line in enumerate(written["same"].splitlines()):
        for language, stems in _stems_of(line):
            if len(stems) == 1:
                ideas[language].setdefault(stems[0], set()).add(f"#{number}")
            else:
                expressions[language].setdefault(stems[0], []).append((stems, f"#{number}"))
    sides: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {"en": {}, "nl": {}}
    lines = [*written["opposite"].splitlines(), *written["qualities"].splitlines()]
    for number, line in enumerate(lines):
        for side, half in zip("ab", line.split("//"), strict=True):
            for language, stems in _stems_of(half):
                sides[language].setdefault(stems[0], []).append((stems, f"{number}{side}"))
    frozen = {language: {word: frozenset(marks) for word, marks in table.items()} for language, table in ideas.items()}
    strict = frozenset(str(number) for number in range(len(written["opposite"].splitlines()), len(lines)))
    return _Lexicon(frozen, expressions, sides, frozenset(written["weak"].split()), strict)


def _stems_of(line: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each expression of a line with its language: English left of the bar, Dutch right of it."""
    english, _, dutch = line.partition("|")
    found = [("en", expression) for expression in english.split(",")] + [("nl", one) for one in dutch.split(",")]
    return [
        (language, tuple(stem(word, language) for word in WORD.findall(expression)))
        for language, expression in found
        if expression.strip()
    ]
