"""After IT help: solved is the end of it, not solved becomes a ticket that says what was tried."""

from __future__ import annotations

import pytest

from agent.solved import Verdict, verdict
from agent.state import Past
from agent.words import say
from core.outcomes import Outcome
from tests.desk import Desk
from tests.staff import SANNE, TOM

RUNBOOK = """---
title: Printing
owner: IT Service Desk
contact: servicedesk@dhb.example
audience: [all-staff]
language: en
authority: runbook
questions: [paper jam, printer does not work]
---
## When there is a paper jam in the printer

1. Open the flap that blinks.
2. Pull the paper out slowly.
3. Close the flap.
"""
RULE = """---
title: Leave
owner: HR Services
audience: [all-staff]
language: en
---
## How much annual leave you get

You get 25 days of annual leave a year.
"""
DOCUMENTS = {"printing.md": RUNBOOK, "leave.md": RULE}
ANSWER = Past("assistant", "Printing:\n> Open the flap. [1]", "en")
ASKED = Past("assistant", f"{ANSWER.text}\n\n{say('solved_question', 'en')}", "en")


async def test_help_asks_whether_it_helped_and_a_rule_does_not() -> None:
    async with Desk.start(documents=DOCUMENTS) as desk:
        assert "not solved" in (await desk.say(TOM, "what do I do about a paper jam in the printer?"))[-1].text
        assert "not solved" not in (await desk.say(TOM, "how many days of annual leave do I get?"))[-1].text


async def test_not_solved_drafts_a_ticket_that_lists_what_was_tried() -> None:
    async with Desk.start(documents=DOCUMENTS) as desk:
        await desk.say(TOM, "what do I do about a paper jam in the printer?")
        replies = await desk.say(TOM, "no, still not working")
        assert desk.turns()[-1] is Outcome.PROPOSED
        card = replies[-1].card
        assert card is not None
        facts = " ".join(fact.value for fact in card.facts)
        assert "Pull the paper out slowly" in facts
        assert "what do I do about a paper jam in the printer?" in facts
        assert desk.effects() == []
        await desk.click(TOM, card.action_id, "confirm")
        assert [effect.kind for effect in desk.effects()] != []


async def test_a_bare_no_behind_the_question_means_not_solved() -> None:
    async with Desk.start(documents=DOCUMENTS) as desk:
        await desk.say(SANNE, "wat moet ik doen bij een paper jam in de printer?")
        await desk.say(SANNE, "nee helaas")
        assert desk.turns()[-1] is Outcome.PROPOSED


async def test_solved_is_the_end_of_it() -> None:
    async with Desk.start(documents=DOCUMENTS) as desk:
        await desk.say(TOM, "what do I do about a paper jam in the printer?")
        replies = await desk.say(TOM, "yes, solved, thanks!")
        assert desk.turns()[-1] is Outcome.ANSWERED
        assert replies[-1].card is None


async def test_a_yes_to_an_open_draft_stays_a_yes_to_the_draft() -> None:
    async with Desk.start(documents=DOCUMENTS) as desk:
        action = await desk.ask_for(TOM, "please open a ticket: my chair is broken")
        await desk.say(TOM, "what do I do about a paper jam in the printer?")
        await desk.say(TOM, "yes")
        assert await desk.state(action) in ("done", "approved", "executing")


@pytest.mark.parametrize(
    "text",
    [
        "not solved", "no, it doesn't work", "still doesn't work", "werkt nog steeds niet", "het helpt niet",
        "dat heb ik al geprobeerd", "tried that already", "helaas niet", "didn't help", "nog steeds kapot",
        "Nee, het werkt nog niet.", "it still won't print",
    ],
)  # fmt: skip
def test_people_say_it_is_not_solved_in_many_ways(text: str) -> None:
    assert verdict(text, [ANSWER]) is Verdict.UNSOLVED


@pytest.mark.parametrize(
    "text", ["solved", "opgelost!", "it works now, thanks", "ja het werkt weer", "gelukt, dankjewel"]
)
def test_people_say_it_is_solved(text: str) -> None:
    assert verdict(text, [ANSWER]) is Verdict.SOLVED


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "my vpn does not work and wifi neither", "what if it does not work?", "hoeveel verlof krijg ik?"],
)
def test_other_words_are_no_verdict(text: str) -> None:
    assert verdict(text, [ANSWER]) is None
    assert verdict("not solved", []) is None


def test_a_yes_or_no_counts_right_behind_the_question_only() -> None:
    assert verdict("no", [ASKED]) is Verdict.UNSOLVED
    assert verdict("ja", [ASKED]) is Verdict.SOLVED
