"""The matter itself in what people type, without the words that only ask for it: "please open a ticket for …"."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from core.own_yaml import load_yaml

LINE = 200
TEXT = 4_000


def subject(text: str) -> str:
    """One line that says what is wrong or wanted; empty when the text only asks for a ticket."""
    flat = " ".join(text.split())
    if _pattern("only_asks").fullmatch(flat):
        return ""
    matter = _pattern("bare").sub("", opening_pattern().sub("", flat)).strip(" .,:;-")
    without_end = _pattern("request_after").sub("", matter).strip(" .,:;-")
    return (without_end or matter)[:LINE].strip()


def remark(text: str) -> str:
    """What is to be added to something that is named before it: behind "IT-104 that …", "IT-104: …"; else empty."""
    flat = text.strip()
    for name in ("remark", "remark_before"):
        if match := _pattern(name).search(flat):
            said = match["said"].strip(" ,;:-")
            if len(said.split()) > 1 or name == "remark":
                return said[:TEXT].strip()
    return ""


@cache
def opening_pattern() -> re.Pattern[str]:
    """ "Please open a ticket for" at the beginning of a message."""
    return _pattern("opening")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_written()[name], re.IGNORECASE | re.DOTALL | re.VERBOSE)


@cache
def _written() -> dict[str, str]:
    written: dict[str, str] = load_yaml(Path(__file__).with_name("matter.yaml").read_text(encoding="utf-8"))
    return written
