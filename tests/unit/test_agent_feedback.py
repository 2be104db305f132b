"""Opinions and questions in vain on both databases: the same rows give the same lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agent.feedback import Noted, last_bad, note, opinions
from agent.tables import messages, turns
from agent.words import say
from core.feedback import Feedback
from core.outcomes import Outcome
from core.people import ChannelIdentity
from loket.evaluation.from_conversation import conversation
from loket.evaluation.gaps import unanswered
from loket.migrate import upgrade
from storage import Database, Tx, now

pytest_plugins = ["tests.fixtures_storage"]
ME = ChannelIdentity("terminal", "local", "E1002")


def add_turn(tx: Tx, event_id: str, outcome: Outcome, said: str, replied: str = "a reply", who: str = "E1002") -> None:
    row = {
        "event_id": event_id,
        "conversation_id": f"talk of {who}",
        "employee_id": who,
        "channel": "terminal",
        "outcome": outcome.value,
        "language": "en",
        "model": "m",
        "ms": 1,
        "tokens": 0,
        "at": now(tx),
    }
    tx.execute(sa.insert(turns).values(**row))
    for role, text in (("user", said), ("assistant", replied)):
        kept = {name: row[name] for name in ("conversation_id", "employee_id", "language", "event_id", "at")}
        tx.execute(sa.insert(messages).values(role=role, text=text, citations=[], **kept))


@pytest.fixture
def database(database_url: str) -> Database:
    """One with the tables of this version."""
    made = Database(database_url)
    upgrade(made)
    return made


def test_the_last_turn_of_the_channel_is_meant_when_none_is_named(database: Database) -> None:
    with database.transaction() as tx:
        add_turn(tx, "first", Outcome.ANSWERED, "one")
    with database.transaction() as tx:
        add_turn(tx, "second", Outcome.ANSWERED, "two")
        add_turn(tx, "other", Outcome.ANSWERED, "three", who="E1001")
    with database.transaction() as tx:
        assert note(tx, Feedback("", ME, good=False, comment="wrong"), "E1002") is Noted.KEPT
        assert note(tx, Feedback("first", ME, good=True), "E1002") is Noted.KEPT
        assert note(tx, Feedback("other", ME, good=False), "E1002") is Noted.NO_TURN
        assert note(tx, Feedback("", ChannelIdentity("slack", "T", "U"), good=False), "E1002") is Noted.NO_TURN
    with database.reading() as tx:
        kept = {
            opinion.event_id: (opinion.good, opinion.said, opinion.comment)
            for opinion in opinions(tx, now(tx) - timedelta(1))
        }
        assert kept == {"first": (True, "one", ""), "second": (False, "two", "wrong")}
        assert [opinion.event_id for opinion in opinions(tx, now(tx) - timedelta(1), bad_only=True)] == ["second"]
        newest = last_bad(tx)
        assert newest is not None
        assert newest.event_id == "second"
    database.close()


def test_what_counts_as_asked_in_vain(database: Database) -> None:
    with database.transaction() as tx:
        add_turn(tx, "a", Outcome.NOT_FOUND, "is there a swimming pool here")
        add_turn(tx, "b", Outcome.CLARIFIED, "the thing with the thing there", say("ask_again", "en"))
        add_turn(tx, "c", Outcome.CLARIFIED, "reset for a caller of today", say("ask_person", "en"))
        add_turn(tx, "d", Outcome.ANSWERED, "how many days do I get", "25")
        add_turn(tx, "e", Outcome.ANSWERED, "how many hours is that then", "200")
        add_turn(tx, "f", Outcome.SIGNPOSTED, "", "")
        note(tx, Feedback("e", ME, good=False), "E1002")
        note(tx, Feedback("d", ME, good=True), "E1002")
    with database.reading() as tx:
        found = unanswered(tx, now(tx) - timedelta(1))
    assert {(one.text, one.why) for one in found} == {
        ("is there a swimming pool here", "not_found"),
        ("the thing with the thing there", "not_understood"),
        ("how many hours is that then", "bad"),
    }
    with database.reading() as tx:
        assert unanswered(tx, now(tx) + timedelta(1)) == []
    database.close()


def test_a_very_short_question_is_read_with_the_one_before(database: Database) -> None:
    with database.transaction() as tx:
        add_turn(tx, "a", Outcome.ANSWERED, "how long is parental leave?")
        add_turn(tx, "b", Outcome.NOT_FOUND, "and for aunts?")
    with database.reading() as tx:
        (one,) = unanswered(tx, now(tx) - timedelta(1))
        assert one.text == "how long is parental leave? / and for aunts?"
        assert conversation(tx, "b").said == ("how long is parental leave?", "and for aunts?")
        assert conversation(tx, "a").said == ("how long is parental leave?",)
    database.close()


def test_a_long_comment_is_cut_and_what_cannot_be_seen_is_dropped(database: Database) -> None:
    with database.transaction() as tx:
        add_turn(tx, "a", Outcome.ANSWERED, "one")
        note(tx, Feedback("a", ME, good=False, comment="bad\u202e\u200b " + "x" * 5_000), "E1002")
    with database.reading() as tx:
        (kept,) = opinions(tx, now(tx) - timedelta(1))
    assert kept.comment.startswith("bad x")
    assert len(kept.comment) == 1_000
    database.close()
