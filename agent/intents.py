"""What can be told from the words alone, before any model: yes, no, hello, a call for a person, a cry for help.

The patterns stand in `intents.yaml`. They hold with any model, also a hostile one or none at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from core.own_yaml import load_yaml


class Intent(StrEnum):
    """What a message plainly is. The `asks_…` are questions about a delicate subject: a policy answers them."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ABOUT = "about"
    SMALL_TALK = "small_talk"
    OUT_OF_SCOPE = "out_of_scope"
    PERSON = "person"
    BALANCE = "balance"
    CRISIS = "crisis"
    DANGER = "danger"
    HOME_VIOLENCE = "home_violence"
    HARASSMENT = "harassment"
    WRONGDOING = "wrongdoing"
    ADDICTION = "addiction"
    HEALTH = "health"
    DEBTS = "debts"
    BEREAVEMENT = "bereavement"
    CONFIDENTIAL = "confidential"
    ASKS_HARASSMENT = "asks_harassment"
    ASKS_WRONGDOING = "asks_wrongdoing"
    ASKS_HEALTH = "asks_health"
    ASKS_BEREAVEMENT = "asks_bereavement"
    ORDINARY = "ordinary"


SIGNPOSTS = (
    Intent.CRISIS,
    Intent.DANGER,
    Intent.HOME_VIOLENCE,
    Intent.HARASSMENT,
    Intent.WRONGDOING,
    Intent.ADDICTION,
    Intent.HEALTH,
    Intent.DEBTS,
    Intent.BEREAVEMENT,
    Intent.CONFIDENTIAL,
)
"""Matters where a text written by a person helps more than a machine's, the most urgent first."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    found: re.Pattern[str]
    excepted: re.Pattern[str] | None = None

    def fits(self, text: str) -> bool:
        return self.found.search(text) is not None and not (self.excepted and self.excepted.search(text))


def intent_of(text: str) -> Intent | None:
    """What the message plainly is by its words, or None: then it has to be read for its meaning."""
    flat = _flat(text)
    return next((intent for intent, pattern in _patterns() if pattern.fits(flat)), None)


def is_yes_or_no(text: str) -> bool:
    """Whether the message is a bare yes or no, and nothing that goes before it. Cheap for all that is neither."""
    flat = _flat(text)
    either = any(pattern.fits(flat) for intent, pattern in _patterns() if intent in (Intent.CONFIRM, Intent.CANCEL))
    return either and intent_of(text) in (Intent.CONFIRM, Intent.CANCEL)


def _flat(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[Intent, _Pattern], ...]:
    """In the order of the file: the first match wins."""
    written = load_yaml(Path(__file__).with_name("intents.yaml").read_text(encoding="utf-8"))
    found: list[tuple[Intent, _Pattern]] = []
    for name, ways in written.items():
        excepted = _any(ways["unless"]) if "unless" in ways else None
        if "within" in ways:
            found.append((Intent(name), _Pattern(_any(ways["within"]), excepted)))
        if "whole" in ways:
            found.append((Intent(name), _Pattern(_whole("|".join(ways["whole"])))))
    return tuple(found)


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def _whole(parts: str) -> re.Pattern[str]:
    return re.compile(rf"^\W*(?:{parts})(?:[ ,!.]+(?:{parts}))*[^\w👍]*$", re.IGNORECASE)
