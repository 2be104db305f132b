"""One short question when a message can be read in two or three ways, and what its answer means."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.chosen import chosen
from agent.state import Asked, Past
from agent.word_lists import words
from agent.words import CATALOGUE, say
from core.own_yaml import load_yaml

ASK = "ask_reading"
FEWEST = 2
FEW = 6
"""More words than this are a request of their own, whatever was asked."""
_SMALL = re.compile(
    r"\b(?:my|mijn|mn|m'n|the|de|het|een|a|an|i|ik|have|heb|need|wil|iets|something|question|vraag|vragen|info|"
    r"informatie|information|about|over|with|met|for|voor|please|pls|aub|graag|hulp|help|want|to|te)\b"
)
_BOTH = re.compile(r"^\W*(?:both|all(?: of them)?|beide|allebei|alle (?:twee|drie)|allemaal)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Way:
    label: dict[str, str]
    request: dict[str, str]
    tool: str


@dataclass(frozen=True, slots=True)
class _Unclear:
    said: re.Pattern[str]
    ways: tuple[_Way, ...]


def question_for(text: str, language: str, tools: Collection[str]) -> str | None:
    """The question to ask about an unclear message; None when it can be read in one way only."""
    flat = re.sub(r"[^\w' ]", " ", text.lower().replace("’", "'"))
    bare = " ".join(_SMALL.sub(" ", flat).split()) or flat.strip()
    for unclear in _written():
        ways = [way for way in unclear.ways if not way.tool or way.tool in tools]
        if len(ways) >= FEWEST and unclear.said.fullmatch(bare):
            lines = "\n".join(f"{place}. {way.label[language]}" for place, way in enumerate(ways, start=1))
            return say(ASK, language, readings=lines)
    return None


def only_points(text: str) -> bool:
    """Whether nothing is said but that somebody should look at "this", and not what it is."""
    said = re.findall(r"[^\W\d_]+", text.lower())
    pointing = not words("pointing").isdisjoint(said)
    return pointing and words("asking_for_help") | words("pointing") >= set(said)


def request_meant(answer: str, question: str) -> str | None:
    """The request behind an answer to such a question; None when `question` is none, or this is no answer to it."""
    if len(answer.split()) > FEW or not is_question_of_this(question):
        return None
    if _BOTH.match(answer):
        return "\n".join(_requests()[label] for label in _offered(question) if label in _requests())
    return _requests().get(chosen(answer, question))


def with_choices_read(asked: Asked) -> Asked:
    """What was asked, with every answer to such a question replaced by the request it stands for."""
    said = [*asked.history, Past("user", asked.message.text, "")]
    read = [
        replace(one, text=meant)
        if one.role == "user" and place and (meant := request_meant(one.text, said[place - 1].text))
        else one
        for place, one in enumerate(said)
    ]
    return replace(asked, history=tuple(read[:-1]), message=replace(asked.message, text=read[-1].text))


def is_question_of_this(text: str) -> bool:
    """Whether a message of the desk's offered readings."""
    return any(line in _requests() for line in _offered(text))


def _offered(text: str) -> list[str]:
    return [line.partition(". ")[2] for line in text.splitlines() if line[:1].isdigit()]


@lru_cache(maxsize=1)
def _requests() -> dict[str, str]:
    """What each label stands for, in its own language."""
    return {
        way.label[language]: way.request[language]
        for unclear in _written()
        for way in unclear.ways
        for language in CATALOGUE.languages
    }


@lru_cache(maxsize=1)
def _written() -> tuple[_Unclear, ...]:
    written: list[dict[str, Any]] = load_yaml(Path(__file__).with_name("unclear.yaml").read_text(encoding="utf-8"))
    return tuple(
        _Unclear(
            re.compile(entry["said"]),
            tuple(_Way(way["label"], way["request"], way.get("tool", "")) for way in entry["readings"]),
        )
        for entry in written
    )
