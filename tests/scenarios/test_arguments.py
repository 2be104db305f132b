"""What people leave out, take back and come back to: through the whole counter, in both languages."""

from __future__ import annotations

import pytest

from core.outcomes import Outcome
from core.replies import Reply
from tests.desk import Desk


def said(replies: list[Reply]) -> str:
    return "\n".join(reply.text for reply in replies)


def shown(replies: list[Reply]) -> str:
    """Everything on the last card."""
    cards = [reply.card for reply in replies if reply.card]
    assert cards, said(replies)
    return "\n".join(f"{fact.label}: {fact.value}" for fact in cards[-1].facts) + cards[-1].title


async def open_drafts(desk: Desk) -> int:
    waiting = await desk.counter.gate.waiting()
    return sum(action.state.value == "awaiting_confirmation" for action in waiting)


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("I need to reset someone else's password", "Sanne de Wit"),
        ("ik moet het wachtwoord van iemand anders resetten", "sane de wit"),
        ("reset a colleague's password", "E1001"),
    ],
)
async def test_a_missing_colleague_is_asked_for_once_and_then_the_draft_is_there(request_text: str, name: str) -> None:
    async with Desk.start() as desk:
        asked = await desk.say("E1005", request_text)
        assert not any(reply.card for reply in asked)
        assert "Sanne de Wit" in shown(await desk.say("E1005", name))


async def test_of_several_who_fit_a_number_an_ordinal_or_the_department_chooses() -> None:
    async with Desk.start() as desk:
        asked = await desk.say("E1005", "reset the password of Jan")
        assert "1. " in said(asked), said(asked)
        assert "Visser" in shown(await desk.say("E1005", "the second one"))


@pytest.mark.parametrize(
    ("first", "question", "answer", "reminder"),
    [
        ("reset a colleague's password", "how many days of leave do I get?", "Tom Bakker", "still need an answer"),
        ("wachtwoord van een collega resetten", "hoeveel vakantiedagen krijg ik?", "tom bakker", "wacht nog"),
    ],
)
async def test_an_open_question_survives_an_interruption(first: str, question: str, answer: str, reminder: str) -> None:
    async with Desk.start() as desk:
        await desk.say("E1005", first)
        interrupted = await desk.say("E1005", question)
        assert interrupted[-1].outcome is Outcome.ANSWERED, said(interrupted)
        assert reminder in interrupted[-1].text
        assert "Tom Bakker" in shown(await desk.say("E1005", answer))


async def test_a_request_in_place_of_a_name_is_a_request() -> None:
    async with Desk.start() as desk:
        await desk.say("E1005", "reset a colleague's password")
        replies = await desk.say("E1005", "printer doet het niet")
        assert "printer doet het niet" in shown(replies)


async def test_who_drops_a_question_hears_of_it_no_more() -> None:
    async with Desk.start() as desk:
        await desk.say("E1005", "reset a colleague's password")
        await desk.say("E1005", "laat maar")
        replies = await desk.say("E1005", "how many days of leave do I get?")
        assert "still need" not in said(replies)


@pytest.mark.parametrize("correction", ["make that HR", "no, HR", "nee, het moet HR zijn", "niet IT maar HR"])
async def test_a_correction_changes_only_what_it_speaks_of_and_replaces_the_draft(correction: str) -> None:
    async with Desk.start() as desk:
        first = shown(await desk.say("E1002", "please open a ticket for my broken laptop screen"))
        assert "my broken laptop screen" in first
        corrected = shown(await desk.say("E1002", correction))
        assert "HR" in corrected
        assert "my broken laptop screen" in corrected
        assert await open_drafts(desk) == 1


async def test_somebody_else_was_meant() -> None:
    async with Desk.start() as desk:
        assert "Tom Bakker" in shown(await desk.say("E1005", "reset the password of Tom Bakker"))
        corrected = await desk.say("E1005", "nee, Sanne de Wit bedoel ik")
        assert "Sanne de Wit" in shown(corrected)
        assert await open_drafts(desk) == 1


async def test_a_second_ticket_is_no_correction_of_the_first() -> None:
    async with Desk.start() as desk:
        await desk.say("E1002", "my screen stays black")
        await desk.say("E1002", "no, also make a ticket for my broken mouse")
        assert await open_drafts(desk) == 2


async def test_a_confirmed_draft_is_not_taken_back_by_a_correction() -> None:
    async with Desk.start() as desk:
        ticket = await desk.ask_for("E1002", "please open a ticket for my broken laptop screen")
        await desk.click("E1002", ticket, "confirm")
        await desk.say("E1002", "make that HR")
        assert await desk.state(ticket) == "done"


