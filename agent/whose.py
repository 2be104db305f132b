"""Whether the password, account or phone that a message is about is plainly somebody else's: "reset joosts password".

The genitive is written with and without apostrophe, in Dutch mostly without, and also as "jan his" and "jan z'n".
Whoever's it is, it is not the asker's: no tool for one's own account may be chosen (`agent/tool_choice.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from agent.word_lists import words

_BETWEEN = r"(?:(?:own|new|old|work|eigen|nieuwe?|oude?) )?"
_ROLE = (
    r"(?:coll?ea?gues?|co-?workers?|manager|boss|chief|supervisor|team ?lead(?:er)?|wife|husband|partner|friend|team|"
    r"collega|leidinggevende|baas|chef|teamleider|vrouw|man|vriend(?:in)?)"
)
_THIRD = r"(?:his|her|their|hun|haar|zijn|z'n|zn|d'r)"
_SHORTEST = 3
_NO_GENITIVE = ("ous", "ess")
""" "Previous", "wireless", "address"."""


def is_anothers(text: str) -> bool:
    """Whether the thing a tool would change is said to belong to somebody else. True for no name at all: "her"."""
    flat = " ".join(text.casefold().replace("’", "'").replace("`", "'").split())
    if any(pattern.search(flat) for pattern in _plain()):
        return True
    if any(_is_genitive(match["owner"], match["mine"]) for match in _owned().finditer(flat)):
        return True
    return _HE_OR_SHE.search(flat) is not None and _FIRST_PERSON.search(flat) is None


def owner_in(text: str) -> str | None:
    """Whose it is, as it was written ("joosts", "jan" of "jan his password"); None when only "her" is said."""
    flat = " ".join(text.casefold().replace("’", "'").replace("`", "'").split())
    for match in _owned().finditer(flat):
        if not match["mine"] and _is_genitive(match["owner"], None):
            return match["owner"].removesuffix("'s").removesuffix("'")
    before = re.search(rf"([a-zà-ÿ-]{{3,}}) {_THIRD} {_BETWEEN}{_things()}\b", flat)
    return before[1] if before and before[1] not in words("no_names") else None


def _is_genitive(owner: str, mine: str | None) -> bool:
    """ "Joosts", "Hans'", and "managers" behind "my"; not the "Windows" of "my Windows password"."""
    if mine and not re.fullmatch(rf"{_ROLE}'?s?'?", owner):
        return False
    bare = owner.replace("'", "")
    if owner.endswith(("'s", "'")):
        return bare not in words("things_of_somebody")
    known = words("things_of_somebody") | words("no_owners")
    return len(bare) > _SHORTEST and bare not in known and not bare.endswith(_NO_GENITIVE)


_HE_OR_SHE = re.compile(r"\b(?:he|she|hij|zij (?:is|heeft|kan|weet|moet|wil))\b")
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|im|i've|my|me|mine|ik|mij|mijn|mn|m'n)\b")


@lru_cache(maxsize=1)
def _things() -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words("things_of_somebody")), key=len, reverse=True)) + ")"


@lru_cache(maxsize=1)
def _owned() -> re.Pattern[str]:
    mine = r"(?:(?P<mine>my|mijn|mn|m'n|our|onze|ons) )?"
    owner = r"(?P<owner>[a-zà-ÿ-]+(?:'?s|[szx]'))"
    return re.compile(rf"(?<![\w']){mine}{owner} {_BETWEEN}{_things()}\b")


@lru_cache(maxsize=1)
def _plain() -> tuple[re.Pattern[str], ...]:
    """ "Her password", "my manager his account", "the phone of him", "the password of my colleague"."""
    return (
        re.compile(rf"\b{_THIRD} {_BETWEEN}{_things()}\b"),
        re.compile(rf"\b(?:my|mijn|mn|m'n|our|onze|a|een|the|de) (?:\w+ )?{_ROLE} {_BETWEEN}{_things()}\b"),
        re.compile(
            rf"\b{_things()} (?:of|for|from|van|voor) (?:(?:my|mijn|mn|m'n|our|onze|a|een|the|de) (?:\w+ )?{_ROLE}|"
            r"him|her|them|hem|haar|hen|hun)\b"
        ),
    )
