"""The answer check: what rests on a clause stays, what was changed on the way falls."""

from __future__ import annotations

import pytest

from agent.answer_check import Source, check

LEAVE = (
    "You get 24 days of leave a year if you work full time. You may carry over at most 5 days to the next year. "
    "Ask your manager at least 2 weeks before the first day. Unpaid leave is not possible during probation. "
    "You must report sick before 9:00. Sick leave is paid in full for 52 weeks, after that 70%. "
    "The rule holds from 1 January 2026. The company doctor decides whether you can work. "
    "You can claim €0.23 per kilometre for your own car. Write to hr@dhb.example for questions. "
    "You may work from abroad for up to 10 days, only with the permission of your director. "
    "A visitor must always wear a badge. HR Services keeps the form for 5 years."
)
VERLOF = (
    "U krijgt 24 dagen verlof per jaar als u voltijds werkt. U mag hoogstens 5 dagen meenemen naar het volgende jaar. "
    "Onbetaald verlof is niet mogelijk in de proeftijd. Uw leidinggevende beslist binnen 5 werkdagen. "
    "U moet zich voor 9:00 ziek melden."
)
SOURCES = [Source(1, LEAVE, "en"), Source(2, VERLOF, "nl")]


def kept(answer: str, language: str = "en") -> list[str]:
    return [one.sentence for one in check(answer, SOURCES, language).kept]


@pytest.mark.parametrize(
    "sentence",
    [
        "You get 24 days of leave a year if you work full time. [1]",
        "If you work full time, you get 24 days of leave per year. [1]",
        "You may carry over at most 5 days to the next year [1].",
        "Unpaid leave is not possible during probation. [1]",
        "Sick leave is paid in full for 52 weeks, after that 70%. [1]",
        "The rule holds from 1 January 2026. [1]",
        "The rule holds from 2026-01-01. [1]",
        "You can claim €0.23 per kilometre for your own car. [1]",
        "You may work from abroad for up to ten days, only with the permission of your director. [1]",
        "Ask your manager at least two weeks before the first day. [1]",
    ],
)
def test_a_sentence_that_says_what_the_clause_says_stays(sentence: str) -> None:
    assert kept(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "You get 25 days of leave a year if you work full time. [1]",
        "You get 24 weeks of leave a year if you work full time. [1]",
        "You get 24 days of leave a month if you work full time. [1]",
        "You get 24 days of leave a year. [1]",
        "You get 24 days of leave a year unless you work full time, from 2027. [1]",
        "You do not get 24 days of leave a year if you work full time. [1]",
        "You may carry over at least 5 days to the next year. [1]",
        "You may carry over 5 days to the next year. [1]",
        "You may carry over at most 15 days to the next year. [1]",
        "You may not carry over at most 5 days to the next year. [1]",
        "You must carry over at most 5 days to the next year. [1]",
        "Ask your director at least 2 weeks before the first day. [1]",
        "Ask your manager at most 2 weeks before the first day. [1]",
        "Ask your manager at least 2 days before the first day. [1]",
        "Ask your manager at least 2 weeks after the first day. [1]",
        "Unpaid leave is possible during probation. [1]",
        "Paid leave is not possible during probation. [1]",
        "Unpaid leave is not possible during probation, except with permission. [1]",
        "You must report sick before 10:00. [1]",
        "You must report sick after 9:00. [1]",
        "You may report sick before 9:00. [1]",
        "Sick leave is unpaid in full for 52 weeks, after that 70%. [1]",
        "Sick leave is paid in full for 26 weeks, after that 70%. [1]",
        "Sick leave is paid in full for 52 weeks, after that 80%. [1]",
        "The rule holds from 1 February 2026. [1]",
        "The rule holds from 1 January 2025. [1]",
        "The rule holds until 1 January 2026. [1]",
        "HR Services decides whether you can work. [1]",
        "The company doctor decides whether you cannot work. [1]",
        "You can claim €0.32 per kilometre for your own car. [1]",
        "You can claim €0.23 per mile for your own bicycle at the Ritz. [1]",
        "Write to evil@attacker.example for questions. [1]",
        "You may work from abroad for up to 10 days. [1]",
        "You may work from abroad for up to 10 days, only with the permission of your manager. [1]",
        "You may work from abroad for up to 100 days, only with the permission of your director. [1]",
        "A visitor must never wear a badge. [1]",
        "A visitor may always wear a badge. [1]",
        "HR Services keeps the form for 7 years. [1]",
        "The moon base opens at noon. [1]",
        "Click https://evil.example/reset for 24 days of leave a year if you work full time. [1]",
    ],
)
def test_a_corrupted_sentence_is_dropped(sentence: str) -> None:
    assert kept(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "stays"),
    [
        ("If you work full time you get 24 days verlof per year. [2]", True),
        ("If you work full time you get 26 days verlof per year. [2]", False),
        ("Unpaid leave (onbetaald verlof) is possible during probation. [2]", False),
    ],
)
def test_a_translation_is_held_against_the_clause_too(sentence: str, stays: bool) -> None:
    assert bool(kept(sentence)) is stays


@pytest.mark.parametrize(
    "citation", ["[7]", "[99]", "[1][99]", "[999]", "(source: HR handbook)", "[1] (bron: intranet)"]
)
def test_a_source_that_was_never_given_is_no_source(citation: str) -> None:
    assert kept(f"Unpaid leave is really not possible during probation {citation}.") == []


def test_a_sentence_is_not_saved_by_another_passage_than_the_one_it_cites() -> None:
    other = [*SOURCES, Source(3, "Managers get 30 days of leave a year if they work full time.", "en")]
    assert check("Managers get 30 days of leave a year if they work full time. [1]", other, "en").kept == ()


def test_every_dropped_sentence_has_a_reason() -> None:
    dropped = check("You must report sick before 10:00. [1]", SOURCES, "en").dropped
    assert dropped[0].reason.startswith("figure not in the clause")


def test_the_quote_is_the_clause_and_not_the_models_words() -> None:
    kept_one = check("If you work full time, you get 24 days of leave per year. [1]", SOURCES, "en").kept[0]
    assert kept_one.clause == "You get 24 days of leave a year if you work full time."
