"""What people write around what they ask: greetings, several questions at once, words that only point."""

from __future__ import annotations

import time

import pytest

from agent.aside import is_beside, is_for_others
from agent.asked import read_question
from agent.asked_kind import kind_of
from agent.follow_ups import follows
from agent.question_form import is_yes_or_no
from agent.questions import questions_in
from agent.several import without_courtesies
from agent.unclear import only_points
from policies.function_words import language_of


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Goedemorgen! hoeveel dagen mag ik thuiswerken", "hoeveel dagen mag ik thuiswerken"),
        ("morning! can't get in anymore", "can't get in anymore"),
        ("Dear HR team, how do I report sick?", "how do I report sick?"),
        ("Beste Loket, kunt u mij vertellen hoe lang een pas geldig is? Alvast bedankt, groet Kees",
         "hoe lang een pas geldig is?"),
        ("Hi, do you know who approves leave? Thanks, Tom Bakker", "who approves leave?"),
        ("vraagje: hoe print ik", "hoe print ik"),
        ("Reset my password. Kind regards, Anna de Vries", "Reset my password"),
        ("een vraag over verlof", "een vraag over verlof"),
        ("do you know Tom Bakker", "do you know Tom Bakker"),
        ("Dag, ik ben ziek", "ik ben ziek"),
    ],
)  # fmt: skip
def test_courtesies_are_no_part_of_what_is_asked(written: str, asked: str) -> None:
    assert without_courtesies(written) == asked


@pytest.mark.timed
@pytest.mark.parametrize("part", ["? ", "hi ", "thanks, ", "dear ", "regards a ", "can you tell me "])
def test_courtesies_without_end_are_read_in_no_time(part: str) -> None:
    began = time.perf_counter()
    without_courtesies(part * 2_000)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        ("mag ik eerste klas in de trein en worden parkeerkosten vergoed?",
         ["mag ik eerste klas in de trein", "worden parkeerkosten vergoed?"]),
        ("I have a visitor tomorrow. How do I register them? And how do they get wifi?",
         ["I have a visitor tomorrow. How do I register them?",
          "I have a visitor tomorrow. And how do they get wifi?"]),
        ("hoe hoog is de gratificatie en wanneer krijg ik die?",
         ["hoe hoog is de gratificatie", "hoe hoog is de gratificatie wanneer krijg ik die?"]),
        ("can I bring food and drinks?", ["can I bring food and drinks?"]),
        ("My printer is broken. What do I do?", ["My printer is broken. What do I do?"]),
    ],
)  # fmt: skip
def test_each_question_of_a_message_can_be_looked_up_by_itself(message: str, questions: list[str]) -> None:
    assert questions_in(message) == questions


@pytest.mark.parametrize(
    "said", ["please look at this for me", "kun je hier even naar kijken", "can you fix it please"]
)
def test_a_message_that_only_points_says_nothing(said: str) -> None:
    assert only_points(said)


@pytest.mark.parametrize("said", ["please look at my laptop", "kun je hier printen", "help", "check this bill"])
def test_a_message_that_names_something_does_not_only_point(said: str) -> None:
    assert not only_points(said)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Wanneer stopt mijn reiskostenvergoeding?", "moment"),
        ("when is the reception open", "clock"),
        ("krijg ik een vergoeding", "permission"),
        ("hoe hoog is de vergoeding", "money"),
        ("I think I clicked a dodgy link", "way"),
        ("laptop kwijt", "way"),
    ],
)
def test_how_a_question_begins_goes_before_the_words_in_it(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_a_longer_question_that_points_back_follows() -> None:
    assert follows("must I pay it back if I quit?")
    assert not follows("how do I report sick on my first day of work")


def test_can_you_is_no_question_for_yes_or_no() -> None:
    assert is_yes_or_no("will my manager find out")
    assert not is_yes_or_no("can you give me the number of my manager")


def test_rules_for_other_people_stand_back_unless_they_are_spoken_of() -> None:
    assert is_for_others(read_question("where can I park"), "Receiving visitors 3 Parking")
    assert not is_for_others(read_question("where can my visitor park"), "Receiving visitors 3 Parking")


def test_exceptions_and_lists_of_words_stand_back_unless_they_are_asked_for() -> None:
    assert is_beside(read_question("can I work from home"), "1.1 Work that cannot be done at home", "…")
    assert not is_beside(
        read_question("which work can not be done at home"), "1.1 Work that cannot be done at home", "…"
    )
    defined = "In deze regeling wordt verstaan onder: a. betrokkene: de ambtenaar;"
    assert is_beside(read_question("mag mijn partner in de dienstauto rijden"), "Artikel 1", defined)
    assert not is_beside(read_question("wat betekent betrokkene"), "Artikel 1", defined)


@pytest.mark.parametrize(
    ("question", "language"),
    [("hoe meld ik me ziek", "nl"), ("how do I report sick", "en"), ("wifi", ""), ("vpn instellen", "")],
)
def test_the_language_of_a_question_shows_in_its_small_words(question: str, language: str) -> None:
    assert language_of(question) == language
