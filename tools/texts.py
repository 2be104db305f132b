"""The sentences of the built-in tools that people read, and how text from outside is quoted for a model."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue
from core.plain_text import visible

TEXTS = Catalogue(Path(__file__).parent / "messages")


def quoted(text: str) -> str:
    """Text from outside as data: hidden characters removed, each line behind a bar that the text cannot close."""
    return "\n".join(f"| {line}".rstrip() for line in visible(text).strip().splitlines())


def word_for(kind: str, value: str, language: str) -> str:
    """The word for a state or status, as `kind.value` in the catalogue; the value itself where it has none."""
    key = f"{kind}.{value.lower().replace(' ', '_')}"
    return TEXTS.say(key, language) if key in TEXTS.keys("en") else value
