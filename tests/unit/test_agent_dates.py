"""Days, times, numbers and tickets in what people type."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dates import day_in, spans_in
from agent.quantities import number_in, time_in
from agent.ticket_numbers import ticket_in

TODAY = date(2026, 3, 11)  # a Wednesday
QUEUES = ("IT", "HR", "FAC")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tomorrow", "2026-03-12"),
        ("morgen graag", "2026-03-12"),
        ("overmorgen", "2026-03-13"),
        ("the day after tomorrow", "2026-03-13"),
        ("yesterday", "2026-03-10"),
        ("goedemorgen, kan het vandaag?", "2026-03-11"),
        ("2026-03-31", "2026-03-31"),
        ("31-12-2026", "2026-12-31"),
        ("31/12/2026", "2026-12-31"),
        ("1-3-2026", "2026-03-01"),
        ("12/31/2026", "2026-12-31"),
        ("1 maart", "2027-03-01"),
        ("March 1st", "2027-03-01"),
        ("the 1st of April", "2026-04-01"),
        ("1 mei 2026", "2026-05-01"),
        ("May 3, 2026", "2026-05-03"),
        ("as of 1 Jan 2025", "2025-01-01"),
        ("it has been so since 1 March", "2026-03-01"),
        ("was dat op 1 april ook zo", "2025-04-01"),
        ("volgende week dinsdag", "2026-03-17"),
        ("dinsdag volgende week", "2026-03-17"),
        ("next Friday", "2026-03-20"),
        ("komende vrijdag", "2026-03-13"),
        ("this friday", "2026-03-13"),
        ("friday", "2026-03-13"),
        ("woensdag", "2026-03-18"),
        ("afgelopen maandag", "2026-03-09"),
        ("last Thursday", "2026-03-05"),
        ("next week", "2026-03-16"),
        ("over twee weken", "2026-03-25"),
        ("in 3 days", "2026-03-14"),
        ("over een maand", "2026-04-11"),
        ("two weeks ago", "2026-02-25"),
        ("eind van de maand", "2026-03-31"),
        ("end of next month", "2026-04-30"),
        ("begin volgende maand", "2026-04-01"),
        ("eind van het jaar", "2026-12-31"),
        ("medio april 2026", "2026-04-15"),
        ("the 15th", "2026-03-15"),
        ("de 3e", "2026-04-03"),
        ("29 februari", "2028-02-29"),
        ("vorig jaar", "2025-01-01"),
        ("in 2024", "2024-01-01"),
        ("31 februari", None),
        ("I may need three days off", None),
        ("march with me", None),
        ("24/7 support", None),
        ("employee E2024", None),
        ("version 2.2024", None),
        ("sat down", None),
        ("how much leave do I get", None),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: str | None) -> None:
    found = day_in(text, TODAY)
    assert (found.isoformat() if found else None) == day


def test_a_year_and_a_month_are_periods() -> None:
    year, month = spans_in("in 2024 and in april 2026", TODAY)
    assert (year.first, year.last) == (date(2024, 1, 1), date(2024, 12, 31))
    assert (month.first, month.last) == (date(2026, 4, 1), date(2026, 4, 30))


@given(st.text(max_size=200), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_no_text_stops_the_reader_of_days(text: str, today: date) -> None:
    for span in spans_in(text, today):
        assert span.first <= span.last
        assert 0 <= span.start < span.end <= len(text.lower())


WORDS = (
    "next last volgende week dinsdag friday 31 29 februari may 1 e of the de eind maart 2024 - / . over twee dagen in"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=8), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_no_mixture_of_day_words_stops_it_either(words: list[str], today: date) -> None:
    for span in spans_in(" ".join(words), today):
        assert span.first <= span.last


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("drie dagen", 3),
        ("twenty five chairs", 25),
        ("12.5", 12.5),
        ("1,5 uur", 1.5),
        ("two monitors please", 2),
        ("a monitor and 4 keyboards", 4),
        ("een stoel", 1),
        ("E1020", None),
        ("geen", None),
    ],
)
def test_numbers_are_read_in_figures_and_in_words(text: str, number: float | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("14:30", "14:30"),
        ("at 9.15", "09:15"),
        ("half drie", "02:30"),
        ("half past two", "02:30"),
        ("2 pm", "14:00"),
        ("2:30pm", "14:30"),
        ("12 am", "00:00"),
        ("om 10 uur", "10:00"),
        ("soon", None),
        ("25:00", None),
    ],
)
def test_times_are_read_in_both_languages(text: str, time: str | None) -> None:
    assert time_in(text) == time


@pytest.mark.parametrize(
    ("text", "ticket"),
    [
        ("IT-104", "IT-104"),
        ("it 104", "IT-104"),
        ("IT104?", "IT-104"),
        ("status hr_202", "HR-202"),
        ("fac301 is nog niet klaar", "FAC-301"),
        ("PROJ-12", "PROJ-12"),
        ("in 2024", None),
        ("it costs 104 euro", None),
        ("#104", None),
        ("room R2.14", None),
    ],
)
def test_a_ticket_is_read_in_any_spelling(text: str, ticket: str | None) -> None:
    assert ticket_in(text, QUEUES) == ticket


def test_a_bare_number_is_the_ticket_that_was_spoken_of() -> None:
    assert ticket_in("#104", QUEUES, "Your tickets: IT-104, HR-202") == "IT-104"
    assert ticket_in("104", QUEUES, "Your tickets: IT-104, HR-202", whole=True) == "IT-104"
    assert ticket_in("#104", QUEUES, "IT-104 and HR-104") is None
