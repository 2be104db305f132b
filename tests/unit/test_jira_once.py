"""At most one ticket an action, and none lost, whatever Jira does: driven as the executor drives it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.directory.embedded import EmbeddedDirectory
from connectors.settings import OutsideSettings
from connectors.tickets import TicketDraft
from connectors.tickets.jira import JiraTicketReader, JiraTickets
from core.errors import ConnectorError, EffectUnknown
from tests.outside import new_world
from tests.servers.jira import FAULTS, FakeJira, fake_jira

LOOKS = 3
"""The gate looks for ten minutes; here the index has caught up, and what was late is done, before the last look."""
AT_ONCE = 16
BAD = [how for how in FAULTS if how not in ("429 for ever", "hang", "odd")]
QUEUES = {"jira cloud": "", "jira service management": "IT=IT:Task; FAC=FAC:#4/25", "jira data center": ""}


@dataclass
class Story:
    """What was claimed of each action, and how often each fault was met."""

    claimed: dict[str, str] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)


@pytest.mark.slow
@pytest.mark.parametrize("kind", QUEUES)
@pytest.mark.sampled(0.2)
async def test_at_most_one_ticket_an_action_and_none_is_lost(kind: str, tmp_path: Path) -> None:
    await _run(kind, 120, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", QUEUES)
async def test_the_same_over_a_thousand_runs(kind: str, tmp_path: Path) -> None:
    await _run(kind, 1000, tmp_path)


async def _run(kind: str, runs: int, folder: Path) -> None:
    world, chance, story = new_world(folder), random.Random(f"{kind} 1"), Story()
    async with fake_jira("data_center" if "data" in kind else "cloud") as jira:
        jira.slow_seconds = 0.5
        queues = {"queues": QUEUES[kind]} if QUEUES[kind] else {}
        settings = jira.settings(write_seconds=0.6, read_seconds=2, **queues)
        tickets = JiraTickets(settings, OutsideSettings(), EmbeddedDirectory(world))
        reader = JiraTicketReader(settings, OutsideSettings(), EmbeddedDirectory(world))
        try:
            for start in range(0, runs, AT_ONCE):
                batch = range(start, min(start + AT_ONCE, runs))
                await _batch(jira, tickets, reader, [f"a-{number}" for number in batch], chance, story)
        finally:
            await tickets.close()
            await reader.close()
        _judge(jira, story, runs)


async def _batch(
    jira: FakeJira,
    tickets: JiraTickets,
    reader: JiraTicketReader,
    keys: list[str],
    chance: random.Random,
    story: Story,
) -> None:
    _plan(jira, len(keys), chance, story)
    jira.state.lag_seconds = chance.choice([0, 0, 1, 60])
    doubtful = [key for key in await asyncio.gather(*(_create(tickets, key, story) for key in keys)) if key]
    for look in range(LOOKS):
        if look == LOOKS - 1:
            await jira.settle()
            jira.forgive()
            jira.state.pass_(seconds=61)
        for key in list(doubtful):
            if await _reconciled(reader, key, story):
                doubtful.remove(key)
    for key in doubtful:
        story.claimed[key] = ""
        story.ends["failed after doubt"] += 1


def _plan(jira: FakeJira, calls: int, chance: random.Random, story: Story) -> None:
    """Most filings meet a fault, some of what is asked around them too."""
    for what, share in (("create", 0.8), ("search", 0.1), ("other", 0.1)):
        for _ in range(calls):
            if chance.random() < share:
                how = chance.choice(BAD)
                jira.fail_next(what, how)
                story.met[f"{what} {how}"] += 1


async def _create(tickets: JiraTickets, key: str, story: Story) -> str:
    """The key when it ended in doubt."""
    queue = random.Random(key).choice(tickets.queues)
    try:
        story.claimed[key] = (
            await tickets.create(TicketDraft(queue, f"Chair {key}", "Broken.", "E1001"), key)
        ).ticket_id
        story.ends["done"] += 1
    except EffectUnknown:
        return key
    except ConnectorError:
        story.claimed[key] = ""
        story.ends["failed at once"] += 1
    return ""


async def _reconciled(reader: JiraTicketReader, key: str, story: Story) -> bool:
    try:
        found = await reader.by_key(key)
    except ConnectorError:
        return False
    if found is not None:
        story.claimed[key] = found.ticket_id
        story.ends["done after doubt"] += 1
    return found is not None


def _judge(jira: FakeJira, story: Story, runs: int) -> None:
    made: dict[str, list[str]] = {}
    for issue in jira.state.issues.values():
        made.setdefault(issue.summary.removeprefix("Chair "), []).append(issue.key)
    assert len(story.claimed) == runs
    assert {key: keys for key, keys in made.items() if len(keys) > 1} == {}
    assert {key: keys[0] for key, keys in made.items()} == {key: one for key, one in story.claimed.items() if one}
    assert jira.api.violations == []
    # A sample that met nothing proves nothing.
    assert min(story.ends[end] for end in ("done", "failed at once", "done after doubt", "failed after doubt")) > 0
    assert {f"create {how}" for how in BAD} <= set(story.met)
    assert jira.state.offset >= timedelta(seconds=61)
