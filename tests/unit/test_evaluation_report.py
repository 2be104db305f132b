"""Judging, counting, comparing and keeping: the figures of a run are what they say they are."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from core.errors import ConfigError
from core.events import Verb
from core.outcomes import Outcome
from core.replies import Button, Card, Citation, Fact, Reply
from loket.evaluation.cases import Case, Expected, Person
from loket.evaluation.drawing import draw_run
from loket.evaluation.history import KEPT, History
from loket.evaluation.judging import Came, Judged, judge, text_of
from loket.evaluation.reading import parse_suite
from loket.evaluation.report import Run, Share, as_json, difference, from_json, line_of

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
TOOLS = frozenset({"create_ticket", "search_policies"})


def case(expectation: str) -> Case:
    text = f"version: 1\ncases:\n  - {{question: hi, as: E1002, {expectation}}}\n"
    return parse_suite(text, Path("cases.yaml"), TOOLS).cases[0]


def cited(*places: str) -> list[Citation]:
    found = []
    for place in places:
        path, _, heading = place.partition("#")
        found.append(Citation(path, heading, "t", "o", "en", "q"))
    return found


def judged(expectation: str, outcome: Outcome, text: str = "", tools: tuple[str, ...] = (), *places: str) -> Judged:
    came = Came(outcome, text=text, language="en", cited=places, tools=tools)
    return judge(case(expectation), came, cited(*places))


def test_the_right_outcome_clause_words_and_language_pass() -> None:
    expectation = 'outcome: answered, clause: "leave.md#3", says: [80], never: [90], language: en'
    one = judged(expectation, Outcome.ANSWERED, "You may carry over 80 hours.", (), "leave.md#3 Carrying over")
    assert one.passed
    assert (one.target, one.outcome, one.language) == (True, True, True)


def test_everything_amiss_is_said_at_once() -> None:
    expectation = 'outcome: answered, clause: "leave.md#3", says: [80], never: [90], language: nl'
    one = judged(expectation, Outcome.PROPOSED, "It is 90.", ("create_ticket",), "leave.md#4 Asking")
    said = "\n".join(one.failures)
    assert "expected answered, came proposed" in said
    assert "expected clause leave.md#3; cited leave.md#4 Asking and used create_ticket" in said
    assert "does not say: 80" in said
    assert "must not: 90" in said
    assert "expected nl, came en" in said


def test_clause_or_tool_is_enough_unless_both_are_asked_for() -> None:
    either = 'clause: "a.md#1", tool: create_ticket'
    assert judged(either, Outcome.PROPOSED, "", ("create_ticket",)).passed
    assert judged(either, Outcome.ANSWERED, "", (), "a.md#1 x").passed
    assert not judged(f"{either}, match: both", Outcome.PROPOSED, "", ("create_ticket",)).passed
    assert judged(f"{either}, match: both", Outcome.PROPOSED, "", ("create_ticket",), "a.md#1 x").passed


def test_of_two_texts_that_contradict_each_other_both_must_be_cited() -> None:
    expectation = 'all_clauses: ["a.md#1", "b.md#1"]'
    assert not judged(expectation, Outcome.ANSWERED, "", (), "a.md#1 x").passed
    assert judged(expectation, Outcome.ANSWERED, "", (), "a.md#1 x", "b.md#1 y").passed


def test_an_accepted_question_back_passes_but_is_not_the_right_tool() -> None:
    one = judged("outcome: [proposed, clarified], tool: create_ticket", Outcome.CLARIFIED, "What is it about?")
    assert one.passed
    assert one.target is False


def test_a_question_back_that_is_not_accepted_fails() -> None:
    assert not judged("outcome: proposed, tool: create_ticket", Outcome.CLARIFIED, "What?").passed


def test_where_nothing_may_be_cited_or_used_looking_it_up_is_no_tool() -> None:
    expectation = "outcome: not_found, clause: none, tool: none"
    assert judged(expectation, Outcome.NOT_FOUND, "", ("search_policies",)).passed
    assert not judged(expectation, Outcome.NOT_FOUND, "", ("create_ticket",)).passed
    assert not judged(expectation, Outcome.NOT_FOUND, "", (), "a.md#1 x").passed


def test_what_must_never_be_said_counts_in_every_outcome() -> None:
    assert not judged("outcome: not_found, never: [12%]", Outcome.NOT_FOUND, "It may be 12% at most").passed


def test_a_turn_that_never_ended_is_wrong_in_all_that_was_asked() -> None:
    one = judge(case('outcome: answered, clause: "a.md#1"'), Came(None, error="no answer in time"))
    assert one.failures == ("no answer in time",)
    assert (one.target, one.outcome, one.language) == (False, False, None)


def test_the_notice_of_first_contact_is_no_part_of_what_is_judged() -> None:
    notice = Reply("I am an AI; text is kept for 30 days", "en", private=True)
    card = Card("a1", "Open a ticket", "draft", (Fact("Subject", "**mouse**"),), (Button(Verb.CONFIRM, "Yes"),))
    replies = [notice, Reply("See below.", "en", model="built-in"), Reply("", "en", Outcome.PROPOSED, card=card)]
    assert text_of(replies) == "See below. Open a ticket Subject mouse"


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (81, 263, 0.255, 0.366), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, of: int, low: float, high: float) -> None:
    # 81 of 263 is the example of Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
    found_low, found_high = Share(right, of).interval
    assert found_low == pytest.approx(low, abs=6e-4)
    assert found_high == pytest.approx(high, abs=6e-4)


def run_of(*results: tuple[str, bool], at: datetime = AT, tags: tuple[str, ...] = ()) -> Run:
    lines = []
    for number, (question, passed) in enumerate(results, start=1):
        written = Case("cases.yaml", number, (question,), Person("E1002"), Expected(outcomes=(Outcome.ANSWERED,)), tags)
        came = Came(Outcome.ANSWERED if passed else Outcome.NOT_FOUND, language="en", model="m", ms=10 * number)
        lines.append(line_of(judge(written, came)))
    return Run(("cases",), at, 1.5, tuple(lines))


def test_a_case_is_known_again_by_what_is_asked_not_by_where_it_stands() -> None:
    before = run_of(("a", True), ("b", False), ("gone", True))
    after = run_of(("new", False), ("b", True), ("a", False))
    changed = difference(after, before)
    assert [line.question for line in changed.newly_failing] == ["a"]
    assert [line.question for line in changed.newly_passing] == ["b"]
    assert (changed.new, changed.gone) == (1, 1)


def test_totals_by_tag_and_outcome_add_up() -> None:
    run = run_of(("a", True), ("b", False), ("c", True), tags=("leave", "short"))
    assert run.by_tag == {"leave": Share(2, 3), "short": Share(2, 3)}
    assert run.by_outcome == {"answered": Share(2, 2), "not_found": Share(0, 1)}
    assert run.outcome == run.passed == Share(2, 3)
    assert run.target == Share(0, 0)


def test_a_run_survives_its_own_json() -> None:
    run = run_of(("a", True), ("b", False), tags=("leave",))
    assert from_json(json.loads(json.dumps(as_json(run)))) == run


def test_no_reply_is_kept_of_a_run() -> None:
    came = Came(Outcome.ANSWERED, text="the whole reply", language="en")
    run = Run(("cases",), AT, 1.0, (line_of(judge(case("outcome: answered"), came)),))
    assert "the whole reply" not in json.dumps(as_json(run))


def test_the_last_run_of_the_same_files_is_found_again(tmp_path: Path) -> None:
    history = History(tmp_path / "eval")
    assert history.find("last", ["cases"]) is None
    for number in range(KEPT + 3):
        history.save(run_of(("a", number % 2 == 0), at=AT + timedelta(minutes=number)))
    other = history.save(dataclasses.replace(run_of(("z", True)), files=("other",)))
    assert len(list((tmp_path / "eval").glob("cases-*.json"))) == KEPT
    last = history.find("last", ["cases"])
    assert last is not None
    assert last.at == AT + timedelta(minutes=KEPT + 2)
    named = history.find(str(other), ["cases"])
    assert named is not None
    assert named.files == ("other",)


@pytest.mark.parametrize("text", ["no json", "{}", '{"files": [], "at": "x", "seconds": 1, "cases": []}'])
def test_a_file_that_is_no_run_is_one_clear_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="holds no run"):
        History(tmp_path).find(str(file), ["cases"])


def test_the_report_shows_what_failed_what_changed_and_the_totals() -> None:
    before, after = run_of(("a", True), ("b", False)), run_of(("a", False), ("b", True), tags=("leave",))
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(draw_run(after, difference(after, before)))
    said = console.export_text()
    console.file.close()
    assert "expected answered, came not_found" in said
    assert "newly failing: cases.yaml:1 E1002: a" in said
    assert "newly passing: cases.yaml:2 E1002: b" in said
    assert "1 of 2" in said
