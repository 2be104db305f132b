"""One rule in two languages: the text in the asker's language stands where its twin would."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from policies.fusion import Hit
from policies.twins import Twins


def _row(language: str, heading: str, text: str) -> Any:
    return cast(Any, {"language": language, "heading": heading, "title": "", "text": text})


ROWS = {
    "en": _row("en", "4 Asking for leave", "east"),
    "nl": _row("nl", "4 Verlof aanvragen", "east"),
    "other": _row("nl", "4 Klacht indienen", "north"),
}


def _embed(texts: Any) -> Any:
    return np.array([[1.0, 0.0] if text.endswith("east") else [0.0, 1.0] for text in texts], dtype=np.float32)


def _hits(**scores: float) -> list[tuple[Hit, str]]:
    return [(Hit(name, score, score, ""), "current") for name, score in scores.items()]


def test_the_text_in_the_askers_language_takes_the_place_of_its_twin() -> None:
    lifted = {hit.passage_id: hit for hit, _ in Twins(_embed).lifted(_hits(en=0.6, other=0.5, nl=0.3), ROWS, "nl")}

    assert lifted["nl"].score == 0.6
    assert lifted["nl"].similarity == 0.6
    assert lifted["other"].score < lifted["en"].score < lifted["nl"].score


def test_a_section_that_only_has_the_same_number_stays_where_it_is() -> None:
    lifted = {hit.passage_id: hit.score for hit, _ in Twins(_embed).lifted(_hits(en=0.6, other=0.5), ROWS, "nl")}

    assert lifted == {"en": 0.6, "other": 0.5}


def test_a_better_text_in_the_askers_language_is_left_alone() -> None:
    hits = _hits(nl=0.7, en=0.6)

    assert Twins(_embed).lifted(hits, ROWS, "nl") == hits


def test_an_old_text_is_no_twin_of_one_in_force() -> None:
    hits = [(Hit("en", 0.6, 0.6, ""), "current"), (Hit("nl", 0.3, 0.3, ""), "past")]

    assert Twins(_embed).lifted(hits, ROWS, "nl") == hits
