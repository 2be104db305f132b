"""What can be wrong between a said sentence and the clause it should rest on: one function a fault, in order of weight.

Each takes what is said, the clause, and returns the reason in a few words, or an empty string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.answer_figure_faults import strange_figure, swapped_figure
from agent.answer_figures import Figure, matches
from agent.answer_meaning import Keys, Word, opposed, qualities
from agent.answer_pairing import Match, alike, matched, pairs
from agent.answer_reading import Part, Reading
from agent.answer_words import restricted

CARRIED = 0.5
"""Share of a condition's telling words that must be said for the condition to be carried."""

ALIKE = 0.5
"""How alike two parts must be for one to stand for the other."""
_OR = re.compile(r"\s*(?:or|of)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?:\"“(] )(?<!^)(?<![-*>] )\b[A-Z][\w&-]+(?:[A-Z]\w*)?\b")


def turned(match: Match) -> str:
    """One denies what the other says."""
    spoken_of = matched(match)
    said = sum(part.denials for part in match.said.parts if not _is_gloss(part, match.said))
    written = sum(part.denials for part in spoken_of)
    if (said - written) % 2:
        return "one denies what the other says"
    apart = [part for part, other in pairs(match) if (part.denials - other.denials) % 2 and alike(part, other) >= ALIKE]
    one_denies = not said or not written
    return "two parts deny what the clause says" if one_denies and len(apart) > 1 else ""


def _is_gloss(part: Part, said: Reading) -> bool:
    """Whether a part only repeats in other words what stands before it: "unpaid leave (onbetaald verlof)"."""
    if f"({part.text}" not in said.text:
        return False
    earlier = [word for word in said.words if part.words and word.at < part.words[0].at]
    return bool(part.words) and all(any(word.keys & other.keys for other in earlier) for word in part.words)


def other_mode(match: Match) -> str:
    """Duty, permission, freedom and ban are not the same."""
    for part, clause_part in pairs(match):
        if (part.mode, clause_part.mode) in _MODES_APART:
            return f"{clause_part.mode} became {part.mode}"
        bounded = any(figure.limits & {"least", "within"} for figure in clause_part.figures)
        if part.mode == "may" and not clause_part.mode and bounded:
            return f"a minimum became {part.mode}"
    return ""


def other_party(match: Match) -> str:
    """A party that the clause does not name, or another one acting."""
    strange = match.said.parties - match.written.parties - match.clause.around.parties
    if strange:
        return f"another party: {', '.join(sorted(strange))}"
    for part, clause_part in pairs(match):
        if part.conditional and part.parties - clause_part.parties and (clause_part.parties or clause_part.conditional):
            return f"another party in the condition: {', '.join(sorted(part.parties - clause_part.parties))}"
        if clause_part.parties - match.said.parties and part.parties - clause_part.parties:
            return f"another party: {', '.join(sorted(part.parties - clause_part.parties))}"
    acts = dict(match.said.actors)
    for act, party in match.written.actors:
        if party not in {"you", "organisation"} and acts.get(act, party) != party and party not in match.said.parties:
            return f"another party acts: {acts[act]}"
    return ""


def condition_left_out(match: Match) -> str:
    """A condition or exception of what is said that the answer does not carry."""
    keys = match.said.keys | match.also
    if (label := match.clause.label) and not _carries_label(label, match, keys):
        return f"not said of what: {label.text[:60]}"
    paired = pairs(match)
    main = any(not part.conditional for part in match.said.parts)
    as_condition = {id(clause_part) for part, clause_part in paired if part.conditional and main}
    groups = {part.group for _, part in paired if not part.conditional and id(part) not in as_condition}
    left_out = [
        condition
        for condition in match.written.conditions
        if condition.group in groups and not _carried(condition, keys, match.said.figures, match.also)
    ]
    for condition in left_out:
        if not _has_alternative(condition, match.written.conditions, left_out):
            return f"a condition was left out: {condition.text.strip()[:60]}"
    return ""


def _has_alternative(condition: Part, conditions: Sequence[Part], left_out: Sequence[Part]) -> bool:
    """Of "if A or B" either is enough to say; of "only if A or B" both are needed."""
    alternatives = [one for one in conditions if one.group == condition.group]
    if any(restricted(one.text) for one in alternatives) or not any(_OR.match(one.text) for one in alternatives):
        return False
    return any(one not in left_out for one in alternatives)


