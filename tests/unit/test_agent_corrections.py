"""Which messages put something right, and which line of a list an answer means."""

from __future__ import annotations

import pytest

from agent.chosen import chosen
from agent.corrections import correction_in

LIST = "Several colleagues fit. Which one?\n1. Jan de Boer (E1020, Nautical Affairs)\n2. Jan Bos (E1021, Finance)"


@pytest.mark.parametrize(
    ("text", "put"),
    [
        ("no, tomorrow", "tomorrow"),
        ("nee, Jan van Dijk bedoel ik", "Jan van Dijk"),
        ("make that HR", "HR"),
        ("maak er HR van", "HR"),
        ("toch liever volgende week", "volgende week"),
        ("actually the 3rd floor", "the 3rd floor"),
        ("sorry, I meant IT-103", "IT-103"),
        ("not Jan but Piet", "Piet"),
        ("niet IT maar HR", "HR"),
        ("Anna de Boer instead", "Anna de Boer"),
        ("no", None),
        ("nee", None),
        ("no, also my mouse", None),
        ("nothing works", None),
        ("reset my password", None),
        ("and part-time?", None),
        ("my screen is not black but blue " * 20, None),
    ],
)
def test_a_correction_is_told_from_a_new_wish(text: str, put: str | None) -> None:
    assert correction_in(text) == put


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("2", "Jan Bos (E1021, Finance)"),
        ("nummer 2", "Jan Bos (E1021, Finance)"),
        ("the second one", "Jan Bos (E1021, Finance)"),
        ("de eerste", "Jan de Boer (E1020, Nautical Affairs)"),
        ("de laatste", "Jan Bos (E1021, Finance)"),
        ("die van Finance", "Jan Bos (E1021, Finance)"),
        ("Jan Bos", "Jan Bos (E1021, Finance)"),
        ("7", "7"),
        ("Jan", "Jan"),
        ("Piet Vis", "Piet Vis"),
    ],
)
def test_a_list_is_answered_by_number_order_or_what_tells_them_apart(answer: str, meant: str) -> None:
    assert chosen(answer, LIST) == meant
