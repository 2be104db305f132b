"""After help with a device or an account: was it solved? If not, a ticket is drafted that lists what was tried."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import yaml

from agent.state import Past
from agent.words import CATALOGUE, say
from core.chat import ToolCall
from core.ports import Passage

RUNBOOK = "runbook"
QUESTION = "solved_question"
TOOL = "create_ticket"
MOST_TRIED = 1_500
"""Characters of what was tried that a ticket is given."""
_QUOTED = re.compile(r"^>\s?(.*)$", re.MULTILINE)
_CITED = re.compile(r"\s*\[\d{1,2}\]")


class Verdict(StrEnum):
    """What the person says became of it."""

    SOLVED = "solved"
    UNSOLVED = "unsolved"


def is_help(passages: Sequence[Passage]) -> bool:
    """Whether an answer rests on steps that somebody can try: then it is asked whether they helped."""
    return any(passage.authority == RUNBOOK for passage in passages)


def verdict(text: str, history: Sequence[Past]) -> Verdict | None:
    """What a message says of the help just given; None when it speaks of something else, or no help was given.

    A bare yes or no counts only right behind the question.
    """
    last = history[-1] if history else None
    if last is None or last.role != "assistant" or not _QUOTED.search(last.text):
        return None
    flat = " ".join(text.replace("’", "'").split())
    asked = any(say(QUESTION, language) in last.text for language in CATALOGUE.languages)
    for name, ways in _patterns().items():
        if ways["said"].match(flat) or (asked and ways["asked"].match(flat)):
            return Verdict(name)
    return None


def ticket_call(history: Sequence[Past], language: str) -> ToolCall:
    """The wish for a ticket: the person's question, and the steps of the answer that did not help."""
    question = next((past.text for past in reversed(history) if past.role == "user"), "")
    tried = _CITED.sub("", "\n".join(line for line in _QUOTED.findall(history[-1].text) if line.strip()))
    description = say("solved_tried", language, question=question, tried=tried[:MOST_TRIED])
    arguments = {"queue": "IT", "summary": " ".join(question.split())[:200], "description": description}
    return ToolCall("solved-1", TOOL, json.dumps(arguments))


@lru_cache(maxsize=1)
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    written = yaml.safe_load(Path(__file__).with_name("solved.yaml").read_text(encoding="utf-8"))
    return {
        name: {when: re.compile(rf"^\W*(?:{'|'.join(parts)})\W*$", re.IGNORECASE) for when, parts in ways.items()}
        for name, ways in written.items()
    }
