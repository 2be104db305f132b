"""Whether a message can be the answer to a question that was asked a while ago: a bare name, day, number or choice."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from agent.chosen import chosen
from agent.dates import MAX, spans_in
from agent.intents import intent_of
from agent.person_names import is_particle, person_in
from agent.question_form import is_question
from agent.ticket_numbers import ticket_in
from agent.word_lists import words
from agent.words import CATALOGUE

MOST_WORDS = 5
MOST_IN_NAME = 3
MOST_BESIDE = 2
_ANY_DAY = date(2026, 1, 1)


def could_answer(text: str, question: str) -> bool:
    """Strict, because the subject has changed since: a bare value of the kind that was asked for."""
    flat = " ".join(text.split())
    if is_question(flat) or intent_of(flat) is not None or len(flat.split()) > MOST_WORDS:
        return False
    kind = _kind(question)
    if kind == "ask_which_person" and chosen(flat, question) != flat:
        return True
    if kind in ("ask_person", "ask_which_person", "ask_other_person"):
        return is_bare_name(flat)
    if kind == "ask_ticket":
        return (
            ticket_in(flat, (), whole=True) is not None or re.fullmatch(r"\W*[A-Za-z]*[\W_]*\d+\W*", flat) is not None
        )
    if kind == "ask_date":
        return bool(spans_in(flat[:MAX], _ANY_DAY))
    return kind == "ask_choice" and any(re.search(rf"\b{re.escape(one)}\b", question) for one in flat.split())


def is_bare_name(text: str) -> bool:
    """ "Jan Bakker", "E1020", "it is jan bakker": a name and hardly a word more; without capitals no everyday word."""
    said = text.strip(" ?.!,").split()
    if (name := person_in(text)) is not None:
        return len(said) - len(name.split()) <= MOST_BESIDE
    everyday = words("dutch") | words("english") | words("no_names")
    names = [said[0], *(word for word in said[1:-1] if not is_particle(word)), *said[1:][-1:]] if said else []
    return 1 <= len(names) <= MOST_IN_NAME and text[:1].isalpha() and not any(w.lower() in everyday for w in names)


def _kind(question: str) -> str:
    """The key of the catalogue's question, in whatever language it was asked."""
    return next((key for pattern, key in _patterns() if pattern.fullmatch(question)), "")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    written = [
        (sentence, key)
        for language in CATALOGUE.languages
        for key, sentence in CATALOGUE.keys(language).items()
        if key.startswith("ask_")
    ]
    return tuple((re.compile(re.sub(r"\\{\w+\\}", ".*", re.escape(text)), re.DOTALL), key) for text, key in written)
