"""Templates of a form's ticket: values are put in their places as data, and nothing in a value makes a line of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.plain_text import one_line
from tools.texts import quoted

_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")
_SPLIT = re.compile(r"\n|\r")


def places(template: str) -> tuple[str, ...]:
    """The names of the places in a template. Raises ValueError for a brace that is no place."""
    left = _PLACE.sub("", template)
    if "{" in left or "}" in left:
        raise ValueError("ticket: a brace stands around nothing but the name of a field, as in {reason}")
    return tuple(_PLACE.findall(template))


def in_one_line(template: str, values: Mapping[str, str]) -> str:
    """The template with its values on one line. A value that holds `{other}` stays as it is: one pass."""
    return one_line(_PLACE.sub(lambda match: one_line(values.get(match[1], "")), template))


def in_lines(template: str, values: Mapping[str, str]) -> str:
    """The template with its values; one of several lines stands below, each line behind a bar."""
    return _PLACE.sub(lambda match: as_data(values.get(match[1], "")), template).strip()


def as_data(value: str) -> str:
    """A value within other text: one line, or lines that all begin with a bar."""
    if len(one_line(value)) and not _SPLIT.search(value.strip()):
        return one_line(value)
    return f"\n{quoted(value)}\n" if one_line(value) else "-"
