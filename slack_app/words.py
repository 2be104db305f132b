"""The sentences of the Slack channel: labels, headings, hints and errors that no model wrote."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

CATALOGUE = Catalogue(Path(__file__).with_name("messages"))


def say(key: str, language: str, **values: object) -> str:
    """A sentence in the reader's language; KeyError for a key that English lacks."""
    return CATALOGUE.say(key, language, **values)
