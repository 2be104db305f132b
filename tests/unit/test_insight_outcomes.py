"""How turns ended is counted over a time, with what each outcome means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.tables import turns
from core.outcomes import MEANINGS, Outcome
from loket.evaluation.endings import Ending, endings, helped
from storage import Database, Tx, now

pytest_plugins = ["tests.fixtures_storage"]


def ended(tx: Tx, outcome: Outcome, days_ago: float = 0) -> None:
    row = {"conversation_id": "c", "employee_id": "E1002", "channel": "terminal", "language": "en", "model": "m"}
    number = len(tx.execute(turns.select()).all())
    at = now(tx) - timedelta(days=days_ago)
    tx.add(turns, event_id=f"e{number}", outcome=outcome.value, ms=1, tokens=0, at=at, **row)


def counted(database: Database, days: float) -> list[Ending]:
    with database.transaction() as tx:
        return endings(tx, now(tx) - timedelta(days=days))


def test_the_most_frequent_ending_comes_first_and_old_turns_do_not_count(database: Database) -> None:
    with database.transaction() as tx:
        for outcome in (Outcome.NOT_FOUND, Outcome.ANSWERED, Outcome.ANSWERED):
            ended(tx, outcome)
        ended(tx, Outcome.FAILED_MODEL, days_ago=8)
    found = counted(database, 7)
    assert found == [Ending(Outcome.ANSWERED, 2), Ending(Outcome.NOT_FOUND, 1)]
    assert helped(found) == 2
    assert len(counted(database, 9)) == 3


def test_nothing_asked_is_nothing_counted(database: Database) -> None:
    assert counted(database, 30) == []
    assert helped([]) == 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_says_what_it_means(outcome: Outcome) -> None:
    said = Ending(outcome, 1).as_json()
    assert said["label"] == MEANINGS[outcome].label
    assert said["helped"] == (helped([Ending(outcome, 1)]) == 1)
