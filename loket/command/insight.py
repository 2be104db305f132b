"""`loket insight`: how turns ended, what people asked in vain, and what they thought of the replies."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.feedback import Opinion, opinions
from agent.masking import Masker
from core.errors import LoketError
from core.people import Employee
from core.plain_text import one_line
from loket.bootstrap import Counter as Desk
from loket.command.running import employee_of, looking, run, settings_for_a_person
from loket.evaluation.endings import Ending, endings, helped
from loket.evaluation.gaps import Gap, gaps, unanswered
from loket.settings import Settings
from storage import Tx, now

app = typer.Typer(
    help="How turns ended, what people asked in vain, and what they thought of the replies.", no_args_is_help=True
)
EVERYBODY = frozenset({"all-staff"})
As = Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Who looks, such as E1009: needed to see wording.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
WHY = {"not_found": "not found", "not_understood": "not understood", "bad": "bad reply"}
NO_GAPS = "No question of the last {days} days went unanswered."
NO_TURNS = "Nobody has asked anything in the last {days} days."
NO_OPINIONS = "Nobody has judged a reply in the last {days} days. In `loket chat`: /good, or /bad and why."
HIDDEN = "Wording is shown to people in {groups}: say who you are with --as."


@app.command("outcomes")
def show_outcomes(days: Days = 30, as_json: Json = False) -> None:
    """
    Count how turns ended, whether that helped, and who should look at it. No words and no names are read.

    Example:

      loket insight outcomes --days 7
    """
    found = run(_outcomes(settings_for_a_person(), days))
    total = sum(one.turns for one in found)
    if as_json:
        listed = [one.as_json() for one in found]
        _print_json({"days": days, "turns": total, "helped": helped(found), "outcomes": listed})
    elif not found:
        Console().print(NO_TURNS.format(days=days))
    else:
        Console().print(_outcomes_table(found, total))
        Console().print(f"{helped(found)} of {total} turns of the last {days} days ended in a way that helps.")


@app.command("gaps")
def show_gaps(days: Days = 30, as_: As = "", as_json: Json = False) -> None:
    """
    List what people asked in vain, grouped by meaning, heaviest first, with the nearest policy and its owner. The
    wording of a group is shown when enough people asked it, to whoever may read it.

    Examples:

      loket insight gaps --as E1009

      loket insight gaps --days 7 --json
    """
    settings = settings_for_a_person()
    found, reads = run(_gaps(settings, days, as_))
    if as_json:
        _print_json({"days": days, "gaps": [gap.as_json() for gap in found]})
    elif not found:
        Console().print(NO_GAPS.format(days=days))
    else:
        Console().print(_gaps_table(found, settings, reads=reads))
        if not reads:
            Console().print(_hidden(settings), style="dim")


@app.command("feedback")
def show_feedback(days: Days = 30, as_: As = "", as_json: Json = False) -> None:
    """
    Count what people thought of replies; with --as list each, newest first: `loket eval add EVENT` makes a case of it.

    Example:

      loket insight feedback --as E1009
    """
    settings = settings_for_a_person()
    found, reads = run(_feedback(settings, days, as_))
    bad = sum(not opinion.good for opinion in found)
    if as_json:
        listed = [_opinion_json(opinion, settings) for opinion in found] if reads else []
        _print_json({"days": days, "good": len(found) - bad, "bad": bad, "feedback": listed})
        return
    if not found:
        Console().print(NO_OPINIONS.format(days=days))
        return
    if reads:
        Console().print(_opinions_table(found, settings))
    Console().print(f"{len(found) - bad} good, {bad} bad in the last {days} days.")
    if not reads:
        Console().print(_hidden(settings), style="dim")


async def _outcomes(settings: Settings, days: int) -> list[Ending]:
    async with looking(settings) as desk:
        return await desk.database.read(lambda tx: endings(tx, _since(tx, days)))


async def _gaps(settings: Settings, days: int, employee_id: str) -> tuple[list[Gap], bool]:
    async with looking(settings) as desk:
        reader = await reader_of(desk, settings, employee_id)
        asked = await desk.database.read(lambda tx: unanswered(tx, _since(tx, days)))
        found = await gaps(
            asked,
            desk.embedder,
            desk.library,
            reader.groups if reader else EVERYBODY,
            closeness=settings.insight.closeness,
            people=settings.insight.people if reader else sys.maxsize,
            work_domains=settings.agent.work_domains,
        )
        return found, reader is not None


async def _feedback(settings: Settings, days: int, employee_id: str) -> tuple[list[Opinion], bool]:
    async with looking(settings) as desk:
        reader = await reader_of(desk, settings, employee_id)
        return await desk.database.read(lambda tx: opinions(tx, _since(tx, days))), reader is not None


async def reader_of(desk: Desk, settings: Settings, employee_id: str) -> Employee | None:
    """Who looks, if somebody is named. Raises `LoketError` for somebody who may not read what others asked."""
    if not employee_id:
        return None
    reader = await employee_of(desk, employee_id)
    if not reader.may_use_tools or reader.groups.isdisjoint(settings.insight.groups):
        raise LoketError(f"{employee_id} may not read what others asked; that is for {_groups(settings)}")
    return reader


def _since(tx: Tx, days: int) -> datetime:
    return now(tx) - timedelta(days=days)


def _outcomes_table(found: Sequence[Ending], total: int) -> Table:
    table = Table("turns", "share", "outcome", "meaning", "who should look")
    for one in found:
        meaning = one.meaning
        share = f"{one.turns / total:.0%}"
        label = Text(meaning.label, style="green" if meaning.helped else "")
        table.add_row(str(one.turns), share, label, Text(meaning.description, style="dim"), meaning.look)
    return table


def _gaps_table(found: Sequence[Gap], settings: Settings, *, reads: bool) -> Table:
    table = Table("weight", "people", "questions", "asked in vain", "nearest policy", "owner", show_lines=True)
    for gap in found:
        wording = Text(gap.wording)
        if not gap.wording:
            few = f"fewer than {settings.insight.people} people" if reads else "not shown"
            wording = Text(few, style="dim")
        why = ", ".join(f"{count} {WHY[reason]}" for reason, count in gap.reasons.items())
        place = Text(gap.policy, overflow="fold").append(f"\n{gap.heading}" if gap.heading else "", style="dim")
        owner = Text(gap.owner, overflow="fold").append(f"\n{gap.contact}" if gap.contact else "", style="dim")
        asked = wording.append(f"\n{why}", style="dim")
        table.add_row(str(gap.weight), str(gap.people), str(gap.questions), asked, place, owner)
    return table


def _opinions_table(found: Sequence[Opinion], settings: Settings) -> Table:
    table = Table("when", "event", "", "outcome", "question", "why")
    for opinion in found:
        shown = _opinion_json(opinion, settings)
        thumb = Text("good", style="green") if opinion.good else Text("bad", style="red")
        table.add_row(
            f"{opinion.at:%Y-%m-%d %H:%M}",
            Text(opinion.event_id, overflow="fold"),
            thumb,
            opinion.outcome.value,
            Text(str(shown["question"])),
            Text(str(shown["comment"])),
        )
    return table


def _opinion_json(opinion: Opinion, settings: Settings) -> dict[str, Any]:
    masker = Masker(settings.agent.work_domains)
    return {
        "event": opinion.event_id,
        "at": opinion.at.isoformat(),
        "good": opinion.good,
        "outcome": opinion.outcome.value,
        "question": masker.mask(one_line(opinion.said)),
        "comment": masker.mask(one_line(opinion.comment)),
    }


def _hidden(settings: Settings) -> str:
    return HIDDEN.format(groups=_groups(settings))


def _groups(settings: Settings) -> str:
    return " or ".join(sorted(settings.insight.groups))


def _print_json(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
