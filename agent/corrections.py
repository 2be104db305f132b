"""Whether a message takes back part of what was asked before: "no, tomorrow", "nee, Jan van Dijk bedoel ik"."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from core.own_yaml import load_yaml

LONGEST = 200


def correction_in(text: str) -> str | None:
    """What the message puts in place of something said before; None when it is no correction."""
    flat = " ".join(text.split())
    if len(flat) > LONGEST:
        return None
    if match := _pattern("not_but").search(flat):
        return _bare(match["said"])
    for name in ("before", "denied"):
        if match := _pattern(name).match(flat):
            return _bare(flat[match.end() :])
    return _bare(flat) if _pattern("telling_end").search(flat) else None


def _bare(said: str) -> str | None:
    """What is left of it; "no, also my mouse" adds a wish and corrects none."""
    plain = _pattern("after").sub("", said).strip(" ,.!:;-")
    return None if not plain or _pattern("adds").match(plain) else plain


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_written()[name], re.IGNORECASE | re.VERBOSE)


@cache
def _written() -> dict[str, str]:
    written: dict[str, str] = load_yaml(Path(__file__).with_name("corrections.yaml").read_text(encoding="utf-8"))
    return written
