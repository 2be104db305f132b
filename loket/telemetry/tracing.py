"""Sends spans to a collector: off unless an endpoint is set; a collector that is away costs a turn nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from core.tracing import Recorder, recording_spans
from loket.telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_SECONDS = 5.0
"""How long one delivery to the collector may take, its repeats included."""
STOP_SECONDS = 3.0
"""How long a process that stops waits for its last spans to leave."""
MAX_WAITING = 4096
"""Spans that wait for the collector; more are dropped, the oldest first."""
MAX_BATCH = 512


@contextmanager
def tracing(settings: TelemetrySettings, *, role: str = "", worker: str = "") -> Iterator[None]:
    """Record and send the spans of the block, as the settings say. Never raises for a collector that is away."""
    if not settings.otlp_endpoint:
        yield
        return
    if settings.capture_text:
        structlog.get_logger("loket.telemetry").warning("text_capture_enabled")
    with sending(batched(otlp_exporter(settings)), settings, role=role, worker=worker):
        yield


@contextmanager
def sending(
    processor: SpanProcessor, settings: TelemetrySettings, *, role: str = "", worker: str = ""
) -> Iterator[None]:
    """Record the spans of the block and hand each to `processor`, which is shut down at the end."""
    provider = provider_of(settings, role=role, worker=worker)
    provider.add_span_processor(processor)
    recorder = Recorder(provider.get_tracer("loket"), settings.transactions, settings.capture_text)
    try:
        with recording_spans(recorder):
            yield
    finally:
        # In a thread of its own: the library waits half a minute for a collector that hangs.
        stopping = threading.Thread(target=provider.shutdown, name="loket-spans", daemon=True)
        stopping.start()
        stopping.join(STOP_SECONDS)


def provider_of(settings: TelemetrySettings, *, role: str = "", worker: str = "") -> TracerProvider:
    """What makes spans. Which events are taken follows from their trace id, so all processes take the same."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    chosen = TraceIdRatioBased(settings.share)
    # Not `Resource.create`, which reads the environment and the command line of the process.
    resource = Resource({"service.name": "loket", "service.instance.id": worker, "loket.role": role})
    sampler = ParentBased(root=chosen, remote_parent_sampled=chosen)
    return TracerProvider(resource=resource, sampler=sampler, shutdown_on_exit=False)


def otlp_exporter(settings: TelemetrySettings) -> SpanExporter:
    """OTLP over HTTP, given up after `EXPORT_SECONDS`."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    endpoint = settings.otlp_endpoint.rstrip("/")
    endpoint = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
    token = settings.otlp_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=EXPORT_SECONDS)


def batched(exporter: SpanExporter) -> SpanProcessor:
    """Hands spans over in a thread of its own, from a queue that drops what it cannot hold."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(
        exporter, max_queue_size=MAX_WAITING, max_export_batch_size=MAX_BATCH, schedule_delay_millis=1000
    )
