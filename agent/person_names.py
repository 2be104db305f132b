"""Whom a message names: an employee number, an address, an account, or a name as people type it."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\bE\d{4,8}\b", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"\b(?:svc|adm|admin|sa|srv|da|t0|root)[-_.][\w.-]+\b", re.IGNORECASE)
_ROLE = r"(?:line )?(?:manager|boss|supervisor|team ?lead(?:er)?|leidinggevende|baas|chef|teamleider)"
_MINE = re.compile(rf"\b(?:my|mijn|m'n) ({_ROLE})\b|\b(?:wie ben ik|who am i)\b", re.IGNORECASE)
_PARTICLE = r"(?:van|de|den|der|ter|ten|het|in|'t|el|al|la|le|du|di|von|bin|ben)"
_CAPITAL = r"[A-ZÀ-Þ][\wà-ÿ'’-]*"
_NAME = re.compile(rf"\b{_CAPITAL}(?: (?:{_PARTICLE} )*{_CAPITAL})*")
_AFTER = re.compile(
    r"\b(?:of|for|from|van|voor|is|reach|bereik ik|zit|sits?|find|zoek|named|called|about|over|geef|give|call|bel|caller|beller|werkt|does)\s+"
    r"(?:the |de |het |een |a |our |onze |colleague |collega |mr\.? |mrs\.? |ms\.? |mevrouw |meneer |dhr\.? |mevr\.? |caller |beller )*(.+)",
    re.IGNORECASE,
)
_STOP = frozenset(
    "i a an the my your his her their our can could please who what where when which how is are do does did reset unlock give set "
    "need want find show phone number email mail address room office department manager boss password account ticket caller call "
    "calling calls user colleague somebody someone else employee new pw pwd ww wachtwoord of for from at in on and or to with has "
    "have forgot forgotten lost it he she they him not work sit sits works reach contact details counter line locked access hr vpn "
    "ik de het een mijn uw je wie wat waar wanneer welke hoe hoi hallo hello hi hey is zijn kan kun kunt graag geef stel zoek "
    "nummer telefoonnummer telefoon mailadres kamer afdeling leidinggevende baas collega iemand anders medewerker nieuw nieuwe "
    "van voor aan bij en of met heeft belt beller lijn balie vergeten kwijt zit werkt bereik ontgrendel geblokkeerd herstel "
    "resetten instellen in de lijn op het toegang dan even eens nog ook maar abroad buitenland who's s what's".split()
)
_TAIL = re.compile(
    r"\s+(?:please|pls|aub|alsjeblieft|graag|on the phone|at the counter|on the line|aan de lijn|aan de telefoon|resetten|in|sit|sits|zit|werkt|works?|anymore|abroad)\b.*$",
    re.IGNORECASE,
)


def person_in(text: str, *, whole: bool = False) -> str | None:
    """The person a text names, or None. `whole`: the text is an answer to "who?", so all of it may be a name."""
    for pattern in (_NUMBER, _MAIL, _ACCOUNT):
        if match := pattern.search(text):
            return match.group().upper() if pattern is _NUMBER else match.group()
    if match := _MINE.search(text):
        return f"my {match[1]}" if match[1] else "me"
    manager = re.search(rf"\b{_ROLE}\b", text, re.IGNORECASE) is not None and not whole
    name = _capitals(text) or _lower_case(text) or (_trimmed(text) if whole else None)
    if name and manager:
        return f"manager of {name}"
    return name


def _capitals(text: str) -> str | None:
    """The longest run of capitalised words that are not just the start of a sentence or a common word."""
    names = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        while words and words[0].lower().removesuffix("'s").removesuffix("’s") in _STOP:
            words.pop(0)
        name = _without_genitive(" ".join(words))
        if name and name.lower() not in _STOP and not (name.isupper() and len(name) <= 4):
            names.append((len(words), name))
    return max(names, key=lambda found: found[0])[1] if names else None


def _lower_case(text: str) -> str | None:
    """ "manager of anna de vries": what follows a preposition, without the words that are no name."""
    if match := re.search(r"\b([a-zà-ÿ]{3,})['’]s\b", text):
        return match[1] if match[1] not in _STOP else None
    for match in _AFTER.finditer(text):
        if name := _trimmed(match[1]):
            return name
    words = [word for word in re.findall(r"[\wà-ÿ'’-]+", text) if word.lower() not in _STOP]
    return (
        " ".join(words) if 2 <= len(words) <= 4 and not any(any(c.isdigit() for c in word) for word in words) else None
    )


def _trimmed(text: str) -> str | None:
    words = re.findall(r"[\wà-ÿ'’-]+", _TAIL.sub("", text.strip(" ?.!,")))
    particle = re.compile(rf"^{_PARTICLE}$", re.IGNORECASE)
    while words and words[0].lower() in _STOP:
        words.pop(0)
    while words and words[-1].lower() in _STOP:
        words.pop()
    if not 1 <= len(words) <= 5 or any(word.lower() in _STOP and not particle.match(word) for word in words):
        return None
    return _without_genitive(" ".join(words))


def _without_genitive(name: str) -> str:
    return re.sub(r"['’]s?$", "", name)
