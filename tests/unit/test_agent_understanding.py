"""What is understood without a model: the language, and plain intents in two languages."""

from __future__ import annotations

import pytest

from agent.intents import Intent, intent_of
from agent.language import is_foreign, language_of
from agent.unclear import question_for, request_meant
from agent.words import CATALOGUE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ww kwijt", "nl"),
        ("verlof opnemen", "nl"),
        ("printer stuk", "nl"),
        ("vpn doet het niet", "nl"),
        ("mag thuis werken", "nl"),
        ("hoevl dagen", "nl"),
        ("reset password", "en"),
        ("leave days", "en"),
        ("forgot pw", "en"),
        ("what about sickness", "en"),
        ("lost laptop", "en"),
    ],
)
def test_two_sloppy_words_are_enough_for_the_language(text: str, language: str) -> None:
    assert language_of(text, "nl" if language == "en" else "en") == language


def test_an_unclear_text_takes_the_language_the_person_used_last() -> None:
    assert language_of("ok", "nl", "en") == "nl"
    assert language_of("VPN", "en", "nl") == "en"
    assert language_of("???", "fr", "nl") == "nl"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("call me on 06 12345678", True),
        ("Bel me op +31 6 1234 5678 aub", True),
        ("bel me even terug", True),
        ("call me on 06 12345678, my mail is tom@mail.example, how do I report sick?", False),
        ("bel me op 0612345678, hoeveel verlof krijg ik?", False),
    ],
)
def test_a_number_to_call_beside_a_question_is_no_wish_for_a_person(text: str, wanted: bool) -> None:
    assert (intent_of(text) is Intent.PERSON) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "fire in the building!",
        "brand!",
        "brand",
        "noodgeval",
        "emergency number",
        "wat is het alarmnummer?",
        "nummer van de bhv",
        "phone number for emergencies",
        "ehbo nodig",
        "the fire alarm is going off",
        "colleague fainted",
        "er is iemand gewond",
        "er komt rook uit mijn laptop",
        "er is een ongeluk gebeurd",
        "overval",
    ],
)
def test_an_emergency_is_known_by_its_words_alone(text: str) -> None:
    assert intent_of(text) is Intent.DANGER


@pytest.mark.parametrize(
    "text",
    [
        "nieuwe ehbo-koffer nodig",
        "a colleague was injured last week, how do I report it",
        "noodcontact aanpassen",
        "emergency leave",
        "firewall blocks my app",
        "spoed: printer kapot",
        "nummer van de servicedesk",
        "waar hangt de brandblusser",
        "help",
    ],
)
def test_words_of_an_emergency_are_not_one_by_themselves(text: str) -> None:
    assert intent_of(text) is not Intent.DANGER


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ok", Intent.CONFIRM),
        ("ja graag", Intent.CONFIRM),
        ("Yes, please!", Intent.CONFIRM),
        ("doe maar", Intent.CONFIRM),
        ("nee", Intent.CANCEL),
        ("never mind", Intent.CANCEL),
        ("nee, laat maar", Intent.CANCEL),
        ("no thanks", Intent.CANCEL),
        ("hoi", Intent.GREETING),
        ("Good morning Loket", Intent.GREETING),
        ("dank je wel!", Intent.THANKS),
        ("ok thanks", Intent.THANKS),
        ("what can you do?", Intent.ABOUT),
        ("ben je een mens?", Intent.ABOUT),
        ("I want to talk to a person", Intent.PERSON),
        ("kan ik iemand van de servicedesk spreken", Intent.PERSON),
        ("how many days do I have left?", Intent.BALANCE),
        ("hoeveel verlof heb ik nog", Intent.BALANCE),
        ("I don't want to live anymore", Intent.CRISIS),
        ("I wonder if anybody would notice if I were gone", Intent.CRISIS),
        ("I've written goodbye letters", Intent.CRISIS),
        ("they'd all be better off", Intent.CRISIS),
        ("can't go on like this", Intent.CRISIS),
        ("ik zie het niet meer zitten", Intent.CRISIS),
        ("het hoeft voor mij allemaal niet meer", Intent.CRISIS),
        ("ik sta op het dak", Intent.CRISIS),
        ("ik heb afscheidsbrieven geschreven", Intent.CRISIS),
        ("ik denk aan zelfmoord", Intent.CRISIS),
        ("my boss keeps touching me", Intent.HARASSMENT),
        ("ik word gepest op mijn werk", Intent.HARASSMENT),
        ("I want to report fraud by a colleague", Intent.WRONGDOING),
        ("ik heb fraude ontdekt", Intent.WRONGDOING),
        ("I think I have a burnout", Intent.HEALTH),
        ("ik ben overspannen", Intent.HEALTH),
    ],
)
def test_plain_words_are_understood(text: str, intent: Intent) -> None:
    assert intent_of(text) is intent


