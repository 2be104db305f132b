"""Whether a text has the form of a question, also without its mark."""

from __future__ import annotations

import re

_QUESTION = re.compile(
    r"\?\s*$|^(?:and |en |but |maar )?(?:what|when|where|which|who|how|why|may|can i|am i|do i|is|are|does|should|must|"
    r"wat|wanneer|waar|welke?|wie|hoe|hoeveel|waarom|mag|kan ik|moet|krijg|heb ik|is|zijn)\b",
    re.IGNORECASE,
)


def is_question(text: str) -> bool:
    """A question mark at the end, or a question word at the beginning."""
    return _QUESTION.search(text.strip()) is not None
