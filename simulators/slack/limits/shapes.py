"""How a limit is written down: small checks that are put together, each telling what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str, list[str]], None]
"""Looks at a value and its place (`/0/text`), and adds what is wrong to a list."""

Fields = Mapping[str, Check]


def wrong(what: str, where: str) -> str:
    """A complaint in Slack's form, with the place as a JSON pointer."""
    return f"[ERROR] {what} [json-pointer:/blocks{where}]"


def string(longest: int, shortest: int = 0) -> Check:
    """A text of a limited length, in characters."""

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if not isinstance(value, str):
            wrongs.append(wrong("must be a string", where))
        elif len(value) > longest:
            wrongs.append(wrong(f"must be less than {longest + 1} characters", where))
        elif len(value) < shortest:
            wrongs.append(wrong(f"must be more than {shortest - 1} characters", where))

    return check


def one_of(*allowed: Any) -> Check:
    """One of a few values."""

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if value not in allowed:
            wrongs.append(wrong(f"must be one of {', '.join(map(str, allowed))}", where))

    return check


def whole(least: int, most: int) -> Check:
    """A whole number within bounds."""

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            wrongs.append(wrong(f"must be a number from {least} to {most}", where))

    return check


def flag(value: Any, where: str, wrongs: list[str]) -> None:
    """True or false."""
    if not isinstance(value, bool):
        wrongs.append(wrong("must be a boolean", where))


def address(value: Any, where: str, wrongs: list[str]) -> None:
    """A web address of at most 3,000 characters."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://", "mailto:", "slack:", "tel:")):
        wrongs.append(wrong("must be a valid URL", where))
    elif len(value) > 3000:
        wrongs.append(wrong("must be less than 3001 characters", where))


def anything(value: Any, where: str, wrongs: list[str]) -> None:
    """A field that Slack knows and this simulator does not look into."""


def unknown(value: Any, where: str, wrongs: list[str]) -> None:
    """A field that Slack does not know."""
    wrongs.append(wrong("invalid additional property", where))


def several(each: Check, most: int, least: int = 1) -> Check:
    """A list with a limited number of items."""

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if not isinstance(value, list):
            wrongs.append(wrong("must be an array", where))
            return
        if len(value) > most:
            wrongs.append(wrong(f"no more than {most} items allowed", where))
        if len(value) < least:
            wrongs.append(wrong(f"no fewer than {least} items allowed", where))
        for number, item in enumerate(value):
            each(item, f"{where}/{number}", wrongs)

    return check


def shape(required: Fields, optional: Fields | None = None) -> Check:
    """An object with exactly these fields: others are refused, as Slack does."""
    known = {"type": anything, **(optional or {}), **required}

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if not isinstance(value, dict):
            wrongs.append(wrong("must be an object", where))
            return
        for name in required:
            if name not in value:
                wrongs.append(wrong(f"missing required field: {name}", where))
        for name, inner in value.items():
            known.get(name, unknown)(inner, f"{where}/{name}", wrongs)

    return check


def by_type(kinds: Mapping[str, Check], what: str = "type") -> Check:
    """An object whose `type` says which of several shapes it has."""

    def check(value: Any, where: str, wrongs: list[str]) -> None:
        if not isinstance(value, dict):
            wrongs.append(wrong("must be an object", where))
            return
        kind = value.get("type")
        chosen = kinds.get(kind) if isinstance(kind, str) else None
        if chosen is None:
            wrongs.append(wrong(f"unsupported {what}: {kind}", where))
        else:
            chosen(value, where, wrongs)

    return check
