"""Whom a message names: an employee number, an address, an account, or a name as people type it."""

from __future__ import annotations

import re

from agent.whose import owner_in
from agent.word_lists import words as listed

_NUMBER = re.compile(r"\bE\d{4,8}\b", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"\b(?:svc|adm|admin|sa|srv|da|t0|root)[-_.][\w.-]+\b", re.IGNORECASE)
_ROLE = r"(?:line )?(?:manager|boss|supervisor|team ?lead(?:er)?|leidinggevende|baas|chef|teamleider)"
_ABOVE_MINE = re.compile(
    rf"\b(?:my|mijn|m'?n) (?P<first>{_ROLE})['’]?s (?P<then>{_ROLE})\b|"
    rf"\b(?P<of>{_ROLE}) (?:of|van) (?:my|mijn|m'?n) (?P<mine>{_ROLE})\b",
    re.IGNORECASE,
)
_MINE = re.compile(rf"\b(?:my|mijn|m'?n) ({_ROLE})\b|\b(?:wie ben ik|who am i)\b", re.IGNORECASE)
_PARTICLE = r"(?:van|de|den|der|ter|ten|het|in|'t|el|al|la|le|du|di|von|bin|ben)"
_CAPITAL = r"[A-ZÀ-Þ][\wà-ÿ'’-]*"
_INITIALS = r"(?:[A-ZÀ-Þ]\.[ ]?)+"
_NAME = re.compile(rf"\b(?:{_INITIALS}(?:{_PARTICLE} )*)?{_CAPITAL}(?: (?:{_PARTICLE} )*{_CAPITAL})*")
_AFTER = re.compile(
    r"\b(?:of|for|from|van|voor|is|reach|bereik ik|zit|sits?|find|zoek|named|called|about|over|geef|give|call|bel|"
    r"caller|beller|werkt|does)\s+(?:the |de |het |een |a |our |onze |colleague |collega |mr\.? |mrs\.? |ms\.? |"
    r"mevrouw |meneer |dhr\.? |mevr\.? |caller |beller )*(.+)",
    re.IGNORECASE,
)
_WANTS_ADDRESS = re.compile(
    r"\b(?:phone|tel|nr|number|e-?mail address|mailadres|e-?mailadres|nummer|telefoon\w*|room|kamer)\b", re.I
)
_OTHER = re.compile(
    r"\bcoll?ea?gues?\b|\bcollega\b|\bsome(?:one|body) else|\biemand anders|\been ander\b|\banother (?:person|user)",
    re.I,
)
_TAIL = re.compile(
    r"\s+(?:please|pls|aub|alsjeblieft|graag|on the phone|at the counter|on the line|aan de lijn|aan de telefoon|"
    r"resetten|in|sit|sits|zit|werkt|works?|anymore|abroad)\b.*$",
    re.IGNORECASE,
)


def person_in(text: str, *, whole: bool = False) -> str | None:
    """The person a text names, or None. `whole`: the text is an answer to "who?", so all of it may be a name."""
    for pattern in (_NUMBER, _MAIL, _ACCOUNT):
        if match := pattern.search(text):
            return match.group().upper() if pattern is _NUMBER else match.group()
    if match := _ABOVE_MINE.search(text):
        return f"{match['then'] or match['of']} of my {match['first'] or match['mine']}"
    if match := _MINE.search(text):
        return f"my {match[1]}" if match[1] else "me"
    manager = re.search(rf"\b{_ROLE}\b", text, re.IGNORECASE) is not None and not whole
    name = _capitals(text) or _lower_case(text) or (_trimmed(text) if whole else None)
    if name and manager:
        return f"manager of {name}"
    return name


def is_particle(word: str) -> bool:
    """ "van", "de", "el": between the parts of a name."""
    return re.fullmatch(_PARTICLE, word, re.IGNORECASE) is not None


def names_role(name: str) -> bool:
    """ "my manager" is somebody, but not a name."""
    return _MINE.search(name) is not None or _ABOVE_MINE.search(name) is not None


def names_somebody(text: str) -> bool:
    """Whether the text plainly names somebody: a number, an address, an account, a name in capitals, "a colleague"."""
    plain = any(pattern.search(text) for pattern in (_NUMBER, _MAIL, _ACCOUNT))
    return plain or _OTHER.search(text) is not None or len((_capitals(text) or "").split()) > 1


def _capitals(text: str) -> str | None:
    """The longest run of capitalised words that are not just the start of a sentence or a common word."""
    names = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        while words and words[0].lower().removesuffix("'s").removesuffix("’s") in listed("no_names"):
            words.pop(0)
        name = _without_genitive(" ".join(words))
        if name and name.lower() not in listed("no_names") and not _is_code(name):
            names.append((len(words), name))
    return max(names, key=lambda found: found[0])[1] if names else None


def _is_code(name: str) -> bool:
    """ "IT", "FAC", "IT-104", "R2"."""
    return (name.isupper() and len(name) <= 4) or any(letter.isdigit() for letter in name)


def _lower_case(text: str) -> str | None:
    """ "manager of anna de vries": what follows a preposition, without the words that are no name."""
    if match := re.search(r"\b([a-zà-ÿ]{3,})['’]s\b", text):
        return match[1] if match[1] not in listed("no_names") else None
    if owner := owner_in(text):
        return owner
    for match in _AFTER.finditer(text):
        if name := _trimmed(match[1]):
            return name
    if not _WANTS_ADDRESS.search(text):
        return None
    words = [word for word in re.findall(r"[\wà-ÿ'’-]+", text) if word.lower() not in listed("no_names")]
    return " ".join(words) if 1 <= len(words) <= 4 and not any(c.isdigit() for word in words for c in word) else None


def _trimmed(text: str) -> str | None:
    words = re.findall(r"[\wà-ÿ'’-]+", _TAIL.sub("", text.strip(" ?.!,")))
    particle = re.compile(rf"^{_PARTICLE}$", re.IGNORECASE)
    while words and words[0].lower() in listed("no_names"):
        words.pop(0)
    while words and words[-1].lower() in listed("no_names"):
        words.pop()
    if not 1 <= len(words) <= 5 or any(
        word.lower() in listed("no_names") and not particle.match(word) for word in words
    ):
        return None
    return _without_genitive(" ".join(words))


def _without_genitive(name: str) -> str:
    return re.sub(r"['’]s?$", "", name)
