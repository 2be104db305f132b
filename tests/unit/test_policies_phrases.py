"""The phrases an owner says people ask by go to the section that answers them."""

from __future__ import annotations

import numpy as np
import pytest

from policies.phrases import Section, places

SICK = (
    Section("1 Reporting sick", "Report sick by phone to your manager before 9:30."),
    Section("2 Your pay", "During the first 52 weeks of illness you are paid 100% of your salary."),
    Section("6 Often ill", "When you report sick for the third time, your manager invites you to a conversation."),
)
ZIEK = (
    Section("1 Ziek melden", "Meld u voor 9.30 uur telefonisch ziek bij uw leidinggevende."),
    Section("1.2 Ziek in het buitenland", "Wordt u in het buitenland ziek, meld u dan binnen 24 uur ziek."),
    Section("5 Beter melden", "Meld het zodra u weer kunt werken."),
)


@pytest.mark.parametrize(
    ("phrase", "sections", "place"),
    [
        ("how do I report sick", SICK, 0),
        ("what am I paid during illness", SICK, 1),
        ("ziek melden hoe laat", ZIEK, 0),
        ("ziek in het buitenland", ZIEK, 1),
        ("beter melden", ZIEK, 2),
    ],
)
def test_where_meaning_tells_nothing_apart_the_words_of_a_section_and_of_its_heading_do(
    phrase: str, sections: tuple[Section, ...], place: int
) -> None:
    alike = np.full((1, len(sections)), 0.5, dtype=np.float32)
    assert places([phrase], sections, alike, alike) == [place]


def test_where_the_words_tell_nothing_apart_meaning_does() -> None:
    near = np.array([[0.2, 0.6, 0.3]], dtype=np.float32)
    assert places(["wie betaalt mij door"], SICK, near, near) == [1]
