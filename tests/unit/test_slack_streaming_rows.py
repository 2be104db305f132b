"""Which process shows, finishes or takes away a growing answer is decided in the database, on both databases alike."""

from __future__ import annotations

from datetime import timedelta

from slack_app import stream_rows
from slack_app.stream_rows import DOOMED, LEFT, OPENING
from storage import Database

HERE = ("T1", "C1", "1.0")


def test_one_process_shows_an_answer_and_no_other(database: Database) -> None:
    with database.transaction() as tx:
        claims = [stream_rows.claim(tx, "e1", *HERE) for _ in range(2)]
    assert claims == [True, False]


def test_of_two_who_change_a_row_one_is_first(database: Database) -> None:
    with database.transaction() as tx:
        stream_rows.claim(tx, "e1", *HERE)
        moves = [stream_rows.move(tx, "e1", OPENING, to) for to in (LEFT, "1700000000.000100")]
        row = stream_rows.get(tx, "e1")
    assert moves == [True, False]
    assert row is not None
    assert (row.ts, row.is_known) == (LEFT, False)


def test_a_post_that_must_go_is_still_known_by_its_ts(database: Database) -> None:
    ts = "1700000000.000100"
    with database.transaction() as tx:
        stream_rows.claim(tx, "e1", *HERE)
        stream_rows.move(tx, "e1", OPENING, DOOMED + ts)
        row = stream_rows.get(tx, "e1")
    assert row is not None
    assert (row.is_doomed, row.is_known, row.post) == (True, False, ts)


def test_the_posts_of_other_answers_in_a_thread_are_theirs(database: Database) -> None:
    with database.transaction() as tx:
        for event_id, thread, ts in (("e1", "1.0", "5.1"), ("e2", "1.0", DOOMED + "5.2"), ("e3", "2.0", "5.3")):
            stream_rows.claim(tx, event_id, "T1", "C1", thread)
            stream_rows.move(tx, event_id, OPENING, ts)
        row = stream_rows.get(tx, "e1")
        assert row is not None
        assert stream_rows.neighbours(tx, row) == {"5.2"}


def test_what_nobody_will_finish_is_found_in_its_time(database: Database) -> None:
    with database.transaction() as tx:
        for event_id, ts in (("opening", OPENING), ("left", LEFT), ("doomed", DOOMED + "5.2"), ("shown", "5.3")):
            stream_rows.claim(tx, event_id, *HERE)
            stream_rows.move(tx, event_id, OPENING, ts)
    found = []
    for passed in (timedelta(0), timedelta(minutes=2), timedelta(minutes=11)):
        database.clock_offset = passed
        with database.reading() as tx:
            found.append({row.event_id for row in stream_rows.left_over(tx)})
    assert found == [set(), {"opening", "left", "doomed"}, {"opening", "left", "doomed", "shown"}]
