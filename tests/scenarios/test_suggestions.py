"""Buttons with something to say next: each says a sentence that the desk surely understands, in both languages."""

from __future__ import annotations

import pytest

from agent.suggesting import MOST_TITLE
from agent.words import CATALOGUE, say
from core.outcomes import Outcome
from core.replies import Reply, Suggestion
from tests.desk import Desk
from tests.models import BrokenModel
from tests.reading import outcome_of
from tests.staff import SANNE, TOM

WHO = {"en": TOM, "nl": SANNE}
LANGUAGES = tuple(WHO)
GREETING = {"en": "hello", "nl": "hallo"}
VAIN = {
    "en": "how many moons does Jupiter have according to the handbook?",
    "nl": "welke kleur heeft de maan van Mars?",
}
JAM = {"en": "what do I do about a paper jam in the printer?", "nl": "wat doe ik bij vastgelopen papier in de printer?"}
TICKETS = {
    "en": ("please open a ticket: the printer on floor 2 jams", "please open a ticket: my chair is broken"),
    "nl": ("maak een melding: de printer op 2 loopt vast", "maak een melding: mijn stoel is kapot"),
}
RUNBOOKS = {
    "printing.md": """---
title: Printing
owner: IT Service Desk
audience: [all-staff]
language: en
authority: runbook
questions: [paper jam, printer does not work]
---
## When there is a paper jam in the printer

1. Open the flap that blinks.
2. Pull the paper out slowly.
""",
    "printen.md": """---
title: Printen
owner: IT Service Desk
audience: [all-staff]
language: nl
authority: runbook
questions: [vastgelopen papier, printer werkt niet]
---
## Bij vastgelopen papier in de printer

1. Open de klep die knippert.
2. Trek het papier langzaam los.
""",
}


def ways(replies: list[Reply]) -> dict[str, str]:
    return {one.title: one.message for reply in replies for one in reply.suggestions}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_where_nothing_was_found_a_person_is_one_press_away(language: str) -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(WHO[language], VAIN[language])
        assert outcome_of(replies) is Outcome.NOT_FOUND
        [message] = ways(replies).values()
        replies = await desk.say(WHO[language], message)
        assert outcome_of(replies) in (Outcome.PROPOSED, Outcome.HANDED_OVER, None)
        assert desk.turns()[-1] in (Outcome.PROPOSED, Outcome.HANDED_OVER)


async def test_what_failed_offers_a_person_and_a_stranger_is_offered_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        desk.world.fail_next("tickets.read", "refuse")
        failed = await desk.say(TOM, "what is the state of my ticket?")
        assert outcome_of(failed) is Outcome.FAILED_CONNECTOR
        assert ways(failed) == {say("suggest_person_title", "en"): say("suggest_person", "en")}
        assert ways(await desk.say("E9999", "hello")) == {}


async def test_the_notice_of_first_contact_suggests_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        notice, hello = await desk.say(TOM, "hello")
        assert notice.suggestions == ()
        assert hello.suggestions


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_common_request_of_a_greeting_is_understood(language: str) -> None:
    ends = {"ask": Outcome.ANSWERED, "reset": Outcome.PROPOSED, "ticket": Outcome.CLARIFIED}
    async with Desk.start() as desk:
        offered = ways(await desk.say(WHO[language], GREETING[language]))
        assert len(offered) == 3
        for name, end in ends.items():
            await desk.clock.advance(hours=2)
            replies = await desk.say(WHO[language], offered[say(f"suggest_{name}_title", language)])
            assert desk.turns()[-1] is end, [reply.text for reply in replies]


async def test_what_is_switched_off_is_not_suggested() -> None:
    async with Desk.start(documents=()) as desk:
        admin = await desk.counter.directory.by_id("E1009")
        assert admin is not None
        await desk.counter.gate.switch_off(admin, "reset_my_password", "rehearsal")
        desk.counter.registry.names  # noqa: B018 - the switch is read anew
        offered = ways(await desk.say(TOM, "hello"))
        assert say("suggest_reset_title", "en") not in offered or len(offered) == 3


@pytest.mark.parametrize("language", LANGUAGES)
async def test_steps_that_were_tried_have_two_answers_and_both_are_understood(language: str) -> None:
    async with Desk.start(documents=RUNBOOKS) as desk:
        offered = ways(await desk.say(WHO[language], JAM[language]))
        solved, unsolved = (offered[say(f"suggest_{one}_title", language)] for one in ("solved", "unsolved"))
        thanks = await desk.say(WHO[language], solved)
        assert thanks[-1].text == say("solved_thanks", language)
        await desk.say(WHO[language], JAM[language])
        await desk.say(WHO[language], unsolved)
        assert desk.turns()[-1] is Outcome.PROPOSED


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("word", "state"), [("yes", {"done"}), ("no", {"cancelled"})])
async def test_of_several_drafts_the_one_that_is_named_is_meant(language: str, word: str, state: set[str]) -> None:
    who, words = WHO[language], {"en": {"yes": "yes", "no": "no"}, "nl": {"yes": "ja", "no": "nee"}}
    async with Desk.start(documents=()) as desk:
        first, second = [await desk.ask_for(who, text) for text in TICKETS[language]]
        replies = await desk.say(who, words[language][word])
        assert desk.turns()[-1] is Outcome.CLARIFIED
        offered = [message for message in ways(replies).values()]
        assert len(offered) == 2
        [message] = [one for one in offered if second[:8] in one]
        await desk.say(who, message)
        await desk.settle()
        assert await desk.state(second) in state
        assert await desk.state(first) == "awaiting_confirmation"
        before = len(desk.effects())
        await desk.say(who, message)  # pressed once more, when only the other is open
        assert await desk.state(first) == "awaiting_confirmation"
        assert len(desk.effects()) == before


async def test_nobody_confirms_the_draft_of_another_by_its_name() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, TICKETS["en"][0])
        await desk.say(SANNE, f"ja, {draft[:8]}")
        assert await desk.state(draft) == "awaiting_confirmation"


async def test_a_model_that_is_down_still_leaves_a_way_to_a_person() -> None:
    from core.errors import ModelError

    async with Desk.start(documents=(), model=BrokenModel(ModelError("down"))) as desk:
        replies = await desk.say(TOM, VAIN["en"])
        assert say("suggest_person_title", "en") in ways(replies)


def test_every_title_fits_on_a_button() -> None:
    for language in CATALOGUE.languages:
        titles = [key for key in CATALOGUE.keys(language) if key.startswith("suggest_") and key.endswith("_title")]
        assert titles
        for key in titles:
            suggestion = Suggestion(say(key, language), say(key.removesuffix("_title"), language))
            assert 0 < len(suggestion.title) <= MOST_TITLE, key
            assert suggestion.message
