"""One call to the Web API as its method sees it: checked arguments, and for whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from simulators.slack.records import Token
from simulators.slack.refusal import SlackRefusal
from simulators.slack.scopes import ROOM_SCOPES

Json = dict[str, Any]


@dataclass(slots=True)
class Ask:
    """A call: its method, its arguments, and the token it came with (None: a method that needs none)."""

    method: str
    args: Json
    token: Token | None
    team: str

    def text(self, name: str, error: str = "invalid_arguments") -> str:
        """A text that must be there."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            raise SlackRefusal(error, f"[ERROR] missing required field: {name}")
        return value

    def maybe(self, name: str) -> str:
        """A text that may be there, else empty."""
        value = self.args.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise SlackRefusal("invalid_arguments", f"[ERROR] must be a string: {name}")
        return value

    def flag(self, name: str) -> bool | None:
        """Yes or no, None when it is not said."""
        value = self.args.get(name)
        if value is None or isinstance(value, bool):
            return value
        return str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number, at most `most`."""
        try:
            return max(1, min(most, int(self.args.get(name, default))))
        except (TypeError, ValueError):
            raise SlackRefusal("invalid_arguments", f"[ERROR] must be a number: {name}") from None

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """A list or object, given as such or as JSON text; None when it is not there."""
        value = self.args.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value) if value else None
            except ValueError:
                raise SlackRefusal(error) from None
        return value

    def must_hold(self, *scopes: str) -> None:
        """Refuse the call when the token holds none of the scopes."""
        held = self.token.scopes if self.token else frozenset()
        if scopes and not any(scope in held for scope in scopes):
            raise SlackRefusal("missing_scope", needed=scopes[0], provided=",".join(sorted(held)))

    def must_hold_for(self, use: str, kind: str) -> None:
        """Refuse the call when the token may not `history` or `read` a kind of conversation."""
        self.must_hold(ROOM_SCOPES[use][kind])
