"""Spans: one event is one trace wherever it goes, no span holds what anybody said, and no collector costs a turn."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError
from structlog.testing import capture_logs

from core.errors import ModelError
from core.outcomes import Outcome
from core.tracing import ATTRIBUTES, MAX_VALUE, context_of, is_recording, span
from loket.command.doctor import _traces
from loket.settings import Settings
from loket.telemetry.settings import TelemetrySettings
from loket.telemetry.tracing import STOP_SECONDS, batched, otlp_exporter, sending, tracing
from tests.desk import Desk
from tests.models import BrokenModel, ScriptedModel, calls, says
from tests.reading import holds, outcome_of
from tests.staff import JAN, PRIYA, SANNE, TOM

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "storage", "connectors", "policies", "tools", "actions", "agent", "web_app", "loket")
CANARY = "Quetzalcoatl-9917"
QUESTION = f"How many hours of annual leave do I get? My neighbour is called {CANARY}"


@contextmanager
def seen(**settings: object) -> Iterator[InMemorySpanExporter]:
    """All spans of the block."""
    exporter = InMemorySpanExporter()
    chosen = TelemetrySettings.model_validate({"otlp_endpoint": "http://127.0.0.1:9", **settings})
    with sending(SimpleSpanProcessor(exporter), chosen, role="all", worker="w1"):
        yield exporter


def spans_of(exporter: InMemorySpanExporter) -> Sequence[ReadableSpan]:
    return exporter.get_finished_spans()


def whole(exporter: InMemorySpanExporter) -> str:
    """Everything that would leave: names, attributes, events, states, resources."""
    return "\n".join(one.to_json() for one in spans_of(exporter))


def trace_of(event_id: str) -> int:
    return int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:16], "big")


async def a_day(desk: Desk) -> list[str]:
    """Questions, a lookup, a ticket, a reset with its vote, refusals; returns the event ids it can name."""
    await desk.say(TOM, QUESTION)
    await desk.say(SANNE, f"Who is the manager of Jan de Boer, {CANARY}?")
    await desk.ask_for(TOM, f"The projector in room {CANARY} flickers, please open a ticket")
    await desk.say(TOM, "ok")
    reset = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, reset)
    assert not (await desk.click(JAN, reset, "approve")).accepted
    assert (await desk.click(PRIYA, reset, "approve")).accepted
    await desk.say("E9999", f"I am a stranger, {CANARY}")
    return [f"terminal:local:test-{number}" for number in (1, 2, 3, 4, 5)]


@pytest.mark.slow
async def test_no_span_of_a_whole_day_holds_a_text_a_name_a_code_or_a_credential() -> None:
    with seen(transactions=True) as exporter:
        async with Desk.start() as desk:
            await a_day(desk)
            code, credential = desk.code(TOM), desk.credential(TOM)
            people = desk.world.read(
                lambda c: c.execute("SELECT name, email, mobile, private_email FROM people").fetchall()
            )
    text = whole(exporter)
    assert code
    assert credential
    assert len(spans_of(exporter)) > 30
    for secret in (CANARY, code, credential, "projector", "neighbour", "manager of"):
        assert not holds(text, secret), secret
    for person in people:
        for value in filter(None, tuple(person)):
            assert value not in text


@pytest.mark.slow
async def test_each_event_is_one_trace_from_its_arrival_to_the_effect_and_the_last_reply() -> None:
    with seen() as exporter:
        async with Desk.start() as desk:
            *_, reset = await a_day(desk)
    mine = [one for one in spans_of(exporter) if one.context.trace_id == trace_of(reset)]
    names = {one.name.split()[0] for one in mine}
    assert names == {"receive", "turn", "chat", "execute_tool", "advance", "claim", "effect", "deliver"}
    question = {one.name for one in spans_of(exporter) if one.context.trace_id == trace_of("terminal:local:test-1")}
    assert {"receive", "turn", "search", "execute_tool search_policies", "deliver"} <= question
    by_id = {one.context.span_id: one.name for one in spans_of(exporter)}
    around = {one.name: by_id.get(one.parent.span_id, "") for one in mine if one.parent}
    assert around["execute_tool reset_my_password"] == "turn"
    assert (around["claim"], around["effect"]) == ("advance", "advance")
    assert around["receive"] == ""


def test_two_processes_give_one_event_one_trace_and_take_the_same_share_of_events() -> None:
    made: list[dict[str, int]] = []
    for worker in ("w1", "w2"):
        exporter = InMemorySpanExporter()
        settings = TelemetrySettings(otlp_endpoint="http://127.0.0.1:9", share=0.3)
        with sending(SimpleSpanProcessor(exporter), settings, role="agent", worker=worker):
            for number in range(300):
                with span("turn", event_id=f"slack:T1:Ev{number}"):
                    pass
        made.append({str(one.attributes["loket.event.id"]): one.context.trace_id for one in spans_of(exporter)})
        assert {one.resource.attributes["service.instance.id"] for one in spans_of(exporter)} == {worker}
    assert made[0] == made[1]
    assert 50 < len(made[0]) < 130
    assert all(trace == trace_of(event) for event, trace in made[0].items())


@given(st.text(min_size=1, max_size=80))
def test_any_event_id_gives_a_valid_trace(event_id: str) -> None:
    context = context_of(event_id)
    assert context.is_valid
    assert context == context_of(event_id)


def test_an_error_leaves_its_type_and_nothing_else() -> None:
    with seen() as exporter, pytest.raises(ValueError, match=CANARY), span("turn", event_id="e"):
        raise ValueError(f"no {CANARY} here")
    (one,) = spans_of(exporter)
    assert one.attributes is not None
    assert one.attributes["error.type"] == "ValueError"
    assert one.status.status_code.name == "ERROR"
    assert one.status.description is None
    assert list(one.events) == []
    assert CANARY not in whole(exporter)


def test_an_attribute_that_is_not_in_the_list_is_left_out_and_a_long_one_is_cut() -> None:
    with seen() as exporter, span("turn", event_id="e", text=CANARY, outcome="x" * 999) as one:
        one.set(name=CANARY, address=CANARY, result=None)
        one.set_texts([("user", CANARY)], CANARY)
    (made,) = spans_of(exporter)
    assert dict(made.attributes or {}) == {"loket.event.id": "e", "loket.outcome": "x" * MAX_VALUE}


def test_every_attribute_in_the_code_is_in_the_list() -> None:
    unknown = {
        f"{file.relative_to(ROOT)}:{node.lineno} {keyword.arg}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and _makes_attributes(node)
        for keyword in node.keywords
        if keyword.arg is not None and keyword.arg not in ATTRIBUTES
    }
    assert unknown == set()


def _makes_attributes(call: ast.Call) -> bool:
    """`span(…)` or `seen.set(…)`."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "span"
    return (
        isinstance(function, ast.Attribute) and function.attr == "set" and getattr(function.value, "id", "") == "seen"
    )


