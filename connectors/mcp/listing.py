"""The tools that a server has, as it wrote them, and how one of them differs from what was pinned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from core.errors import ConnectorError

MOST_FIELDS = 20


class ToolChanged(ConnectorError):
    """An admin acts: the server's tool is no longer the one that was released. Nothing was sent.

    `detail` is the sentence that `changes` gives.
    """


@dataclass(frozen=True, slots=True)
class Listing:
    """What `tools/list` gave: the whole object of each tool, in the server's order. `protocol` and `server_info` are
    what the server says of itself: information, no more."""

    tools: tuple[Mapping[str, Any], ...]
    protocol: str = ""
    server_info: Mapping[str, Any] = field(default_factory=dict)

    def named(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Every tool of that name: there should be one."""
        return tuple(tool for tool in self.tools if tool.get("name") == name)


def changes(pinned: Mapping[str, Any], listing: Listing) -> str:
    """What of the pinned tool is different now, in one line for an admin; empty when nothing is. Every field counts,
    also those that no version of the protocol knows. That the server has other tools as well is no difference."""
    name = str(pinned.get("name", ""))
    found = listing.named(name)
    if not found:
        return f"the server no longer has the tool {name!r}"
    if len(found) > 1:
        return f"the server has {len(found)} tools named {name!r}: nobody can say which one would run"
    now = found[0]
    different = sorted(key for key in {*pinned, *now} if _exact(pinned, key) != _exact(now, key))
    if not different:
        return ""
    # What a server calls its fields is text of the server's: shown so that nothing in it can hide.
    named = ", ".join(ascii(str(key)[:60])[1:-1] for key in different[:MOST_FIELDS])
    return f"the server changed {named} of its tool {name!r}"


def exact(value: object) -> bytes:
    """One form for one JSON value. Raises `ConnectorError` for a value that has none."""
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError, TypeError):
        raise ConnectorError("mcp", "the server describes a tool with a value that cannot be kept exactly") from None


def _exact(tool: Mapping[str, Any], key: str) -> bytes:
    """The field in its one form; empty where it is not there, which no value is."""
    return exact(tool[key]) if key in tool else b""