async def test_a_ticket_is_known_in_any_spelling() -> None:
    async with Desk.start() as desk:
        for text in ("status it 103", "hoe staat het met IT103", "any news on ticket it-103?"):
            assert "IT-103" in said(await desk.say("E1001", text)), text


async def test_a_remark_is_what_was_said_and_not_the_asking() -> None:
    async with Desk.start() as desk:
        card = shown(await desk.say("E1001", "zet bij IT-103 dat de oplader ook stuk is"))
        assert "de oplader ook stuk is" in card
        assert "zet bij" not in card


async def test_what_to_remark_is_asked_when_it_was_not_said() -> None:
    async with Desk.start() as desk:
        asked = await desk.say("E1001", "can you add a note to IT-103")
        assert said(asked).endswith("?")
        assert "it is urgent now" in shown(await desk.say("E1001", "it is urgent now"))


async def test_file_a_ticket_asks_about_what_and_asks_no_more() -> None:
    async with Desk.start() as desk:
        asked = await desk.say("E1002", "melding maken")
        assert not any(reply.card for reply in asked)
        card = shown(await desk.say("E1002", "de printer op de tweede is stuk"))
        assert "de printer op de tweede is stuk" in card


async def test_two_requests_in_one_message_get_two_results() -> None:
    async with Desk.start() as desk:
        replies = await desk.say("E1001", "reset my password and who is my manager")
        assert any(reply.card for reply in replies)
        assert "Ineke Smit" in said(replies)


@pytest.mark.parametrize(
    "question", ["who is my manager's manager", "wie is de leidinggevende van mijn leidinggevende", "my boss's boss?"]
)
async def test_the_manager_of_my_manager_is_found(question: str) -> None:
    async with Desk.start() as desk:
        first_line = said((await desk.say("E1001", question))[-1:]).splitlines()[0]
        assert "Henriëtte van Loon" in first_line


async def test_my_manager_is_found_however_my_is_spelt() -> None:
    async with Desk.start(documents=()) as desk:
        for question in ("wie is mn manager", "wie is m'n leidinggevende"):
            assert "Ineke Smit" in said((await desk.say("E1001", question))[-1:]).splitlines()[0], question


async def test_a_colleague_is_found_by_initial_and_family_name() -> None:
    async with Desk.start() as desk:
        assert "Verhoeven" in said(await desk.say("E1001", "phone number of J. Verhoeven"))
        assert "Jan de Boer" in said(await desk.say("E1001", "what room is j de boer in"))


async def test_another_tool_was_meant() -> None:
    async with Desk.start() as desk:
        await desk.say("E1002", "ww vergeten")
        assert "ontgrendelen" in shown(await desk.say("E1002", "nee, account op slot")).lower()
        assert await open_drafts(desk) == 1


async def test_a_number_chooses_anew_from_the_list_that_was_shown() -> None:
    async with Desk.start() as desk:
        await desk.say("E1005", "reset pw for jan")
        assert "E1021" in shown(await desk.say("E1005", "2"))
        assert "E1020" in shown(await desk.say("E1005", "no, the first one"))
        assert await open_drafts(desk) == 1


@pytest.mark.parametrize("words", ["never mind", "laat maar", "cancel"])
async def test_an_open_question_can_be_dropped(words: str) -> None:
    async with Desk.start() as desk:
        await desk.say("E1002", "file a ticket")
        replies = await desk.say("E1002", words)
        assert replies[-1].outcome is Outcome.CLARIFIED
        assert not replies[-1].citations


async def test_a_hesitating_answer_is_an_answer() -> None:
    async with Desk.start() as desk:
        await desk.say("E1005", "reset a colleague's password")
        assert "Tom Bakker" in shown(await desk.say("E1005", "eh nee wacht, tom bakker"))


async def test_a_role_is_no_name_that_cannot_be_found() -> None:
    async with Desk.start() as desk:
        asked = said(await desk.say("E1005", "reset password of my manager"))
        assert "Which colleague" in asked
        assert "my manager" not in asked


async def test_a_bare_ticket_number_is_that_of_the_list_before() -> None:
    async with Desk.start() as desk:
        await desk.say("E1001", "hoe staat het met mijn meldingen")
        replies = said(await desk.say("E1001", "en #103?"))
        assert "IT-103" in replies
        assert "HR-201" not in replies
