"""How soon a checked sentence can be seen after a language model has written it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.data_text import read_passages
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolCall, ToolSchema
from loket.bench import Row, milliseconds
from loket.bootstrap import build
from loket.desk.asking import Asker
from loket.recording import RecordingChannel
from loket.settings import Settings
from loket.terminal.channel import NAME
from policies.sentences import sentences

QUESTIONS = (
    "How many hours of annual leave do I get?",
    "How do I report a phishing mail?",
    "May I accept a gift?",
    "How many days a week may I work from home?",
    "What do I do when I am ill?",
)
WORD_SECONDS = 0.03
"""About what a model of 20 to 40 tokens a second takes for a word."""


@dataclass
class Trickling:
    """A stand-in for a language model: searches, then copies two sentences of the first passage, word by word.

    `written`: when each sentence was whole, its source included, in seconds of `time.monotonic`.
    """

    name: str = "trickling"
    written: list[float] = field(default_factory=list)

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """Search for the question."""
        question = messages[-1].text.replace('"', "'")
        return ModelTurn("", (ToolCall("bench", "search_policies", f'{{"question": "{question}"}}'),))

    async def stream(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]
    ) -> AsyncIterator[TextDelta | ModelTurn]:
        """The two sentences. Behind the first nothing comes for a while, as when a server is busy."""
        passage = read_passages(messages[-1].text)[0]
        picked = [sentence for sentence in sentences(passage.text) if len(sentence.split()) > 4][:2]
        whole = [f"{sentence} [{passage.number}]" for sentence in picked]
        for number, sentence in enumerate(whole):
            for word in sentence.split(" "):
                await asyncio.sleep(WORD_SECONDS)
                yield TextDelta(f"{word} " if word != f"[{passage.number}]" else word)
            self.written.append(time.monotonic())
            await asyncio.sleep(0.5 if number == 0 else 0)
            yield TextDelta(" ")
        yield ModelTurn(" ".join(whole))


async def preview_speed(settings: Settings, samples: Path, rounds: int) -> list[Row]:
    """Each question so many times; every sentence is timed from its last letter to its showing."""
    model, channel = Trickling(), RecordingChannel(NAME)
    counter = build(settings, model=model, channels=(channel,))
    delays: list[float] = []
    written = 0
    await counter.start()
    try:
        await counter.library.ingest(samples)
        await counter.warm()
        asker = Asker(counter, seconds=60)
        for _ in range(rounds):
            for question in QUESTIONS:
                model.written.clear()
                channel.streamed.clear()
                await asker.ask("E1002", question)
                written += len(model.written)
                shown = [one.at for one in channel.streamed if one.text]
                delays += [seen - done for seen, done in zip(shown, model.written, strict=False)]
    finally:
        await counter.stop()
    slowest = f"{milliseconds(delays)}, slowest {max(delays) * 1000:.0f} ms"
    return [
        Row(f"preview, {len(delays)} of {written} sentences shown", slowest, "at most 300 ms"),
    ]
