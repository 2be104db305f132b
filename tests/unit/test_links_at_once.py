"""Links under many hands at once, on both databases: one account is one employee, one offer works once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from connectors.directory import link_offers, links
from connectors.directory.links import hashed
from core.linking import Profile
from core.people import ChannelIdentity, Employee
from loket.linking.introductions import Introductions
from loket.migrate import upgrade
from loket.outside.settings import LinkingSettings
from storage import Database, Tx
from tests.linking_room import account, slack

pytest_plugins = ["tests.fixtures_storage"]
T = TypeVar("T")
HANDS = 8


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=HANDS)
    upgrade(database)
    yield database
    database.close()


def somebody(number: int) -> Employee:
    return Employee(f"E{number}", "", "", "", "", "", "", "", "", None, frozenset(), "en")


def at_once(database: Database, work: Callable[[Tx, int], T]) -> list[T]:
    """The same work by many, each in a transaction of its own."""

    def one(number: int) -> T:
        with database.transaction() as tx:
            return work(tx, number)

    with ThreadPoolExecutor(HANDS) as threads:
        return list(threads.map(one, range(HANDS)))


def test_of_many_who_link_one_account_one_has_it(database: Database) -> None:
    made = at_once(database, lambda tx, n: links.add(tx, slack(), somebody(n), "email", "x", f"code {n}"))
    assert sorted(made) == [False] * (HANDS - 1) + [True]
    with database.reading() as tx:
        assert links.employee_of(tx, slack()) == f"E{made.index(True)}"


def test_of_many_who_use_one_offer_one_does(database: Database) -> None:
    with database.transaction() as tx:
        token = link_offers.make(tx, slack(), Profile("Tom"))
    assert token
    spent = at_once(database, lambda tx, _: link_offers.spend(tx, hashed(token)))
    assert sorted(spent) == [False] * (HANDS - 1) + [True]


class _Nobody:
    """A directory that knows nobody."""

    async def by_identity(self, identity: ChannelIdentity) -> None:
        return None


async def test_many_messages_at_once_bring_no_more_than_three_offers(database: Database) -> None:
    people = Introductions(database, _Nobody(), LinkingSettings(), "https://desk.dhb.example/link")  # type: ignore[arg-type]
    offers = await asyncio.gather(*(people.offer(account(), "en") for _ in range(HANDS)))
    assert len([offer for offer in offers if offer]) == link_offers.MOST_AN_HOUR
