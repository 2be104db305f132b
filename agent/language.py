"""In which language somebody wrote: function words first, a small classifier second, what we know of them last."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from agent.word_lists import words as listed

SUPPORTED = ("en", "nl")
SURE = 0.9
"""How probable the classifier must find a language before it overrules what is known of the person."""

_WORD = re.compile(r"[a-zà-ÿ']+")


def language_of(text: str, *known: str) -> str:
    """`en` or `nl`. `known` are the person's last and their directory language, best first, for an unclear text."""
    words = [word for word in _WORD.findall(text.lower()) if word not in listed("both_languages")]
    dutch = sum(word in listed("dutch") for word in words)
    english = sum(word in listed("english") for word in words)
    if dutch != english:
        return "nl" if dutch > english else "en"
    if len(words) > 1 and (language := _classified(text)):
        return language
    return next((language for language in known if language in SUPPORTED), SUPPORTED[0])


def _classified(text: str) -> str:
    language, probability = _classifier().classify(text)
    return str(language) if probability >= SURE else ""


@lru_cache(maxsize=1)
def _classifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(SUPPORTED))
    return identifier
