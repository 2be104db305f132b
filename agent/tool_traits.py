"""What a tool's schema says of it: whom it is about, what it takes, and whether any of its words were said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offers import CHANGES
from agent.person_names import names_role, names_somebody, person_in
from agent.question_form import is_yes_or_no
from agent.word_lists import words
from core.chat import ToolSchema

COMPOUND = 5
_WORD = re.compile(r"[\wà-ÿ]+")


def is_about_who_asks(tool: ToolSchema) -> bool:
    """Whether it changes something of whoever asks, and takes nothing: their own password."""
    return bool(tool.parameters.get(CHANGES)) and not tool.parameters.get("properties")


def takes_text(tool: ToolSchema) -> bool:
    """Whether the person's own words become part of the action (a ticket): then any words will do."""
    properties = tool.parameters.get("properties", {})
    return any(
        properties.get(name, {}).get("x-kind") in ("line", "text") for name in tool.parameters.get("required", ())
    )


def takes_person(tool: ToolSchema) -> bool:
    """Whether somebody can be named to it."""
    return any(shape.get("x-kind") == "person" for shape in tool.parameters.get("properties", {}).values())


def needs_person(tool: ToolSchema) -> bool:
    """Whether somebody must be named to it."""
    properties = tool.parameters.get("properties", {})
    return any(properties.get(name, {}).get("x-kind") == "person" for name in tool.parameters.get("required", ()))


def lacks_person(tool: ToolSchema, text: str, known: Sequence[frozenset[str]]) -> bool:
    """Whether a tool that needs somebody was hardly meant. `known`: the words of its phrases.

    Nobody is named; or, where none of the tool's own words is said, what looks like a name is none ("where is the first
    aid"); or a role is named in passing ("will my manager find out").
    """
    if not needs_person(tool):
        return False
    named = person_in(text)
    if named is None:
        return not names_somebody(text)  # "a colleague" is somebody: who it is, is asked
    if names_role(named):
        return is_yes_or_no(text)
    return not (names_somebody(text) or is_founded(text, known))


def is_founded(text: str, known: Sequence[frozenset[str]]) -> bool:
    """Whether a telling word of the request stands in any of the tool's phrases; "kluissleutel" meets "sleutel"."""
    telling = {word for word in words_of(text) if len(word) > 1 and word not in words("not_telling_of_a_tool")}
    said = frozenset().union(*known)
    parts = {word for word in said if len(word) >= COMPOUND and word not in words("not_telling_of_a_tool")}
    return not telling.isdisjoint(said) or any(part in word for word in telling for part in parts)


def words_of(text: str) -> frozenset[str]:
    """Its words, in small letters."""
    return frozenset(_WORD.findall(text.lower()))
