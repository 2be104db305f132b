"""Onto the ticket: each file at most once, whatever dies or fails, and whoever asked hears which did not get there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from actions import ledger
from actions.file_tables import attachment_bytes, attachment_jobs, attachments
from actions.files import ARGUMENT
from actions.seal import seal_of
from actions.tables import actions
from connectors.tickets.embedded import EmbeddedTickets
from storage.faultpoint import install
from tests.desk import Desk
from tests.files_sent import PDF, PNG, Chest, fetching, send
from tests.reading import text_of
from tests.servers.jira import FakeJira, fake_jira
from tests.staff import SANNE, TOM
from tests.ticket_systems import seed

CHAIR = "Open a ticket: my chair is broken"
POINTS = (
    "attaching.claim.before_commit",
    "attaching.claimed",
    "attaching.acted",
    "attaching.end.before_commit",
)


class Dies(Exception):
    """The executor is killed."""


@asynccontextmanager
async def jira_desk(kind: str = "cloud", **changes: object) -> AsyncIterator[tuple[Desk, FakeJira]]:
    async with fake_jira(kind) as jira:
        seed(jira)
        chosen = {"systems": {"tickets": "jira"}, "jira": jira.settings(**changes)}
        async with Desk.start(documents=(), settings=chosen) as desk:
            yield desk, jira
        assert jira.api.violations == []


async def drafted(desk: Desk, chest: Chest, *names: str) -> str:
    """A draft of Tom's with these files, their bytes here."""
    contents = {"pdf": PDF, "png": PNG}
    replies = await send(desk, TOM, CHAIR, *(chest.put(name, contents[name[-3:]]) for name in names))
    while await fetching(desk, chest).once():
        pass
    return next(reply.card.action_id for reply in replies if reply.card)


async def confirmed(desk: Desk, draft: str) -> None:
    assert (await desk.click(TOM, draft, "confirm", via="slack_dm")).accepted


def rows(desk: Desk, table: sa.Table) -> list[Any]:
    with desk.database.reading() as tx:
        return list(tx.execute(sa.select(table)).mappings())


def told(desk: Desk) -> list[str]:
    """What was said about files on tickets."""
    said = [post.reply.text for post in desk.posts()]
    return [text for text in said if text.startswith(("Added to", "Not added to"))]


def in_jira(jira: FakeJira) -> list[tuple[str, bytes]]:
    return [(shown["filename"], content) for issue in jira.state.issues.values() for shown, content in issue.files]


def in_world(desk: Desk) -> list[str]:
    tickets = EmbeddedTickets(desk.world)
    filed = [effect.object_id for effect in desk.effects() if effect.kind == "ticket_created"]
    return [file.name for number in filed for file in tickets.files(number)]


def dying(point: str) -> Callable[[str], None]:
    """A hook that kills the executor the first time it comes to a point."""
    left = [point]

    def hook(name: str) -> None:
        if name in left:
            left.remove(name)
            raise Dies(name)

    return hook


async def killed_at(desk: Desk, point: str, draft: str) -> None:
    """The executor dies there, once; then the sweep comes by until all is settled."""
    install(dying(point))
    try:
        await confirmed(desk, draft)
    finally:
        install(None)
    for _ in range(4):
        await desk.clock.advance(seconds=60)


