"""Leave-one-out over the built-in and the example tools: each example is taken out of its tool and asked.

`loket bench tools` has the same figures beside the time it takes; `-s` prints them here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from loket.bench.tools import RIGHT_AT_LEAST, TOLD_AT_LEAST, Result, Tools, left_out
from tests.counter import SAMPLES, built_in

pytestmark = [pytest.mark.thorough, pytest.mark.slow]
COUNT = 200
NOT_YET = pytest.mark.xfail(reason="not there yet: `loket bench tools` has the figures", strict=False)


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    result = Result()
    missed = left_out(built_in(), Tools.made(COUNT), Path(SAMPLES), result)
    for row in result.rows:
        print(row.what, row.figure, row.target)
    for miss, times in missed.most_common(25):
        print(times, miss)
    return result.figures


@pytest.mark.parametrize("language", ["en", pytest.param("nl", marks=NOT_YET)])
def test_an_example_that_was_left_out_still_has_its_tool_first_among_two_hundred(
    figures: dict[str, float], language: str
) -> None:
    assert figures[f"first_with_{language}"] >= RIGHT_AT_LEAST


@pytest.mark.parametrize("language", ["en", "nl"])
def test_without_added_tools_it_is_first_and_in_the_end_taken_or_offered(
    figures: dict[str, float], language: str
) -> None:
    assert figures[f"first_without_{language}"] >= RIGHT_AT_LEAST
    assert figures[f"offered_without_{language}"] >= RIGHT_AT_LEAST


@pytest.mark.parametrize(("figure", "least"), [("taken_without_en", 0.9), ("taken_without_nl", 0.85)])
def test_most_are_taken_at_once(figures: dict[str, float], figure: str, least: float) -> None:
    assert figures[figure] >= least


@pytest.mark.parametrize("language", ["en", "nl"])
def test_among_the_few_that_a_language_model_is_told_of_is_the_right_one(
    figures: dict[str, float], language: str
) -> None:
    assert figures[f"told_with_{language}"] >= TOLD_AT_LEAST
