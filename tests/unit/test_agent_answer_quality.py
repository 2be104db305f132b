"""How much the answer check catches and how much it drops, on written cases and on documents nobody wrote for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from agent.answer_check import Source, Supported, check, check_sentence
from loket.bench.answer_check import HELD_OUT, TUNING, Outcome, run_case, share, written_cases
from loket.bench.answer_rules import made_cases

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
MADE = ("contact made", "number made", "source made", "citation")


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Every written case, held against its passages once."""
    return tuple(run_case(case) for case in written_cases(ROOT / "tests" / "quality", ROOT / "policies" / "samples"))


def figures(of: Sequence[Outcome]) -> tuple[float, float, str]:
    """The share caught, the share dropped, and both in words."""
    wrong = [outcome for outcome in of if not outcome.case.true]
    true = [outcome for outcome in of if outcome.case.true]
    caught, dropped = sum(one.right for one in wrong), sum(not one.right for one in true)
    said = f"caught {share(caught, len(wrong))}, true ones dropped {share(dropped, len(true))}"
    return caught / len(wrong), dropped / len(true), said


def test_the_set_is_large_enough_to_say_something() -> None:
    true = [one for one in outcomes() if one.case.true]
    by_hand = [one for one in outcomes() if not one.case.true and one.case.kind not in MADE]
    assert len(true) >= 120
    assert len(by_hand) >= 300
    assert {one.case.pair for one in outcomes()} == {"en on en", "nl on nl", "nl on en", "en on nl"}


@pytest.mark.parametrize("half", [TUNING, HELD_OUT])
def test_corrupted_answers_are_caught_and_true_ones_stay(half: str) -> None:
    caught, dropped, said = figures([one for one in outcomes() if one.case.half == half])
    assert caught >= 0.95, said
    assert dropped <= 0.10, said


@pytest.mark.parametrize("half", [TUNING, HELD_OUT])
@pytest.mark.thorough
def test_an_address_or_a_source_that_was_slipped_in_never_passes(half: str) -> None:
    slipped = [one for one in outcomes() if one.case.half == half and one.case.kind in {"contact made", "source made"}]
    assert [one.case.said for one in slipped if one.kept] == []


@pytest.mark.data
@pytest.mark.parametrize("folder", ["tts-handbook/pages", "rijk-personeel-nl/docs"])
def test_documents_nobody_wrote_for_the_check_give_the_same_figures(folder: str) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not there: put the shared data beside the project")
    caught, dropped, said = figures([run_case(case) for case in made_cases(DATA / folder)])
    assert caught >= 0.93, said
    assert dropped <= 0.10, said


def test_a_condition_may_stand_in_another_sentence_of_the_answer() -> None:
    rule = "You may leave early on Friday, provided that your team leader has approved the schedule."
    source = [Source(1, rule, "en"), Source(2, "Visitors wear a badge.", "en")]
    first, second = "You may leave early on Friday [1].", "Your team leader must have approved the schedule [1]."
    assert not isinstance(check_sentence(first, source, "en"), Supported)
    kept = [one.sentence for one in check(f"{first} {second}", source, "en").kept]
    assert kept == ["You may leave early on Friday.", "Your team leader must have approved the schedule."]


def test_text_of_any_length_is_checked_in_time() -> None:
    long = Source(1, "You must report it, if it is so, and only then, unless it is not, within 5 days. " * 100, "en")
    begun = time.process_time()
    check("You must report it within 5 days, " + "if it is so, and " * 100 + "only then. [1]", [long], "en")
    check("x" * 20_000 + " [1]", [long], "en")
    check("a.b" * 5_000 + "@" * 2_000 + " [1]", [long], "en")
    assert time.process_time() - begun < 5
