"""The sentences of the pages around signing in."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

CATALOGUE = Catalogue(Path(__file__).with_name("messages"))


def say(key: str, language: str, **values: object) -> str:
    """A sentence in the reader's language."""
    return CATALOGUE.say(key, language, **values)
