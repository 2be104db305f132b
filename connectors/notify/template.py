"""The body of a gateway's request: parsed once as JSON, then filled value by value. No value can change its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

GAPS = ("to", "to_digits", "sender", "text", "key")
"""What can be filled in: the number with and without its plus, who it is from, the text, the idempotency key."""

_GAP = re.compile(r"\{([a-z_]*)\}")


class Template:
    """A parsed body. `problems` has looked at it before, so what is wrong with it is said at start-up."""

    def __init__(self, text: str) -> None:
        self._shape: dict[str, Any] = json.loads(text)

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """A new body with the values in the gaps. What stands in a value is never taken for a gap."""
        filled: dict[str, Any] = _filled(self._shape, values)
        return filled

    @staticmethod
    def problems(text: str, *, flat: bool, sender: bool) -> list[str]:
        """What keeps a text from being a template, in sentences. `flat`: it is for a form. `sender`: one is set."""
        try:
            shape = json.loads(text)
        except (ValueError, RecursionError):
            return ['LOKET_SMS_TEMPLATE is not JSON; gaps stand in quotes, as in {"to": "{to}"}']
        if not isinstance(shape, dict):
            return ["LOKET_SMS_TEMPLATE must be a JSON object"]
        if flat and not all(isinstance(value, str) for value in shape.values()):
            return ["LOKET_SMS_TEMPLATE for a form holds texts only, in one level"]
        if any(_GAP.search(name) for name in _names(shape)):
            return ["LOKET_SMS_TEMPLATE has a gap in a name; only values can be filled in"]
        found = {gap for value in _texts(shape) for gap in _GAP.findall(value)}
        return list(_of_the_gaps(found, sender))


def _of_the_gaps(found: set[str], sender: bool) -> Iterator[str]:
    if unknown := sorted(found - set(GAPS)):
        yield f"LOKET_SMS_TEMPLATE has the gap {{{unknown[0]}}}; there are {', '.join(f'{{{gap}}}' for gap in GAPS)}"
    if not found & {"to", "to_digits"} or "text" not in found:
        yield "LOKET_SMS_TEMPLATE needs {text}, and {to} or {to_digits}"
    if sender and "sender" not in found:
        yield "LOKET_SMS_SENDER is set but LOKET_SMS_TEMPLATE has no {sender}"


def _filled(shape: Any, values: Mapping[str, str]) -> Any:
    if isinstance(shape, dict):
        inside = {name: _filled(value, values) for name, value in shape.items()}
        # Nobody is named as the sender: the gateway's own applies where the field is missing, not where it is empty.
        return {name: value for name, value in inside.items() if value or shape[name] != "{sender}"}
    if isinstance(shape, list):
        return [_filled(value, values) for value in shape]
    if isinstance(shape, str):
        return _GAP.sub(lambda match: values[match.group(1)], shape)
    return shape


def _names(shape: Any) -> Iterator[str]:
    if isinstance(shape, dict):
        yield from shape
        for value in shape.values():
            yield from _names(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from _names(value)


def _texts(shape: Any) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif isinstance(shape, dict | list):
        for value in shape.values() if isinstance(shape, dict) else shape:
            yield from _texts(value)
