"""Policies are drafted, seen by others, published and rolled back through the gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from core.errors import ConfigError, Refused, ToolRetry
from policies.tables import documents, passages, publications
from policies.versions import versions
from storage.tables import audit
from tests.policy_room import ALL
from tests.publishing_room import FIRST, LEAVE, PAY, House, house_on


@pytest.fixture
def house() -> Iterator[House]:
    with house_on() as house:
        yield house


async def test_a_version_is_drafted_approved_published_and_rolled_back(house: House) -> None:
    house.write("leave.md", LEAVE)
    house.write("pay.md", PAY)
    house.write("glossary.yaml", "vrij: [leave]\n")
    drafted = await house.draft()
    assert (drafted.version.number, drafted.read) == (1, 2)
    assert await house.found("days of leave") == []

    first = await house.published()
    house.write("leave.md", LEAVE.replace("twenty", "thirty"))
    (house.folder / "pay.md").unlink()
    await house.draft()
    await house.published()
    assert "thirty" in (await house.found("days of leave"))[0]
    assert await house.found("scale", frozenset({"hr"})) == []

    await house.published(1)

    assert "twenty" in (await house.found("days of leave"))[0]
    assert await house.found("scale", frozenset({"hr"}))
    assert house.library.glossary() == {"vrij": ("leave",)}
    done = await house.room.database.read(versions.published)
    assert [(one.edition, one.number) for one in done] == [(1, 1), (2, 2), (3, 1)]
    assert done[0].action_id == first
    with house.room.database.reading() as tx:
        rows = tx.execute(sa.select(audit.c.verb, audit.c.actor, audit.c.object).order_by(audit.c.seq)).all()
    assert [tuple(row) for row in rows if row.verb == "policies.published"] == [
        ("policies.published", "system:executor", f"policies:handbook:{number}") for number in (1, 2, 1)
    ]


async def test_a_publication_equals_an_ingest_of_the_same_folder(house: House) -> None:
    """Row by row: what was published through the gate is what an ingest would have put in force."""
    house.write("leave.md", "---\nid: leave\nquestions: [how many days of leave do I get]\n---\n" + LEAVE)
    house.write("pay.md", PAY)
    house.write("glossary.yaml", "vrij: [leave, leave]\n")

    def rows(tx: Any) -> list[Any]:
        columns = [column for column in documents.c if column.name != "ingested_at"]
        found = tx.execute(sa.select(*columns).order_by(documents.c.path)).all()
        return [*map(tuple, found), *map(tuple, tx.execute(sa.select(passages).order_by(passages.c.passage_id)))]

    await house.draft()
    await house.published()
    published = await house.room.database.read(rows)
    report = await house.library.ingest(house.folder)

    assert (report.added, report.updated, report.unchanged, report.removed) == (0, 0, 2, 0)
    assert await house.room.database.read(rows) == published


async def test_the_card_shows_every_changed_clause_whole_and_what_goes(house: House) -> None:
    house.write("leave.md", LEAVE)
    house.write("old.md", "# Old\n\n## Rule\n\nThis was the rule of old.\n")
    await house.library.ingest(house.folder)
    (house.folder / "old.md").unlink()
    house.write("leave.md", "---\neffective_from: 2027-01-01\n---\n" + LEAVE.replace("five", "seven"))
    house.write("new.md", "---\nid: new\nsupersedes: [nowhere]\n---\n# New\n\n## Rule\n\nThis is the new rule.\n")
    await house.draft(FIRST)

    facts = await house.facts()

    assert facts["removed"] == "handbook/old.md"
    assert facts["added"] == "handbook/new.md: for all-staff"
    assert facts["changed"] == "handbook/leave.md: Leave › Saving"
    assert facts["when it holds"].splitlines() == [
        "handbook/leave.md: from 2027-01-01",
        "handbook/new.md: replaces nowhere",
    ]
    assert facts["conflicts"] == "handbook/new.md replaces 'nowhere', and there is none"
    assert facts["version"] == "1 → 2"
    assert facts["drafted by"].startswith(f"employee:{FIRST}, ")
    assert "--- Leave › Saving\n-You may save five days.\n+You may save seven days." in facts["diff"]
    assert "-This was the rule of old." in facts["diff"]
    assert "+This is the new rule." in facts["diff"]
    assert "twenty" not in facts["diff"]


async def test_what_did_not_change_is_not_read_again(house: House) -> None:
    house.write("leave.md", LEAVE)
    house.write("pay.md", PAY)
    assert (await house.draft()).read == 2
    house.write("pay.md", PAY.replace("eighteen", "twelve"))

    drafted = await house.draft()

    assert drafted.read == 1
    assert (await house.draft()).version == drafted.version


async def test_part_of_a_folder_is_drafted_alone(house: House) -> None:
    house.write("leave.md", LEAVE)
    house.write("hr/pay.md", PAY)
    await house.library.ingest(house.folder)
    house.write("leave.md", LEAVE.replace("twenty", "thirty"))
    house.write("hr/pay.md", PAY.replace("eighteen", "twelve"))

    await house.draft(only="handbook/hr")

    facts = await house.facts()
    assert facts["changed"] == "handbook/hr/pay.md: Pay › Scales"
    with pytest.raises(ConfigError, match="there is no"):
        await house.draft(only="handbook/it")


async def test_a_document_that_cannot_be_read_keeps_what_is_in_force_of_it(house: House) -> None:
    house.write("leave.md", LEAVE)
    await house.library.ingest(house.folder)
    house.write("leave.md", "---\naudience: [\n---\n" + LEAVE)
    house.write("pay.md", PAY)

    drafted = await house.draft()

    assert [problem.path for problem in drafted.problems] == ["handbook/leave.md"]
    assert "stays" in drafted.problems[0].sentence
    assert (await house.facts())["added"] == "handbook/pay.md: for hr"


async def test_two_documents_with_one_id_do_not_come_in_force(house: House) -> None:
    house.write("leave.md", "---\nid: leave\n---\n" + LEAVE)
    await house.draft()
    other = house.room.home / "other"
    other.mkdir()
    (other / "x.md").write_text("---\nid: leave\n---\n# X\n\nAnother text about leave.\n", encoding="utf-8")
    await house.library.ingest(other, "other")

    with pytest.raises(ToolRetry, match="the id 'leave'"):
        await house.room.propose(FIRST, "publish_policies", **await house.asked())


async def test_what_nobody_can_read_on_a_card_is_published_in_parts(house: House) -> None:
    house.write("leave.md", LEAVE + "\n".join(f"Rule {number} says what rule {number} says." for number in range(9000)))
    await house.draft()
    with pytest.raises(ToolRetry, match="in parts"):
        await house.room.propose(FIRST, "publish_policies", **await house.asked())


async def test_another_process_finds_what_was_published(house: House) -> None:
    house.write("leave.md", LEAVE)
    await house.draft()
    other = house.another()
    assert await other.search("days of leave", ALL) == []

    await house.published()

    assert "twenty" in (await other.search("days of leave", ALL))[0].text
    other.close()


async def test_a_publication_is_whole_or_nothing_and_happens_once(house: House) -> None:
    house.write("leave.md", LEAVE)
    await house.draft()
    order = await house.order(action_id="action-1")

    def give_up(_tx: Any) -> None:
        raise Refused("crashed")

    with pytest.raises(Refused):
        await house.library.publish(order, give_up)
    assert await house.found("days of leave") == []
    await house.library.publish(order, lambda _tx: None)
    await house.library.publish(order, lambda _tx: None)
    assert await house.room.database.read(lambda tx: tx.execute(sa.select(publications)).all())
    assert "twenty" in (await house.found("days of leave"))[0]
