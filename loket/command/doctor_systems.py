"""The checks of `loket doctor` that concern real systems: each is asked what it shows, all at once, none for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.examination import Examined, Seen
from core.errors import LoketError, where
from core.plain_text import one_line
from loket.command.doctor_server import Finding
from loket.settings import Settings
from storage import Database
from storage.keys import KeyRing

SECONDS = 10.0
"""How long one system may take."""

_CLEARING_SECONDS = 1.0


async def look_at_systems(
    systems: Sequence[Examined],
    told: Callable[[Finding], None],
    waiting: Callable[[Sequence[str]], None] = lambda _: None,
    seconds: float = SECONDS,
) -> None:
    """Ask every system at the same time and tell each answer as it comes; `waiting` hears whose is still to come.

    Never raises for what a system does: an error is a finding, and so is silence.
    """
    clock = asyncio.get_running_loop().time
    until, pending = clock() + seconds, {asyncio.create_task(_look(system)): system.name for system in systems}
    while pending:
        waiting(sorted(pending.values()))
        done, _ = await asyncio.wait(pending, timeout=max(0.0, until - clock()), return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
        for task in done:
            del pending[task]
            for finding in task.result():
                told(finding)
    waiting([])
    await _give_up(pending, told, seconds)


def slack(settings: Settings, database: Database, keys: Path) -> list[Examined]:
    """Slack, where it is set. `keys` is the folder of the keys."""
    if not settings.slack.is_set:
        return []
    from slack_app.examining import Approvals, SlackExamined
    from slack_app.installing.store import KEY_FILE

    several = settings.slack.client_id and not settings.slack.bot_token.get_secret_value()
    tokens = (database, KeyRing.load_or_create(keys / KEY_FILE)) if several else None
    approvals = Approvals(settings.gate.approvers_channel, settings.gate.approvers_tenant)
    return [SlackExamined(settings.slack, settings.outside, approvals, tokens)]


async def _give_up(
    pending: dict[asyncio.Task[list[Finding]], str], told: Callable[[Finding], None], seconds: float
) -> None:
    for task, name in pending.items():
        task.cancel()
        advice = "look whether its server runs, and whether a firewall swallows what this machine sends"
        told(Finding(name, good=False, detail=f"no answer in {seconds:.0f} seconds", advice=advice))
    if pending:
        await asyncio.wait(pending, timeout=_CLEARING_SECONDS)


async def _look(system: Examined) -> list[Finding]:
    try:
        seen = await system.examine()
        found = [_finding(one) for one in seen]
    except LoketError as error:
        return [Finding(system.name, good=False, detail=one_line(str(error)), advice="see docs/connect.md")]
    except Exception as error:  # noqa: BLE001 - what a library raises may quote what it was given: only its kind is told
        detail = f"the look at it failed ({type(error).__name__} at {where(error)})"
        return [Finding(system.name, good=False, detail=detail, advice="this is a fault of Loket: please report it")]
    return found or [
        Finding(system.name, good=False, detail="it shows nothing", advice="please report it", fatal=False)
    ]


def _finding(seen: Seen) -> Finding:
    return Finding(seen.what, seen.good, one_line(seen.detail), one_line(seen.advice), seen.fatal)
