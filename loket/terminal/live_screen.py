"""The checked sentences of an answer on a terminal, while it is being written; gone again when the reply is there."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from core.events import Message


class LiveScreen:
    """One growing answer at a time. On anything that is no terminal nothing is drawn: only the reply counts.

    `room`: the only room whose answers are shown; empty for all.
    """

    def __init__(self, console: Console, room: str = "") -> None:
        self._console = console
        self._room = room
        self._event_id = ""
        self._sentences: list[str] = []
        self._region: Live | None = None

    def watch(self, message: Message, text: str) -> None:
        """Takes what `TerminalChannel.watch` tells."""
        if not self._console.is_terminal or (self._room and message.address.room != self._room):
            return
        if message.event_id != self._event_id or not text:
            self.clear()
            self._event_id = message.event_id
        if text:
            self._sentences.append(text)
            self._draw()

    def clear(self) -> None:
        """Take the preview off the screen: the reply is about to be printed, or it was withdrawn."""
        if self._region is not None:
            self._region.stop()
        self._region = None
        self._sentences.clear()

    def _draw(self) -> None:
        if self._region is None:
            self._region = Live(console=self._console, transient=True, auto_refresh=False)
            self._region.start()
        self._region.update(Text(" ".join(self._sentences), style="dim"), refresh=True)
