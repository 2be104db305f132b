"""Names and words without capitals and accents, so that `Sorensen` finds `Sørensen`."""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not decompose into a plain one and a mark.
LETTERS = str.maketrans({"ı": "i", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def plain(text: str) -> str:
    """Lower case, without accents and other marks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
