"""Which tool a request means: by what people say when they want it, and only when that is sure enough."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from agent.matter import opening_pattern
from agent.meaning import Meaning
from agent.offers import CHANGES, EXAMPLES, SEARCH
from agent.person_names import names_somebody, person_in
from agent.question_form import is_question
from agent.ticket_numbers import names_ticket, queues_in
from agent.tool_scores import ToolScores
from agent.whose import is_anothers
from agent.word_lists import words
from core.chat import ToolSchema

READING = 0.5
CHANGING = 0.6
UNFOUNDED = 0.97
"""How sure (the share of requests for tools that are not there that would be refused, see `ToolScores.bar`) the choice
must be of a tool that reads, of one that changes something, and of one none of whose own words were said: the encoder
takes "pas kwijt" (badge lost) for "pass kwijt"."""
COMPOUND = 5
AGAINST_OTHERS = 0.3
NEVER = -10.0
FITS_KEPT = 4
"""How many sets of tools are remembered as fitted: switching a tool off and on again costs nothing."""
MOST_PARTS = 4
_WORD = re.compile(r"[\wà-ÿ]+")
_PART = re.compile(r"[,:;.]\s+")
_SPLIT = re.compile(
    r"(?<=[.?!;])\s+|\n+|\s*,?\s+(?:and also|and then|and|also|en ook|en dan|en|daarnaast)\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool, how much the text means it (about 0 to 1), and the text."""

    schema: ToolSchema
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class _Learned:
    """What was learned from the phrases of a set of tools: by place, whatever the tools now look like."""

    words: tuple[tuple[frozenset[str], ...], ...]
    queues: frozenset[str]
    scores: ToolScores


@dataclass(frozen=True, slots=True)
class _Offer:
    """The tools to choose from at this moment, in the order of what was learned of them."""

    tools: tuple[ToolSchema, ...]
    learned: _Learned


