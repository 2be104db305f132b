"""What Loket writes on a ticket to know it again: by action, and by requester.

Labels where the form takes them; words in the last line of the description where it does not (a service desk's
request). A mark of a requester proves nothing by itself, since others can write too: it counts on a ticket that our own
account made, which Jira never lets anybody change (`creator`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from core.plain_text import one_line

FILED = "loket"
"""The label of everything that Loket filed."""
_PLAIN_KEY = re.compile(r"[a-z0-9-]{1,80}")
_TOKENS = re.compile(r"Loket (?P<key>loketk[0-9a-f]{32}) (?P<requester>loketr[0-9a-f]{20})")
_FOR = re.compile(r"Filed through Loket for .{1,200} \([^()]{1,64}\)")
_COMMENT = re.compile(r"Loket (?P<token>loketc[0-9a-f]{32})")


def key_label(key: str) -> str:
    """The label of the action with this id. An id that cannot be a label is hashed."""
    return f"loket-{key}" if _PLAIN_KEY.fullmatch(key) else f"loket-{_hash('key', key)}"


def requester_label(requester_id: str) -> str:
    """The label of one requester's tickets. A hash, because labels are offered to everybody who types one."""
    return f"loket-requester-{_hash('requester', requester_id)[:20]}"


def key_token(key: str) -> str:
    """The same as `key_label` as one word, which a text index keeps in one piece."""
    return f"loketk{_hash('key', key)}"


def requester_token(requester_id: str) -> str:
    """The same as `requester_label` as one word."""
    return f"loketr{_hash('requester', requester_id)[:20]}"


def labels(key: str, requester_id: str) -> Sequence[str]:
    """All labels of a new ticket; none for a requester that a field names."""
    return [FILED, key_label(key), *([requester_label(requester_id)] if requester_id else [])]


def footer(name: str, requester_id: str, key: str = "") -> str:
    """The last lines of a description: for whom, and with a `key` the words that labels would be."""
    line = f"Filed through Loket for {one_line(name)[:200] or 'somebody'} ({requester_id})"
    return f"{line}\nLoket {key_token(key)} {requester_token(requester_id)}" if key else line


def tokens(description: str) -> frozenset[str]:
    """The words of ours in the last line, and nowhere else: above it people write what they like."""
    match = _TOKENS.fullmatch(_last_line(description))
    return frozenset(match.groups()) if match else frozenset()


def without_footer(description: str) -> str:
    """The description as its writer meant it."""
    for pattern in (_TOKENS, _FOR):
        if pattern.fullmatch(_last_line(description)):
            description = description.rstrip().rpartition("\n")[0].rstrip()
    return description


def signed(text: str, name: str, key: str) -> str:
    """A comment in somebody's name, with its mark as the last line."""
    return f"{text.rstrip()}\n\n{one_line(name)}\nLoket loketc{_hash('comment', key)}"


def is_comment(text: str, key: str) -> bool:
    """Whether a comment of ours is the one with this key."""
    match = _COMMENT.fullmatch(_last_line(text))
    return match is not None and match["token"] == f"loketc{_hash('comment', key)}"


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"loket:{kind}:{value}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
