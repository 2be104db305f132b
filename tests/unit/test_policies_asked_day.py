"""The day a question is about: named times of a rule, and the many times that are only part of a story."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.asked_day import asked_time

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("What was the rule on working from home in 2024?", date(2024, 12, 31)),
        ("How many days of leave did I get in 2025?", date(2025, 12, 31)),
        ("and in 2024?", date(2024, 12, 31)),
        ("leave 2024", date(2024, 12, 31)),
        ("How many days can I work from home? And how was that last year?", date(2025, 12, 31)),
        ("the travel rules of last year", date(2025, 12, 31)),
        ("And next year?", date(2027, 12, 31)),
        ("What will the kilometre rate be next year?", date(2027, 12, 31)),
        ("hotel maximum as of 1 March 2027", date(2027, 3, 1)),
        ("what was the allowance on 2025-06-30?", date(2025, 6, 30)),
        ("What was the policy in March 2025?", date(2025, 3, 31)),
        ("Wat was de regel in 2024?", date(2024, 12, 31)),
        ("Hoeveel verlof kreeg ik in 2025?", date(2025, 12, 31)),
        ("en volgend jaar?", date(2027, 12, 31)),
        ("hoe zat het vorig jaar", date(2025, 12, 31)),
        ("mocht je in 2024 vanuit het buitenland werken?", date(2024, 12, 31)),
        ("Wat is de kilometervergoeding vanaf 2027?", date(2027, 12, 31)),
        ("welke regeling gold op 1 januari 2025?", date(2025, 1, 1)),
        ("Is DHB closed on 24 December 2026?", date(2026, 12, 24)),
        ("kilometervergoeding volgende maand", date(2026, 12, 31)),
    ],
)
def test_the_time_of_the_rule_is_read(question: str, day: date) -> None:
    assert asked_time(question, TODAY).day == day


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do I get?",
        "Can I carry my leave over to next year?",
        "Mag ik mijn verlof meenemen naar volgend jaar?",
        "My daughter was born in 2019, can I still take parental leave for her?",
        "Mijn zoon is geboren in 2021, heb ik nog recht op ouderschapsverlof?",
        "I have worked here since 2012, do I get extra hours for that?",
        "Ik werk hier sinds 2010, krijg ik extra verlof?",
        "Can I still use the leave hours that I had left over from last year?",
        "Do the hours that I kept of last year lapse on 1 July?",
        "Is the office closed on 24 December?",
        "laptop replaced after 4 years, mine is of 2020, can I have a new one",
        "I was hired in 2020, what does that mean for my notice period?",
        "How many days a year may I work from abroad?",
        "What does form 2031 say?",
        "my phone number is 0612024202",
        "the budget is 2000 euro, may I spend it on a chair?",
        "leave hours 2026",
    ],
)
def test_a_time_in_a_story_is_not_the_time_of_the_rule(question: str) -> None:
    assert asked_time(question, TODAY).day is None


@given(st.text(max_size=200), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_any_text_gives_a_day_or_none(text: str, today: date) -> None:
    found = asked_time(text, today).day
    assert found is None or isinstance(found, date)