class ToolChoice:
    """Chooses among the tools it is given: a tool registered a minute ago works like any other."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._kept: OrderedDict[tuple[tuple[str, ...], ...], _Learned] = OrderedDict()
        self._lock = Lock()

    def choose(self, text: str, tools: Sequence[ToolSchema]) -> list[Choice]:
        """One choice for each request in the text; empty when there is no tool for it. Blocking."""
        offer = self._offer(tools)
        if offer is None:
            return []
        whole = self._one(text, offer)
        parts = [part.strip() for part in _SPLIT.split(text) if part and len(part.split()) >= 2]
        if 2 <= len(parts) <= MOST_PARTS:
            apart = [self._one(part, offer) for part in parts]
            sure = [choice for choice in apart if choice is not None]
            if len(sure) == len(parts) and _are_several(sure, whole, offer.learned.scores.bar(READING)):
                return sure
        return [whole] if whole else []

    def scores(self, tools: Sequence[ToolSchema]) -> ToolScores:
        """What was learned of these tools, which must have phrases. Blocking."""
        return self._learn(tuple(map(_phrases, tools))).scores

    def _one(self, text: str, offer: _Offer) -> Choice | None:
        """The best tool that is sure enough; else the search, which any question may go to."""
        scores = self._read(text, offer)
        for place in map(int, np.argsort(-scores)):
            schema, score = offer.tools[place], float(scores[place])
            if schema.name == SEARCH or score < offer.learned.scores.bar(READING):
                break
            if score >= _bar(schema, text, offer.learned, place):
                return Choice(schema, score, text)
        searches = [place for place, schema in enumerate(offer.tools) if schema.name == SEARCH]
        return Choice(offer.tools[searches[0]], float(scores[searches[0]]), text) if searches else None

    def _read(self, text: str, offer: _Offer) -> NDArray[np.float64]:
        """The scores of the whole; for tools that change something also of its plainest part.

        "My printer is broken, please open a ticket": a part may say what is wanted more plainly than the whole.
        Somebody who is named speaks against a tool that changes something of who asks, and of nobody else; that it is
        plainly somebody else's rules such a tool out.
        """
        parts = [part.strip() for part in _PART.split(text) if len(part.split()) > 1]
        opening = opening_pattern().match(text)
        parts += [opening.group().strip()] if opening else []
        readings = [text, *parts] if 1 < len(parts) <= MOST_PARTS else [text]
        found = offer.learned.scores.of(readings, _marks(readings, offer.learned.queues))
        changing = np.array([bool(tool.parameters.get(CHANGES)) for tool in offer.tools])
        best: NDArray[np.float64] = np.where(changing, found.max(axis=0), found[0])
        if is_anothers(text):
            best = np.where([_is_about_who_asks(tool) for tool in offer.tools], NEVER, best)
        elif names_somebody(text):
            best -= AGAINST_OTHERS * np.array([_is_about_who_asks(tool) for tool in offer.tools])
        return best

    def _offer(self, tools: Sequence[ToolSchema]) -> _Offer | None:
        """The tools that say anything about themselves."""
        phrased = {tool.name: (tool, phrases) for tool in tools if (phrases := _phrases(tool))}
        if not phrased:
            return None
        known = self._learn(tuple(phrases for _, phrases in phrased.values()))
        return _Offer(tuple(tool for tool, _ in phrased.values()), known)

    def _learn(self, phrases: tuple[tuple[str, ...], ...]) -> _Learned:
        """Done once for each set of phrases."""
        with self._lock:  # two first messages at once must not both learn
            if phrases not in self._kept:
                every = [phrase for some in phrases for phrase in some]
                queues = queues_in(every)
                scores = ToolScores(self._meaning, phrases, _marks(every, queues))
                self._kept[phrases] = _Learned(tuple(tuple(map(_words, some)) for some in phrases), queues, scores)
            self._kept.move_to_end(phrases)
            while len(self._kept) > FITS_KEPT:
                self._kept.popitem(last=False)
            return self._kept[phrases]


def _phrases(tool: ToolSchema) -> tuple[str, ...]:
    """What people say when they want it, and the first sentence of what it says of itself."""
    described = tool.description.split(".")[0].strip()
    return tuple(dict.fromkeys(phrase for phrase in (*tool.parameters.get(EXAMPLES, ()), described) if phrase))


def _marks(texts: Sequence[str], queues: frozenset[str]) -> NDArray[np.float32]:
    """What else tells requests apart, one row a text: names somebody, names a ticket, is a question."""
    return np.array(
        [[person_in(text) is not None, names_ticket(text, queues), is_question(text)] for text in texts],
        dtype=np.float32,
    )


def _bar(schema: ToolSchema, text: str, learned: _Learned, place: int) -> float:
    """The score this tool needs for this text."""
    if not schema.parameters.get(CHANGES):
        nobody = _needs_person(schema) and person_in(text) is None
        return learned.scores.bar(CHANGING if nobody else READING)
    named = _takes_person(schema) and person_in(text) is not None
    founded = named or _takes_text(schema) or _is_founded(text, learned.words[place])
    return learned.scores.bar(CHANGING if founded else UNFOUNDED)


def _is_about_who_asks(tool: ToolSchema) -> bool:
    return bool(tool.parameters.get(CHANGES)) and not tool.parameters.get("properties")


def _is_founded(text: str, known: Sequence[frozenset[str]]) -> bool:
    """Whether a telling word of the request stands in any of the tool's phrases; "kluissleutel" meets "sleutel"."""
    telling = {word for word in _words(text) if len(word) > 1 and word not in words("not_telling_of_a_tool")}
    said = frozenset().union(*known)
    parts = {word for word in said if len(word) >= COMPOUND and word not in words("not_telling_of_a_tool")}
    return not telling.isdisjoint(said) or any(part in word for word in telling for part in parts)


def _takes_text(tool: ToolSchema) -> bool:
    """Whether the person's own words become part of the action (a ticket): then any words will do."""
    properties = tool.parameters.get("properties", {})
    return any(
        properties.get(name, {}).get("x-kind") in ("line", "text") for name in tool.parameters.get("required", ())
    )


def _takes_person(tool: ToolSchema) -> bool:
    return any(shape.get("x-kind") == "person" for shape in tool.parameters.get("properties", {}).values())


def _needs_person(tool: ToolSchema) -> bool:
    properties = tool.parameters.get("properties", {})
    return any(properties.get(name, {}).get("x-kind") == "person" for name in tool.parameters.get("required", ()))


def _are_several(apart: Sequence[Choice], whole: Choice | None, bar: float) -> bool:
    """Parts are requests of their own when each is surer of its own tool than the whole of any, or asks for itself.

    "Tom is on the line and forgot his password" is one: its parts say less than the whole.
    """
    if all(choice.text.endswith("?") for choice in apart):
        return True
    least = min(choice.score for choice in apart)
    different = len({choice.schema.name for choice in apart}) == len(apart)
    return different and least >= bar and (whole is None or least > whole.score)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
