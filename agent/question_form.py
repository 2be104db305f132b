"""Whether a text has the form of a question, also without its mark."""

from __future__ import annotations

import re

_QUESTION = re.compile(
    r"\?\s*$|^(?:and |en |but |maar )?(?:what|when|where|which|who|how|why|may|can i|am i|do i|is|are|does|should|must|"
    r"wat|wanneer|waar|welke?|wie|hoe|hoeveel|waarom|mag|kan ik|moet|krijg|heb ik|is|zijn)\b",
    re.IGNORECASE,
)

_YES_OR_NO = re.compile(
    r"^\W*(?:and |en |but |maar )?(?:will|would|does|do|did|is|are|was|has|have|may|should|must|am|can(?! you)|"
    r"could(?! you)|zal|zullen|zou|doet|is|zijn|was|heeft|hebben|heb|mag|mogen|moet|moeten|hoeft?|hoeven|krijgt?|"
    r"wordt|word|weet(?! (?:je|u)\b)|"
    r"kan(?! (?:je|jij|u)\b)|kunnen)\b",
    re.IGNORECASE,
)


def is_question(text: str) -> bool:
    """A question mark at the end, or a question word at the beginning."""
    return _QUESTION.search(text.strip()) is not None


def is_yes_or_no(text: str) -> bool:
    """A question that yes or no answers: it begins with its verb, and is no "can you"."""
    return _YES_OR_NO.search(text.strip()) is not None
