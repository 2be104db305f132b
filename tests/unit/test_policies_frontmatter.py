"""The front matter: what it may say, and how a mistake in it is reported."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentError
from policies.reading.frontmatter import parse, split
from policies.reading.webpage import header


def test_every_key_is_read() -> None:
    found = parse(
        "id: leave-2026\ntitle: Annual leave\naddress: https://intranet.dhb.example/leave\nowner: HR Services\n"
        "contact: hr@dhb.example\naudience: [all-staff, hr]\napplies_to: {contract: [permanent], site: North}\n"
        "language: nl-NL\neffective_from: 2026-01-01\neffective_until: 2026-12-31\nsupersedes: leave-2024\n"
        "authority: regulation\nquestions:\n  - how many days off\n  - carry over leave\nkeywords: vacation, pto\n",
        "handbook/leave.md",
    )
    assert (found.document_id, found.owner, found.language) == ("leave-2026", "HR Services", "nl")
    assert found.audience == frozenset({"all-staff", "hr"})
    assert dict(found.applies_to) == {"contract": ["permanent"], "site": ["North"]}
    assert (found.effective_from, found.effective_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert found.supersedes == ("leave-2024",)
    assert found.questions == ("how many days off", "carry over leave")
    assert found.keywords == ("vacation", "pto")


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("title: a\neffective_from: 2026-13-01", "effective_from on line 3.*not a date.*2026-01-31"),
        ("effective_from: next week", "effective_from on line 2"),
        ("title: [a", "not valid YAML at line"),
        ("just words", "must be 'key: value'"),
        ("audience: {hr: true}", "audience on line 2: must be a list of names"),
        ("audience: [hr, [it]]", "audience on line 2"),
        ("audience: []", "audience on line 2: is empty"),
        ("audience:", "audience on line 2: is empty"),
        ("authority: law", "'law' is unknown; write one of regulation"),
        ("language: dutchish", "not a language code"),
        ("title: {a: b}", "title on line 2: must be one piece of text"),
        ("a: " + "[" * 5_000, "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_remedy(yaml: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse(yaml, "handbook/x.md")


def test_front_matter_that_is_never_closed_is_refused_because_it_may_hold_the_audience() -> None:
    with pytest.raises(DocumentError, match="never closed"):
        split("---\naudience: [hr]\n\nThe secret text", "handbook/x.md")


def test_a_rule_at_the_top_of_a_text_is_no_front_matter() -> None:
    assert split("---\n\nPlain text", "x.md") == ("", "---\n\nPlain text")


def test_questions_of_another_shape_are_left_out() -> None:
    found = parse("questions:\n  - travel\n  - help@dhb.example\n  - text: Book\n    url: x\n  - may I fly", "x.md")
    assert found.questions == ("may I fly",)
    assert found.keywords == ("travel",)


@given(st.text(max_size=200))
def test_any_front_matter_is_a_header_or_a_document_error(text: str) -> None:
    try:
        parse(text, "x.md")
    except DocumentError as error:
        assert error.problem.endswith(".")  # noqa: PT017 - any text may also be fine


def test_a_web_page_says_the_same_with_meta_lines() -> None:
    page = (
        '<html lang="nl-NL"><head><title>Archief</title><meta name="loket:owner" content="Records">'
        '<meta name="loket:audience" content="hr, it"><meta name="loket:effective_from" content="2026-02-01"></head>'
    )
    found = header(page, "x.html")
    assert (found.title, found.owner, found.language) == ("Archief", "Records", "nl")
    assert found.audience == frozenset({"hr", "it"})
    assert found.effective_from == date(2026, 2, 1)
