"""Answers to forms that are kept: once for each action, given out as a table that no spreadsheet obeys, and erased."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from loket.retention.rules import Periods, rules
from storage import Database, metadata
from storage.grants import RIGHTS
from tests.tool_room import ToolRoom
from tools.added.answer_tables import tool_answers
from tools.added.answers import KeptAnswers, answers_of, as_csv
from tools.added.form_kind import KIND
from tools.added.form_reading import read_form
from tools.added.kinds import Way

FORM = (Path(__file__).parents[2] / "examples" / "survey" / "form.yaml").read_text(encoding="utf-8")
DOCUMENT = read_form(FORM, "survey")
ANSWERS = {"visits": "daily", "mark": 7, "vegetarian": False, "remarks": '=HYPERLINK("http://x")'}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'answers.sqlite'}")
    import storage.tables  # noqa: F401 - makes the audit's tables known

    metadata.create_all(made.engine)
    return made


@pytest.fixture
def room(tmp_path: Path, database: Database) -> ToolRoom:
    room = ToolRoom(tmp_path)
    room.registry._tools["canteen_survey"] = KIND.load(DOCUMENT, Way(answers=KeptAnswers(database)))
    return room


def count(database: Database) -> int:
    with database.reading() as tx:
        return len(tx.execute(sa.select(tool_answers)).all())


async def test_the_same_action_twice_keeps_one_row(room: ToolRoom, database: Database) -> None:
    for _ in range(2):
        await room.act("E1001", "canteen_survey", key="a-1", **ANSWERS)
    assert count(database) == 1
    await room.act("E1002", "canteen_survey", key="a-2", **ANSWERS)
    with database.reading() as tx:
        assert [one.employee_id for one in answers_of(tx, "canteen_survey")] == ["E1001", "E1002"]
        assert answers_of(tx, "other") == []


async def test_after_a_doubt_it_is_found_by_its_key(room: ToolRoom) -> None:
    tool = room.tool("canteen_survey")
    assert tool.reconcile is not None
    assert tool.repeats_with == ""
    assert await tool.reconcile(await room.acting("E1001", key="a-1"), **ANSWERS) is None
    await room.act("E1001", "canteen_survey", key="a-1", **ANSWERS)
    assert await tool.reconcile(await room.acting("E1001", key="a-1"), **ANSWERS) is not None


async def test_no_ticket_is_filed_and_the_card_says_that_it_is_kept(room: ToolRoom) -> None:
    draft = await room.draft("E1001", "canteen_survey", language="nl", **ANSWERS)
    assert any("bewaard" in fact.value for fact in draft.facts)
    await room.act("E1001", "canteen_survey", **ANSWERS)
    assert room.effects() == []


async def test_the_table_has_a_column_a_field_and_no_formula(room: ToolRoom, database: Database) -> None:
    await room.act("E1001", "canteen_survey", **ANSWERS)
    with database.reading() as tx:
        text = as_csv(DOCUMENT, answers_of(tx, "canteen_survey"))
    head, row = list(csv.reader(io.StringIO(text)))
    assert head == ["at", "employee_id", *DOCUMENT.properties]
    told = dict(zip(head, row, strict=True))
    assert (told["visits"], told["mark"], told["vegetarian"]) == ("daily", "7", "no")
    assert told["remarks"].startswith("'=")


async def test_answers_end_with_the_words_of_actions(room: ToolRoom, database: Database) -> None:
    await room.act("E1001", "canteen_survey", **ANSWERS)
    periods = Periods(text=30, turns=365, actions=90, audit_payload=365, spend=92, log=30, work=7)
    (rule,) = [one for one in rules(periods) if one.table is tool_answers]
    assert (rule.days, rule.becomes) == (90, "deleted")
    assert timedelta(days=rule.days) > timedelta(0)


def test_only_the_executor_writes_and_no_other_role_even_reads() -> None:
    assert {role: rights.get("tool_answers", "") for role, rights in RIGHTS.items()} == {
        "web": "", "agent": "", "executor": "riud", "ingest": "",
    }  # fmt: skip
