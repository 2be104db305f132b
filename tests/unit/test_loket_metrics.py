"""Metrics: what is counted is what happened, no label is a person, and a database that hangs does not hang the page."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from agent.tables import inbox
from core.errors import ConnectorError, ModelError
from loket import migrate
from loket.engine import Queue
from loket.service.tables import workers
from loket.telemetry.gauges import DatabaseGauges
from loket.telemetry.metrics import MAX_VALUES, Metrics, build_metrics
from storage import Database, OutboxItem, now, outbox
from tests.desk import Desk
from tests.models import BrokenModel, ScriptedModel, calls, says
from tests.staff import JAN, PRIYA, SANNE, TOM
from web_app.app import build_ops_app
from web_app.health import OpsParts

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "alerts.yaml"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(metrics: Metrics) -> Samples:
    """Every number of the page, by name and labels."""
    page = metrics.render().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def number(metrics: Metrics, name: str, **labels: str) -> float:
    """One number; the sum over all labels that are not given; 0 when there is none."""
    wanted = set(labels.items())
    return sum(value for (found, those), value in samples(metrics).items() if found == name and wanted <= those)


@pytest.mark.slow
async def test_a_reset_from_the_question_to_the_effect_is_counted_at_every_step() -> None:
    async with Desk.start(documents=()) as desk:
        metrics = build_metrics(desk.counter, role="all", worker="w1")
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
        tool = "reset_my_password"

        assert number(metrics, "loket_events_received_total", channel="terminal", new="yes") == 1
        assert number(metrics, "loket_acknowledge_seconds_count", channel="terminal") == 1
        assert number(metrics, "loket_turns_total", outcome="proposed", channel="terminal", model_kind="built_in") == 1
        assert number(metrics, "loket_turn_seconds_sum", model_kind="built_in") > 0
        assert number(metrics, "loket_tool_calls_total", tool=tool, result="drafted") == 1
        for state in ("proposed", "awaiting_proof", "awaiting_approval", "approved", "executing", "done"):
            assert number(metrics, "loket_action_moves_total", tool=tool, state=state) == 1, state
        assert number(metrics, "loket_votes_total", verdict="approve") == 1
        assert number(metrics, "loket_action_start_seconds_count", tool=tool) == 1
        assert 0 <= number(metrics, "loket_action_start_seconds_sum", tool=tool) < 30
        sent = len(desk.posts())
        assert number(metrics, "loket_deliveries_total", channel="terminal", result="sent") == sent
        assert number(metrics, "loket_deliveries_total", channel="sms", result="sent") == 1


@pytest.mark.slow
async def test_a_duplicate_and_a_turn_that_was_committed_before_are_no_second_turn() -> None:
    async with Desk.start(documents=()) as desk:
        metrics = build_metrics(desk.counter)
        message = desk.message(TOM, "hello")
        for _ in range(3):
            await desk.deliver(message)
        await desk.settle()
        desk.counter.engine.submit(Queue.TURNS, message.event_id, message.partition)
        await desk.settle()
        assert number(metrics, "loket_events_received_total", new="yes") == 1
        assert number(metrics, "loket_events_received_total", new="no") == 2
        assert number(metrics, "loket_turns_total") == 1


@pytest.mark.slow
async def test_a_vote_that_is_refused_or_undone_is_not_counted() -> None:
    async with Desk.start(documents=()) as desk:
        metrics = build_metrics(desk.counter)
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        for nobody in (TOM, JAN):
            assert not (await desk.click(nobody, reset, "approve")).accepted
        assert number(metrics, "loket_votes_total") == 0
        await desk.click(PRIYA, reset, "deny", reason="not today")
        assert number(metrics, "loket_votes_total", verdict="deny") == 1
        assert number(metrics, "loket_action_moves_total", state="denied") == 1


@pytest.mark.slow
async def test_a_language_model_that_fails_and_the_built_in_one_that_takes_over_are_both_seen() -> None:
    async with Desk.start(model=BrokenModel(ModelError("no"))) as desk:
        metrics = build_metrics(desk.counter)
        await desk.say(TOM, "How many hours of annual leave do I get?")
        assert number(metrics, "loket_model_failures_total", model="broken", reason="ModelError") == 1
        assert number(metrics, "loket_model_calls_total", model="broken") == 0
        assert number(metrics, "loket_model_calls_total", model="loket-built-in") >= 1
        assert number(metrics, "loket_turns_total", model_kind="built_in") == 1


@pytest.mark.slow
async def test_what_a_model_calls_a_tool_never_becomes_a_label() -> None:
    model = ScriptedModel([calls("hunter2_is_my_password"), says("What do you mean?")])
    async with Desk.start(model=model, documents=()) as desk:
        metrics = build_metrics(desk.counter)
        await desk.say(TOM, "do something for me please")
        assert number(metrics, "loket_tool_calls_total", tool="unknown", result="retried") == 1
        assert b"hunter2" not in metrics.render()


@pytest.mark.slow
async def test_no_label_of_a_whole_day_names_a_person_a_code_or_an_id() -> None:
    async with Desk.start(documents=()) as desk:
        metrics = build_metrics(desk.counter)
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.say(SANNE, "Who is the manager of Tom Bakker?")
        await desk.click(PRIYA, reset, "approve")
        values = {value for _, labels in samples(metrics) for _, value in labels}
        page = metrics.render().decode()
        for word in (TOM, PRIYA, SANNE, "Tom", "Bakker", reset, reset[:8], desk.code(TOM), desk.credential(TOM)):
            assert word not in page
        assert {
            value
            for value in values
            if not re.fullmatch(r"[a-z0-9_.+-]{0,40}|\+Inf|[0-9.]+(e[+-]?\d+)?|CPython", value)
        } == set()


def test_a_label_has_few_values_however_many_are_given() -> None:
    metrics = Metrics()
    for index in range(3 * MAX_VALUES):
        metrics.delivered(f"channel-{index}", "sent")
    found = {dict(labels)["channel"] for name, labels in samples(metrics) if name == "loket_deliveries_total"}
    assert len(found) == MAX_VALUES + 1
    assert number(metrics, "loket_deliveries_total", channel="other") == 2 * MAX_VALUES


def test_two_processes_worth_of_metrics_know_nothing_of_each_other() -> None:
    one, other = Metrics(role="web", worker="w1"), Metrics(role="agent", worker="w2")
    one.delivered("slack", "sent")
    assert number(other, "loket_deliveries_total") == 0
    assert number(one, "loket_process_info", role="web", worker="w1") == 1


def test_the_process_is_on_the_page() -> None:
    metrics = Metrics()
    assert number(metrics, "process_resident_memory_bytes") > 1_000_000
    assert number(metrics, "process_open_fds") > 0
    assert number(metrics, "process_cpu_seconds_total") > 0


# --- what waits --------------------------------------------------------------------------------------------------


@pytest.fixture
def migrated(database_url: str) -> Iterator[Database]:
    """A database with all tables, on SQLite and on Postgres."""
    database = Database(database_url)
    migrate.upgrade(database)
    yield database
    database.close()


def gauges_of(database: Database, **options: float) -> Metrics:
    metrics = Metrics()
    metrics.add(DatabaseGauges(database, **options))
    return metrics


def test_an_empty_database_shows_every_number_as_nothing(migrated: Database) -> None:
    metrics = gauges_of(migrated)
    assert number(metrics, "loket_up", part="database") == 1
    for name in ("outbox_waiting", "outbox_oldest_seconds", "inbox_waiting", "inbox_oldest_seconds", "actions_unknown"):
        assert samples(metrics)[f"loket_{name}", frozenset()] == 0
    assert samples(metrics)["loket_actions_waiting", frozenset({("state", "approved")})] == 0
    assert number(metrics, "loket_database_connections_size") > 0


def test_what_waits_and_for_how_long_is_read_by_the_clock_of_the_database(migrated: Database) -> None:
    with migrated.transaction() as tx:
        outbox.put(tx, OutboxItem("k1", "reply", {}, {}))
        moment = now(tx)
        for number_, state in (("e1", "waiting"), ("e2", "handled")):
            tx.add(inbox, event_id=number_, partition="p", message={}, received_at=moment, attempts=0, state=state)
        for name, role in (("a", "agent"), ("b", "agent"), ("c", "web")):
            tx.add(workers, name=name, token=name, role=role, host="h", pid=1, started_at=moment, beat_at=moment)
    migrated.clock_offset = timedelta(seconds=40)
    metrics = gauges_of(migrated)
    assert number(metrics, "loket_outbox_waiting") == 1
    assert number(metrics, "loket_inbox_waiting") == 1
    assert 40 <= number(metrics, "loket_outbox_oldest_seconds") < 70
    assert 40 <= number(metrics, "loket_inbox_oldest_seconds") < 70
    assert number(metrics, "loket_workers_alive", role="agent") == 2
    migrated.clock_offset = timedelta(seconds=90)
    assert number(gauges_of(migrated), "loket_workers_alive") == 0


@pytest.mark.slow
async def test_unfinished_actions_are_shown_by_state_and_age() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        metrics = build_metrics(desk.counter)
        assert number(metrics, "loket_actions_waiting", state="awaiting_approval") == 1
        assert number(metrics, "loket_actions_oldest_seconds", state="awaiting_approval") > 0


def test_many_scrapes_are_one_reading(migrated: Database) -> None:
    readings = 0

    def count(*_: object) -> None:
        nonlocal readings
        readings += 1

    metrics = gauges_of(migrated)
    metrics.render()
    sa.event.listen(migrated.engine, "begin", count)
    for _ in range(20):
        metrics.render()
    assert readings == 0
    one_more = gauges_of(migrated, fresh_seconds=0.0)
    for _ in range(3):
        one_more.render()
    assert readings == 3


def test_a_database_that_is_gone_is_said_and_does_not_fail_the_page(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://nobody:nothing@127.0.0.1:9/none")
    metrics = gauges_of(database)
    metrics.delivered("slack", "sent")
    found = samples(metrics)
    assert found["loket_up", frozenset({("part", "database")})] == 0
    assert not [name for name, _ in found if name.startswith(("loket_outbox", "loket_inbox", "loket_actions"))]
    assert number(metrics, "loket_deliveries_total") == 1
    database.close()


class Hanging(Database):
    """Answers nothing until it is let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.go = threading.Event()
        self.asked = 0

    @contextmanager
    def reading(self) -> Iterator[object]:  # type: ignore[override]
        self.asked += 1
        self.go.wait(20)
        raise ConnectorError("database", "gone")
        yield


