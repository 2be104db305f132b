"""Counters and histograms of this process for Prometheus. No label is an id, a text or a person."""

from __future__ import annotations

from collections import defaultdict

import prometheus_client as prometheus
from prometheus_client.registry import Collector

from actions.records import State
from agent.builtin_model import NAME as BUILT_IN
from agent.summary import TurnSummary
from loket.counter import Counter
from loket.telemetry.gauges import DatabaseGauges
from storage.audit import AuditEntry

MAX_VALUES = 60
"""Different values that one label may have; what comes later is counted as `other`."""
ACKNOWLEDGING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
"""Seconds. After 3 a channel gives up and sends again."""
ANSWERING = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
"""Seconds. A turn has 60 at most."""
STARTING = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
"""Seconds. An approved action that was not claimed within 900 is void."""
_STATES = frozenset(state.value for state in State)


class Metrics:
    """Implements `core.measures.Measures`. One a process, with a registry of its own; `render` is the page.

    `built_in` is the name of the built-in model. May be called from any thread.
    """

    def __init__(self, *, built_in: str = "", role: str = "", worker: str = "") -> None:
        self.registry = prometheus.CollectorRegistry()
        self._built_in = built_in
        self._seen: dict[str, set[str]] = defaultdict(set)
        prometheus.ProcessCollector(registry=self.registry)
        self._gauge("process_info", "Which process this is; always 1", "role", "worker").labels(role, worker).set(1)
        self._count_intake()
        self._count_turns()
        self._count_actions()
        self._count_delivery()

    def render(self) -> bytes:
        """The page in Prometheus' text format (version 0.0.4). Takes at most a few seconds, also when a part hangs."""
        return prometheus.generate_latest(self.registry)

    def add(self, collector: Collector) -> None:
        """Show what is read at the time of the scrape, too: see `loket/telemetry/gauges.py`."""
        self.registry.register(collector)

    # --- what packages report ---------------------------------------------------------------------------------

    def received(self, channel: str, seconds: float, *, new: bool) -> None:
        """See `Measures`."""
        channel = self._few("channel", channel)
        self._received.labels(channel, "yes" if new else "no").inc()
        self._acknowledged.labels(channel).observe(seconds)

    def turn_ended(self, summary: TurnSummary) -> None:
        """A listener of `Counter`. A turn that was committed before is not counted again."""
        if summary.repeated or summary.outcome is None:
            return
        channel = self._few("channel", summary.event_id.partition(":")[0])
        kind = "none" if not summary.model else "built_in" if summary.model == self._built_in else "language"
        self._turns.labels(summary.outcome.value, channel, kind).inc()
        self._turn_seconds.labels(kind).observe(summary.ms / 1000)

    def first_sentence(self, channel: str, seconds: float) -> None:
        """See `Measures`."""
        self._first_seconds.labels(self._few("channel", channel)).observe(seconds)

    def model_called(self, model: str, seconds: float, tokens_in: int, tokens_out: int) -> None:
        """See `Measures`."""
        model = self._few("model", model)
        self._model_calls.labels(model).inc()
        self._model_seconds.labels(model).observe(seconds)
        self._tokens.labels(model, "in").inc(tokens_in)
        self._tokens.labels(model, "out").inc(tokens_out)

    def model_failed(self, model: str, reason: str) -> None:
        """See `Measures`."""
        self._model_failures.labels(self._few("model", model), self._few("reason", reason)).inc()

    def tool_called(self, tool: str, result: str) -> None:
        """See `Measures`."""
        self._tool_calls.labels(self._few("tool", tool), result).inc()

    def audited(self, entry: AuditEntry) -> None:
        """A listener of `Database.audit_listeners`: every move of an action and every vote has its audit row."""
        room, _, what = entry.verb.partition(".")
        if room == "action" and (what in _STATES or what == "proposed"):
            self._moves.labels(self._few("tool", str(entry.payload.get("tool", "unknown"))), what).inc()
        elif entry.verb == "vote.cast":
            self._votes.labels(self._few("verdict", entry.result)).inc()
        elif room == "identity":
            self._links.labels(self._few("change", what), self._few("way", entry.result)).inc()

    def action_started(self, tool: str, seconds: float) -> None:
        """See `Measures`."""
        self._started.labels(self._few("tool", tool)).observe(seconds)

    def delivered(self, channel: str, result: str) -> None:
        """See `Measures`."""
        self._deliveries.labels(self._few("channel", channel), result).inc()

    def swept(self, seconds: float, *, failed: bool) -> None:
        """See `Measures`."""
        self._sweep_seconds.observe(seconds)
        self._sweeps_failed.inc(int(failed))

    # --- what there is ---------------------------------------------------------------------------------------

    def _count_intake(self) -> None:
        self._received = self._counter("events_received", "Events that came in", "channel", "new")
        self._acknowledged = self._histogram(
            "acknowledge_seconds", "From an event to its durable write", ACKNOWLEDGING, "channel"
        )

    def _count_turns(self) -> None:
        self._turns = self._counter("turns", "Turns that ended here", "outcome", "channel", "model_kind")
        self._turn_seconds = self._histogram("turn_seconds", "From the start of a turn", ANSWERING, "model_kind")
        self._first_seconds = self._histogram(
            "first_sentence_seconds",
            "From the start of a turn to the first checked sentence shown",
            ANSWERING,
            "channel",
        )
        self._model_calls = self._counter("model_calls", "Answers of a model", "model")
        self._model_seconds = self._histogram("model_seconds", "One call of a model", ANSWERING, "model")
        self._tokens = self._counter("model_tokens", "Tokens as the server counts them", "model", "direction")
        self._model_failures = self._counter("model_failures", "A language model given up", "model", "reason")
        self._tool_calls = self._counter("tool_calls", "Tools called in turns", "tool", "result")

    def _count_actions(self) -> None:
        self._moves = self._counter("action_moves", "Actions that came into a state, moved here", "tool", "state")
        self._votes = self._counter("votes", "Votes cast here", "verdict")
        self._links = self._counter("identity_links", "Chat accounts linked to employees, or not", "change", "way")
        self._started = self._histogram("action_start_seconds", "From the last yes to the claim", STARTING, "tool")

    def _count_delivery(self) -> None:
        self._deliveries = self._counter("deliveries", "Replies and notices that were sent", "channel", "result")
        self._sweep_seconds = self._histogram("sweep_seconds", "One round of the sweep", ANSWERING)
        self._sweeps_failed = self._counter("sweeps_failed", "Rounds of the sweep that failed")

    def _counter(self, name: str, what: str, *labels: str) -> prometheus.Counter:
        return prometheus.Counter(f"loket_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> prometheus.Gauge:
        return prometheus.Gauge(f"loket_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], *labels: str) -> prometheus.Histogram:
        return prometheus.Histogram(f"loket_{name}", what, labels, buckets=buckets, registry=self.registry)

    def _few(self, label: str, value: str) -> str:
        seen = self._seen[label]
        if value in seen or len(seen) < MAX_VALUES:
            seen.add(value)
            return value
        return "other"


def build_metrics(counter: Counter, *, role: str = "", worker: str = "") -> Metrics:
    """Count what happens in this counter from now on, and show what waits in its database at each `render`."""
    metrics = Metrics(built_in=BUILT_IN, role=role, worker=worker)
    metrics.add(DatabaseGauges(counter.database))
    counter.listeners.append(metrics.turn_ended)
    counter.measures.listeners.append(metrics)
    counter.database.audit_listeners.append(metrics.audited)
    return metrics
