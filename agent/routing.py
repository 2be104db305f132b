"""What kind of message this is, before anything is searched: words first, which hold with any model, then meaning.

A message may hold several matters. Help for a person in need outranks everything; of the rest each part is routed for
itself, and what is left for policies and tools goes on without the parts that are not for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from agent.intents import SIGNPOSTS, Intent, intent_of
from agent.meaning import Meaning
from agent.several import requests_in, sentences_in, without_courtesies
from agent.situation_scores import learned
from core.errors import ConnectorError
from core.own_yaml import load_yaml

log = structlog.get_logger(__name__)
READ = 1_500
"""How many characters are read for their meaning; words are looked for in all of them."""
SENTENCES = 8
CHAT = frozenset({Intent.GREETING, Intent.THANKS, Intent.GOODBYE, Intent.SMALL_TALK})
ABOUT_SUBJECTS = {
    Intent.ASKS_HARASSMENT: Intent.HARASSMENT,
    Intent.ASKS_WRONGDOING: Intent.WRONGDOING,
    Intent.ASKS_HEALTH: Intent.HEALTH,
    Intent.ASKS_BEREAVEMENT: Intent.BEREAVEMENT,
}
ANSWERED_WHEN_ASKED = (Intent.BEREAVEMENT, Intent.HEALTH, Intent.DEBTS)
"""Told together with a question about a rule, the rule is answered, with a kind word."""
WHOLE_MESSAGE = frozenset({Intent.CONFIRM, Intent.CANCEL})
_WORSE = frozenset({Intent.DANGER, Intent.HOME_VIOLENCE, Intent.HARASSMENT})
"""Somebody else does them harm: a faint cry for help in it does not turn that into another matter."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message is. `intent` is None for what policies and tools are there for; then `rest` is what they get.

    `beside`: what other parts of the message are, each to be answered in a line. `subject`: the delicate matter that
    is asked about, and `mourns` whether somebody of theirs has died. `unsure`: a cry for help is heard in it that
    somebody else may not have meant so; the reply says that first.
    """

    intent: Intent | None
    rest: str
    beside: tuple[Intent, ...] = ()
    subject: Intent | None = None
    mourns: bool = False
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What one piece of a message is, and whether that is certain enough to say so outright."""

    intent: Intent
    sure: bool = True


_ORDINARY = _Found(Intent.ORDINARY)


class Routing:
    """Reads messages. Without an embedder (`meaning` is None), or while it fails, by the words alone."""

    def __init__(self, meaning: Meaning | None, tool_examples: Callable[[], Sequence[str]] = tuple) -> None:
        """`tool_examples`: what people say to the tools that are on. A message like these is never out of scope."""
        self._meaning = meaning
        self._tool_examples = tool_examples

    def warm(self) -> None:
        """Learn the situations ahead of the first message. Blocking."""
        self.learn(self._tool_examples())

    def learn(self, tool_examples: Sequence[str]) -> None:
        """Learn the situations beside these examples, ahead of the tools they belong to. Blocking."""
        if self._meaning is not None:
            learned(self._meaning, tool_examples).of(["hello"], self._meaning)

    def read(self, text: str) -> Reading:
        """What the message is. Blocking: a few milliseconds once warm."""
        plain = intent_of(text)
        if plain in WHOLE_MESSAGE:
            return Reading(plain, text)
        matter = without_courtesies(text) or text
        parts = requests_in(matter)
        pieces = list(dict.fromkeys([matter, *sentences_in(matter)[:SENTENCES], *parts]))
        found = dict(zip(pieces, self._kinds(pieces, {text: plain}), strict=True))
        kinds = {piece: kind.intent for piece, kind in found.items()}
        urgent = next((intent for intent in SIGNPOSTS if intent in kinds.values()), None)
        if urgent in ANSWERED_WHEN_ASKED and _asks_beside(matter, urgent, kinds):
            return Reading(None, text, subject=urgent, mourns=urgent is Intent.BEREAVEMENT)
        if urgent is not None:
            sure = any(kind.sure for kind in found.values() if kind.intent is urgent)
            return Reading(urgent, text, unsure=not sure)
        if plain is not None and plain is not Intent.BALANCE:
            return Reading(plain, text)
        return _parted(text, matter, parts, kinds)

    def _kinds(self, pieces: Sequence[str], told: Mapping[str, Intent | None]) -> list[_Found]:
        """The kind of each piece. `told`: what words say of a text, where that is known; it takes a millisecond."""
        plain = [told[piece] if piece in told else intent_of(piece) for piece in pieces]
        return [_of_both(*both) for both in zip(plain, self._by_meaning(pieces), strict=True)]

    def _by_meaning(self, pieces: Sequence[str]) -> list[_Found]:
        if self._meaning is None:
            return [_ORDINARY] * len(pieces)
        try:
            scores = learned(self._meaning, self._tool_examples())
            found, nearest = scores.of([piece[:READ] for piece in pieces], self._meaning)
        except ConnectorError as error:
            log.warning("routing_reduced", system=error.system)
            return [_ORDINARY] * len(pieces)
        return [
            _decided(
                piece,
                dict(zip(scores.situations, map(float, row), strict=True)),
                dict(zip(scores.situations, map(float, near), strict=True)),
                whole=number == 0,
            )
            for number, (piece, row, near) in enumerate(zip(pieces, found, nearest, strict=True))
        ]