@pytest.mark.parametrize("kind", ["cloud", "data_center"])
async def test_files_go_onto_an_issue_of_jiras_as_they_were_sent(kind: str) -> None:
    chest = Chest()
    async with jira_desk(kind) as (desk, jira):
        await confirmed(desk, await drafted(desk, chest, "stoel één.pdf", "chair.png"))
        assert in_jira(jira) == [("stoel één.pdf", PDF), ("chair.png", PNG)]
        assert told(desk) == ["Added to FAC-303: `stoel één.pdf`, `chair.png`."]
        await desk.clock.advance(minutes=10)
        assert len(in_jira(jira)) == 2
        assert len(told(desk)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
async def test_an_executor_that_dies_attaches_at_most_once_in_jira_and_says_what_it_knows(point: str) -> None:
    chest = Chest()
    async with jira_desk() as (desk, jira):
        await killed_at(desk, point, await drafted(desk, chest, "chair.pdf"))
        assert len(in_jira(jira)) == (0 if point == "attaching.claimed" else 1)
        (said,) = told(desk)
        assert said.startswith("Added to" if in_jira(jira) else "Not added to"), said
        assert rows(desk, attachment_bytes) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
async def test_where_the_system_knows_a_repeat_nothing_is_lost_either(point: str) -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        await killed_at(desk, point, await drafted(desk, chest, "chair.pdf", "chair.png"))
        assert sorted(in_world(desk)) == ["chair.pdf", "chair.png"]
        assert len(told(desk)) == 1
        assert rows(desk, attachment_bytes) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "there", "words"),
    [
        ("500 after", 1, "Added to FAC-303: `chair.pdf`."),
        ("cut after", 1, "Added to FAC-303: `chair.pdf`."),
        ("html", 1, "Added to FAC-303: `chair.pdf`."),
        ("late", 1, "Added to FAC-303: `chair.pdf`."),
        ("500 before", 0, "not certain"),
        ("cut before", 0, "not certain"),
        ("429", 1, "Added to FAC-303: `chair.pdf`."),
    ],
)
@pytest.mark.sampled(0.3)
async def test_a_failure_of_jiras_is_no_second_file_and_no_failed_ticket(how: str, there: int, words: str) -> None:
    chest = Chest()
    async with jira_desk(write_seconds=1) as (desk, jira):
        draft = await drafted(desk, chest, "chair.pdf")
        jira.fail_next("attach", how)
        await confirmed(desk, draft)
        for _ in range(3):
            await desk.clock.advance(seconds=30)
        assert await desk.state(draft) == "done"
        assert len(in_jira(jira)) == there
        (said,) = told(desk)
        assert words in said


async def test_what_surely_did_not_happen_is_tried_again_and_then_said() -> None:
    chest = Chest()
    async with jira_desk() as (desk, jira):
        draft = await drafted(desk, chest, "chair.pdf", "chair.png")
        jira.state.permissions.discard("CREATE_ATTACHMENTS")
        await confirmed(desk, draft)
        await desk.clock.advance(seconds=6)
        assert told(desk) == []
        jira.state.permissions.add("CREATE_ATTACHMENTS")
        await desk.clock.advance(seconds=6)
        assert [name for name, _ in in_jira(jira)] == ["chair.pdf", "chair.png"]
        assert await desk.state(draft) == "done"


async def test_a_system_that_never_takes_it_is_named_after_five_minutes() -> None:
    chest = Chest()
    async with jira_desk() as (desk, jira):
        draft = await drafted(desk, chest, "chair.pdf")
        jira.state.permissions.discard("CREATE_ATTACHMENTS")
        await confirmed(desk, draft)
        for _ in range(7):
            await desk.clock.advance(minutes=1)
        assert await desk.state(draft) == "done"
        (said,) = told(desk)
        assert said.startswith("Not added to FAC-303: `chair.pdf`. The ticket system did not take it.")
        assert in_jira(jira) == []
        assert rows(desk, attachment_bytes) == []


async def test_several_executors_attach_each_file_once() -> None:
    chest = Chest()
    async with jira_desk() as (desk, jira):
        draft = await drafted(desk, chest, "chair.pdf", "chair.png")
        gate = desk.counter.gate
        decision = asyncio.create_task(confirmed(desk, draft))
        for _ in range(30):
            gate._running.clear()
            await asyncio.gather(*(gate._advance(draft) for _ in range(3)))
        await decision
        await desk.clock.advance(seconds=60)
        assert sorted(in_jira(jira)) == [("chair.pdf", PDF), ("chair.png", PNG)]
        assert len(told(desk)) == 1


async def test_a_sealed_file_of_somebody_else_is_refused_whatever_the_agent_wrote() -> None:
    """A taken-over agent may write actions; it cannot make another's file mine."""
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        await send(desk, SANNE, "", chest.put("salaris.pdf"))
        draft = await drafted(desk, chest, "chair.pdf")
        theirs = next(row for row in rows(desk, attachments) if row["user"] == f"U{SANNE}")
        stolen = {"id": theirs["file_id"], "name": "x.pdf", "size": theirs["size"], "sha256": ""}
        forge(desk, draft, [*action_of(desk, draft).arguments[ARGUMENT], stolen])
        await confirmed(desk, draft)
        await desk.clock.advance(seconds=6)
        assert in_world(desk) == ["chair.pdf"]
        assert "Somebody else sent it" in told(desk)[0]
        assert "salaris" not in text_of(post.reply for post in desk.posts() if post.address.user == f"U{TOM}")


