"""Which language a text is in, among those the built-in embedder knows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from policies.cleaning import plain

# The 16 languages of the Universal Sentence Encoder, multilingual (its model card), Chinese as one.
LANGUAGES = ("ar", "zh", "en", "fr", "de", "it", "ja", "ko", "nl", "pl", "pt", "es", "th", "tr", "ru")
_SAMPLE = 3_000  # characters: enough to tell
_TOO_SHORT = 40


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def detect(markdown: str, default: str) -> str:
    """The two-letter code of the text's language; `default` for a text too short to tell."""
    text = plain(markdown[: _SAMPLE * 2])[:_SAMPLE]
    if len(text) < _TOO_SHORT:
        return default
    return str(_identifier().classify(text)[0])
