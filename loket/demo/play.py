"""Playing the day: a home folder of its own, the scenes in order, and a last look for secrets in the transcript."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from core.errors import ConfigError
from loket.bootstrap import build
from loket.counter import Counter
from loket.demo.approving import admin_account, caller, reset
from loket.demo.asking import colleague, policy_question, ticket, unanswerable
from loket.demo.auditing import audit_chain
from loket.demo.stage import Stage
from loket.demo.workspace import open_workspace
from loket.home import Home
from loket.logs import logging_to
from loket.settings import Settings

Scene = Callable[[Stage], Awaitable[None]]
SCENES: tuple[Scene, ...] = (
    policy_question,
    unanswerable,
    colleague,
    ticket,
    reset,
    caller,
    admin_account,
    audit_chain,
)
NAMES = {
    "E1001": "Sanne",
    "E1002": "Tom",
    "E1003": "Priya (IT approver)",
    "E1005": "Mila (service desk)",
    "E1006": "Karim (IT approver)",
    "E1020": "Jan",
}
SAMPLES = Path(__file__).parents[2] / "policies" / "samples"


async def play(settings: Settings) -> bool:
    """Play all scenes; true when everything they show held."""
    console = Console(record=True)
    began = time.monotonic()
    home = settings.home / "demo"
    with Home(home).owned("loket demo"):
        await _index(settings, home / "handbook")
        day = home / "day"
        shutil.rmtree(day, ignore_errors=True)
        shutil.copytree(home / "handbook", day)
        stage = await _perform(_settings(settings, day), console)
    _look_for_secrets(stage, console)
    console.print()
    if stage.failures:
        console.print(f"{len(stage.failures)} of the things above did not hold.", style="bold red")
    else:
        console.print(f"The day is over. Everything held; {time.monotonic() - began:.0f} seconds.", style="bold green")
        console.print("Talk with the desk yourself:", style="bold")
        console.print("  source .venv/bin/activate")
        console.print("  loket policies ingest policies/samples")
        console.print("  loket chat --as E1002")
    return not stage.failures


async def _perform(settings: Settings, console: Console) -> Stage:
    with logging_to(Home(settings.home).log, settings.log.level):
        async with open_workspace(settings, NAMES) as workspace:
            stage = Stage(workspace, console, NAMES)
            for scene in SCENES:
                await scene(stage)
    return stage


async def _index(settings: Settings, home: Path) -> None:
    """Read the sample handbook in; the second time only what changed."""
    if not SAMPLES.is_dir():
        raise ConfigError(f"the sample handbook is missing: {SAMPLES}")
    counter: Counter = build(_settings(settings, home))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading the sample handbook", total=None)
        await counter.open()
        await counter.library.ingest(
            SAMPLES, "handbook", lambda done, total, _what: progress.update(task, completed=done, total=total)
        )
        await counter.close()


def _settings(settings: Settings, home: Path) -> Settings:
    """The demo's own: SQLite, the built-in model, DBOS, whatever else is set."""
    values = settings.model_dump()
    values |= {"home": home, "database_url": "", "engine": "dbos"}
    values["ai"]["level"] = "extract"
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


def _look_for_secrets(stage: Stage, console: Console) -> None:
    transcript = console.export_text(clear=False)
    found = [secret for secret in stage.secrets if secret and secret in transcript]
    stage.check(bool(stage.secrets) and not found, f"none of the {len(stage.secrets)} codes and credentials is above")
