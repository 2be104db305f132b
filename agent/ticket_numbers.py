"""Which ticket a message names, in any spelling: IT-104, it 104, IT104, #104."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_WRITTEN = re.compile(r"(?<![\w-])([A-Za-z][A-Za-z0-9]{1,9})-(\d{1,9})(?![\w-])")
_LOOSE = re.compile(r"(?<![\w-])([A-Za-z]{2,10})[\s_#.:/-]{0,2}(\d{1,9})(?![\w-])")
_NUMBER = re.compile(
    r"(?:#\s?|\b(?:ticket|melding|incident|call|nummer|number|nr|no)\W{0,2}(?:nr|number|nummer|no)?\W{0,3})(\d{1,9})(?![\w-])",
    re.IGNORECASE,
)
_ALONE = re.compile(r"^\W*(\d{1,9})\W*$")


def queues_in(texts: Iterable[str]) -> frozenset[str]:
    """The queues (`IT`, `HR`) of the ticket numbers that stand in some texts, such as a tool's examples."""
    return frozenset(match[1].upper() for text in texts for match in _WRITTEN.finditer(text))


def names_ticket(text: str, queues: Collection[str]) -> bool:
    """Whether a ticket is named, even if only by a number."""
    return ticket_in(text, queues) is not None or _NUMBER.search(text) is not None


def ticket_in(text: str, queues: Collection[str], seen: str = "", *, whole: bool = False) -> str | None:
    """The ticket a text names, as `IT-104`; None when none is, or when only its number is and the queue is open.

    `queues` are those that loose spellings may name ("it 104", but not "in 2024"). `seen` is what was said before: a
    bare number means the ticket of that number in it. `whole`: the text answers "which ticket?", so 104 is enough.
    """
    known = {queue.upper() for queue in queues}
    for pattern in (_WRITTEN, _LOOSE):
        for match in pattern.finditer(text):
            if match[1].upper() in known or (pattern is _WRITTEN and not known):
                return f"{match[1].upper()}-{match[2]}"
    if written := _WRITTEN.search(text):  # a queue nobody told us of, written as tickets are
        return f"{written[1].upper()}-{written[2]}"
    bare = _NUMBER.search(text) or (_ALONE.match(text) if whole else None)
    return _numbered(bare[1], known, seen) if bare else None


def _numbered(number: str, queues: set[str], seen: str) -> str | None:
    before = {f"{match[1].upper()}-{match[2]}" for match in _WRITTEN.finditer(seen) if match[2] == number}
    if len(before) == 1:
        return before.pop()
    return f"{next(iter(queues))}-{number}" if len(queues) == 1 and not before else None
