"""True and wrong sentences made by rule of any document: for those nobody had in mind when the check was made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.answer_check import Source
from agent.answer_figures import figures
from agent.answer_words import parties
from loket.bench.answer_check import HELD_OUT, Case, Shelf
from policies.passages import Section
from policies.sentences import sentences

MOST = 400
"""Sentences taken of one folder, by a hash: the same every time."""
CHARS = (40, 260)
"""Shorter ones say too little, longer ones are lists."""

_NUMBER = re.compile(
    r"(?<![\w.,:/@€$-])(\d{1,3})(?= (?:days?|hours?|weeks?|months?|years?|minutes?|dagen|dag|uur|uren|weken|"
    r"week|maanden|maand|jaar|jaren|working|business|calendar|%)|%)"
)
_MONTH = r"\b(?:january|march|may|july|januari|maart|mei|juli)\b"
_SWAPS = {
    "en": {
        "mode": [(r"\bmust\b", "may"), (r"\bmay\b(?! not)", "must"), (r"\bis required to\b", "is allowed to")],
        "negation": [(r"\bmust not\b", "must"), (r"\bmay not\b", "may"), (r"\bcannot\b", "can"), (r"\bis not\b", "is"),
                     (r"\bmust\b(?! not)", "must not"), (r"\bdo not\b", "do"), (r"\bwill\b(?! not)", "will not")],
        "limit": [(r"\bat least\b", "at most"), (r"\bup to\b", "at least"), (r"\bno more than\b", "at least"),
                  (r"\bmore than\b", "less than"), (r"\bwithin\b(?= \d)", "after"), (r"\bbefore\b", "after")],
        "party": [(r"\b(?:your |the |their )?supervisor\b", "the director"), (r"\bmanager\b", "company doctor"),
                  (r"\bemployees\b", "visitors")],
    },
    "nl": {
        "mode": [(r"\bmoet\b", "mag"), (r"\bmag\b(?! niet)", "moet"), (r"\bis verplicht\b", "is vrij")],
        "negation": [(r"\bniet \b", ""), (r"\bgeen\b", "een"), (r"\bwordt\b(?!.*\b(?:niet|geen)\b)", "wordt niet"),
                     (r"\bkan\b(?!.*\b(?:niet|geen)\b)", "kan niet")],
        "limit": [(r"\bten minste\b", "ten hoogste"), (r"\bten hoogste\b", "ten minste"),
                  (r"\bmeer dan\b", "minder dan"),
                  (r"\bbinnen\b(?= \w+ (?:dag|week|weken|maand))", "na"), (r"\bmaximaal\b", "minimaal")],
        "party": [(r"\bde ambtenaar\b", "de bezoeker"), (r"\bbetrokkene\b", "bezoeker"),
                  (r"\bOnze Minister\b", "De bedrijfsarts")],
    },
}  # fmt: skip
_TRUE = {
    "en": [(r"\bmust\b(?! not)", "have to"), (r"\bhave to\b", "must"), (r"\bcannot\b", "can't"),
           (r"\bdo not\b", "don't"),
           (r"\bis not\b", "isn't"), (r"\bat least\b", "a minimum of"), (r"\bup to\b(?= \d)", "at most"),
           (r"\bsupervisor\b", "manager"), (r"\bprior to\b", "before"), (r"\brequest\b", "ask for"),
           (r"\bemployees\b", "staff"), (r"\bin order to\b", "to")],
    "nl": [(r"\bten minste\b", "minstens"), (r"\bten hoogste\b", "maximaal"), (r"\bindien\b", "als"),
           (r"\bIndien\b", "Als"),
           (r"\bverlof wordt verleend\b", "verlof wordt toegekend"), (r"\bdient te\b", "moet"),
           (r"\bschriftelijk\b", "op papier"),
           (r"\bgedurende\b", "tijdens"), (r"\bsalaris\b", "loon"), (r"\bmededeling\b", "bericht")],
}  # fmt: skip
_CONDITION = {
    "en": re.compile(r",? (?:unless|only if|provided that|except)\b[^,.;]+(?=\.$)"),
    "nl": re.compile(r",? (?:tenzij|mits|behalve)\b[^,.;]+(?=\.$)"),
}


def made_cases(folder: Path) -> list[Case]:
    """Cases of the sentences in a folder of Markdown: each lightly reworded, and each with its meaning changed."""
    shelf = [(name, language, part) for name, language, parts in Shelf(folder) for part in parts]
    found = [
        (hashlib.sha256(f"{name} {part.heading} {sentence}".encode()).hexdigest(), sentence, language, part)
        for name, language, part in shelf
        if language in _SWAPS
        for sentence in sentences(part.text)
        if CHARS[0] <= len(sentence) <= CHARS[1] and sentence.endswith(".") and _can_be_turned(sentence, language)
    ]
    chosen = sorted(found, key=lambda one: one[0])
    return [case for _, sentence, language, part in chosen[:MOST] for case in _cases(sentence, language, part, shelf)]


def _can_be_turned(sentence: str, language: str) -> bool:
    return any(True for _ in _wrong(sentence, language))


def _cases(sentence: str, language: str, part: Section, shelf: Sequence[tuple[str, str, Section]]) -> Iterator[Case]:
    place = int(hashlib.sha256(sentence.encode()).hexdigest()[:8], 16)
    beside = [shelf[(place + 7 * step) % len(shelf)] for step in range(1, 5)]
    sources = (
        Source(1, part.text, language, part.heading),
        *(Source(n, other.text, spoken, other.heading) for n, (_, spoken, other) in enumerate(beside, start=2)),
    )
    reworded = sentence
    for pattern, put in _TRUE[language]:
        reworded = re.sub(pattern, put, reworded, count=1)
    if reworded != sentence:
        yield Case("true", reworded, language, sources, 1, HELD_OUT, language)
    for kind, text in _wrong(sentence, language):
        yield Case(kind, text, language, sources, 1, HELD_OUT, language)


def _wrong(sentence: str, language: str) -> Iterator[tuple[str, str]]:
    """One change of each kind that the sentence allows."""
    if figure := _NUMBER.search(sentence):
        yield "number", f"{sentence[: figure.start(1)]}{int(figure[1]) + 3}{sentence[figure.end(1) :]}"
    for kind, swaps in _SWAPS[language].items():
        for pattern, put in swaps:
            changed = re.sub(pattern, put, sentence, count=1)
            if changed != sentence and (kind != "party" or parties(changed) != parties(sentence)):
                yield kind, changed
                break
    if condition := _CONDITION[language].search(sentence):
        yield "dropped", sentence[: condition.start()] + sentence[condition.end() :]
    dates = [figure for figure in figures(sentence, language) if figure.kind == "date"]
    if dates:
        month = "October" if language == "en" else "oktober"
        changed = re.sub(_MONTH, month, sentence, count=1, flags=re.IGNORECASE)
        if changed != sentence:
            yield "date", changed