def _of_both(plain: Intent | None, meant: _Found) -> _Found:
    """Words go before meaning, but for a cry for help: "I can't cope" is of two kinds, and the rest tells which."""
    if plain is None or (meant.intent is Intent.CRISIS and plain in SIGNPOSTS and plain is not Intent.DANGER):
        return meant
    return _Found(plain)


def _decided(piece: str, scores: dict[Intent, float], nearest: dict[Intent, float], *, whole: bool) -> _Found:
    """The best situation that lies far enough above an ordinary question and that the words do not speak against."""
    held = _held_to()
    going_on = [intent for intent in scores if _goes_on(intent)]
    ordinary = max(going_on, key=scores.__getitem__)
    more = 0.0 if whole else held.sentence
    passing = [
        intent
        for intent, score in scores.items()
        if not _goes_on(intent)
        and score >= held.floor
        and score - scores[ordinary] >= held.margin[intent] + more
        and nearest[intent] >= held.near.get(intent, -1.0)
        and held.allows(intent, piece)
        and (intent is not Intent.CRISIS or held.cries(piece, score - scores[ordinary], whole=whole))
    ]
    best = max(passing, key=lambda intent: scores[intent] + held.lean.get(intent, 0.0), default=ordinary)
    if best is Intent.CRISIS:
        above = scores[best] - max(score for intent, score in scores.items() if intent is not best)
        return _Found(best, sure=above >= held.outright)
    if whole and best not in _WORSE and held.hears(piece, scores[Intent.CRISIS] - scores[best]):
        return _Found(Intent.CRISIS, sure=False)
    return _ORDINARY if best is ordinary and scores[ordinary] < held.subject else _Found(best)


def _parted(text: str, matter: str, parts: Sequence[str], kinds: dict[str, Intent]) -> Reading:
    """Each part for itself: what is for policies and tools goes on, the others are named beside it."""
    whole = kinds[matter]
    if whole is Intent.PERSON or Intent.PERSON in (kinds[part] for part in parts):
        return Reading(Intent.PERSON, text)
    going_on = [part for part in parts if _goes_on(kinds[part])]
    beside = tuple(dict.fromkeys(kinds[part] for part in parts if not _goes_on(kinds[part])))
    if len(parts) > 1 and going_on and beside:
        subject = next((ABOUT_SUBJECTS[kinds[part]] for part in going_on if kinds[part] in ABOUT_SUBJECTS), None)
        return Reading(None, "\n".join(going_on), tuple(kind for kind in beside if kind not in CHAT), subject)
    if len(parts) > 1 and going_on:
        return Reading(None, matter, subject=ABOUT_SUBJECTS.get(whole))
    if _goes_on(whole):
        return Reading(None, matter, subject=ABOUT_SUBJECTS.get(whole))
    return Reading(whole, text)


def _goes_on(intent: Intent) -> bool:
    return intent is Intent.ORDINARY or intent in ABOUT_SUBJECTS


def _asks_beside(matter: str, urgent: Intent, kinds: dict[str, Intent]) -> bool:
    """Whether a rule is asked for as well: for a death the wish for leave is enough, else a question of its own."""
    if urgent is Intent.BEREAVEMENT:
        return _held_to().asks.search(matter) is not None
    return any(_goes_on(kind) and piece.endswith("?") for piece, kind in kinds.items())


@dataclass(frozen=True, slots=True)
class _HeldTo:
    """`routing.yaml`, read."""

    margin: dict[Intent, float]
    lean: dict[Intent, float]
    near: dict[Intent, float]
    floor: float
    sentence: float
    subject: float
    needs: dict[Intent, re.Pattern[str]]
    unless: dict[Intent, re.Pattern[str]]
    asks: re.Pattern[str]
    doubt: float
    outright: float
    unsigned: float
    despair: re.Pattern[str]

    def cries(self, piece: str, above: float, *, whole: bool) -> bool:
        """A question, or a sentence out of its context, without a word of despair must be all the more like one."""
        told = whole and self.asks.search(piece) is None
        return told or above >= self.unsigned or self.despair.search(piece) is not None

    def hears(self, piece: str, above: float) -> bool:
        """A cry for help in doubt: not far below the best reading, no question, in words of somebody who lost heart."""
        despairs = above >= self.doubt and self.despair.search(piece) is not None
        return despairs and self.asks.search(piece) is None and self.allows(Intent.CRISIS, piece)

    def allows(self, intent: Intent, piece: str) -> bool:
        needed, excluded = self.needs.get(intent), self.unless.get(intent)
        return (needed is None or needed.search(piece) is not None) and (
            excluded is None or excluded.search(piece) is None
        )


@lru_cache(maxsize=1)
def _held_to() -> _HeldTo:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("routing.yaml").read_text(encoding="utf-8"))
    return _HeldTo(
        margin={Intent(name): float(value) for name, value in written["margin"].items()},
        floor=float(written["floor"]),
        sentence=float(written["sentence"]),
        subject=float(written["subject"]),
        lean={Intent(name): float(value) for name, value in written["lean"].items()},
        near={Intent(name): float(value) for name, value in written["near"].items()},
        needs={Intent(name): _pattern(text) for name, text in written["needs"].items()},
        unless={Intent(name): _pattern(text) for name, text in written["unless"].items()},
        asks=_pattern(written["asks"]),
        doubt=float(written["doubt"]),
        outright=float(written["outright"]),
        unsigned=float(written["unsigned"]),
        despair=_pattern(written["despair"]),
    )


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern that was folded over several lines: the spaces behind a `|` are of the folding."""
    return re.compile(text.replace("| ", "|"), re.IGNORECASE)
