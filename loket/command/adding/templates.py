"""What is proposed of a tool in words: titles, and examples in English and Dutch of what people type for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.risk import Risk
from tools.added.risk_words import READS, WRITES

_DUTCH = {
    "leave": "verlof", "balance": "saldo", "hours": "uren", "pass": "pas", "badge": "toegangspas", "room": "zaal",
    "rooms": "zalen", "meeting": "vergadering", "slot": "plek", "desk": "balie", "permit": "vergunning",
    "parking": "parkeer", "course": "cursus", "courses": "cursussen", "laptop": "laptop", "phone": "telefoon",
    "order": "bestelling", "request": "aanvraag", "status": "status", "schedule": "rooster", "salary": "salaris",
    "payslip": "loonstrook", "expenses": "declaraties", "holiday": "vakantie", "car": "auto", "bike": "fiets",
    "survey": "enquête", "appointment": "afspraak", "day": "dag", "days": "dagen", "name": "naam", "my": "mijn",
    "of": "van", "and": "en", "book": "boeken", "cancel": "annuleren", "renew": "vernieuwen", "order_": "bestellen",
}  # fmt: skip
"""Enough for a first draft that an admin reads: the words that staff ask a desk about."""


def topic_of(name: str) -> str:
    """The words of a name without the verb it begins with: `get_leave_balance` → `leave balance`."""
    words = name.split("_")
    rest = words[1:] if len(words) > 1 and words[0] in READS | WRITES else words
    return " ".join(rest)


def title_of(name: str) -> dict[str, str]:
    """A title in both languages."""
    english = " ".join(name.split("_")).capitalize()
    return {"en": english, "nl": dutch(" ".join(name.split("_"))).capitalize()}


def dutch(words: str) -> str:
    """Word for word, as far as we know them; the admin mends the rest."""
    return " ".join(_DUTCH.get(word, word) for word in words.split())


def examples_of(name: str, risk: Risk) -> dict[str, list[str]]:
    """Six examples a language. They are a start: what people really type is better."""
    topic = topic_of(name)
    topic = topic.removeprefix("my ")
    nl = dutch(topic)
    if risk is Risk.READ:
        english: Sequence[str] = (
            f"show my {topic}", f"what is my {topic}", f"{topic} please", f"look up the {topic}",
            f"I want to see the {topic}", f"{topic}?",
        )  # fmt: skip
        other: Sequence[str] = (
            f"toon mijn {nl}", f"wat is mijn {nl}", f"{nl} graag", f"zoek {nl} op", f"ik wil {nl} zien",
            f"waar vind ik {nl}",
        )  # fmt: skip
    else:
        deed = " ".join(name.split("_"))
        english = (
            deed, f"I want to {deed}", f"can you {deed}", f"please {deed} for me", f"{topic} needed",
            f"new {topic} please",
        )  # fmt: skip
        done = dutch(deed)
        other = (
            f"{done} graag", f"ik wil {done}", f"kun je {done}", f"{nl} nodig", f"nieuwe {nl} aanvragen",
            f"help met {done}",
        )  # fmt: skip
    said = list(dict.fromkeys(english))
    return {"en": said, "nl": [line for line in dict.fromkeys(other) if line not in said]}
