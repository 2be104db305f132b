"""`loket doctor`: can this configuration work? One line a check, with what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from connectors.examination import Examined
from core.chat import ChatMessage
from core.errors import ConfigError, LoketError, ModelError
from loket.command.doctor_approvers import approvers
from loket.command.doctor_report import Report
from loket.command.doctor_server import Finding, account_rights, is_near, vector_server
from loket.command.doctor_systems import look_at_systems, slack
from loket.command.running import looking, run
from loket.counter import Counter
from loket.home import Home
from loket.outside.models import model_of
from loket.settings import Settings, read_settings
from storage import Database

MODEL_SECONDS = 15


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """
    Check settings, home folder, database, rules, tools, policies, the model and every real system, read-only.

    Exit code 0 when everything can work, 1 when something cannot.

    Examples:

      loket doctor

      loket doctor --json
    """
    with Report(Console(), as_json=as_json) as report:
        _examine(report)
    report.finish()
    raise typer.Exit(0 if report.good else 1)


def _examine(report: Report) -> None:
    try:
        settings = read_settings()
    except ConfigError as error:
        report.tell(Finding("settings", good=False, detail=str(error), advice="see .env.example"))
        return
    report.hide(settings)
    report.tell(Finding("settings", good=True, detail="all names are known and all values fit"))
    for check in (_home, _database, account_rights, vector_server):
        finding = _guarded(check, settings)
        report.tell(finding)
        if not finding.good and finding.fatal:
            return
    try:
        run(_inside(settings, report))
    except LoketError as error:
        report.tell(Finding("start", good=False, detail=str(error)))


def _guarded(check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except LoketError as error:
        return Finding(check.__name__.strip("_"), good=False, detail=str(error))


def _home(settings: Settings) -> Finding:
    home = Home(settings.home)
    home.create()
    owner = home.owner()
    detail = f"{home.folder}, in use by `{owner.command}` (process {owner.pid})" if owner else str(home.folder)
    return Finding("home folder", good=True, detail=detail)


def _database(settings: Settings) -> Finding:
    database = Database(settings.database)
    try:
        database.check()
    finally:
        database.close()
    return Finding("database", good=True, detail="SQLite" if settings.is_embedded else "Postgres")


async def _inside(settings: Settings, report: Report) -> None:
    async with looking(settings) as counter:
        for finding in (
            await _rules(counter),
            await _approvers(counter, settings),
            _tools(counter),
            await _policies(counter),
            await _embedder(counter),
            await _model(settings),
            _plain_http(settings),
            _traces(settings),
        ):
            report.tell(finding)
        systems = [*counter.outside, *_sign_in(settings), *slack(settings, counter.database, counter.home.keys)]
        await look_at_systems(systems, report.tell, report.waiting)


def _sign_in(settings: Settings) -> list[Examined]:
    """The identity provider, where one is set."""
    if not settings.oidc.is_set:
        return []
    from web_app.sign_in.examining import SignInExamined

    return [SignInExamined(settings.oidc, settings.outside)]


async def _rules(counter: Counter) -> Finding:
    version, _ = await counter.database.read(counter.gate.parts.rules.current)
    off = await counter.gate.switched_off()
    detail = f"version {version} in force"
    return Finding("rules", good=True, detail=f"{detail}; switched off: {', '.join(sorted(off))}" if off else detail)


async def _approvers(counter: Counter, settings: Settings) -> Finding:
    _, rules = await counter.database.read(counter.gate.parts.rules.current)
    return approvers(rules, counter.gate.parts.systems.step_up, settings.oidc)


def _tools(counter: Counter) -> Finding:
    names = counter.registry.names
    return Finding("tools", good=bool(names), detail=f"{len(names)} on", advice="everything is switched off")


async def _policies(counter: Counter) -> Finding:
    documents = await counter.library.documents()
    outdated = await counter.library.outdated()
    return Finding(
        "policies",
        good=bool(documents) and not outdated,
        detail=outdated or f"{len(documents)} documents",
        advice="run: loket policies ingest policies/samples",
        fatal=False,
    )


async def _embedder(counter: Counter) -> Finding:
    embedder = counter.embedder
    try:
        rows = await asyncio.to_thread(embedder.embed, ["hello"])
    except LoketError as error:
        return Finding("embeddings", good=False, detail=str(error), advice="check LOKET_EMBEDDING_BASE_URL and _MODEL")
    return Finding("embeddings", good=True, detail=f"{embedder.name}, {rows.shape[1]} dimensions")


async def _model(settings: Settings) -> Finding:
    llm = settings.llm
    if bool(llm.base_url) != bool(llm.model):
        missing = "LOKET_LLM_MODEL" if llm.base_url else "LOKET_LLM_BASE_URL"
        return Finding("model", good=False, detail=f"{missing} is not set", advice="set both, or neither")
    model = model_of(settings)
    if model is None:
        return Finding(
            "model", good=True, detail=f"the built-in model, which needs no server; level {settings.ai.level}"
        )
    try:
        async with asyncio.timeout(MODEL_SECONDS):
            await model.complete([ChatMessage("user", "Answer with the word ok.")], [])
    except (ModelError, TimeoutError) as error:
        why = str(error) or f"no answer within {MODEL_SECONDS} seconds"
        advice = "check LOKET_LLM_BASE_URL, LOKET_LLM_MODEL and LOKET_LLM_KEY; until then the built-in model answers"
        return Finding("model", good=False, detail=f"{llm.model}: {why}", advice=advice, fatal=False)
    return Finding("model", good=True, detail=f"{llm.model} answers; level {settings.ai.level}")


def _plain_http(settings: Settings) -> Finding:
    """A key that crosses a network in clear is everybody's key."""
    return Finding(
        "model address",
        good=_is_private(settings.llm.base_url),
        detail=settings.llm.base_url or "none",
        advice="use https: over http, questions and the key can be read on the way",
        fatal=False,
    )


def _traces(settings: Settings) -> Finding:
    """Spans hold ids and durations; with texts they hold what people ask."""
    telemetry = settings.telemetry
    if not telemetry.otlp_endpoint:
        return Finding("traces", good=True, detail="off")
    if telemetry.capture_text:
        advice = "set LOKET_TELEMETRY_CAPTURE_TEXT=false: names are not masked, and whoever reads traces reads them"
        return Finding("traces", good=False, detail="prompts and replies leave with them", advice=advice, fatal=False)
    good, advice = _is_private(telemetry.otlp_endpoint), "use https: over http, the token can be read on the way"
    return Finding("traces", good=good, detail=telemetry.otlp_endpoint, advice=advice, fatal=False)


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read along: encrypted, or not leaving this machine."""
    return urlsplit(url).scheme == "https" or is_near(url)
