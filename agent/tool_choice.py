"""Which tool a request means: the nearest by meaning of what people say when they want it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.meaning import Meaning
from agent.offers import CHANGES, EXAMPLES, SEARCH
from core.chat import ToolSchema

SURE_TO_READ = 0.55
SURE_TO_CHANGE = 0.6
"""How near (cosine with the best example) a tool must be; below that a request is a question for the policies."""
SHARED_WORDS = 0.15
"""How much the words that a request shares with an example can add."""
_WORD = re.compile(r"[\wà-ÿ]+")
_QUESTION = re.compile(
    r"\?\s*$|^(?:what|when|where|which|how|why|may|can i|am i|do i|is it|are|does|should|must|wat|wanneer|waar|welke?|hoe|waarom|"
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
        phrases = [*tool.parameters.get(EXAMPLES, ()), tool.description.split(".")[0]]
        likeness = self._meaning.likeness(text.lower(), [phrase.lower() for phrase in phrases])
        words = _words(text)
        shared = [len(words & _words(phrase)) / max(len(words | _words(phrase)), 1) for phrase in phrases]
        best = max(float(near) + SHARED_WORDS * common for near, common in zip(likeness, shared, strict=True))
        asks = _QUESTION.search(text) is not None
        # "How long must my password be?" is no wish to change it: a question needs more to become an action.
        return best - (0.08 if asks and tool.parameters.get(CHANGES) else 0.0)


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
