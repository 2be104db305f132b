"""Spans: what one event led to, how long each part took and how it ended; never what anybody said.

Nothing is recorded until `recording_spans` says where (`loket/telemetry/tracing.py`). All spans of one event share one
trace, whichever process makes them and whenever: its id is derived from the event id, so nothing is carried along.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the library is loaded when spans are first recorded: most commands record none
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer

Value = str | int | float | bool | None
MAX_VALUE = 200
MAX_TEXT = 20_000

# Whatever is not in this list is left out: a text, a name or an address cannot slip in by accident. The names are those
# of OpenTelemetry where it has one: https://github.com/open-telemetry/semantic-conventions-genai (in development), and
# https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/.
ATTRIBUTES: Mapping[str, str] = {
    "event_id": "loket.event.id",
    "action_id": "loket.action.id",
    "outbox_id": "loket.outbox.id",
    "channel": "loket.channel",
    "kind": "loket.kind",
    "new": "loket.new",
    "repeated": "loket.repeated",
    "outcome": "loket.outcome",
    "result": "loket.result",
    "state": "loket.state",
    "model": "gen_ai.request.model",
    "operation": "gen_ai.operation.name",
    "provider": "gen_ai.provider.name",
    "tokens_in": "gen_ai.usage.input_tokens",
    "tokens_out": "gen_ai.usage.output_tokens",
    "tool": "gen_ai.tool.name",
    "passages": "loket.search.passages",
    "error": "error.type",
}


@dataclass(frozen=True, slots=True)
class Recorder:
    """Where spans go. `transactions`: each database transaction within a span, too. `texts`: masked texts of models."""

    tracer: Tracer
    transactions: bool = False
    texts: bool = False


class Seen:
    """A span that is being made, or none: then all of this does nothing."""

    __slots__ = ("_span", "keeps_texts")

    def __init__(self, span: Span | None = None, *, keeps_texts: bool = False) -> None:
        self._span = span
        self.keeps_texts = keeps_texts

    def set(self, **attributes: Value) -> None:
        """Add what is known by now. A name that is not in `ATTRIBUTES` is left out, and so is None."""
        if self._span is None:
            return
        for name, value in attributes.items():
            if name in ATTRIBUTES and value is not None:
                self._span.set_attribute(ATTRIBUTES[name], value[:MAX_VALUE] if isinstance(value, str) else value)

    def set_texts(self, prompt: Sequence[tuple[str, str]], reply: str) -> None:
        """Keep what a model was shown, as (role, text), and what it said: masked by the caller, and only if wanted."""
        if self._span is None or not self.keeps_texts:
            return
        self._span.set_attribute("gen_ai.input.messages", _as_messages(prompt))
        self._span.set_attribute("gen_ai.output.messages", _as_messages([("assistant", reply)]))

    def fail(self, error: BaseException) -> None:
        """It ended with this error: its type is kept, never its message, which may quote anything."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self.set(error=type(error).__name__)
            self._span.set_status(StatusCode.ERROR)


class _Nothing(AbstractContextManager[Seen]):
    """What `span` gives while nothing is recorded: made once, so that it costs nothing."""

    _seen = Seen()

    def __enter__(self) -> Seen:
        return self._seen

    def __exit__(self, *_: object) -> None:
        return None


class _Process:
    """What this process records; a process has one recorder as it has one log."""

    recorder: Recorder | None = None


_NOTHING = _Nothing()


@contextmanager
def recording_spans(recorder: Recorder | None) -> Iterator[None]:
    """Record the spans of the block, of all threads of the process."""
    before, _Process.recorder = _Process.recorder, recorder
    try:
        yield
    finally:
        _Process.recorder = before


def is_recording() -> bool:
    """Whether spans are recorded at all: ask before looking something up for one."""
    return _Process.recorder is not None


def span(name: str, *, event_id: str = "", **attributes: Value) -> AbstractContextManager[Seen]:
    """A span for the time of the block: part of the trace of `event_id`, or without one of the span around it.

    `attributes` are keys of `ATTRIBUTES`. An exception passes through; its type is recorded.
    """
    recorder = _Process.recorder
    if recorder is None:
        return _NOTHING
    return _recorded(recorder, name, event_id, attributes)


def transaction_span() -> AbstractContextManager[Seen]:
    """A span for one database transaction, where these are wanted and some span is around it."""
    recorder = _Process.recorder
    if recorder is None or not recorder.transactions:
        return _NOTHING
    from opentelemetry.trace import get_current_span

    return _recorded(recorder, "transaction", "", {}) if get_current_span().is_recording() else _NOTHING


def context_of(event_id: str) -> SpanContext:
    """The place that all spans of an event hang on: 16 bytes of SHA-256 for the trace, 8 for a parent nobody made."""
    from opentelemetry.trace import SpanContext, TraceFlags

    digest = hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@contextmanager
def _recorded(recorder: Recorder, name: str, event_id: str, attributes: Mapping[str, Value]) -> Iterator[Seen]:
    around = _around(event_id) if event_id else None
    with recorder.tracer.start_as_current_span(
        name, context=around, record_exception=False, set_status_on_exception=False
    ) as made:
        seen = Seen(made, keeps_texts=recorder.texts)
        seen.set(event_id=event_id or None, **attributes)
        try:
            yield seen
        except BaseException as error:
            seen.fail(error)
            raise


def _around(event_id: str) -> Context | None:
    """None where the span around it is of the same event already."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, get_current_span, set_span_in_context

    place = context_of(event_id)
    if get_current_span().get_span_context().trace_id == place.trace_id:
        return None
    return set_span_in_context(NonRecordingSpan(place), Context())


def _as_messages(said: Sequence[tuple[str, str]]) -> str:
    """The JSON that the conventions for generative AI give to messages."""
    messages = [{"role": role, "parts": [{"type": "text", "content": text[:MAX_TEXT]}]} for role, text in said]
    return json.dumps(messages, ensure_ascii=False)
