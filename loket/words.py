"""Sentences of this package that no model wrote: the catalogue in `messages/`."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

SENTENCES = Catalogue(Path(__file__).with_name("messages"))


def say(key: str, language: str, **values: object) -> str:
    """A sentence in the reader's language."""
    return SENTENCES.say(key, language, **values)
