"""A tool that was nearly chosen is offered: nothing is prepared before a yes, and a yes goes on with what was said."""

from __future__ import annotations

import pytest

from agent.settings import AgentSettings
from agent.words import say
from core.errors import ModelError
from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import BrokenModel
from tests.staff import SANNE

NEARLY = "codegenerator verdwenen van mijn toestel"
TITLE = "Toegang herstellen zonder mijn telefoon"
PAGE = """---
title: Authenticator
audience: [all-staff]
language: nl
---
## Codegenerator verdwenen

Is de codegenerator verdwenen van uw toestel, dan kunt u niet inloggen.
"""


@pytest.mark.parametrize("words", ["ja", TITLE, "ja graag"])
async def test_where_the_policies_say_nothing_it_is_asked_back_and_a_yes_takes_it(words: str) -> None:
    async with Desk.start(documents=()) as desk:
        [*_, asked] = await desk.say(SANNE, NEARLY)
        assert (desk.turns()[-1], TITLE in asked.text, asked.card) == (Outcome.NOT_FOUND, True, None)
        assert TITLE in [one.message for one in asked.suggestions]
        drafted = await desk.say(SANNE, words)
        assert desk.turns()[-1] is Outcome.PROPOSED
        assert [reply.card.title for reply in drafted if reply.card]


@pytest.mark.parametrize("words", ["nee", "laat maar"])
async def test_a_no_drafts_nothing(words: str) -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(SANNE, NEARLY)
        replies = await desk.say(SANNE, words)
        assert [reply.card for reply in replies if reply.card] == []
        assert desk.turns()[-1] is Outcome.CLARIFIED


async def test_the_offer_does_not_hang_on_a_language_model() -> None:
    async with Desk.start(documents=(), model=BrokenModel(ModelError("down"))) as desk:
        [*_, asked] = await desk.say(SANNE, NEARLY)
        assert TITLE in asked.text
        await desk.say(SANNE, "ja")
        assert desk.turns()[-1] is Outcome.PROPOSED


async def test_beside_an_answer_it_is_a_button_that_is_understood() -> None:
    async with Desk.start(documents={"authenticator.md": PAGE}) as desk:
        [*_, answer] = await desk.say(SANNE, NEARLY)
        assert desk.turns()[-1] is Outcome.ANSWERED
        [button] = [one for one in answer.suggestions if one.message == TITLE]
        await desk.say(SANNE, button.message)
        assert desk.turns()[-1] is Outcome.PROPOSED


@pytest.mark.parametrize("question", ["hoeveel reiskosten krijg ik per kilometer?", "mag ik een bijbaan hebben?"])
async def test_what_is_like_no_tool_is_still_offered_a_ticket(question: str) -> None:
    async with Desk.start(documents=()) as desk:
        [*_, reply] = await desk.say(SANNE, question)
        desk_of = AgentSettings().service_desk
        assert say("not_found_ticket", "nl", service_desk=desk_of) in reply.text
