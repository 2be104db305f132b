"""`loket doctor`: can this configuration work? One line a check, with what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import typer
from rich.console import Console

from core.chat import ChatMessage
from core.errors import ConfigError, LoketError, ModelError
from loket.bootstrap import model_of
from loket.command.doctor_server import Finding, account_rights, vector_server
from loket.command.running import looking, run
from loket.counter import Counter
from loket.home import Home
from loket.settings import Settings, read_settings
from storage import Database

MODEL_SECONDS = 15


def doctor() -> None:
    """
    Check settings, home folder, database, rules, tools, policies and the model before anything starts.

    Exit code 0 when everything can work, 1 when something cannot.

    Example:

      loket doctor
    """
    console = Console()
    findings = []
    for finding in _examine():
        findings.append(finding)
        mark, style = ("ok", "green") if finding.good else ("problem", "red") if finding.fatal else ("note", "yellow")
        console.print(f"{mark:8}", style=style, end="")
        console.print(f"{finding.what}: {finding.detail}", markup=False)
        if finding.advice and not finding.good:
            console.print(f"         {finding.advice}", markup=False)
    raise typer.Exit(1 if any(finding.fatal and not finding.good for finding in findings) else 0)


def _examine() -> Iterator[Finding]:
    try:
        settings = read_settings()
    except ConfigError as error:
        yield Finding("settings", good=False, detail=str(error), advice="see .env.example")
        return
    yield Finding("settings", good=True, detail="all names are known and all values fit")
    for check in (_home, _database, account_rights, vector_server):
        finding = _guarded(check, settings)
        yield finding
        if not finding.good and finding.fatal:
            return
    try:
        yield from run(_inside(settings))
    except LoketError as error:
        yield Finding("start", good=False, detail=str(error))


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


async def _inside(settings: Settings) -> list[Finding]:
    async with looking(settings) as counter:
        return [
            await _rules(counter),
            _tools(counter),
            await _policies(counter),
            await _embedder(counter),
            await _model(settings),
            _plain_http(settings),
            _traces(settings),
        ]


async def _rules(counter: Counter) -> Finding:
    version, _ = await counter.database.read(counter.gate.parts.rules.current)
    off = await counter.gate.switched_off()
    detail = f"version {version} in force"
    return Finding("rules", good=True, detail=f"{detail}; switched off: {', '.join(sorted(off))}" if off else detail)


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
    address = urlsplit(url)
    host = address.hostname or ""
    return address.scheme == "https" or host in ("", "localhost", "::1") or host.startswith("127.")
