"""Tickets: a draft, the person's own yes, one ticket, and only ever one's own."""

from __future__ import annotations

from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.staff import MARIA, SANNE, TOM

CHAIR = "Open a ticket: my chair is broken"


async def test_a_draft_files_nothing_until_the_person_says_ok() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.ask_for(TOM, CHAIR)
        assert desk.effects() == []
        await desk.say(TOM, "ok")
        assert [effect.kind for effect in desk.effects()] == ["ticket_created"]
        said = text_of(post.reply for post in desk.posts())
        assert desk.effects()[0].object_id in said
        assert "https://" in said


async def test_ok_twice_is_one_ticket() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "ok")
        await desk.say(TOM, "ok")
        assert len(desk.effects()) == 1


async def test_a_no_files_nothing_and_a_later_ok_neither() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "nee")
        await desk.say(TOM, "ok")
        assert await desk.state(draft) == "cancelled"
        assert desk.effects() == []


async def test_ok_confirms_only_the_requester_s_own_draft() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, CHAIR, via="slack_channel", thread="T1")
        await desk.say(SANNE, "ok", via="slack_channel", thread="T1")
        await desk.say(SANNE, "ok", via="slack_dm")
        assert await desk.state(draft) == "awaiting_confirmation"
        assert desk.effects() == []


async def test_with_two_drafts_open_an_ok_is_asked_which() -> None:
    async with Desk.start(documents=()) as desk:
        chair = await desk.ask_for(TOM, CHAIR)
        lamp = await desk.ask_for(TOM, "Open a ticket: the lamp in Z1.03 is out")
        replies = await desk.say(TOM, "ok")
        assert outcome_of(replies) is Outcome.CLARIFIED
        assert "chair" in text_of(replies)
        assert "lamp" in text_of(replies)
        assert desk.effects() == []
        assert (await desk.click(TOM, lamp, "confirm")).accepted
        assert await desk.state(chair) == "awaiting_confirmation"
        assert len(desk.effects()) == 1


async def test_an_ok_that_says_more_confirms_nothing_by_accident() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.ask_for(TOM, CHAIR)
        await desk.say(TOM, "ok but what does it cost, I do not want it if it costs money")
        assert desk.effects() == []


async def test_two_requests_in_one_message_get_two_drafts() -> None:
    both = [
        calls("create_ticket", queue="FAC", summary="Chair broken", description="The chair in Z1.03 is broken."),
        calls("create_ticket", queue="IT", summary="Screen dark", description="The screen stays dark."),
    ]
    model = ScriptedModel([*both, says("Done.")])
    async with Desk.start(documents=(), model=model) as desk:
        replies = await desk.say(TOM, "My chair is broken and my screen stays dark, open tickets for both please")
        cards = [reply.card for reply in replies if reply.card]
        assert len({card.action_id for card in cards}) == 2
        assert outcome_of(replies) is Outcome.PROPOSED


async def test_a_ticket_of_somebody_else_is_neither_shown_nor_confirmed_to_exist() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.ask_for(MARIA, "Open a ticket: my pelican lamp is broken")
        await desk.say(MARIA, "ok")
        number = desk.effects()[0].object_id
        theirs = text_of(await desk.say(TOM, f"What is the state of ticket {number}?"))
        nothing = text_of(await desk.say(TOM, "What is the state of ticket FAC-99999?"))
        assert "pelican" not in theirs
        assert theirs.splitlines()[-1] == nothing.splitlines()[-1]


async def test_asking_for_a_person_always_works_even_when_the_model_is_of_no_use() -> None:
    async with Desk.start(documents=(), model=ScriptedModel([])) as desk:
        await desk.ask_for(TOM, "I want to talk to a person")
        await desk.say(TOM, "yes please")
        assert [effect.kind for effect in desk.effects()] == ["ticket_created"]


async def test_a_ticket_system_that_breaks_after_filing_is_not_asked_twice() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, CHAIR)
        desk.world.fail_next("tickets", "after")
        await desk.say(TOM, "ok")
        await desk.clock.advance(minutes=30)
        assert len(desk.effects()) == 1
        assert await desk.state(draft) in ("done", "unknown")


async def test_a_ticket_system_that_refuses_is_said_to_have_failed() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, CHAIR)
        desk.world.fail_next("tickets", "refuse")
        await desk.say(TOM, "ok")
        assert await desk.state(draft) == "failed"
        assert desk.effects() == []
        assert "did not work" in text_of([desk.posts()[-1].reply])


async def test_yes_to_the_offer_of_a_ticket_is_a_yes_after_an_earlier_answer_too() -> None:
    async with Desk.start() as desk:
        assert outcome_of(await desk.say(TOM, "How many hours of annual leave do I get?")) is Outcome.ANSWERED
        assert outcome_of(await desk.say(TOM, "Can I bring my parrot to the office?")) is Outcome.NOT_FOUND
        replies = await desk.say(TOM, "yes")
        assert outcome_of(replies) is Outcome.PROPOSED
        assert "parrot" in text_of(replies)
