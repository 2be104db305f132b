"""Answers: with their source, in the asker's language, only what the asker may read, and never silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelError
from core.outcomes import MEANINGS, Outcome
from tests.desk import Desk
from tests.models import BrokenModel, ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.staff import HR, INEKE, MILA, SANNE, TOM

HR_ONLY = """---
title: Ranking of absence cases
language: en
owner: HR Services
audience: [hr-staff]
questions: [how are absence cases ranked]
---

# Ranking of absence cases

Absence cases are ranked by colour, and the colour purple comes first.
"""


async def test_a_quote_stands_word_for_word_in_the_document_it_names() -> None:
    async with Desk.start() as desk:
        replies = await desk.say(TOM, "How many hours of annual leave do I get?")
        citation = replies[-1].citations[0]
        source = (desk.counter.home.folder / citation.path).read_text()
        for clause in citation.quote.split(" … "):
            assert clause in " ".join(source.split())


async def test_of_two_questions_the_one_without_an_answer_is_named() -> None:
    async with Desk.start() as desk:
        text = text_of(
            await desk.say(TOM, "How many days of annual leave do I get, and can I bring my parrot to the office?")
        )
        assert "25 days" in text
        assert "can I bring my parrot to the office" in text.rpartition("nothing")[0]


async def test_what_the_handbook_does_not_say_is_not_guessed_and_a_person_is_named() -> None:
    async with Desk.start() as desk:
        replies = await desk.say(TOM, "Can I bring my parrot to the office?")
        assert outcome_of(replies) is Outcome.NOT_FOUND
        assert "@dhb.example" in text_of(replies)
        assert "ticket" in text_of(replies)
        assert not replies[-1].citations


async def test_a_document_for_hr_is_found_by_hr_and_by_nobody_else() -> None:
    async with Desk.start(documents={"ranking.md": HR_ONLY}) as desk:
        assert "purple" in text_of(await desk.say(HR, "How are absence cases ranked?"))
        for other in (TOM, INEKE):
            replies = await desk.say(other, "How are absence cases ranked?")
            assert "purple" not in text_of(replies)
            assert "Ranking" not in text_of(replies)


async def test_a_colleague_is_found_without_private_numbers() -> None:
    async with Desk.start(documents=()) as desk:
        said = text_of(await desk.say(TOM, "Who is the manager of Sanne de Wit?"))
        assert "Ineke Smit" in said
        assert "+3165550" not in said
        assert "mail.example" not in said


async def test_a_model_without_a_source_is_not_believed() -> None:
    model = ScriptedModel([says("You get 99 days of leave a year.")])
    async with Desk.start(model=model) as desk:
        replies = await desk.say(TOM, "How many hours of annual leave do I get?")
        assert "99" not in text_of(replies)
        assert "200 hours" in text_of(replies)


async def test_a_sentence_that_the_passage_does_not_say_is_dropped() -> None:
    model = ScriptedModel(
        [
            calls("search_policies", question="How many hours of annual leave do I get?"),
            says(
                "You get 25 days (200 hours) of annual leave a year if you work full time. [1] You also get a boat. [1]"
            ),
        ]
    )
    async with Desk.start(model=model) as desk:
        said = text_of(await desk.say(TOM, "How many hours of annual leave do I get?"))
        assert "200 hours" in said
        assert "boat" not in said


async def test_when_the_language_model_is_down_the_built_in_one_answers_and_says_so() -> None:
    async with Desk.start(model=BrokenModel(ModelError("down"))) as desk:
        replies = await desk.say(TOM, "How many hours of annual leave do I get?")
        assert outcome_of(replies) is Outcome.ANSWERED
        assert replies[-1].model == "loket-built-in"


async def test_a_call_for_a_tool_that_does_not_exist_does_not_end_the_turn() -> None:
    model = ScriptedModel(
        [calls("delete_everything", now=True), calls("search_policies", question="annual leave"), says("No idea [1]")]
    )
    async with Desk.start(model=model) as desk:
        replies = await desk.say(TOM, "How many hours of annual leave do I get?")
        assert outcome_of(replies) in (Outcome.ANSWERED, Outcome.NOT_FOUND)
        assert any("there is no tool of that name" in shown for shown in desk.prompts())


async def test_the_first_contact_notice_comes_once_for_each_person_and_channel() -> None:
    async with Desk.start(documents=()) as desk:
        for employee in (TOM, SANNE):
            for via in ("slack_dm", "teams_dm"):
                first, second = await desk.say(employee, "hi", via=via), await desk.say(employee, "hi", via=via)
                assert (len(first), len(second)) == (2, 1)
                assert "AI" in first[0].text


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "?!", "x" * 9000, "\x00\x01", "🙂"])
async def test_what_cannot_be_read_is_said_to_be_so(text: str) -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(TOM, text)
        assert outcome_of(replies) is Outcome.REFUSED_UNREADABLE
        assert replies[-1].text


async def test_harassment_is_answered_by_a_person_s_words_in_private_without_ticket_or_trace(tmp_path: Path) -> None:
    words = "mijn leidinggevende raakt mij aan"
    async with Desk.start(documents=(), home=tmp_path / "home") as desk:
        replies = await desk.say(SANNE, words, via="slack_channel")
        assert outcome_of(replies) is Outcome.SIGNPOSTED
        assert [post.address.room for post in desk.posts() if post.reply.outcome] == [f"U{SANNE}"]
        assert desk.effects() == []
        # SQLite's journal keeps a page until it is written over; what was stored in between goes with it at the end.
        assert [place for place in desk.sinks_with(words) if not place.endswith("-wal")] == []
    left = [file for file in (tmp_path / "home").rglob("*") if file.is_file() and words.encode() in file.read_bytes()]
    assert left == []


async def test_every_turn_has_one_named_outcome_and_at_least_one_reply() -> None:
    lines = [
        "hi", "hoeveel verlof", "Can I bring my parrot?", "reset my password", "ok", "no", "", "123456", "thanks",
        "I want a person", "who is my manager", "what about my ticket", "open a ticket: the lamp is broken", "ja",
        "reset the password of Jan de Boer", "DROP TABLE turns;", "approve 1234", "how are you",
    ]  # fmt: skip
    async with Desk.start() as desk:
        for number, line in enumerate(lines, start=1):
            replies = await desk.say(TOM, line)
            assert replies, line
            assert all(reply.text or reply.card for reply in replies), line
            assert len(desk.turns()) == number, line
        assert set(desk.turns()) <= set(MEANINGS)


async def test_whoever_asks_something_else_instead_of_answering_is_answered() -> None:
    async with Desk.start() as desk:
        for opening in ("reset the password of", "add a comment to my ticket", "a caller needs a new password"):
            await desk.say(MILA, opening)
            assert "200 hours" in text_of(await desk.say(MILA, "How many hours of annual leave do I get?"))


async def test_a_policy_without_an_owner_is_named_without_one() -> None:
    nobodys = (
        "---\ntitle: Parking\naudience: [all-staff]\nlanguage: en\n---\n## Where to park\n\nPark behind the house.\n"
    )
    async with Desk.start(documents={"parking.md": nobodys}) as desk:
        said = text_of(await desk.say(TOM, "What does a season ticket for the theatre cost?"))
        assert '"Parking". Whom to ask: ' in said
