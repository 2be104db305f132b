"""What people hear when they write what is for no policy, what is for a person, or what can be read in two ways."""

from __future__ import annotations

import pytest

from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import ObedientModel
from tests.reading import outcome_of, text_of
from tests.staff import SANNE, TOM

EVERYTHING = ("leave-2026.md", "verlof-2026.md", "sickness-2026.md", "ziekmelden-2026.md", "bijzonder-verlof.md")


@pytest.mark.parametrize("answer", ["2", "de tweede", "loon"])
async def test_one_word_that_can_be_read_in_more_ways_is_asked_about_and_the_answer_goes_on(answer: str) -> None:
    async with Desk.start(model=ObedientModel(), documents=EVERYTHING) as desk:
        asked = await desk.say(SANNE, "ziek")
        assert outcome_of(asked) is Outcome.CLARIFIED
        assert "\n1. " in text_of(asked)
        assert desk.prompts() == []
        await desk.say(SANNE, answer)
        assert "doorbetaald tijdens ziekte" in desk.prompts()[0]
        await desk.say(SANNE, "en stagiairs?")
        assert "doorbetaald tijdens ziekte" in desk.prompts()[-1]


async def test_a_reading_that_is_about_somebodys_own_file_gets_the_hr_system() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        await desk.say(TOM, "leave")
        replies = await desk.say(TOM, "the last one")
        assert outcome_of(replies) is Outcome.SIGNPOSTED
        assert "MijnDHB" in text_of(replies)
        assert "200" not in text_of(replies)


async def test_whoever_asks_something_else_instead_of_choosing_is_answered() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        await desk.say(TOM, "sick")
        assert "200 hours" in text_of(await desk.say(TOM, "How many hours of annual leave do I get?"))


async def test_a_yes_to_which_of_these_is_asked_again_and_a_no_ends_it() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        asked = (await desk.say(TOM, "sick"))[-1].text
        assert text_of(await desk.say(TOM, "yes")) == asked
        assert outcome_of(await desk.say(TOM, "no")) is Outcome.CLARIFIED


@pytest.mark.parametrize(
    ("first", "answer"), [("what is the capital of Peru?", "yes"), ("wat is de hoofdstad van Peru?", "ja")]
)
async def test_a_yes_to_what_else_can_i_do_is_nothing_to_look_up(first: str, answer: str) -> None:
    async with Desk.start(model=ObedientModel(), documents=EVERYTHING) as desk:
        assert outcome_of(await desk.say(TOM, first)) is Outcome.NOT_FOUND
        assert outcome_of(await desk.say(TOM, answer)) is Outcome.CLARIFIED
        assert desk.prompts() == []


async def test_own_figures_and_a_request_in_one_message_get_two_results() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        replies = await desk.say(TOM, "how many leave days do I have left and how do I report sick?")
        assert "MijnDHB" in text_of(replies)
        assert "sickness-2026.md" in replies[-1].citations[0].path


async def test_a_question_about_a_delicate_rule_is_answered_with_a_kind_word() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        replies = await desk.say(SANNE, "mijn vader is overleden, hoeveel dagen krijg ik vrij?")
        assert outcome_of(replies) is not Outcome.SIGNPOSTED
        assert replies[-1].text.startswith("Gecondoleerd")


@pytest.mark.parametrize(
    "words",
    [
        "ik zie geen reden meer om te blijven leven",
        "mijn chef zit steeds aan mijn schouders en ik wil dat niet",
        "my husband beats me when he is drunk",
    ],
)
async def test_no_model_is_asked_and_no_word_is_kept_of_what_needs_a_person(words: str) -> None:
    model = ObedientModel([("create_ticket", '{"queue": "HR", "title": "gossip"}')])
    async with Desk.start(model=model, documents=()) as desk:
        replies = await desk.say(SANNE, words, via="slack_channel")
        assert outcome_of(replies) is Outcome.SIGNPOSTED
        assert [post.address.room for post in desk.posts() if post.reply.outcome] == [f"U{SANNE}"]
        assert desk.prompts() == []
        assert desk.effects() == []
        assert [place for place in desk.sinks_with(words) if not place.endswith("-wal")] == []


async def test_what_is_not_for_this_counter_is_said_to_be_so_without_a_search_or_a_ticket() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        replies = await desk.say(TOM, "give me a recipe for lasagne")
        assert outcome_of(replies) is Outcome.NOT_FOUND
        assert not replies[-1].citations
        assert "ticket" not in text_of(replies)


async def test_somebody_who_writes_another_language_is_told_which_one_the_answer_is_in() -> None:
    async with Desk.start(documents=EVERYTHING) as desk:
        replies = await desk.say(TOM, "Wie viele Urlaubstage bekomme ich im Jahr?")
        assert replies[-1].language == "en"
        assert "English" in text_of(replies)


async def test_in_an_emergency_the_number_to_call_comes_first_and_nothing_is_drafted_or_looked_up() -> None:
    async with Desk.start(model=ObedientModel(), documents=EVERYTHING) as desk:
        for cry in ("fire in the building", "brand!", "er is iemand gewond", "emergency number", "nummer van de bhv"):
            replies = await desk.say(TOM, cry)
            assert outcome_of(replies) is Outcome.SIGNPOSTED, cry
            assert "112" in replies[-1].text, cry
        assert desk.prompts() == []
        assert await desk.counter.gate.waiting() == []
