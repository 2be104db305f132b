"""Which section and which sentence of it the built-in model quotes: the one that says what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from agent.answer_reading import leading_condition
from agent.asked import headed, rarities, read_question
from agent.asked_kind import has_kind, kind_of
from agent.clause_weights import marks_of, weights_of
from agent.data_text import Shown
from agent.extract import Extractor
from agent.meaning import Meaning
from policies.clauses import Clause, clauses
from tests.handbooks import embedder

ENTITLED = "You get 25 days of annual leave a year if you work full time. Full time is 40 hours a week."
ASKING = (
    "Ask for leave in the portal. Do so at least 2 weeks ahead if you want more than 5 days in a row.\n\n"
    "If you hear nothing within 5 working days, your leave is granted."
)


@cache
def meaning() -> Meaning:
    """One for all tests: it keeps what it has embedded."""
    return Meaning(embedder())


def weigh(question: str, said: Sequence[Clause]) -> list[float]:
    """What each clause of a passage by itself weighs."""
    asked = read_question(question)
    rarity = rarities(asked, [clause.said for clause in said])
    return weights_of(marks_of(meaning(), asked, "", said, rarity), said)


def shown(number: int, heading: str, text: str, similarity: float = 0.5) -> Shown:
    """A section on leave that search found; by its numbers alone any may be meant."""
    return Shown(number, "en", "current", similarity, 0.9, 1.0, "Annual leave", heading, text)


@pytest.mark.parametrize(
    "question",
    ["How many days of leave do I get?", "How much leave do I get?", "How many days of annual leave do I have?"],
)
def test_how_much_one_gets_is_answered_by_what_one_gets_and_not_by_how_to_ask_for_it(question: str) -> None:
    found = [shown(1, "4 Asking for leave", ASKING, 0.7), shown(2, "1 How much leave you get", ENTITLED)]
    (extract, *_) = Extractor(meaning()).extract(question, found, "en")
    assert extract.number == 2
    assert "25 days" in extract.text


def test_how_to_ask_is_answered_by_how_to_ask() -> None:
    found = [shown(1, "4 Asking for leave", ASKING), shown(2, "1 How much leave you get", ENTITLED)]
    (extract, *_) = Extractor(meaning()).extract("How do I ask for leave?", found, "en")
    assert extract.number == 1


def test_a_case_that_was_not_asked_about_gives_way_to_the_rule() -> None:
    text = (
        "This page says what to do.\n\nIf you fall ill abroad, report sick within 24 hours.\n\n"
        "Report sick by phone before 9:30 on your first day of illness."
    )
    said = clauses(text)
    weights = weigh("When do I have to report sick?", said)
    assert weights.index(max(weights)) == 2


def test_whoever_asks_about_a_case_gets_the_sentence_on_that_case() -> None:
    text = (
        "Lab members take issues as they can, as many as there is time for.\n\n"
        "Issues are closed by members.\n\nIf yours is not assigned within 3 days, leave a comment on the issue."
    )
    said = clauses(text)
    asked = weigh("What do I do if nobody takes my issue?", said)
    plain = weigh("Who takes my issue?", said)
    assert asked[2] - asked[1] > plain[2] - plain[1]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("If you fall ill abroad, report sick within 24 hours.", "If you fall ill abroad"),
        ("Wordt u in het buitenland ziek, meld u dan binnen 24 uur ziek.", "Wordt u in het buitenland ziek, "),
        ("You get 25 days of leave if you work full time.", ""),
        ("Report sick by phone before 9:30.", ""),
        ("", ""),
    ],
)
def test_the_condition_a_clause_begins_with_is_told_from_what_it_says(text: str, condition: str) -> None:
    assert text[: leading_condition(text)] == condition


def test_a_figure_counts_where_it_is_said_and_not_where_it_is_a_reference() -> None:
    said = clauses(
        "About leave.\n\nYou may carry leave over.\n\nYou may carry leave over (clause 3).\n\n"
        "You may carry 80 hours of leave over."
    )
    _, plain, reference, figure = weigh("how much leave can I carry over?", said)
    assert figure > plain
    assert reference - plain < 0.1


@pytest.mark.parametrize(
    ("question", "heading", "share"),
    [
        ("How do I report sick?", "1 Reporting sick", 1.0),
        ("How do I report sick?", "6 Often ill", 0.0),
        ("How do I reset my password?", "1 Your password", 0.0),
        ("", "1 Your password", 0.0),
    ],
)
def test_a_heading_counts_when_it_says_all_that_was_asked(question: str, heading: str, share: float) -> None:
    assert headed(read_question(question), heading) == share


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who approves my leave?", "person"),
        ("bij wie moet ik me ziekmelden", "person"),
        ("Waar kan ik parkeren in Rotterdam?", "place"),
        ("hoe laat sluit de receptie", "clock"),
        ("hoeveel vakantiedagen krijg ik", "length"),
        ("max price of a hotel", "money"),
        ("when can I take a taxi", "moment"),
        ("do I need a receipt", "permission"),
        ("how do I connect to the vpn", "way"),
        ("waarom niet", ""),
    ],
)
def test_a_question_shows_what_kind_of_answer_it_wants(question: str, kind: str) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("kind", "has", "lacks"),
    [
        ("person", "Your manager decides within 5 days.", "Ask at least 2 weeks ahead."),
        ("clock", "Zwolle 7.30 – 18.30 uur", "Een pas is 5 jaar geldig."),
        ("length", "At most five working days.", "The pass is red."),
        ("money", "U krijgt € 0,23 per kilometer.", "U krijgt een kaart."),
        ("way", "Ask for leave in the portal.", "A week has five days."),
    ],
)
def test_a_clause_shows_whether_it_has_such_an_answer(kind: str, has: str, lacks: str) -> None:
    assert has_kind(kind, has)
    assert not has_kind(kind, lacks)


def test_who_decides_is_answered_by_the_sentence_that_names_them() -> None:
    said = clauses("Ask for leave in the portal.\n\nDo so 2 weeks ahead.\n\nYour manager approves it within 5 days.")
    weights = weigh("Who approves my leave?", said)
    assert weights.index(max(weights)) == 2


REPORT = "Report sick by phone to your manager before 9:30 on your first day of illness."
MELD = "Meld u op uw eerste ziektedag voor 9.30 uur telefonisch ziek bij uw leidinggevende."
ABROAD = "Neem in het buitenland een verklaring van de arts mee."


def in_two_languages(other: str) -> list[Shown]:
    """A clause in English that search is sure of, and a Dutch one with the same number that it is not."""
    return [
        Shown(1, "en", "current", 0.7, 1.2, 0.9, "Reporting sick", "1 Reporting sick", REPORT),
        Shown(2, "nl", "current", 0.2, 0.3, 0.0, "Ziek melden", "1 Ziek melden", other),
    ]


def test_the_same_clause_is_quoted_in_the_language_of_whoever_asks() -> None:
    (extract,) = Extractor(meaning()).extract("ziekmeldn hoe laat", in_two_languages(MELD), "nl")
    assert extract.sentences == (MELD,)
    (english,) = Extractor(meaning()).extract("what time do I report sick", in_two_languages(MELD), "en")
    assert english.sentences == (REPORT,)


def test_another_clause_with_the_same_number_does_not_take_its_place() -> None:
    found = [*in_two_languages(MELD)[:1], Shown(2, "nl", "current", 0.2, 0.3, 0.0, "Reizen", "1 Reizen", ABROAD)]
    (extract,) = Extractor(meaning()).extract("ziekmeldn hoe laat", found, "nl")
    assert extract.number == 1
