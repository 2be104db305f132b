"""What is understood without a model: the language, and plain intents in two languages."""

from __future__ import annotations

import pytest

from agent.intents import Intent, intent_of
from agent.language import language_of
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
