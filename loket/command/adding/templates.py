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
    "of": "van", "and": "en", "opening": "opening", "time": "tijd", "times": "tijden", "card": "kaart",
    "building": "gebouw", "list": "lijst", "ticket": "ticket", "training": "opleiding", "travel": "reis",
    "book": "boeken", "cancel": "annuleren", "renew": "vernieuwen", "order_": "bestellen",
}  # fmt: skip
"""Enough for a first draft that an admin reads: the words that staff ask a desk about."""


_HALVES = {
    "meeting": "vergader", "parking": "parkeer", "leave": "verlof", "holiday": "vakantie", "opening": "openings",
    "access": "toegangs", "sick": "ziekte", "work": "werk", "travel": "reis", "training": "opleidings",
}  # fmt: skip
"""What a word becomes as the first half of a Dutch compound: two nouns are written as one."""


def topic_of(name: str) -> str:
    """The words of a name without the verb it begins with: `get_leave_balance` → `leave balance`."""
    words = name.split("_")
    rest = words[1:] if len(words) > 1 and words[0] in READS | WRITES else words
    return " ".join(rest)


def title_of(name: str) -> dict[str, str]:
    """A title in both languages; what only reads is called by what it shows."""
    words = name.split("_")
    if len(words) > 1 and words[0] in READS:
        words = words[1:]
    nl = words if words[0] not in WRITES else [*words[1:], words[0]]  # in Dutch the verb comes last
    return {"en": " ".join(words).capitalize(), "nl": dutch(" ".join(nl)).capitalize()}


def dutch(words: str) -> str:
    """Word for word, as far as we know them, compounds as one word; the admin mends the rest."""
    said, half = [], ""
    rest = words.split()
    for place, word in enumerate(rest):
        last = place == len(rest) - 1
        if not last and word in _HALVES and rest[place + 1] in _DUTCH:
            half += _HALVES[word]
            continue
        said.append(half + _DUTCH.get(word, word))
        half = ""
    return " ".join(said)


def examples_of(name: str, risk: Risk, *, owned: bool = True) -> dict[str, list[str]]:
    """Six examples a language. They are a start: what people really type is better. `owned`: it is about what belongs
    to whoever asks, so they say "my"."""
    topic = topic_of(name).removeprefix("my ")
    english, other = (_asked if risk is Risk.READ else _done)(name, topic, dutch(topic), owned=owned)
    said = list(dict.fromkeys(english))
    return {"en": said, "nl": [line for line in dict.fromkeys(other) if line not in said]}


def _asked(_name: str, topic: str, nl: str, *, owned: bool) -> tuple[Sequence[str], Sequence[str]]:
    verb, zijn = ("are", "zijn") if topic.endswith("s") and not topic.endswith(("ss", "us")) else ("is", "is")
    my, mijn = ("my ", "mijn ") if owned else ("the ", "")
    english = (
        f"show {my}{topic}", f"what {verb} {my}{topic}", f"{topic} please", f"look up {my}{topic}",
        f"I want to see {my}{topic}", f"{topic}?",
    )  # fmt: skip
    dutch_ = (
        f"toon {mijn}{nl}", f"wat {zijn} {mijn}{nl}", f"{nl} graag", f"zoek {mijn}{nl} op",
        f"ik wil {mijn}{nl} zien", f"waar vind ik {mijn}{nl}",
    )  # fmt: skip
    return english, dutch_


def _done(name: str, topic: str, nl: str, *, owned: bool) -> tuple[Sequence[str], Sequence[str]]:
    del owned  # what is done is said the same way, whosever it is
    words = name.split("_")
    deed = " ".join(words)
    done = f"{nl} {dutch(words[0])}" if topic != deed else dutch(deed)
    english = (
        deed, f"I want to {deed}", f"can you {deed}", f"please {deed} for me", f"{topic} needed", f"new {topic} please",
    )  # fmt: skip
    dutch_ = (
        f"{done} graag", f"ik wil {done}", f"kun je {done}", f"{nl} nodig", f"nieuwe {nl} aanvragen",
        f"help met {done}",
    )  # fmt: skip
    return english, dutch_
