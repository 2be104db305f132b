"""What must be known of a text besides its words: when it holds, and for whom it is meant."""

from __future__ import annotations

from agent.words import CATALOGUE, say
from core.plain_text import inert, one_line
from core.ports import Passage


def note_on(passage: Passage, language: str) -> str:
    """When the text holds, if that is not simply "now", and for whom it is meant, if that is not everybody."""
    return " ".join(note for note in (_when(passage, language), _for_whom(passage, language)) if note)


def whom(passage: Passage, language: str) -> str:
    """`contract: permanent, temporary; site: Zwolle`, the keys in the reader's language where they are known."""
    return "; ".join(
        f"{_key(key, language)}{', '.join(_value(value, language) for value in values)}"
        for key, values in passage.applies_to
    )


def _key(key: str, language: str) -> str:
    if key == "who":  # a list without a key
        return ""
    name = f"limit_{key.lower()}"
    known = name in CATALOGUE.keys("en")
    return f"{say(name, language) if known else inert(one_line(key))}: "


def _value(value: str, language: str) -> str:
    """In the reader's language where it is one of the usual words, else as the document has it."""
    name = f"limit_value_{value.lower()}"
    return say(name, language) if name in CATALOGUE.keys("en") else inert(one_line(value))


def _for_whom(passage: Passage, language: str) -> str:
    if not passage.applies_to:
        return ""
    return say("meant_for_others" if passage.fits == "no" else "meant_for", language, whom=whom(passage, language))


def _when(passage: Passage, language: str) -> str:
    if passage.as_of is not None:
        return _on_the_day(passage, language)
    if passage.status == "superseded":
        return _dated("status_superseded_since", "status_superseded", passage, language)
    if passage.status == "upcoming":
        return _dated("status_upcoming_from", "status_upcoming", passage, language)
    return say("status_until", language, **_days(passage)) if passage.effective_until else ""


def _on_the_day(passage: Passage, language: str) -> str:
    """The day that was asked about, against today: what held, holds or will hold then must not pass for now's rule."""
    then, now = passage.status, passage.status_now
    if then == "superseded":
        if now == "current" and passage.effective_until:
            return say("as_of_ends", language, **_days(passage))
        return _dated("status_superseded_since", "status_superseded", passage, language)
    if then == "upcoming":
        if now == "current" and passage.effective_from:
            return say("as_of_none", language, **_days(passage))
        return _dated("status_upcoming_from", "status_upcoming", passage, language)
    if now == "superseded":
        return _dated("as_of_was", "status_superseded", passage, language)
    if now == "upcoming":
        return _dated("as_of_will", "status_upcoming", passage, language)
    return say("as_of_still" if passage.in_past else "as_of_stays", language, **_days(passage))


def _dated(dated: str, plain: str, passage: Passage, language: str) -> str:
    """The sentence with its date where the text has that date; else the one without."""
    needs = "until" if "{until}" in CATALOGUE.keys("en")[dated] else "start"
    days = _days(passage)
    return say(dated, language, **days) if days[needs] else say(plain, language)


def _days(passage: Passage) -> dict[str, str]:
    days = {"until": passage.effective_until, "start": passage.effective_from, "day": passage.as_of}
    return {name: day.isoformat() if day else "" for name, day in days.items()}
