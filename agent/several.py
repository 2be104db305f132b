"""A message taken apart: its courtesies, its sentences, and the requests in it when there are several."""

from __future__ import annotations

import re

MOST = 4
"""More parts than this are a story, not a list of requests."""
_COURTESY = re.compile(
    r"^\W*(?:(?:hi|hello|hey|hallo|hoi|dag|goede ?morgen|goede ?middag|goede ?navond|"
    r"good (?:morning|afternoon|evening)|beste|dear)"
    r"(?: (?:there|loket|all|team|collega'?s?|daar|allemaal))?\s*[,.!:-]*\s+|"
    r"(?:ok[eé]?|okay|thanks|thank you|thx|bedankt|dank (?:je|u)(?: wel)?|top|great|perfect)\s*[,.!:;-]+\s*)+",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    # From the first sign of a row only, and never back into it: else eight thousand dots take ten seconds.
    r"(?<![\s,.!-])[\s,.!-]++(?:thanks(?: in advance)?|thank you|thx|tnx|bedankt|alvast bedankt|dank (?:je|u)(?: wel)?|"
    r"(?:kind|best) regards|groet(?:jes|en)?|mvg|gr)\W*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.?!;])\s+|\n+")
_AND = re.compile(
    r"(?<=[.?!;])\s+|\n+|\s*,?\s+(?:and also|and then|and|also|plus|&|en ook|en dan|en|daarnaast|verder)\s+",
    re.IGNORECASE,
)
# What a request can begin with. Only behind one of these is an "and" taken to begin another.
_BEGINS = re.compile(
    r"^(?:also |ook |please |pls |graag |kun je |kunt u |can you |could you )*"
    r"(?:what|when|where|which|who|whose|how|why|may|can|could|am|do|does|did|is|are|should|must|will|"
    r"i (?:want|need|lost|forgot|have|would)|reset|unlock|open|make|create|tell|show|give|send|book|order|help|my \w+|"
    r"wat|wanneer|waar|welke?|wie|hoe\w*|waarom|mag|mogen|kan|kun\w*|moet|krijg|heb|is|zijn|"
    r"ik (?:wil|moet|heb|ben|zoek)|maak|geef|stuur|zet|meld|herstel|ontgrendel|status|ww |wachtwoord |pw |password )\b",
    re.IGNORECASE,
)
_TELLS = 2


def without_courtesies(text: str) -> str:
    """The text without the hello before it and the thanks behind it; empty when there is nothing else."""
    return _CLOSING.sub("", _COURTESY.sub("", text)).strip()


def sentences_in(text: str) -> list[str]:
    """Its sentences, as far as punctuation and lines show them."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def requests_in(text: str) -> list[str]:
    """The requests of the text, one or several, in order.

    "My screen is black and the mouse does not work" is one: what follows an "and" must begin like a request.
    """
    parts = [part.strip() for part in _AND.split(text) if part and part.strip()]
    joined: list[str] = []
    for part in parts:
        ends = bool(joined) and joined[-1][-1] in ".?!;"
        begins = _BEGINS.match(part) is not None and len(part.split()) >= _TELLS
        if joined and not begins and not ends:
            joined[-1] = f"{joined[-1]} {_between(text, joined[-1], part)} {part}"
        else:
            joined.append(part)
    return joined if len(joined) <= MOST else [text]


def _between(text: str, before: str, after: str) -> str:
    """The word that stood between two parts."""
    start = text.find(before) + len(before)
    return text[start : text.find(after, start)].strip() or "and"
