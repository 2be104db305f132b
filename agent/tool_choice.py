"""Which tool a request means: by what people say when they want it, and only when that is sure enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.learned_tools import LEARNED, Learned, Phrases
from agent.matter import opening_pattern
from agent.meaning import Meaning
from agent.offers import ALWAYS, CHANGES, EXAMPLES, SEARCH, TITLES
from agent.person_names import names_somebody, person_in
from agent.question_form import is_question
from agent.ticket_numbers import names_ticket, queues_in
from agent.tool_scores import ToolScores
from agent.tool_traits import is_about_who_asks, is_founded, lacks_person, takes_person, takes_text, words_of
from agent.whose import is_anothers
from core.chat import ToolSchema

READING = 0.65
CHANGING = 0.7
UNFOUNDED = 0.97
"""How sure (the share of requests for tools that are not there that would be refused, see `ToolScores.bar`) the choice
must be of a tool that reads, of one that changes something, and of one none of whose own words were said: the encoder
takes "pas kwijt" (badge lost) for "pass kwijt"."""
MANY = 24
MISSED = {READING: 0.05, CHANGING: 0.05, UNFOUNDED: 0.5}
"""With more tools than `MANY`, one of them the search, no bar is so high that more than this share of the tools' own
requests stays under it: many tools that are alike would raise it for all. With few, this would draw questions away."""
CLEAR = 0.25
"""So far above the search, what was said is no question about a rule: then this score is enough, whatever the bar."""
NEAR, AHEAD = 0.25, 0.05
"""A tool below its bar is worth asking about from this score on, and when it is so far ahead of every other."""
LOST = 0.05
"""So much less sure a choice may be where there is no search: a wish that is not taken goes nowhere then."""
AGAINST_OTHERS = 0.3
NEVER, NEVER_CLEAR = -10.0, 10.0
MOST_PARTS = 4
MOST_READ = 16
"""How many texts and parts of texts the nearest tools are looked for with."""
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
class _Offer:
    """The tools to choose from at this moment, in the order of what was learned of them."""

    tools: tuple[ToolSchema, ...]
    learned: Learned

    def bar(self, refused: float) -> float:
        """How sure a choice must be; see `MISSED`."""
        if not any(tool.name == SEARCH for tool in self.tools):
            return self.learned.scores.bar(refused - LOST)
        return self.learned.scores.bar(refused, MISSED[refused] if len(self.tools) > MANY else 0.0)


class ToolChoice:
    """Chooses among the tools it is given: a tool registered a minute ago works like any other."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def choose(self, text: str, tools: Sequence[ToolSchema]) -> list[Choice]:
        """One choice for each request in the text; empty when there is no tool for it. Blocking."""
        offer = self._offer(tools)
        return [] if offer is None else self._chosen(text, offer)

    def nearest(self, texts: Sequence[str], tools: Sequence[ToolSchema], most: int) -> list[ToolSchema]:
        """The tools that any of the texts, or a part of one, means most, at most so many; in the order given. Blocking.

        For a model that chooses by itself: nothing is ruled out, and it does not matter how sure the choice is.
        """
        offer = self._offer(tools)
        return [] if offer is None else self._nearest(texts, offer, most)

    def each_unseen(self, tools: Sequence[ToolSchema]) -> Callable[[str, str], Unseen]:
        """For measurements: gives for the name of a tool and one of its phrases the choice as it would be had the
        phrase never been given. Blocking."""
        offer = self._offer(tools)
        if offer is None:
            raise ValueError("tools without a phrase have nothing to leave out")
        without = offer.learned.scores.each_without()
        places = {tool.name: place for place, tool in enumerate(offer.tools)}
        starts = np.cumsum([0, *map(len, offer.learned.words)])

        def unseen(name: str, phrase: str) -> Unseen:
            place = places[name]
            number = _phrases(offer.tools[place]).index(phrase)
            said = list(offer.learned.words)
            said[place] = (*said[place][:number], *said[place][number + 1 :])
            scores = without(int(starts[place]) + number)
            return Unseen(self, _Offer(offer.tools, replace(offer.learned, words=tuple(said), scores=scores)))

        return unseen

    def _nearest(self, texts: Sequence[str], offer: _Offer, most: int) -> list[ToolSchema]:
        parts = [part for text in texts for part in (text, *_PART.split(text), *_SPLIT.split(text))]
        readings = list(dict.fromkeys(part for part in parts if part and part.strip()))[:MOST_READ]
        if not readings:
            return []
        best = offer.learned.scores.of(readings, _marks(readings, offer.learned.queues)).max(axis=0)
        near = set(map(int, np.argsort(-best, kind="stable")[:most]))
        return [tool for place, tool in enumerate(offer.tools) if place in near]

    def _chosen(self, text: str, offer: _Offer) -> list[Choice]:
        whole = self._one(text, offer)
        parts = [part.strip() for part in _SPLIT.split(text) if part and len(part.split()) >= 2]
        if 2 <= len(parts) <= MOST_PARTS:
            apart = [self._one(part, offer) for part in parts]
            sure = [choice for choice in apart if choice is not None]
            if len(sure) == len(parts) and _are_several(sure, whole, offer.bar(READING)):
                return sure
        return [whole] if whole else []

    def nearly(self, text: str, tools: Sequence[ToolSchema]) -> ToolSchema | None:
        """The tool that is worth asking about: not sure enough to be chosen, yet ahead of all others. Blocking."""
        offer = self._offer(tools)
        return None if offer is None else self._nearly(text, offer)

    def _nearly(self, text: str, offer: _Offer) -> ToolSchema | None:
        scores = self._read(text, offer)
        best, *others = map(int, np.argsort(-scores))
        rivals = [place for place in others if offer.tools[place].name != SEARCH]
        ahead = float(scores[best]) - (float(scores[rivals[0]]) if rivals else 0.0)
        near = scores[best] >= NEAR and ahead >= AHEAD and offer.tools[best].name not in ALWAYS
        return (
            offer.tools[best] if near and not lacks_person(offer.tools[best], text, offer.learned.words[best]) else None
        )

    def scores(self, tools: Sequence[ToolSchema]) -> ToolScores:
        """What was learned of these tools, which must have phrases. Blocking."""
        return self._learned(tuple(map(_phrases, tools))).scores

    def _one(self, text: str, offer: _Offer) -> Choice | None:
        """The best tool that is sure enough; else the search, which any question may go to."""
        scores = self._read(text, offer)
        searches = [place for place, schema in enumerate(offer.tools) if schema.name == SEARCH]
        clear = max([CLEAR, *(float(scores[place]) + CLEAR for place in searches)]) if searches else NEVER_CLEAR
        for place in map(int, np.argsort(-scores)):
            schema, score = offer.tools[place], float(scores[place])
            if schema.name == SEARCH or score < min(offer.bar(READING), clear):
                break
            if score >= _bar(schema, text, offer, place, clear):
                return Choice(schema, score, text)
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
            best = np.where([is_about_who_asks(tool) for tool in offer.tools], NEVER, best)
        elif names_somebody(text):  # then no part that names nobody counts either: "Tom is calling, forgot password"
            best = np.where([is_about_who_asks(tool) for tool in offer.tools], found[0] - AGAINST_OTHERS, best)
        return best

    def _offer(self, tools: Sequence[ToolSchema]) -> _Offer | None:
        """The tools that say anything about themselves."""
        phrased = {tool.name: (tool, phrases) for tool in tools if (phrases := _phrases(tool))}
        if not phrased:
            return None
        known = self._learned(tuple(phrases for _, phrases in phrased.values()))
        return _Offer(tuple(tool for tool, _ in phrased.values()), known)

    def _learned(self, phrases: Phrases) -> Learned:
        def learn() -> Learned:
            every = [phrase for some in phrases for phrase in some]
            queues = queues_in(every)
            scores = ToolScores(self._meaning, phrases, _marks(every, queues))
            return Learned(tuple(tuple(map(words_of, some)) for some in phrases), queues, scores)

        return LEARNED.of(self._meaning, phrases, learn)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A choice from which one phrase was left out."""

    _choice: ToolChoice
    _offer: _Offer

    def choose(self, text: str) -> list[Choice]:
        """As `ToolChoice.choose`."""
        return self._choice._chosen(text, self._offer)

    def nearly(self, text: str) -> ToolSchema | None:
        """As `ToolChoice.nearly`."""
        return self._choice._nearly(text, self._offer)

    def first(self, text: str) -> str:
        """The name of the tool that scores best, sure or not."""
        return self._offer.tools[int(self._choice._read(text, self._offer).argmax())].name

    def nearest(self, texts: Sequence[str], most: int) -> list[ToolSchema]:
        """As `ToolChoice.nearest`."""
        return self._choice._nearest(texts, self._offer, most)


def _phrases(tool: ToolSchema) -> tuple[str, ...]:
    """What people say when they want it, what its buttons say, and the first sentence of what it says of itself."""
    described = tool.description.split(".")[0].strip()
    titles = tool.parameters.get(TITLES, {}).values()
    said = (*tool.parameters.get(EXAMPLES, ()), *titles, described)
    return tuple(dict.fromkeys(phrase for phrase in said if phrase))


def _marks(texts: Sequence[str], queues: frozenset[str]) -> NDArray[np.float32]:
    """What else tells requests apart, one row a text: names somebody, names a ticket, is a question."""
    return np.array(
        [[person_in(text) is not None, names_ticket(text, queues), is_question(text)] for text in texts],
        dtype=np.float32,
    )


def _bar(schema: ToolSchema, text: str, offer: _Offer, place: int, clear: float) -> float:
    """The score this tool needs for this text; `clear` is enough for a tool some of whose words were said."""
    if not schema.parameters.get(CHANGES):
        nobody = lacks_person(schema, text, offer.learned.words[place])
        return offer.bar(UNFOUNDED) if nobody else min(clear, offer.bar(READING))
    named = takes_person(schema) and person_in(text) is not None
    founded = named or takes_text(schema) or is_founded(text, offer.learned.words[place])
    return min(clear, offer.bar(CHANGING)) if founded else offer.bar(UNFOUNDED)


def _are_several(apart: Sequence[Choice], whole: Choice | None, bar: float) -> bool:
    """Parts are requests of their own when each is surer of its own tool than the whole of any, or asks for itself.

    "Tom is on the line and forgot his password" is one: its parts say less than the whole.
    """
    if all(choice.text.endswith("?") for choice in apart):
        return True
    least = min(choice.score for choice in apart)
    different = len({choice.schema.name for choice in apart}) == len(apart)
    return different and least >= bar and (whole is None or least > whole.score)
