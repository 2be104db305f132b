"""What the stand-in for a language model writes at length: sentences of passages it was shown, with their sources."""

from __future__ import annotations

import re

_PASSAGE = re.compile(r'^<passage number="(\d+)"[^\n]*>\n(.*?)\n</passage>$', re.DOTALL | re.MULTILINE)
_SENTENCE = re.compile(r"[A-Z][^.!?\n|#*\[\]]{25,240}\.(?=\s|$)")


def sentences_of(shown: str) -> tuple[str, ...]:
    """Whole sentences of a tool's result, each once, copied and cited: nothing that a check could find wrong."""
    found = (
        f"{sentence} [{number}]" for number, text in _PASSAGE.findall(shown) for sentence in _SENTENCE.findall(text)
    )
    return tuple(dict.fromkeys(found))
