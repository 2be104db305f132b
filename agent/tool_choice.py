"""Which tool a request means: the nearest by meaning of what people say when they want it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.argument_filling import PREAMBLE
from agent.meaning import Meaning
from agent.offers import CHANGES, EXAMPLES, SEARCH
from agent.person_names import names_somebody, person_in
from agent.word_lists import words
from core.chat import ToolSchema

SURE_TO_READ = 0.55
SURE_TO_CHANGE = 0.6
"""How near (cosine with the best example) a tool must be; below that a request is a question for the policies."""
SHARED_WORDS = 0.15
"""How much the words that a request shares with an example can add."""
AGAINST_QUESTION = 0.08
TELLING = 0.08
WITHOUT_WORDS = 0.35
"""The encoder takes "pas kwijt" (badge lost) for "pass kwijt": a tool none of whose own words were said loses this."""
_WORD = re.compile(r"[\wà-ÿ]+")
_PART = re.compile(r"[,:;.]\s+")
_QUESTION = re.compile(
    r"\?\s*$|^(?:what|when|where|which|how|why|may|can i|am i|do i|is it|are|does|should|must|"
    r"wat|wanneer|waar|welke?|hoe|waarom|"
    r"mag|kan ik|moet|krijg|heb ik|is het|zijn)\b",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"(?<=[.?!;])\s+|\n+|\s*,?\s+(?:and also|and then|and|also|en ook|en dan|en|daarnaast)\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool and how near the request is to it."""

    schema: ToolSchema
    score: float
    text: str


class ToolChoice:
    """Chooses among the tools it is given: a tool registered a minute ago works like any other."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def choose(self, text: str, tools: Sequence[ToolSchema]) -> list[Choice]:
        """One choice for each request in the text; empty when there is no tool for it. Blocking."""
        whole = self._one(text, tools)
        parts = [part.strip() for part in _SPLIT.split(text) if part and len(part.split()) >= 2]
        if len(parts) < 2 or len(parts) > 4:
            return [whole] if whole else []
        apart = [choice for part in parts if (choice := self._one(part, tools)) is not None]
        return apart if _are_several(apart, parts) else ([whole] if whole else [])

    def _one(self, text: str, tools: Sequence[ToolSchema]) -> Choice | None:
        ranked = sorted(
            (Choice(tool, self._score(text, tool), text) for tool in tools), key=lambda choice: -choice.score
        )
        search = next((choice for choice in ranked if choice.schema.name == SEARCH), None)
        for choice in ranked:
            if choice.score >= _threshold(choice.schema):
                return choice
        return search or None

    def _score(self, text: str, tool: ToolSchema) -> float:
        """The nearest phrase of the tool, and what the request's form says for or against it."""
        phrases = [*tool.parameters.get(EXAMPLES, ()), tool.description.split(".")[0]]
        # "My printer is broken, please open a ticket": a part may say what is wanted more plainly than the whole.
        parts = [part.strip() for part in _PART.split(text) if len(part.split()) > 1]
        opening = PREAMBLE.match(text)
        parts += [opening.group()] if opening else []
        readings = [text, *parts] if 1 < len(parts) < 5 and tool.parameters.get(CHANGES) else [text]
        best = max(self._nearness(reading, phrases) for reading in readings)
        # "How long must my password be?" is no wish to change it: a question needs more to become an action.
        asks = bool(_QUESTION.search(text)) and bool(tool.parameters.get(CHANGES))
        named = _takes_person(tool) and person_in(text) is not None
        by_words = 0.0 if named or _takes_text(tool) or _evidence(text, phrases) >= TELLING else WITHOUT_WORDS
        return best + _about_whom(text, tool) - by_words - (AGAINST_QUESTION if asks else 0.0)

    def _nearness(self, text: str, phrases: Sequence[str]) -> float:
        likeness = self._meaning.likeness(text.lower(), [phrase.lower() for phrase in phrases])
        asked = _words(text)
        shared = [len(asked & _words(phrase)) / max(len(asked | _words(phrase)), 1) for phrase in phrases]
        return max(float(near) + SHARED_WORDS * common for near, common in zip(likeness, shared, strict=True))


def _about_whom(text: str, tool: ToolSchema) -> float:
    """Somebody who is named speaks for a tool about a person, and against one that is only about who asks."""
    if names_somebody(text):
        return 0.1 if _takes_person(tool) else -0.2 * (not tool.parameters.get("properties"))
    needs = set(tool.parameters.get("required", ()))
    return -0.1 if _takes_person(tool) & bool(needs) and person_in(text) is None else 0.0


def _evidence(text: str, phrases: Sequence[str]) -> float:
    """How common the request's telling words are among the tool's phrases: the best word's share of them."""
    known = [_words(phrase) for phrase in phrases]
    telling = [word for word in _words(text) if len(word) > 1 and word not in words("not_telling_of_a_tool")]
    return max((sum(word in phrase for phrase in known) / len(known) for word in telling), default=0.0)


def _takes_text(tool: ToolSchema) -> bool:
    """Whether the person's own words become part of the action (a ticket): then any words will do."""
    properties = tool.parameters.get("properties", {})
    return any(
        properties.get(name, {}).get("x-kind") in ("line", "text") for name in tool.parameters.get("required", ())
    )


def _takes_person(tool: ToolSchema) -> bool:
    return any(shape.get("x-kind") == "person" for shape in tool.parameters.get("properties", {}).values())


def _threshold(schema: ToolSchema) -> float:
    if schema.name == SEARCH:
        return 0.0
    return SURE_TO_CHANGE if schema.parameters.get(CHANGES) else SURE_TO_READ


def _are_several(apart: Sequence[Choice], parts: Sequence[str]) -> bool:
    """Parts are requests of their own when each is sure of its tool, or each is a question in itself."""
    if len(apart) != len(parts):
        return False
    sure = all(choice.score >= max(_threshold(choice.schema), SURE_TO_READ) for choice in apart)
    different = len({choice.schema.name for choice in apart}) == len(apart)
    questions = all(part.endswith("?") for part in parts)
    return (sure and different) or questions


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
