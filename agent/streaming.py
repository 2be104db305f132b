"""An answer while it is being written: finished sentences are cut from the stream, checked, and only then shown.

What is shown is a preview. The whole answer is checked again and committed; it is what counts (`agent/record.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from agent.answer_check import Source, Supported, check_sentence, written_sentences
from agent.compose import is_private
from agent.settings import AgentSettings
from agent.state import Asked, Gathered
from agent.stream_cutting import Cutting
from core.chat import ModelTurn, TextDelta
from core.errors import LoketError, ModelError
from core.events import Message
from core.plain_text import visible
from core.ports import Live

log = structlog.get_logger(__name__)
QUIET_SECONDS = 0.12
"""When nothing comes for so long behind a sentence with its source, no other source of it will."""
SHOW_SECONDS = 1.0
"""How long a channel may take to show one sentence; after that it is shown no more of this answer."""


class Preview:
    """One answer of a model, shown as far as it is checked. Use it for one stream; `withdraw` when it came to nothing.

    `restore` turns what the model wrote into what a person may read. Nothing is shown twice or out of order. `first_at`
    is when the first sentence was shown, in seconds of `time.monotonic`.
    """

    def __init__(
        self, live: Live, asked: Asked, sources: Sequence[Source], language: str, restore: Callable[[str], str]
    ) -> None:
        self._live: Live | None = live
        self._message = asked.message
        self._sources = sources
        self._language = language
        self._cutting = Cutting(lambda raw: written_sentences(visible(restore(raw))))
        self._numbers: dict[int, int] = {}
        self._shown = 0
        self.first_at: float | None = None

    async def read(self, stream: AsyncIterator[TextDelta | ModelTurn]) -> ModelTurn:
        """The whole turn, while its sentences are shown. Raises `ModelError`; then what was shown is withdrawn."""
        try:
            turn = await self._read(stream)
        except BaseException:  # also when the turn runs out of time: nothing half may stay
            await self.withdraw()
            raise
        if turn.tool_calls:
            await self.withdraw()
        return turn

    @property
    def is_seen(self) -> bool:
        """Whether something was shown that still stands."""
        return self._live is not None and self._shown > 0

    async def withdraw(self) -> None:
        """Take back what was shown, if anything was."""
        seen, live, self._live = self.is_seen, self._live, None
        if live is not None and seen:
            await _told(live.withdraw(self._message), self._message)

    async def _read(self, stream: AsyncIterator[TextDelta | ModelTurn]) -> ModelTurn:
        turn: ModelTurn | None = None
        parts = _with_pauses(stream, lambda: self._cutting.may_be_closed)
        try:
            async for part in parts:
                if isinstance(part, ModelTurn):
                    turn = part
                    await self._show(self._cutting.rest())
                else:
                    await self._show(self._cutting.add(part.text) if part else self._cutting.rest())
        finally:
            await parts.aclose()
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
        if turn is None:
            raise ModelError("the stream ended without a turn")
        return turn

    async def _show(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            if self._live is None:
                return
            # In a thread: a check may compare meanings, and the stream must be read on.
            verdict = await asyncio.to_thread(check_sentence, sentence, self._sources, self._language)
            if isinstance(verdict, Supported) and verdict.number:
                number = self._numbers.setdefault(verdict.number, len(self._numbers) + 1)
                self._shown += 1
                self.first_at = self.first_at or time.monotonic()
                text = f"{verdict.sentence} [{number}]"
                if not await _told(self._live.sentence(self._message, text), self._message):
                    await self.withdraw()


@asynccontextmanager
async def thinking(live: Live | None, message: Message) -> AsyncIterator[None]:
    """Tell the channel that the desk has begun to think, beside the work of the block: it never waits for the channel.

    A turn that ends before the channel took it leaves it untold: the answer says more.
    """
    if live is None:
        yield
        return
    telling = asyncio.create_task(_told(live.begun(message), message))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})
        if not telling.cancelled() and telling.exception() is not None:
            log.error("preview_failed", event_id=message.event_id, error=type(telling.exception()).__name__)


async def withdraw_seen(live: Live | None, message: Message) -> None:
    """Take back what was shown of an answer whose turn is thrown away."""
    if live is not None:
        await _told(live.withdraw(message), message)


def may_be_shown(asked: Asked, gathered: Gathered, settings: AgentSettings) -> bool:
    """Whether an answer from what was gathered may be seen by all who read along, whichever passage it cites."""
    return not is_private(asked, gathered, (), settings)


async def _with_pauses(
    stream: AsyncIterator[TextDelta | ModelTurn], waits: Callable[[], bool]
) -> AsyncGenerator[TextDelta | ModelTurn | None, None]:
    """The parts of a stream, and None when none came for a while although somebody `waits` for that."""
    part: TextDelta | ModelTurn | None = None
    while True:
        pending = asyncio.ensure_future(anext(stream, None))
        try:
            if waits() and not (await asyncio.wait({pending}, timeout=QUIET_SECONDS))[0]:
                yield None
            part = await pending
        finally:
            if not pending.done():
                pending.cancel()
                await asyncio.wait({pending})
        if part is None:
            return
        yield part


async def _told(telling: Coroutine[Any, Any, None], message: Message) -> bool:
    """Whether the channel took it. A channel in trouble costs the preview, never the answer."""
    try:
        async with asyncio.timeout(SHOW_SECONDS):
            await telling
    except (LoketError, OSError, TimeoutError) as error:
        log.warning("preview_failed", event_id=message.event_id, error=type(error).__name__)
        return False
    return True