def test_nothing_is_recorded_unless_an_endpoint_is_set() -> None:
    with tracing(TelemetrySettings()):
        assert not is_recording()
        with span("turn", event_id="e", outcome="answered") as one:
            one.set(result="sent")
            assert not one.keeps_texts


def test_a_transaction_is_a_span_only_where_that_is_set_and_only_within_another(tmp_path: Path) -> None:
    from storage import Database, now

    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    for wanted in (False, True):
        with seen(transactions=wanted) as exporter:
            asyncio.run(database.run(now))
            with span("turn", event_id="e"):
                asyncio.run(database.run(now))
        assert [one.name for one in spans_of(exporter)] == (["transaction", "turn"] if wanted else ["turn"])
    database.close()


# --- texts -------------------------------------------------------------------------------------------------------

PERSONAL = "My BSN is 123456782 and my mail is tom.private@gmail.com, may I have leave?"


@pytest.mark.slow
async def test_texts_of_a_model_are_kept_only_where_that_is_set_and_masked_even_for_a_model_that_sees_them() -> None:
    for wanted in (False, True):
        with seen(capture_text=wanted) as exporter:
            model = ScriptedModel([says("Which year do you mean, 123456782?")])
            async with Desk.start(model=model, documents=(), settings={"ai": {"mask": False}}) as desk:
                await desk.say(TOM, PERSONAL)
        assert any("123456782" in str(shown) for shown in model.seen)
        text = whole(exporter)
        assert "123456782" not in text
        assert "tom.private" not in text
        kept = [one.attributes or {} for one in spans_of(exporter) if one.name == "chat scripted"]
        assert ("gen_ai.input.messages" in kept[0]) == wanted
        if wanted:
            messages = json.loads(str(kept[0]["gen_ai.input.messages"]))
            assert messages[0]["role"] == "system"
            assert "[bsn-1]" in str(messages)
            assert "Which year do you mean" in str(kept[0]["gen_ai.output.messages"])


