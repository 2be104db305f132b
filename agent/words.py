"""The sentences of the conversation that no model wrote."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

CATALOGUE = Catalogue(Path(__file__).with_name("messages"))


def say(key: str, language: str, **values: object) -> str:
    """A sentence of the conversation in the reader's language."""
    return CATALOGUE.say(key, language, **values)


def refusal(reason: str, language: str, **details: str) -> str:
    """Why not, for the person: the gate knows the reasons."""
    from actions.words import CATALOGUE as GATE

    key = f"no_{reason}"
    return GATE.say(key, language, **details) if key in GATE.keys("en") else say("refused_reason", language)
