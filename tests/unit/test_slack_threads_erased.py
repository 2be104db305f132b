"""Whoever is erased talks in no thread of Slack any more; nobody else is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from core.people import ChannelIdentity
from loket.migrate import upgrade
from loket.retention.erasing import erase_rows_of
from loket.retention.person import Person
from slack_app.tables import slack_threads
from storage import Database, now

THREADS = [("T0ONE", "U0TOM"), ("T0TWO", "U0TOM"), ("T0ONE", "U0SANNE")]


@pytest.mark.parametrize(
    ("account", "left"),
    [
        (ChannelIdentity("slack", "T0ONE", "U0TOM"), {("T0TWO", "U0TOM"), ("T0ONE", "U0SANNE")}),
        (ChannelIdentity("slack", "E0ORG", "U0TOM"), {("T0ONE", "U0SANNE")}),
        (ChannelIdentity("teams", "T0ONE", "U0TOM"), set(THREADS)),
    ],
    ids=["of a workspace", "of an organisation", "of another channel"],
)
def test_the_threads_of_an_erased_person_go(
    tmp_path: Path, account: ChannelIdentity, left: set[tuple[str, str]]
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loket.sqlite'}")
    upgrade(database)
    person = Person("E1002", "Tom", frozenset({account}), frozenset(), frozenset())
    with database.transaction() as tx:
        for tenant, user in THREADS:
            tx.add(slack_threads, tenant=tenant, room="C0GENERAL", thread="1.1", user=user, at=now(tx))
        erase_rows_of(tx, person, "operator:x@y", "asked")
        assert {(row.tenant, row.user) for row in tx.execute(sa.select(slack_threads))} == left
    database.close()
