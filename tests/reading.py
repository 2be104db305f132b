"""Reading what the desk for tests recorded: replies as a person takes them in, and secrets in their disguises."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.chat import ChatMessage, ChatModel, ModelTurn, StreamingModel, TextDelta, ToolSchema
from core.outcomes import Outcome
from core.replies import Reply

UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass
class RecordingModel:
    """Any model, with everything it was shown."""

    inner: ChatModel
    shown: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The wrapped model's."""
        return self.inner.name

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """What the wrapped model says."""
        self.shown.append(f"{messages!r} {tools!r}")
        return await self.inner.complete(messages, tools)


@dataclass
class RecordingStream(RecordingModel):
    """The same for a model that can be read while it writes."""

    async def stream(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]
    ) -> AsyncIterator[TextDelta | ModelTurn]:
        """What the wrapped model writes."""
        assert isinstance(self.inner, StreamingModel)
        self.shown.append(f"{messages!r} {tools!r}")
        async for part in self.inner.stream(messages, tools):
            yield part


def recording(model: ChatModel) -> RecordingModel:
    """A model with everything it is shown remembered; it streams if it could."""
    return RecordingStream(model) if isinstance(model, StreamingModel) else RecordingModel(model)


def outcome_of(replies: Sequence[Reply]) -> Outcome | None:
    """How the turn ended that these replies came of."""
    return next((reply.outcome for reply in reversed(replies) if reply.outcome), None)


def text_of(replies: Iterable[Reply]) -> str:
    """Everything that was said, the facts on cards and the quotes of citations included."""
    lines: list[str] = []
    for reply in replies:
        lines += [reply.text, *(citation.quote for citation in reply.citations)]
        if reply.card:
            lines += [reply.card.title, reply.card.note, *(f"{fact.label}: {fact.value}" for fact in reply.card.facts)]
    return "\n".join(lines)


def disguises(secret: str) -> frozenset[str]:
    """A text as it is, backwards, and as Base64 (at any offset), hexadecimal or a URL would hold it."""
    raw = secret.encode()
    inner = {_base64_inside(raw, offset) for offset in range(3)}
    inner |= {text.replace("+", "-").replace("/", "_") for text in inner}
    percent = "".join(f"%{byte:02X}" for byte in raw)
    plain = {secret, secret[::-1], raw.decode("latin-1")}
    return frozenset({*plain, raw.hex(), raw.hex().upper(), percent, percent.lower(), *inner})


def holds(text: str, secret: str) -> bool:
    """Whether a text holds a secret, in any disguise, characters that nobody sees taken out or not."""
    return any(form(secret).search(variant) is not None for variant in (text, UNSEEN.sub("", text)))


@lru_cache(maxsize=64)
def form(secret: str) -> re.Pattern[str]:
    """All disguises as one pattern. Six digits within a longer number, a hash or a time are no code."""
    whole = {secret, secret[::-1]} if secret.isdigit() else set()
    inside = [re.escape(text) for text in disguises(secret) - whole]
    return re.compile("|".join([*inside, *(rf"(?<![0-9A-Fa-f.]){text}(?![0-9A-Fa-f])" for text in whole)]))


def _base64_inside(raw: bytes, offset: int) -> str:
    """The characters that Base64 has for `raw` wherever it stands, whatever stands around it."""
    coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
    begin = (offset * 8 + 5) // 6
    end = (offset + len(raw)) * 8 // 6
    return coded[begin:end]
