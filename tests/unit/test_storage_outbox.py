"""The outbox: what is put leaves once, in the order of its slot, by one deliverer at a time."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from storage import Database, OutboxItem, now, outbox
from storage.outbox import MAX_ATTEMPTS, Waiting
from storage.tables import outbox as table

pytest_plugins = ["tests.fixtures_storage"]


def item(key: str, slot: str = "") -> OutboxItem:
    return OutboxItem(key, "reply", {"room": "D1"}, {"text": f"text of {key}"}, slot)


def put(database: Database, *items: OutboxItem) -> list[bool]:
    with database.transaction() as tx:
        return [outbox.put(tx, one) for one in items]


def claim(database: Database, limit: int = 50, lease_seconds: float = 60.0) -> list[Waiting]:
    with database.transaction() as tx:
        return outbox.claim(tx, limit, lease_seconds)


def sent(database: Database, one: Waiting, receipt: str) -> None:
    with database.transaction() as tx:
        outbox.mark_sent(tx, one, receipt)


def failed(database: Database, one: Waiting) -> bool:
    with database.transaction() as tx:
        return outbox.mark_failed(tx, one, "503 \0 try later")


def keys(items: list[Waiting]) -> list[str]:
    return [one.key for one in items]


def test_an_item_is_delivered_whole_and_its_key_is_taken_for_ever(database: Database) -> None:
    assert put(database, item("a"), item("a")) == [True, False]
    (one,) = claim(database)
    assert (one.key, one.slot, one.destination, one.payload) == ("a", "a", {"room": "D1"}, {"text": "text of a"})
    sent(database, one, "1700.1")
    assert claim(database) == []
    assert put(database, item("a")) == [False]
    assert claim(database) == []


def test_the_newest_item_of_a_slot_overtakes_an_unsent_one_and_replaces_a_sent_one(database: Database) -> None:
    put(database, item("card 1", "card"), item("card 2", "card"))
    (one,) = claim(database)
    assert (one.key, one.receipt) == ("card 2", None)
    sent(database, one, "1700.2")
    put(database, item("card 3", "card"))
    (one,) = claim(database)
    assert (one.key, one.receipt) == ("card 3", "1700.2")
    sent(database, one, "1700.3")  # a channel that cannot change a post made a new one
    put(database, item("card 4", "card"))
    assert [one.receipt for one in claim(database)] == ["1700.3"]


def test_what_two_transactions_put_into_one_slot_at_once_is_sent_newest_only(database: Database) -> None:
    put(database, item("card 1", "card"), item("card 2", "card"))
    with database.transaction() as tx:  # as if neither transaction had seen the other
        tx.change(sa.update(table).values(state="waiting"))
        assert keys(outbox.due(tx)) == ["card 2"]
    assert keys(claim(database)) == ["card 2"]
    with database.transaction() as tx:
        assert tx.execute(sa.select(table.c.state).order_by(table.c.outbox_id)).scalars().all() == [
            "overtaken",
            "sending",
        ]


def test_nothing_of_a_slot_is_handed_out_while_an_item_of_it_is_being_sent(database: Database) -> None:
    put(database, item("card 1", "card"), item("other"))
    first = claim(database, limit=1)
    put(database, item("card 2", "card"))
    assert keys(first) == ["card 1"]
    assert keys(claim(database)) == ["other"]
    sent(database, first[0], "1700.3")
    (second,) = claim(database)
    assert (second.key, second.receipt) == ("card 2", "1700.3")


def test_a_failed_item_comes_again_later_and_is_given_up_after_eight_tries(database: Database) -> None:
    put(database, item("a"))
    for attempt in range(MAX_ATTEMPTS):
        (one,) = claim(database)
        assert one.attempts == attempt
        assert failed(database, one) is (attempt + 1 < MAX_ATTEMPTS)
        assert claim(database) == []
        database.clock_offset += timedelta(seconds=301)
    assert claim(database) == []


def test_a_failed_item_that_a_newer_one_has_overtaken_is_not_sent_any_more(database: Database) -> None:
    put(database, item("card 1", "card"))
    (one,) = claim(database)
    put(database, item("card 2", "card"))
    assert failed(database, one) is False
    database.clock_offset += timedelta(hours=1)
    assert keys(claim(database)) == ["card 2"]


def test_an_item_whose_deliverer_died_comes_again_and_is_given_up_in_the_end(database: Database) -> None:
    put(database, item("poison"))
    for _ in range(MAX_ATTEMPTS):
        assert keys(claim(database, lease_seconds=60)) == ["poison"]
        assert claim(database) == []
        database.clock_offset += timedelta(seconds=61)
    assert claim(database) == []
    with database.reading() as tx:
        assert tx.execute(sa.select(table.c.state)).scalar_one() == "failed"
        assert outbox.next_due(tx) is None


def test_a_deliverer_that_comes_back_late_with_a_failure_disturbs_nobody(database: Database) -> None:
    put(database, item("card 1", "card"))
    (late,) = claim(database)
    database.clock_offset += timedelta(seconds=61)
    (current,) = claim(database)
    assert failed(database, late) is True  # it is still to be sent, by the other one
    put(database, item("card 2", "card"))
    assert claim(database) == []  # for the other one is at it
    sent(database, current, "1700.4")
    assert failed(database, late) is False
    assert keys(claim(database)) == ["card 2"]


def test_the_next_time_to_look_is_a_due_item_or_the_end_of_a_lease(database: Database) -> None:
    with database.reading() as tx:
        assert outbox.next_due(tx) is None
    put(database, item("card 1", "card"))
    (one,) = claim(database, lease_seconds=60)
    put(database, item("card 2", "card"))  # must wait: looking again at once would be spinning
    with database.transaction() as tx:
        moment = outbox.next_due(tx)
        assert moment is not None
        assert timedelta(seconds=50) < moment - now(tx) <= timedelta(seconds=60)
    sent(database, one, "1700.5")
    with database.transaction() as tx:
        assert (moment := outbox.next_due(tx)) is not None
        assert moment <= now(tx)


@pytest.mark.parametrize("wrong", [item(""), item("k" * 201), item("k", "s" * 201)])
def test_a_key_that_one_of_the_databases_could_not_hold_is_refused_by_both(
    database: Database, wrong: OutboxItem
) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        put(database, wrong)


class Street:
    """The chat as several deliverers fill it: what was posted to each slot, and whether two worked on one at once."""

    def __init__(self, database: Database, slots: int, rounds: int) -> None:
        self.database, self.slots, self.rounds = database, slots, rounds
        self.posts: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
        self.in_parallel: list[str] = []
        self._sending: set[str] = set()
        self._lock, self._all_put = threading.Lock(), threading.Event()

    def produce(self) -> None:
        for number in range(self.rounds):
            for slot in range(self.slots):
                put(self.database, item(f"{slot}:{number}", f"slot {slot}"))
        self._all_put.set()

    def deliver(self) -> None:
        idle = 0
        while idle < 3:
            finished = self._all_put.is_set()
            items = claim(self.database, limit=5)
            idle = idle + 1 if finished and not items else 0
            for one in items:
                self._post(one)

    def _post(self, one: Waiting) -> None:
        with self._lock:
            if one.slot in self._sending:
                self.in_parallel.append(one.slot)
            self._sending.add(one.slot)
            self.posts[one.slot].append((int(one.key.split(":")[1]), one.receipt))
        time.sleep(0.001)
        with self._lock:
            self._sending.discard(one.slot)
        sent(self.database, one, f"post of {one.slot}")


def test_four_deliverers_at_once_send_each_slot_in_order_and_nothing_twice(database: Database) -> None:
    street = Street(database, slots=12, rounds=10)
    threads = [threading.Thread(target=work) for work in (street.produce, *[street.deliver] * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert street.in_parallel == []
    assert len(street.posts) == 12
    for slot, sequence in street.posts.items():
        numbers = [number for number, _ in sequence]
        assert numbers == sorted(set(numbers)), slot
        assert numbers[-1] == 9, slot
        assert [receipt for _, receipt in sequence] == [None] + [f"post of {slot}"] * (len(sequence) - 1)


class Counter(RuleBasedStateMachine):
    """Two deliverers that fail, die and come back late, seen from the chat: what stands there, and when it changed."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.newest: dict[str, int] = {}
        self.given_up: set[str] = set()
        self.shown: dict[str, int] = {}
        self.receipts: dict[str, str] = {}
        self.flying: list[tuple[Waiting, timedelta]] = []
        self.number = 0

    @initialize()
    def empty(self) -> None:
        with self.database.transaction() as tx:
            tx.change(sa.delete(table))

    @rule(slot=st.sampled_from("abc"))
    def put_one(self, slot: str) -> None:
        self.number += 1
        assert put(self.database, item(str(self.number), slot)) == [True]
        self.newest[slot] = self.number

    @rule(limit=st.integers(1, 4))
    def claim_some(self, limit: int) -> None:
        moment = self.database.clock_offset
        self.flying = [(one, until) for one, until in self.flying if until > moment - timedelta(seconds=60)]
        held = {one.slot for one, until in self.flying if until > moment + timedelta(seconds=5)}
        for one in claim(self.database, limit, lease_seconds=60):
            assert one.slot not in held, "handed out twice at once"
            held.add(one.slot)
            assert one.receipt == self.receipts.get(one.slot), "replaces the wrong post"
            assert int(one.key) >= self.shown.get(one.slot, 0), "older than what stands there"
            self.flying.append((one, moment + timedelta(seconds=60)))

    @rule(pick=st.integers(0, 9), marked=st.booleans())
    def post(self, pick: int, marked: bool) -> None:
        if not (live := self._live()):
            return
        one, until = live[pick % len(live)]
        self.shown[one.slot] = int(one.key)
        if marked:  # else it dies between the post and the mark
            self.flying.remove((one, until))
            receipt = one.receipt or f"post {one.key}"
            sent(self.database, one, receipt)
            self.receipts[one.slot] = receipt

    @rule(pick=st.integers(0, 9))
    def fail(self, pick: int) -> None:
        if not self.flying:
            return
        one, _until = self.flying.pop(pick % len(self.flying))
        failed(self.database, one)

    @rule(seconds=st.sampled_from([1, 30, 61, 400]))
    def wait(self, seconds: int) -> None:
        self.database.clock_offset += timedelta(seconds=seconds)

    @invariant()
    def what_is_due_is_what_a_claim_would_give(self) -> None:
        with self.database.reading() as tx:
            due = outbox.due(tx)
        assert len({one.slot for one in due}) == len(due)

    def teardown(self) -> None:
        for _ in range(3 * MAX_ATTEMPTS):
            self.database.clock_offset += timedelta(seconds=400)
            for one in claim(self.database):
                assert int(one.key) >= self.shown.get(one.slot, 0)
                self.shown[one.slot] = int(one.key)
                sent(self.database, one, "end")
        with self.database.reading() as tx:
            assert outbox.next_due(tx) is None, "something still waits, and nobody will come for it"
            lost = tx.execute(sa.select(table.c.slot, table.c.key).where(table.c.state == "failed")).all()
        for slot, number in self.newest.items():
            assert self.shown.get(slot) == number or (slot, str(number)) in [tuple(row) for row in lost]

    def _live(self) -> list[tuple[Waiting, timedelta]]:
        return [entry for entry in self.flying if entry[1] > self.database.clock_offset + timedelta(seconds=5)]


@pytest.mark.slow
def test_whatever_deliverers_do_a_slot_never_goes_back_and_its_newest_item_gets_there(
    database: Database, database_url: str
) -> None:
    examples = 15 if database_url.startswith("sqlite") else 6
    run_state_machine_as_test(
        lambda: Counter(database),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
