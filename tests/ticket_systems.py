"""Each ticket system that there is, with the same tickets in it at the beginning: for the contract tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from connectors.directory.embedded import EmbeddedDirectory
from connectors.jira import marks
from connectors.jira.adf import to_adf
from connectors.settings import OutsideSettings
from connectors.tickets import Tickets
from connectors.tickets.embedded import EmbeddedTickets
from connectors.tickets.jira import JiraTickets
from tests.outside import new_world
from tests.servers.jira import FakeJira, fake_jira

KINDS = ("embedded", "jira cloud", "jira data center", "jira service management")
SEEDS = Path(__file__).parents[1] / "connectors" / "tickets.yaml"


@dataclass
class Case:
    """A ticket system, and what its other side shows and does.

    `created` and `commented` list what was added since the beginning; `fail` takes `after` and `before-unknown`.
    """

    tickets: Tickets
    address: str
    created: Callable[[], Sequence[str]]
    commented: Callable[[], Sequence[str]]
    fail: Callable[[str, str], None]
    move: Callable[[str, str], Any]
    files: Callable[[str], Sequence[tuple[str, bytes]]]
    violations: Callable[[], Sequence[str]]


@asynccontextmanager
async def ticket_system(kind: str, folder: Path) -> AsyncIterator[Case]:
    """One of `KINDS`."""
    world = new_world(folder)
    if kind == "embedded":
        tickets = EmbeddedTickets(world)

        def seen(what: str) -> Sequence[str]:
            return [effect.object_id for effect in world.effects() if effect.kind == what]

        yield Case(
            tickets,
            "https://desk.dhb.example/",
            lambda: seen("ticket_created"),
            lambda: seen("comment_added"),
            lambda _, how: world.fail_next("tickets", how),
            tickets.move,
            lambda number: [(file.name, file.content) for file in tickets.files(number)],
            lambda: [],
        )
        return
    async with fake_jira("data_center" if "data" in kind else "cloud", world.clock) as jira:
        seed(jira)
        queues = {"queues": "IT=IT:Task; HR=HR:Task; FAC=FAC:#4/25"} if "service" in kind else {}
        settings = jira.settings(outage_label="known-outage", browse_url="https://desk.dhb.example", **queues)
        real = JiraTickets(settings, OutsideSettings(), EmbeddedDirectory(world), now=world.clock)
        before = set(jira.state.issues)
        try:
            yield Case(
                real,
                "https://desk.dhb.example/browse/",
                lambda: [key for key in jira.state.issues if key not in before],
                lambda: [key for key, issue in jira.state.issues.items() for _ in issue.comments],
                lambda what, how: jira.fail_next(what, "500 after" if how == "after" else "500 before"),
                _moved(jira),
                lambda number: [(shown["filename"], content) for shown, content in jira.state.issues[number].files],
                lambda: jira.api.violations,
            )
        finally:
            await real.close()


def seed(jira: FakeJira) -> None:
    """The tickets with which the embedded world begins, filed by Loket."""
    for one in yaml.safe_load(SEEDS.read_text(encoding="utf-8"))["tickets"]:
        amount, unit = int(one["created"][1:-1]), {"h": "hours", "d": "days"}[one["created"][-1]]
        text, footer = one["description"], marks.footer("Somebody", one["requester"])
        values = {
            "summary": one["summary"],
            "description": to_adf(text, "", footer) if jira.state.kind == "cloud" else f"{text}\n\n{footer}",
            "labels": [
                marks.FILED,
                *(["known-outage"] if one.get("outage") else [marks.requester_label(one["requester"])]),
            ],
            "status": one["status"],
            "created": jira.state.now() - timedelta(**{unit: amount}),
        }
        jira.state.add(one["id"].partition("-")[0], values, key=one["id"])


def _moved(jira: FakeJira) -> Callable[[str, str], Any]:
    async def move(ticket_id: str, status: str) -> None:
        jira.state.move(ticket_id, status)

    return move
