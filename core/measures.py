"""The port for metrics: packages report what happened, without knowing who counts it."""

from __future__ import annotations

from typing import Protocol


class Measures(Protocol):
    """Told when something happened; counts it. Never raises, never waits. No argument is an id or a text of a person.

    Times are seconds.
    """

    def received(self, channel: str, seconds: float, *, new: bool) -> None:
        """An event was stored, after `seconds`; not `new` when it was there before."""

    def first_sentence(self, channel: str, seconds: float) -> None:
        """The first checked sentence of an answer was shown, so long after its turn began."""

    def model_called(self, model: str, seconds: float, tokens_in: int, tokens_out: int) -> None:
        """A model gave an answer."""

    def model_failed(self, model: str, reason: str) -> None:
        """A language model was given up for the rest of a turn; `reason` is one of few words, or an error's type."""

    def tool_called(self, tool: str, result: str) -> None:
        """A registered tool was called in a turn: `found`, `drafted`, `refused`, `failed` or `retried`."""

    def action_started(self, tool: str, seconds: float) -> None:
        """An approved action was claimed, so long after the last yes."""

    def delivered(self, channel: str, result: str) -> None:
        """A reply or notice was sent (`sent`), will be tried again (`failed`), or was given up (`given_up`)."""

    def swept(self, seconds: float, *, failed: bool) -> None:
        """One round of the sweep."""


class Relay:
    """Implements `Measures` for those who listen, if anybody does: rooms are built before it is known who counts."""

    def __init__(self) -> None:
        self.listeners: list[Measures] = []

    def received(self, channel: str, seconds: float, *, new: bool) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.received(channel, seconds, new=new)

    def first_sentence(self, channel: str, seconds: float) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.first_sentence(channel, seconds)

    def model_called(self, model: str, seconds: float, tokens_in: int, tokens_out: int) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.model_called(model, seconds, tokens_in, tokens_out)

    def model_failed(self, model: str, reason: str) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.model_failed(model, reason)

    def tool_called(self, tool: str, result: str) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.tool_called(tool, result)

    def action_started(self, tool: str, seconds: float) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.action_started(tool, seconds)

    def delivered(self, channel: str, result: str) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.delivered(channel, result)

    def swept(self, seconds: float, *, failed: bool) -> None:
        """See `Measures`."""
        for listener in self.listeners:
            listener.swept(seconds, failed=failed)
