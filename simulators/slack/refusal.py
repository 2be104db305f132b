"""How the simulated Slack says no: its own error names."""

from __future__ import annotations

from typing import Any


class SlackRefusal(Exception):
    """A call is refused: `{"ok": false, "error": …}`, with what Slack adds to it."""

    def __init__(self, error: str, *messages: str, **more: Any) -> None:
        super().__init__(error, *messages)
        self.error = error
        self.messages = messages
        self.more = more

    def body(self) -> dict[str, Any]:
        """The answer as Slack gives it."""
        body: dict[str, Any] = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body


class NothingToPress(LookupError):
    """A person looked for a button, a field or a form that is not on their screen."""