def action_of(desk: Desk, action_id: str) -> Any:
    with desk.database.reading() as tx:
        return ledger.get(tx, action_id)


def forge(desk: Desk, draft: str, listed: Any) -> None:
    """What a taken-over agent can do: write an action with a seal that fits."""
    arguments = {**action_of(desk, draft).arguments, ARGUMENT: listed}
    with desk.database.transaction() as tx:
        tx.change(sa.update(actions).where(actions.c.action_id == draft).values(arguments=arguments))
    seal = seal_of(action_of(desk, draft))
    with desk.database.transaction() as tx:
        tx.change(sa.update(actions).where(actions.c.action_id == draft).values(seal=seal))


@pytest.mark.parametrize("name", ["../../x.pdf", "chair.exe", "chair\u202efdp.pdf", "chair.png", "a\r\nb.pdf"])
async def test_a_name_that_is_none_goes_onto_no_ticket_whoever_sealed_it(name: str) -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        draft = await drafted(desk, chest, "chair.pdf")
        (sealed,) = action_of(desk, draft).arguments[ARGUMENT]
        forge(desk, draft, [{**sealed, "name": name}])
        await confirmed(desk, draft)
        assert in_world(desk) == []
        assert told(desk)[0].startswith("Not added to")


@pytest.mark.parametrize("listed", [[{}], "x", [1], {"id": 1}, [{"id": 1, "name": 2, "size": "x", "sha256": 3}], 7])
async def test_what_is_no_list_of_files_is_none_and_the_ticket_stands(listed: Any) -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        draft = await drafted(desk, chest, "chair.pdf")
        forge(desk, draft, listed)
        await confirmed(desk, draft)
        assert await desk.state(draft) == "done"
        assert in_world(desk) == []


async def test_a_file_that_another_ticket_took_is_said_and_not_attached_twice() -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        first = await drafted(desk, chest, "chair.pdf")
        listed = action_of(desk, first).arguments[ARGUMENT]
        await confirmed(desk, first)
        second = await desk.ask_for(TOM, "Open a ticket: the lamp in Z1.03 is out", via="slack_dm")
        forge(desk, second, listed)
        await confirmed(desk, second)
        assert in_world(desk) == ["chair.pdf"]
        assert "another ticket already" in told(desk)[-1]


async def test_files_that_were_added_after_the_seal_void_the_action() -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        draft = await drafted(desk, chest, "chair.pdf")
        with desk.database.transaction() as tx:
            arguments = {**action_of(desk, draft).arguments, ARGUMENT: []}
            tx.change(sa.update(actions).where(actions.c.action_id == draft).values(arguments=arguments))
        await desk.click(TOM, draft, "confirm", via="slack_dm")
        await desk.clock.advance(seconds=6)
        assert desk.effects() == []


async def test_bytes_that_were_changed_at_rest_are_not_passed_on() -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        draft = await drafted(desk, chest, "chair.pdf", "chair.png")
        kept = rows(desk, attachment_bytes)
        with desk.database.transaction() as tx:  # exchanged: each is genuine, in another's place
            for row, other in zip(kept, reversed(kept), strict=True):
                tx.change(
                    sa.update(attachment_bytes)
                    .where(attachment_bytes.c.file_id == row["file_id"])
                    .values(nonce=other["nonce"], ciphertext=other["ciphertext"], key_id=other["key_id"])
                )
        await confirmed(desk, draft)
        await desk.clock.advance(seconds=6)
        assert await desk.state(draft) == "done"
        assert in_world(desk) == []
        assert told(desk)[0].count("not what was sent") == 2


async def test_a_ticket_without_files_has_no_work_with_them() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, CHAIR, via="slack_dm")
        await confirmed(desk, draft)
        assert await desk.state(draft) == "done"
        assert rows(desk, attachment_jobs) == []
        assert told(desk) == []


async def test_what_became_of_a_file_is_in_the_audit_by_number_and_not_by_name() -> None:
    chest = Chest()
    async with Desk.start(documents=()) as desk:
        await confirmed(desk, await drafted(desk, chest, "chair-of-canary.pdf"))
        audit = dict(desk._tables())["audit"]
        assert "file.attached" in audit
        assert "canary" not in audit + dict(desk._tables())["audit_payload"]
