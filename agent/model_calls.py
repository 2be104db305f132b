"""A call of a model seen from outside: its span, its seconds and tokens and, only where that is set, masked texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from agent.masking import Masker
from agent.parts import TurnParts
from agent.secrets_in_text import cover_secrets
from core.chat import ChatMessage, ChatModel, ModelTurn
from core.tracing import Seen, span

Answered = Callable[[ModelTurn], None]


@contextmanager
def model_call(
    parts: TurnParts, model: ChatModel, event_id: str, sent: Sequence[ChatMessage], masker: Masker
) -> Iterator[Answered]:
    """A span for the time of the block, which says what the model answered by calling what it is given."""
    began = time.perf_counter()
    provider = "loket" if model is parts.fallback else "openai"  # the protocol, whoever speaks it
    with span(f"chat {model.name}", event_id=event_id, operation="chat", provider=provider, model=model.name) as seen:

        def answered(spoken: ModelTurn) -> None:
            parts.measures.model_called(model.name, time.perf_counter() - began, spoken.tokens_in, spoken.tokens_out)
            seen.set(tokens_in=spoken.tokens_in or None, tokens_out=spoken.tokens_out or None)
            if seen.keeps_texts:
                _keep_texts(seen, sent, spoken, masker)

        yield answered


def _keep_texts(seen: Seen, sent: Sequence[ChatMessage], spoken: ModelTurn, masker: Masker) -> None:
    """Masked also where the model itself may see everything: whoever reads traces is somebody else."""

    def covered(text: str) -> str:
        return cover_secrets(masker.mask(text))

    def whole(message: ChatMessage | ModelTurn) -> str:
        return covered(" ".join([message.text, *(f"{call.name} {call.arguments}" for call in message.tool_calls)]))

    seen.set_texts([(message.role, whole(message)) for message in sent], whole(spoken))
