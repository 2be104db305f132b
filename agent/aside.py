"""Passages that speak of what was asked and are not for it: exceptions, what words mean, rules for other people."""

from __future__ import annotations

import re

from agent.asked import Asked, Words, beginning, meets, words_of
from agent.word_lists import words

_READ = 250
_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|without|except\w*|unless|niet|geen|nooit|zonder|uitzondering\w*|tenzij)\b|n't\b",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\b(?:wordt|worden) (?:[\w-]+ ){0,8}verstaan\b|\bverstaan (?:we|wij) onder\b|"
    r"\b(?:following|these) (?:terms|definitions)\b|"
    r"^\W*(?:definitions?|definities|begrippen|begripsbepaling\w*|glossary|terminology)\b",
    re.IGNORECASE,
)
_ASKS_MEANING = re.compile(
    r"\b(?:what (?:is|are|does .* mean)|wat (?:is|zijn|betekent|houdt)|meaning|betekenis|betekent|"
    r"definit\w+|definieer\w*|stands? for|verstaan)\b",
    re.IGNORECASE,
)


def is_beside(asked: Asked, heading: str, text: str) -> bool:
    """Whether it is an exception ("Work that cannot be done at home") or a list of definitions, not asked about."""
    if _NEGATION.search(heading) and not _NEGATION.search(asked.text):
        return True
    defines = _DEFINES.search(heading) or _DEFINES.search(text[:_READ])
    return defines is not None and _ASKS_MEANING.search(asked.text) is None


def is_for_others(asked: Asked, above: str) -> bool:
    """Whether what stands above a passage names people of whom the question does not speak: visitors, managers."""
    there = {beginning(word) for word in words_of(above).whole}
    groups = {beginning(word) for word in words("groups_of_people")} & there
    if not groups:
        return False
    spoken = words_of(asked.text)
    if not groups.isdisjoint(spoken.beginnings):
        return False
    named = Words(frozenset(groups), frozenset(groups))
    return not any(meets(one, named) for one in asked.about)
