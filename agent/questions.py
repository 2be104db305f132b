"""Several questions in one message, each as it can be looked up by itself."""

from __future__ import annotations

import re

from agent.follow_ups import context_of, follows
from agent.question_form import is_question
from agent.several import requests_in

_GOES_ON = re.compile(r"\b(?:still|too|also|as well|nog|alsnog|ook|dan)\b", re.IGNORECASE)
MOST = 3
"""More questions than this are looked up as one."""


def questions_in(text: str) -> list[str]:
    """The questions of a message, or the message itself when it asks one thing.

    What is told before a question belongs to it ("I have a visitor tomorrow. How do I register them?"), and a question
    that points back takes along what it points to ("and how do they get wifi?").
    """
    told: list[str] = []
    asked: list[str] = []
    said: list[str] = []
    for part in requests_in(text):
        if not is_question(part):
            told.append(part)
            continue
        leans = bool(asked) and (follows(part) or _GOES_ON.search(part) is not None)
        context = (
            told if told and (leans or not asked) else [context_of(part, asked[-1:]) or (asked[-1] if leans else "")]
        )
        said.append(" ".join([*filter(None, context), part]))
        asked.append(part)
    return said if 1 < len(said) <= MOST else [text]
