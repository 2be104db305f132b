"""The simulated Slack of a measurement: one organisation with several workspaces, its people, the approvers' room.

Slack lets a workspace start so many streams a minute, and the service keeps to that (`slack_app.streaming`). So that
many answers can grow at once, they are spread over as many workspaces as Slack would ask for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from loket.bench.load.service import Place
from simulators.slack import SlackSimulator
from simulators.slack.person import SimPerson
from slack_app.guard import CHANNEL, Origin

ENTERPRISE = "E0BENCH"
ROOM = "C0APPROVERS"
STREAMS_EACH = 12
"""Streams of one workspace: it may start 15 in a minute, and all are started within one."""


def workspaces_for(streams: int) -> int:
    """How many workspaces so many streams at once need."""
    return max(1, math.ceil(streams / STREAMS_EACH))


def found(slack: SlackSimulator, workspaces: int) -> list[str]:
    """The organisation, with the app in all of it and no limits on how often it may call; its workspaces."""
    teams = [f"T0BENCH{number:02d}" for number in range(1, workspaces + 1)]
    for team in teams:
        slack.add_workspace(team, ENTERPRISE)
    slack.world.install(ENTERPRISE)
    slack.pacing.on = False
    return teams


def move_in(slack: SlackSimulator, place: Place, teams: Sequence[str], employees: Sequence[str]) -> list[SimPerson]:
    """These employees get Slack, workspace after workspace, and the directory knows them there."""
    people = [
        slack.add_person(f"U{employee}", name=f"Noor {employee}", team=teams[number % len(teams)])
        for number, employee in enumerate(employees)
    ]
    rows = [(CHANNEL, ENTERPRISE, f"U{employee}", employee) for employee in employees]
    place.world().change(lambda c: c.executemany("INSERT OR REPLACE INTO identities VALUES (?, ?, ?, ?)", rows))
    return people


def connect(place: Place, slack: SlackSimulator, teams: Sequence[str], after: float) -> None:
    """The settings with which the service finds this Slack. `after`: seconds after which an answer is shown growing."""
    place.settings |= {"LOKET_GATE_APPROVERS_CHANNEL": CHANNEL, "LOKET_GATE_APPROVERS_TENANT": teams[0]}
    place.edge_settings |= {
        "LOKET_SLACK_MODE": "http",
        "LOKET_SLACK_SIGNING_SECRET": slack.signing_secret,
        "LOKET_SLACK_BOT_TOKEN": slack.world.give_token(ENTERPRISE).value,
        "LOKET_SLACK_WORKSPACES": json.dumps([ENTERPRISE]),
        "LOKET_SLACK_ROOMS": json.dumps({"it-approvers": ROOM}),
        "LOKET_SLACK_API_URL": slack.api_url,
        "LOKET_SLACK_AUTHORIZE_URL": slack.authorize_url,
        "LOKET_SLACK_STREAM_AFTER_SECONDS": str(after),
    }


def origin_of(team: str) -> Origin:
    """Where what happens in a workspace comes from, as the service reads it."""
    return Origin(team, ENTERPRISE)
