"""How often an owner's answer is found when it is meant, and taken when it is not (`pytest -s` prints the figures).

The answers and the questions here were written after the thresholds in `policies/curated.py` had been set.
"""

from __future__ import annotations

import pytest

from tests.desk import Desk
from tests.handbooks import SMALL_HANDBOOK
from tests.quality.test_conflicts import samples

pytestmark = pytest.mark.thorough

ANSWERS = {
    "lockers": ("en", "Lockers", ["how do I get a locker", "my locker is broken", "locker key lost"]),
    "gym": ("en", "Company gym", ["is there a gym", "can I work out at the office", "gym membership discount"]),
    "plants": ("en", "Plants at the office", ["who waters the plants", "can I bring my own plant"]),
    "parkeren": (
        "nl",
        "Parkeervergunning",
        ["hoe vraag ik een parkeervergunning aan", "parkeren bij kantoor in Zwolle"],
    ),
    "feest": ("nl", "Personeelsfeest", ["wanneer is het personeelsfeest", "mag mijn partner mee naar het feest"]),
}
MEANT = (
    ("How can I get a locker?", "lockers"), ("I want a locker", "lockers"), ("locker", "lockers"),
    ("I lost the key of my locker", "lockers"), ("the lock of my locker is broken", "lockers"),
    ("Does DHB have a gym?", "gym"), ("gym discount", "gym"), ("can I exercise in the gym at the office", "gym"),
    ("who takes care of the plants", "plants"), ("may I bring a plant to the office", "plants"),
    ("parkeervergunning aanvragen", "parkeren"), ("ik wil een parkeervergunning", "parkeren"),
    ("kan ik parkeren bij het kantoor in Zwolle?", "parkeren"), ("wanneer is het feest voor het personeel", "feest"),
    ("mag mijn partner mee naar het personeelsfeest?", "feest"), ("personeelsfeest datum", "feest"),
)  # fmt: skip
NOT_MEANT = (
    "my laptop is broken", "I lost my laptop", "I lost the key of the office", "my screen locks too fast",
    "how do I get a new password", "is there a doctor at the office", "can I work at the office on sunday",
    "membership of a trade union", "discount on train tickets", "can I bring my own laptop", "who cleans the office",
    "can I bring my dog", "hoe vraag ik verlof aan", "hoe vraag ik ouderschapsverlof aan",
    "reizen naar kantoor in Zwolle",
    "wanneer is het kantoor gesloten", "mag mijn partner mijn laptop gebruiken", "wanneer krijg ik salaris",
    "how many days of leave do I get", "can I work from home with a broken leg", "vergunning voor een zonnepaneel",
)  # fmt: skip


@pytest.mark.slow
async def test_an_owner_s_answer_is_found_when_it_is_meant_and_only_then() -> None:
    texts = {
        f"{name}.md": f"---\nkind: answer\ntitle: {title}\nlanguage: {language}\n"
        f"questions: {questions}\n---\nAsk reception.\n"
        for name, (language, title, questions) in ANSWERS.items()
    }
    handbook = {path: text for path, text in samples().items() if path in SMALL_HANDBOOK}
    async with Desk.start(documents={**handbook, **texts}) as desk:

        async def chosen(question: str) -> str:
            found = await desk.counter.library.search(question, frozenset({"all-staff"}), 3)
            return found[0].path.rpartition("/")[2].removesuffix(".md") if found and found[0].outranks else ""

        right = [question for question, name in MEANT if await chosen(question) == name]
        stolen = [question for question in NOT_MEANT if await chosen(question)]
    missed = [question for question, _name in MEANT if question not in right]
    print(f"meant: {len(right)} of {len(MEANT)}, not {missed}; stolen: {len(stolen)} of {len(NOT_MEANT)}: {stolen}")
    assert len(right) >= len(MEANT) // 2
    assert len(stolen) <= 1
