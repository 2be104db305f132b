"""What is proposed is embedded before it is approved, so that the executor has little left to do; and drafts age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from loket.vectors.drafts import DraftsAhead, ahead_of
from policies.library import Library
from policies.settings import PolicySettings
from policies.tables import revisions, version_documents
from policies.tables import versions as version_table
from tests.gate_rooms import room_on
from tests.policy_room import HashingEmbedder
from tests.publishing_room import FIRST, LEAVE, PAY, House, house_on


@pytest.fixture
def house() -> Iterator[House]:
    with house_on() as house:
        yield house


async def test_a_proposed_version_is_embedded_ahead_and_once(house: House) -> None:
    """By an executor on another machine, which has no vectors yet."""
    house.write("leave.md", LEAVE)
    await house.draft()
    embedder = HashingEmbedder()
    elsewhere = Library(house.room.database, house.room.home / "elsewhere", embedder, PolicySettings())
    ahead = DraftsAhead(house.room.database, elsewhere)

    assert await ahead.once() == 0
    assert embedder.embedded == 0
    await house.room.propose(FIRST, "publish_policies", **await house.asked())
    assert await ahead.once() == 1
    assert embedder.embedded > 0
    before = embedder.embedded
    assert await ahead.once() == 0
    await elsewhere.publish(await house.order(action_id="by-hand"), lambda _tx: None)

    assert embedder.embedded == before
    elsewhere.close()


async def test_a_damaged_draft_keeps_nobody_from_the_others(house: House) -> None:
    house.write("leave.md", LEAVE)
    await house.draft()
    await house.room.propose(FIRST, "publish_policies", **await house.asked())
    await house.room.database.run(lambda tx: tx.change(sa.update(revisions).values(body="{}")))
    assert await DraftsAhead(house.room.database, house.library).once() == 0


def test_only_a_process_that_publishes_embeds_ahead(house: House) -> None:
    assert ahead_of(house.room.gate, house.room.database, house.library) is not None
    with room_on() as bare:
        assert ahead_of(bare.gate, bare.database, house.library) is None


async def test_a_draft_that_was_given_up_goes_with_what_only_it_held(house: House) -> None:
    from loket.retention.rules import Periods, rules

    house.write("leave.md", LEAVE)
    await house.draft()
    await house.published()
    house.write("pay.md", PAY)
    await house.draft()
    house.room.advance_clock(timedelta(days=31))

    def prune(tx: Any) -> None:
        for rule in rules(Periods(30, 30, 30, 30, 30, 30, 30)):
            if rule.table in (version_table, version_documents, revisions):
                assert rule.only is not None
                tx.change(sa.delete(rule.table).where(rule.only))

    await house.room.database.run(prune)

    def left(tx: Any) -> tuple[list[int], list[int], int]:
        numbers = sa.select(version_table.c.number)
        held = sa.select(version_documents.c.number)
        count = sa.select(sa.func.count()).select_from(revisions)
        return list(tx.execute(numbers).scalars()), list(tx.execute(held).scalars()), tx.execute(count).scalar_one()

    assert await house.room.database.read(left) == ([1], [1], 1)
    assert "twenty" in (await house.found("days of leave"))[0]
