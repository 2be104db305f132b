"""Messages that a person sends on: Slack puts them beside the person's own words, as attachments of the older kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.plain_text import one_line
from slack_app.shapes import Json, is_set, parts_of, text_of

MOST = 5
AUTHOR = 80


@dataclass(frozen=True, slots=True)
class PassedOn:
    """One message of somebody else. `written` is Slack's own markup, `author` the name that Slack shows for them."""

    author: str
    written: str
    files: Sequence[Json]


def passed_on(said: Json) -> tuple[PassedOn, ...]:
    """What was sent on with a message; previews of links are nothing that a person said. Raises `Malformed`."""
    shares = [one for one in parts_of(said, "attachments") if is_set(one, "is_share")]
    return tuple(
        PassedOn(
            one_line(text_of(one, "author_name"))[:AUTHOR],
            text_of(one, "text") or text_of(one, "fallback"),
            parts_of(one, "files"),
        )
        for one in shares[:MOST]
    )


def quoted(text: str, author: str) -> str:
    """Words of somebody else, marked as such: they never pass for a yes or a no of whoever sends them on."""
    whole = f"{author}: {text}" if author else text
    return "\n".join(f"> {line}" for line in whole.split("\n")) if text else ""
