"""Entries taken out of an answer as octets, once.

The LDAP library also makes text of every value, in an order of encodings, and keeps both: more than half of the time
that a page of people took.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENTRY = 4
_VALUE = 3
"""Where the library's decoder keeps the value of what it decoded: class, constructed, type, value."""


def decode_lean(strategy: Any) -> None:
    """From here on this strategy of a connection makes `type`, `dn` and `raw_attributes` of an entry, and no more."""
    decode = strategy.decode_response_fast

    def lean(message: Mapping[str, Any]) -> dict[str, Any]:
        if message["protocolOp"] != _ENTRY:
            whole: dict[str, Any] = decode(message)
            return whole
        name, attributes = message["payload"]
        return {
            "type": "searchResEntry",
            "dn": name[_VALUE].decode("utf-8", "replace"),
            "raw_attributes": dict(_attribute(one[_VALUE]) for one in attributes[_VALUE]),
        }

    strategy.decode_response_fast = lean


def _attribute(pair: Any) -> tuple[str, list[bytes]]:
    name, values = pair
    return name[_VALUE].decode("utf-8", "replace"), [value[_VALUE] for value in values[_VALUE]]