@pytest.mark.parametrize(
    "text",
    [
        "how do I report sick",
        "what does the confidential adviser do",
        "this is not ok",
        "I can't go on like this with such a slow laptop",
        "you would be better off with a docking station",
        "ik zie het niet meer zitten met dit roosterprogramma",
        "ik sta op het dak voor de inspectie, wie heeft de sleutel",
        "farewell letter for the retiring director, is there a template",
        "how many kms can I claim",
        "is it ok to work from home",
        "no internet in room 3",
        "kill the print job that hangs",
        "how many days of leave do I get",
        "hello my printer is broken",
        "yes but my laptop is broken too",
        "can a visitor talk to reception",
    ],
)
def test_a_question_is_left_to_the_model(text: str) -> None:
    assert intent_of(text) is None


def test_both_languages_have_every_sentence_and_placeholder() -> None:
    import string

    english, dutch = CATALOGUE.keys("en"), CATALOGUE.keys("nl")
    assert english.keys() == dutch.keys()
    for key in english:
        fields = [{name for _, name, _, _ in string.Formatter().parse(text[key]) if name} for text in (english, dutch)]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("verlof", True),
        ("My account?", True),
        ("pas", True),
        ("wifi", False),
        ("ik ben ziek", False),
        ("pas kwijt", False),
        ("adv dagen?", False),
    ],
)
def test_only_what_can_be_read_in_more_ways_is_asked_about(text: str, asked: bool) -> None:
    tools = ("unlock_my_account", "reset_my_password", "restore_access")
    assert (question_for(text, "en", tools) is not None) is asked


@pytest.mark.parametrize(
    ("answer", "request_behind"),
    [
        ("2", "reset my password"),
        ("the first", "unlock my account"),
        ("locked", "unlock my account"),
        ("the last one please", "authenticator on my phone no longer works"),
        ("maybe", None),
        ("how many days of leave do I get per year", None),
    ],
)
def test_the_answer_to_such_a_question_is_a_request(answer: str, request_behind: str | None) -> None:
    question = question_for("account", "en", ("unlock_my_account", "reset_my_password", "restore_access"))
    assert question is not None
    assert request_meant(answer, question) == request_behind
    assert request_meant(answer, "Which colleague is this about?") is None


def test_a_reading_whose_tool_is_off_is_not_offered() -> None:
    question = question_for("account", "en", ("unlock_my_account", "reset_my_password"))
    assert question is not None
    assert "3." not in question
    assert question_for("account", "en", ("unlock_my_account",)) is None


def test_another_language_is_noticed_and_dutch_and_english_are_not_taken_for_one() -> None:
    assert is_foreign("Wie viele Urlaubstage bekomme ich?")
    assert is_foreign("comment puis-je demander un congé")
    for text in ("wie is mijn manager", "mag ik de auto van de dienst mee", "can I use my pc for a course", "vpn"):
        assert not is_foreign(text), text