@pytest.mark.timed
def test_a_database_that_hangs_costs_a_scrape_its_two_seconds_once_and_never_a_second_question(tmp_path: Path) -> None:
    database = Hanging(f"sqlite:///{tmp_path / 'loket.db'}")
    metrics = gauges_of(database, wait=0.3)
    began = time.monotonic()
    assert number(metrics, "loket_up", part="database") == 0
    assert 0.2 < time.monotonic() - began < 2
    for _ in range(10):
        assert number(metrics, "loket_up", part="database") == 0
    assert time.monotonic() - began < 2
    assert database.asked == 1
    database.go.set()
    database.close()


@pytest.mark.timed
async def test_a_page_that_waits_for_the_database_holds_nobody_else_up(tmp_path: Path) -> None:
    database = Hanging(f"sqlite:///{tmp_path / 'loket.db'}")
    metrics = gauges_of(database, wait=0.5)

    async def good() -> bool:
        return True

    app = build_ops_app(OpsParts({"started": good}, lambda: metrics.render().decode(), lambda: True))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://desk") as client:
        scraping = asyncio.create_task(client.get("/metrics"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        assert (await client.get("/health/live")).status_code == 200
        assert time.monotonic() - began < 0.3
        assert not scraping.done()
        assert 'loket_up{part="database"} 0.0' in (await scraping).text
    database.go.set()
    database.close()


# --- alerts ------------------------------------------------------------------------------------------------------


def test_every_metric_and_every_bucket_that_an_alert_names_exists(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    migrate.upgrade(database)
    metrics = gauges_of(database)
    metrics.received("slack", 0.01, new=True)
    metrics.first_sentence("slack", 1.0)
    metrics.action_started("reset_my_password", 1.0)
    page = metrics.render().decode()
    there = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    there |= {f"{name}{end}" for name in set(there) for end in ("_bucket", "_count", "_sum")}
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    assert len(rules) - len(recorded) >= 15
    for rule in rules:
        named = set(re.findall(r"\bloket_\w+", rule["expr"]))
        records = set(re.findall(r"\bloket:\w+:\w+", rule["expr"]))
        assert named | records, rule
        assert named <= there, named - there
        assert records <= recorded, records - recorded
        for name, bucket in re.findall(r'(\w+_bucket)\{(le="[0-9.]+")\}', rule["expr"]):
            assert re.search(rf"^{name}\{{.*{bucket}", page, re.MULTILINE), (name, bucket)
    database.close()


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    rules = [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"] if "alert" in rule
    ]
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["do"]


def test_every_metric_is_in_the_documentation(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    migrate.upgrade(database)
    page = gauges_of(database).render().decode()
    told = (ROOT / "docs" / "observe.md").read_text()
    there = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE loket_")}
    there = {name for name in there if not name.endswith("_created")}
    assert {name for name in there if f"`{name}`" not in told} == set()
    assert {name for name in re.findall(r"`(loket_\w+)`", told)} - there == set()
    database.close()