@pytest.mark.slow
async def test_a_password_that_a_model_repeats_is_covered_in_a_kept_text() -> None:
    with seen(capture_text=True) as exporter:
        async with Desk.start(model=ScriptedModel([says("So your password is Zomer2026! ?")]), documents=()) as desk:
            await desk.say(TOM, "my password is Zomer2026! can you help?")
    assert "Zomer2026!" not in whole(exporter)


def test_keeping_texts_is_said_in_the_log() -> None:
    settings = TelemetrySettings(otlp_endpoint="http://127.0.0.1:9", capture_text=True)
    with capture_logs() as logged, tracing(settings):
        pass
    assert "text_capture_enabled" in {line["event"] for line in logged}


@pytest.mark.slow
async def test_a_model_call_carries_the_names_of_the_conventions_and_no_tool_name_that_a_model_made_up() -> None:
    model = ScriptedModel([calls(f"tool_{CANARY}"), says("What do you mean?")])
    with seen() as exporter:
        async with Desk.start(model=model, documents=()) as desk:
            await desk.say(TOM, "How do I choose a good password?")
    chat = next(one for one in spans_of(exporter) if one.name == "chat scripted")
    assert chat.attributes is not None
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.request.model"] == "scripted"
    tool = next(one for one in spans_of(exporter) if one.name.startswith("execute_tool"))
    assert tool.attributes is not None
    assert (tool.name, tool.attributes["gen_ai.tool.name"]) == ("execute_tool unknown", "unknown")
    assert CANARY not in whole(exporter)


@pytest.mark.slow
async def test_a_model_that_quotes_a_secret_in_its_error_leaves_no_trace_of_it() -> None:
    with seen() as exporter:
        async with Desk.start(model=BrokenModel(ModelError(CANARY)), documents=()) as desk:
            await desk.say(TOM, "How do I choose a good password?")
    failed = next(one for one in spans_of(exporter) if one.name == "chat broken")
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "ModelError"
    assert CANARY not in whole(exporter)


# --- collectors that are away ------------------------------------------------------------------------------------


class Broken(SpanExporter):
    """Raises at every batch."""

    def __init__(self) -> None:
        self.batches = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches += 1
        raise OSError(CANARY)


@contextmanager
def hanging_collector() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