def _own_keys(word: Word) -> Keys:
    """An expression is met as a whole: "parental leave" is not any leave."""
    return frozenset(key for key in word.keys if key.startswith("#")) if " " in word.text else word.keys


def _carries_label(label: Reading, match: Match, keys: Keys) -> bool:
    """Whether it says which row of a table it speaks of."""
    figures = [matches(figure, match.said.figures) for figure in label.figures]
    words = [bool(_own_keys(word) & keys) for word in label.words]
    met = sum(figures) + sum(words)
    return 2 * met >= len(figures) + len(words)


def only_a_condition(match: Match) -> str:
    """What the clause names as a condition, said as a fact."""
    paired = [(part, other) for part, other in pairs(match) if part.telling > 1]
    if paired and all(o.conditional and not part.conditional and part.mode in {"may", "can"} for part, o in paired):
        return "a condition is said as a fact"
    return ""


def condition_added(match: Match) -> str:
    """A condition, exception or restriction that the clause does not have."""
    keys = match.written.keys | match.clause.around.keys
    for condition in match.said.conditions:
        if not condition.words:
            continue
        if _share(condition.words, keys) < CARRIED:
            return f"a condition was added: {condition.text.strip()[:60]}"
    if restricted(match.said.text) and not restricted(match.written.text) and not match.written.conditions:
        return "a restriction was added"
    return ""


def opposite_word(match: Match) -> str:
    """It says the opposite word of the one the clause says."""
    around = match.clause.around.sides
    if opposed(match.said.sides, match.written.sides | around):
        return "the opposite word"
    if strange := qualities(match.said.sides) - match.written.sides - around:
        return f"a quality the clause does not name: {len(strange)}"
    for part, clause_part in pairs(match):
        if opposed(part.sides, clause_part.sides):
            return "the opposite word, in that part"
    return ""


def strange_part(match: Match) -> str:
    """A part of the sentence of which the clause has nothing."""
    for part in match.said.parts:
        own = [word for word in part.words if not word.keys & match.clause.around.keys]
        certain = [word for word in own if word.known or match.same_language] or (own if len(own) > 1 else [])
        placed = any(matches(figure, match.written.figures) for figure in part.figures)
        if certain and not placed and not any(word.keys & match.written.keys for word in part.words):
            return f"not in the clause: {part.text.strip()[:60]}"
    return ""


def strange_name(match: Match) -> str:
    """A name that the passage does not have."""
    known = match.written.keys | match.clause.around.keys
    for found in _NAME.finditer(match.said.text):
        name = found.group()
        if name.lower() in match.passage or _initials(name, match.passage):
            continue
        word = next((one for one in match.said.words if one.at <= found.start() < one.at + len(one.text)), None)
        if word is not None and not word.keys & known:
            return f"name not in the clause: {name}"
    return ""


FAULTS = (
    strange_figure,
    strange_name,
    strange_part,
    other_party,
    turned,
    condition_left_out,
    condition_added,
    only_a_condition,
    other_mode,
    opposite_word,
    swapped_figure,
)

_MODES_APART = frozenset(
    {
        ("may", "duty"), ("may", "order"), ("may", "ban"), ("may", "advice"),
        ("can", "duty"), ("can", "ban"),
        ("duty", "may"), ("duty", "can"), ("duty", "free"), ("duty", "ban"), ("duty", "advice"),
        ("ban", "free"), ("ban", "may"), ("ban", "can"), ("ban", "duty"), ("free", "ban"), ("free", "duty"),
        ("free", "order"), ("order", "may"), ("order", "free"), ("advice", "duty"), ("advice", "may"),
    }
)  # fmt: skip
"""What is said, and what the clause says, that do not go together."""


def _carried(condition: Part, keys: Keys, said: Sequence[Figure], also: Keys) -> bool:
    if any(not matches(figure, said) and not also and figure.value != "1" for figure in condition.figures):
        return False
    return not condition.words or _share(condition.words, keys) >= CARRIED


def _share(words: Sequence[Word], keys: Keys) -> float:
    return sum(bool(word.keys & keys) for word in words) / len(words) if words else 1.0


def _initials(name: str, text: str) -> bool:
    """Whether a name such as "EEA" is made of the first letters of words in the text."""
    if not name.isupper() or len(name) > 6:
        return False
    initials = "".join(word[0] for word in re.findall(r"\w+", text))
    return name.lower() in initials
