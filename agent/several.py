"""A message taken apart: its courtesies, its sentences, and the requests in it when there are several."""

from __future__ import annotations

import re

MOST = 4
"""More parts than this are a story, not a list of requests."""
_COURTESY = re.compile(
    r"^\W*(?:(?:hi|hiya|hello|hey|hallo|hoi|hai|dag|goeie?|morning|"
    r"(?:goede|goeie) ?(?:morgen|middag|navond|dag)|goedendag|good (?:morning|afternoon|evening|day))"
    r"(?: (?:there|loket|all|team|everyone|collega'?s?|colleagues?|daar|allemaal))?(?:\s*[,.!:-]+\s*|\s+)|"
    r"(?:beste|dear|geachte)(?: [\w'’-]+){1,3}\s*[,!:]\s*|(?:beste|dear) (?:loket|all|team|collega'?s?|colleagues?)\s+|"
    r"(?:ok[eé]?|okay|thanks|thank you|thx|bedankt|dank (?:je|u)(?: wel)?|top|great|perfect)\s*[,.!:;-]+\s*)+",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^\W*(?:(?:i(?:'ve| have) (?:got )?)?an? (?:(?:quick|short|small|silly|other) )?question|"
    r"(?:(?:quick|short|small|silly) )question|"
    r"(?:ik heb )?(?:nog )?(?:een |even een )?(?:(?:korte?|snelle|klein|domme) )?vraag(?:je)?)"
    r"\s*[,.:;!-]+\s*(?=\w+ \w+)|"
    r"^\W*(?:(?:can|could|would) (?:you|someone|somebody|anyone) (?:please )?(?:tell|explain to) me(?: please)?|"
    r"please tell me|do you (?:happen to )?know|does any(?:one|body) know|any idea|"
    r"i(?:'d| would) like to (?:know|ask)|i want(?:ed)? to (?:know|ask)|i(?: was|'m| am) (?:just )?wondering|"
    r"(?:kun(?:t)?|kan|zou) (?:je|u|jij|iemand) (?:mij|me) (?:misschien |even )?(?:vertellen|zeggen|uitleggen)|"
    r"weet (?:je|u|jij|iemand)(?: misschien| toevallig)?|"
    r"ik (?:wil|wilde|zou) (?:graag )?(?:willen )?weten|ik vr(?:aag|oeg) me af)\s*,?\s+"
    r"(?=(?:what|when|where|which|who|whose|how|why|wat|wanneer|waar|welke?|wie|hoe\w*|waarom)\b)",
    re.IGNORECASE,
)
"""Words that only say that a question comes: "quick question:", "can you tell me", before a question word."""
_CLOSING = re.compile(
    # From the first sign of a row only, and never back into it: else eight thousand dots take ten seconds.
    r"(?<![\s,.!?-])(?P<mark>\??+)[\s,.!-]++(?:"
    r"(?:thanks(?: in advance)?|thank you|thx|tnx|bedankt|alvast bedankt|(?:alvast )?dank (?:je|u)(?: wel)?)"
    r"(?:\s*[,\n]\s*(?-i:[A-ZÀ-Þ])[\w'’-]+(?: (?-i:[A-ZÀ-Þ])[\w'’-]+)?$|\W{1,4}|$))?+"
    r"(?:(?:(?:kind|best|warm) regards|regards|cheers|(?:met )?(?:vriendelijke )?groet(?:jes|en)?|mvg|gr)"
    r"(?:\W{1,4}[^\W\d_]+(?: [^\W\d_]+){0,3})?\W*)?$",
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
    r"wat|wanneer|waar|welke?|wie|hoe\w*|waarom|mag|mogen|kan|kun\w*|moet|krijg|heb|is|zijn|wordt?|worden|geldt|gelden|telt|tellen|"
    r"ik (?:wil|moet|heb|ben|zoek)|maak|geef|stuur|zet|meld|herstel|ontgrendel|status|ww |wachtwoord |pw |password )\b",
    re.IGNORECASE,
)
_TELLS = 2


def without_courtesies(text: str) -> str:
    """The text without the hello before it, the thanks and the name behind it, and words that only say that a question
    comes; empty when there is nothing else."""
    matter = _CLOSING.sub(lambda found: found["mark"], _COURTESY.sub("", text)).strip()
    return _ASKING.sub("", matter)


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