async def turn_seconds(desk: Desk, turns: int = 5) -> float:
    """The quickest of some turns that need no model weights: a greeting."""
    times = []
    for _ in range(turns):
        began = time.perf_counter()
        assert outcome_of(await desk.say(TOM, "hello")) is not None
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["down", "hanging", "broken"])
async def test_a_collector_in_trouble_costs_a_turn_nothing(kind: str) -> None:
    async with Desk.start(documents=()) as desk:
        without = await turn_seconds(desk)
        with hanging_collector() as address:
            endpoint = address if kind == "hanging" else "http://127.0.0.1:9"
            settings = TelemetrySettings(otlp_endpoint=endpoint)
            processor = batched(Broken() if kind == "broken" else otlp_exporter(settings))
            with sending(processor, settings):
                first = await turn_seconds(desk)
                await asyncio.sleep(1.2)  # a batch is under way now, for 5 seconds where the collector hangs
                meanwhile = await turn_seconds(desk)
                stopping = time.perf_counter()
            stopped = time.perf_counter() - stopping
    # Tests beside this one take their share of the machine; a turn that waited for the collector would take seconds.
    assert max(first, meanwhile) < 2 * without + 0.25
    assert stopped < STOP_SECONDS + 1.0


@pytest.mark.slow
def test_a_span_costs_microseconds_whatever_the_collector_does() -> None:
    def each(count: int = 2000) -> float:
        began = time.process_time()
        for _ in range(count):
            with span("deliver", event_id="slack:T1:Ev1", channel="slack", outbox_id=1) as one:
                one.set(result="sent")
        return (time.process_time() - began) / count

    off = each(20_000)
    with hanging_collector() as address:
        settings = TelemetrySettings(otlp_endpoint=address)
        with sending(batched(otlp_exporter(settings)), settings):
            on = each()
    assert off < 20e-6
    assert on < 1e-3


@pytest.mark.slow
def test_what_a_collector_cannot_take_is_dropped_and_memory_stays_bounded() -> None:
    from loket.telemetry.tracing import MAX_WAITING

    release = threading.Event()

    class Slow(SpanExporter):
        taken = 0

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            release.wait(20)
            self.taken += len(spans)
            return SpanExportResult.SUCCESS

    slow = Slow()
    with sending(batched(slow), TelemetrySettings(otlp_endpoint="http://127.0.0.1:9")):
        for number in range(3 * MAX_WAITING):
            with span("turn", event_id=f"e{number}"):
                pass
        release.set()
    assert slow.taken <= MAX_WAITING + 512


@pytest.mark.slow
async def test_a_collector_gets_the_spans_over_otlp_with_its_token() -> None:
    got: list[tuple[str, str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers.get("authorization", ""), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    settings = TelemetrySettings.model_validate(
        {"otlp_endpoint": f"http://127.0.0.1:{server.server_port}/", "otlp_token": "a-token"}
    )
    with tracing(settings, role="web", worker="w7"), span("turn", event_id="slack:T1:Ev1", outcome=Outcome.ANSWERED):
        pass
    await asyncio.to_thread(server.shutdown)
    server.server_close()
    serving.join(5)
    (path, token, body) = got[0]
    assert (path, token) == ("/v1/traces", "Bearer a-token")
    assert b"slack:T1:Ev1" in body
    assert b"w7" in body
    assert b"answered" in body
    assert trace_of("slack:T1:Ev1").to_bytes(16, "big") in body


# --- the doctor --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "good", "said"),
    [
        ({}, True, "off"),
        ({"otlp_endpoint": "http://127.0.0.1:4318"}, True, "http://127.0.0.1:4318"),
        ({"otlp_endpoint": "https://collector.example"}, True, "https://collector.example"),
        ({"otlp_endpoint": "http://collector.example"}, False, "use https"),
        ({"otlp_endpoint": "http://127.0.0.1:4318", "capture_text": True}, False, "names are not masked"),
    ],
)
def test_the_doctor_says_when_texts_or_tokens_can_be_read(settings: dict[str, object], good: bool, said: str) -> None:
    finding = _traces(Settings(_env_file=None, telemetry=settings))
    assert finding.good is good
    assert said in f"{finding.detail} {finding.advice}"


def test_an_endpoint_must_be_an_address_of_http() -> None:
    with pytest.raises(ValidationError):
        TelemetrySettings(otlp_endpoint="collector:4317")
