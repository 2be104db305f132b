"""What can be told from the words alone, before any model: yes, no, hello, a call for a person, a cry for help.

The patterns stand in `intents.yaml`. They hold with any model, also a hostile one or none at all.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import yaml


class Intent(StrEnum):
    """What a message plainly is."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ABOUT = "about"
    SMALL_TALK = "small_talk"
    PERSON = "person"
    BALANCE = "balance"
    CRISIS = "crisis"
    HARASSMENT = "harassment"
    WRONGDOING = "wrongdoing"
    HEALTH = "health"


SIGNPOSTS = frozenset({Intent.CRISIS, Intent.HARASSMENT, Intent.WRONGDOING, Intent.HEALTH})


def intent_of(text: str) -> Intent | None:
    """What the message plainly is, or None: then a model has to read it."""
    flat = " ".join(text.replace("’", "'").split())
    return next((intent for intent, pattern in _patterns() if pattern.search(flat)), None)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[Intent, re.Pattern[str]], ...]:
    """In the order of the file: the first match wins."""
    written = yaml.safe_load(Path(__file__).with_name("intents.yaml").read_text(encoding="utf-8"))
    found: list[tuple[Intent, re.Pattern[str]]] = []
    for name, ways in written.items():
        for parts in ways.get("within", ()):
            found.append((Intent(name), re.compile(parts, re.IGNORECASE)))
        if "whole" in ways:
            found.append((Intent(name), _whole("|".join(ways["whole"]))))
    return tuple(found)


def _whole(parts: str) -> re.Pattern[str]:
    return re.compile(rf"^\W*(?:{parts})(?:[ ,!.]+(?:{parts}))*[^\w👍]*$", re.IGNORECASE)
