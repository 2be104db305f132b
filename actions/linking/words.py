"""The sentences about linked accounts."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

CATALOGUE = Catalogue(Path(__file__).with_name("messages"))
_NAMES = {"slack": "Slack", "teams": "Teams"}


def say(key: str, language: str, **values: object) -> str:
    """A sentence about linked accounts in the reader's language."""
    return CATALOGUE.say(key, language, **values)


def channel_name(channel: str) -> str:
    """A channel as people call it."""
    return _NAMES.get(channel, channel)
