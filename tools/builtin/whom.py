"""Whom a person means: "my manager", "my manager's manager", "the manager of Sanne", "mij", "Tom Bakker"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SELF = frozenset({"me", "myself", "i", "self", "ik", "mij", "mezelf", "mijzelf", "mijn", "mn", "my"})
_MANAGER = r"(?:line )?(?:manager|boss|supervisor|team ?lead(?:er)?|leidinggevende|baas|chef|teamleider|lijnmanager)"
_MINE = re.compile(rf"^(?:my|mijn|m['’`]?n|me) {_MANAGER}$")
_MANAGER_OF = re.compile(rf"^(?:the |de )?{_MANAGER} (?:of|for|van) (?P<name>.+)$")
# "Sannes leidinggevende" only with words that are no surnames: Boris Baas is somebody.
_POSSESSIVE = re.compile(rf"^(?P<name>.+?)(?:['’]s? {_MANAGER}|s (?:leidinggevende|teamleider|lijnmanager))$")


@dataclass(frozen=True, slots=True)
class Whom:
    """`name` is None for the person who asks; `manager` is how many managers up: 0 for that person, 1 for theirs."""

    name: str | None
    manager: int = 0


def whom(words: str) -> Whom:
    """Read the words as somebody typed them; what is no known phrase is a name."""
    plain = " ".join(words.split()).strip(" ?.!,")
    lower = plain.casefold()
    if lower in _SELF:
        return Whom(None)
    if _MINE.match(lower):
        return Whom(None, manager=1)
    if match := _MANAGER_OF.match(lower) or _POSSESSIVE.match(lower):
        name = plain[match.start("name") : match.end("name")] if len(lower) == len(plain) else match["name"]
        inner = whom(name)  # "the manager of my manager"
        return Whom(inner.name, manager=inner.manager + 1)
    return Whom(plain)
