"""How many conflicts are found, and how often somebody cries wolf: figures for docs/quality.md (`pytest -s` prints)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.reading import frontmatter
from tests.desk import Desk
from tests.handbooks import SAMPLES
from tests.reading import text_of
from tests.staff import SANNE, TOM

CASES: dict[str, list[dict[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("conflicts.yaml").read_text(encoding="utf-8")
)
SAID = ("two texts in force differ", "twee geldende teksten verschillen", "goes first", "gaat voor:")
GENEROUS: dict[str, Any] = {"agent": {"person_turns_per_hour": 100_000}}
pytestmark = [pytest.mark.thorough, pytest.mark.slow]


def samples() -> dict[str, str]:
    """The sample handbook: {path: text}."""
    return {
        str(file.relative_to(SAMPLES)): file.read_text(encoding="utf-8")
        for file in sorted(SAMPLES.rglob("*"))
        if file.is_file()
    }


async def told(desk: Desk, question: str, language: str) -> bool:
    """Whether the answer says that two texts differ."""
    replies = await desk.say(SANNE if language == "nl" else TOM, question)
    return any(part in text_of(replies) for part in SAID)


@pytest.mark.parametrize(("half", "at_least"), [("tune", 7), ("held", 4)])
async def test_texts_that_contradict_the_handbook_are_told(half: str, at_least: int) -> None:
    texts = {
        f"other-{number}.md": f"---\ntitle: {case['title']}\nowner: {case['owner']}\n"
        f"language: {case['language']}\n---\n# {case['title']}\n\n{case['text']}\n"
        for number, case in enumerate(CASES[half])
        if case["text"]
    }
    async with Desk.start(documents={**samples(), **texts}, settings=GENEROUS) as desk:
        found = [await told(desk, case["question"], case["language"]) for case in CASES[half]]
    missed = [case["question"] for case, one in zip(CASES[half], found, strict=True) if not one]
    print(f"conflicts, {half}: {sum(found)} of {len(found)} told; not: {missed}")
    assert sum(found) >= at_least


async def test_nobody_cries_wolf_over_the_sample_handbook() -> None:
    asked: list[tuple[str, str]] = []
    for path, text in samples().items():
        if path.endswith(".md"):
            header = frontmatter.parse(frontmatter.split(text, path)[0], path)
            asked += [(question, header.language) for question in header.questions if "visit" not in path]
    asked = asked[::3]  # 0 of all of them, when they were counted for docs/quality.md
    async with Desk.start(documents=samples(), settings=GENEROUS) as desk:
        false = [question for question, language in asked if await told(desk, question, language)]
    # The two pages about visitors do differ: a question that is answered from them may say so.
    false = [
        question for question in false if not any(word in question for word in ("visitor", "bezoek", "guest", "gast"))
    ]
    print(f"false alarms: {len(false)} of {len(asked)}: {false}")
    assert len(false) <= 2
