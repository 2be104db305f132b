"""In which language somebody wrote: function words first, a small classifier second, what we know of them last."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

SUPPORTED = ("en", "nl")
SURE = 0.9
"""How probable the classifier must find a language before it overrules what is known of the person."""

_WORD = re.compile(r"[a-zà-ÿ']+")
_DUTCH = frozenset(
    "de het een ik je jij u mijn uw jouw en of maar niet geen wel kan kun kunt mag moet wil wat wie waar hoe hoeveel "
    "wanneer waarom welke is zijn ben heb hebt heeft naar van voor met bij op te aan dat dit die deze er nog ook als "
    "dan door over om tot zonder doet werkt krijg krijgen vergeten kwijt kapot stuk verlof vakantie ziek thuis "
    "thuiswerken wachtwoord ww herstel herstellen inloggen melding ja nee graag dank bedankt hallo hoi goedemorgen "
    "goedemiddag collega leidinggevende declareren vrij dagen uur zit geblokkeerd aanvragen regel regels".split()
)
_ENGLISH = frozenset(
    "the a an i you my your and or but not no can may must want what who where how when why which is are am have has "
    "to from of for with by on at that this these those there still also if then about without does do did work works "
    "get forgot forgotten lost broken leave holiday holidays sick home password pw reset unlock ticket yes please "
    "thanks thank hello hi hey morning afternoon colleague manager expenses days hour hours locked request rule rules "
    "many much it me in".split()
)
_SHARED = frozenset("is of over me in on at men die was".split())


def language_of(text: str, *known: str) -> str:
    """`en` or `nl`. `known` are the person's last and directory language, best first, used where the text is unclear."""
    words = _WORD.findall(text.lower())
    dutch = sum(word in _DUTCH and word not in _SHARED for word in words)
    english = sum(word in _ENGLISH and word not in _SHARED for word in words)
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
