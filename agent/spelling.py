"""A request as it was probably meant, for choosing a tool: "wachtword vergetn" is like no example as it stands.

Only for the choice. What becomes an argument (a name, the text of a ticket) stays in the person's own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from agent.offers import EXAMPLES
from agent.person_names import person_in
from core.chat import ToolSchema
from policies.function_words import folded
from policies.indexes.spelling import Spelled, Spelling
from policies.indexes.vocabulary import Vocabulary, gathered

TWICE = 9
"""From this many letters on two slips are believed: the words of tools are few, and most words are none of them."""
_WORD = re.compile(r"[^\W\d_]+")


class RequestSpelling:
    """Knows the words of the tools on offer, of the glossary and of everyday situations. May be shared by threads."""

    def read(self, text: str, tools: Sequence[ToolSchema], jargon: Vocabulary) -> Spelled:
        """The request put right. Whoever is named in it keeps their name, also in lower case.

        "Reset joosts pasword": that "joosts" is somebody is only seen once "password" is written right.
        """
        named = _names_in(text)
        spelling = Spelling([_tool_words(tuple(map(_said, tools))), jargon], named.__contains__, TWICE)
        spelled = spelling.read(text)
        for change in spelled.changed:
            named |= _names_in(_put_back(spelled.text, change)) & {folded(change[0])}
        return spelling.read(text) if spelled.changed else spelled


def as_typed(part: str, spelled: Spelled) -> str:
    """A part of a text that was put right, in the words it was typed in."""
    for change in spelled.changed:
        part = _put_back(part, change)
    return part


def _put_back(text: str, change: tuple[str, str]) -> str:
    typed, meant = change
    return re.sub(rf"(?<!\w){re.escape(meant)}(?!\w)", typed, text, count=1)


def _names_in(text: str) -> set[str]:
    return {folded(word) for word in _WORD.findall(person_in(text) or "")}


def _said(tool: ToolSchema) -> tuple[str, ...]:
    return (*tool.parameters.get(EXAMPLES, ()), tool.description)


@lru_cache(maxsize=8)
def _tool_words(said: tuple[tuple[str, ...], ...]) -> Vocabulary:
    return gathered(text for some in said for text in some)
