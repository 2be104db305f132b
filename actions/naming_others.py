"""Whether words for one's own account name somebody else: "reset password joost" may mean Joost's (S-05).

Only the directory knows who is somebody, so only what stands where a name would stand is looked up there, and it must
be a whole name of theirs: no other word asks anybody anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from connectors.directory import Directory
from core.errors import ToolRetry
from core.people import Employee

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BEFORE_NAME = frozenset({"of", "for", "from", "van", "voor", "by", "bij"})
_SHORTEST = 3
_MOST_WORDS = 8
"""In more words than these a name is put plainly, and who reads for names finds it."""
_MOST_LOOKED_UP = 3


async def refuse_if_names_another(directory: Directory, requester: Employee, text: str) -> None:
    """Raises `ToolRetry`, which asks whose it is, where the text may name a colleague of the requester."""
    for typed in _may_be_names(text, requester):
        found = await directory.find(typed, limit=5)
        other = next((one for one in found if _is_named(one, typed)), None)
        if other is not None:
            raise ToolRetry(
                f"the requester names '{other.given_name}': ask them whether this is for themselves or for a colleague"
            )


def _may_be_names(text: str, requester: Employee) -> Sequence[str]:
    """The words at either end of a short text, and behind "van" or "for"; not the requester's own names."""
    words = _WORD.findall(text)
    if len(words) > _MOST_WORDS:
        return ()
    places = {0, len(words) - 1} | {place + 1 for place, word in enumerate(words[:-1]) if word.lower() in _BEFORE_NAME}
    named = dict.fromkeys(words[place] for place in sorted(places, reverse=True) if 0 <= place < len(words))
    own = {_plain(requester.given_name), *_plain(requester.name).split()}
    return [word for word in named if len(word) >= _SHORTEST and _plain(word) not in own][:_MOST_LOOKED_UP]


def _is_named(person: Employee, typed: str) -> bool:
    """By the given name; by the last word of the whole name only where it has its capital: "sluis" is a lock."""
    word = _plain(typed)
    return word == _plain(person.given_name) or (typed[:1].isupper() and [word] == _plain(person.name).split()[-1:])


def _plain(text: str) -> str:
    """Without capitals, accents and the genitive's apostrophe."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(sign for sign in flat if not unicodedata.combining(sign)).removesuffix("'s").rstrip("'")
