"""Own-account words that may mean a colleague's account are asked about; no other word asks anybody anything (S-05)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.naming_others import refuse_if_names_another
from core.errors import ToolRetry
from core.outcomes import Outcome
from tests.desk import Desk
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.staff import SANNE

SAMPLES = Path(__file__).parents[2] / "policies" / "samples"
ASKS = [
    "reset password joost",
    "joost wachtwoord vergeten",
    "Joost reset password",
    "nieuw ww voor joost",
    "reset ww JOOST",
    "reset password Verhoeven",
]
OWN = ["reset password sanne", "sanne hier, ww vergeten", "reset my password please", "wachtwoord vergeten van windows"]


@pytest.fixture
def room() -> Iterator[GateOnly]:
    with room_on() as room:
        yield room


async def asks(room: GateOnly, text: str, who: str = SANNE) -> str:
    directory = room.gate.parts.systems.read.directory
    requester = await directory.by_id(who)
    assert requester is not None
    try:
        await refuse_if_names_another(directory, requester, text)
    except ToolRetry as retry:
        return str(retry)
    return ""


@pytest.mark.parametrize("text", ASKS)
async def test_a_bare_first_name_is_asked_about(room: GateOnly, text: str) -> None:
    assert "'Joost'" in await asks(room, text)


@pytest.mark.parametrize("text", OWN)
async def test_ones_own_name_and_plain_words_are_not(room: GateOnly, text: str) -> None:
    assert await asks(room, text) == ""


@pytest.mark.slow
async def test_of_all_words_in_the_sample_policies_only_names_of_staff_are_asked_about(room: GateOnly) -> None:
    text = " ".join(file.read_text(encoding="utf-8") for file in SAMPLES.rglob("*.md"))
    words = sorted(set(re.findall(r"\b[a-zà-ÿ]{3,}\b", text)))
    assert len(words) > 1_000
    asked = [word for word in words if await asks(room, f"reset password {word}")]
    assert asked == []


@pytest.mark.parametrize(("said", "themselves"), [("reset password joost", "yes"), ("ww resetten joost", "ja")])
async def test_it_is_asked_back_and_for_oneself_goes_on(said: str, themselves: str) -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(SANNE, said)
        assert [reply.card for reply in replies if reply.card] == []
        assert "Joost" in replies[-1].text
        assert desk.turns()[-1] is Outcome.CLARIFIED
        drafted = await desk.say(SANNE, themselves)
        assert [reply.card for reply in drafted if reply.card], [reply.text for reply in drafted]
