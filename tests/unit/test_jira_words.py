"""What leaves for Jira as text: a value stays a value in JQL, in a document and in wiki markup."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira import jql, marks
from connectors.jira.adf import from_adf, to_adf
from connectors.jira.wiki import from_wiki, to_wiki
from core.plain_text import visible
from tests.servers import adf_rules, jira_jql

PIECES = (
    '"', "'", "\\", '\\"', '" OR project = "HR', ") OR (labels = loket", "*", "?", "~", "-1", "AND", "OR", "NOT", "in",
    "EMPTY", "ORDER BY created", "(", ")", "[", "]", "{", "}", "+", "^", ":", "/", "!", "&&", "||", ";", "--",
    "#", "@", "%", "E1001", "o'brien", "Sørensen", "日本", "\u202e", "😀", " ", "currentUser()", "membersOf('x')",
    "cf[10050]", "%22", "\\u0022",
)  # fmt: skip


def _generated(count: int) -> list[str]:
    chance = random.Random(20261126)
    return ["".join(chance.choices(PIECES, k=chance.randint(1, 6))) for _ in range(count)]


GENERATED = _generated(5000)


def parsed(text: str) -> jira_jql.Query:
    return jira_jql.parse(text, lambda _: 0.0)


def test_five_thousand_hostile_values_come_back_as_what_they_are() -> None:
    for value in GENERATED:
        query = parsed(jql.within(["IT", "HR"], jql.equals("reporter", value), order="created DESC"))
        assert query.literals == ["IT", "HR", value]
        assert query.clauses == [("project", "in"), ("reporter", "=")]
        assert query.order == "created"
        assert query.fits({"project": "IT", "reporter": value})
        assert not query.fits({"project": "IT", "reporter": f"{value}x"})
        assert not query.fits({"project": "OPS", "reporter": value})


def test_five_thousand_hostile_phrases_hold_words_only() -> None:
    seen = 0
    for value in GENERATED:
        try:
            clause = jql.has_phrase("cf[10050]", value)
        except ValueError:
            assert not re.search(r"\w", value)
            continue
        query, seen = parsed(jql.within(["IT"], clause, order="created DESC")), seen + 1
        assert query.clauses == [("project", "in"), ("cf[10050]", "~")]
        assert query.literals[0] == "IT"
        assert query.literals[1].strip('"') == " ".join(re.findall(r"\w+", value))
        assert query.fits({"project": "IT", "cf[10050]": value})
    assert seen > 3500


@pytest.mark.parametrize("value", ["", "a\nb", "a\x00b", "\x1b[31m", "a\u2028b", "\ud800", "x" * 256])
def test_what_is_no_value_is_not_searched_for(value: str) -> None:
    with pytest.raises(ValueError, match="not a value"):
        jql.equals("reporter", value)
    with pytest.raises(ValueError, match="not a value"):
        jql.has_phrase("cf[1]", value)


def test_a_search_of_nothing_is_no_search() -> None:
    with pytest.raises(ValueError, match="nothing"):
        jql.one_of("project", [])
    with pytest.raises(ValueError, match="nothing"):
        jql.within([], "statusCategory != Done", order="created DESC")


def test_a_reader_that_does_not_escape_would_be_caught() -> None:
    careless = f'project in ("IT") AND reporter = "{PIECES[4]}" ORDER BY created'
    assert parsed(careless).literals == ["IT", "", "HR"]


@given(st.text(max_size=400))
def test_any_text_is_a_good_document_that_reads_the_same(text: str) -> None:
    document = to_adf(text, "https://chat.dhb.example/1", "Filed through Loket for X (E1)")
    assert adf_rules.problems(document) == []
    shown = adf_rules.text_of(document)
    assert shown.endswith("https://chat.dhb.example/1\n\nFiled through Loket for X (E1)")
    assert _words(from_adf(document)) == _words(shown)
    assert _words(shown.removesuffix("https://chat.dhb.example/1\n\nFiled through Loket for X (E1)")) == _words(
        visible(text)
    )


def test_nothing_that_people_write_becomes_markup_in_a_document() -> None:
    kinds = set(re.findall(r"'type': '(\w+)'", repr(to_adf("@all [~admin] {code} # x\n* y\n\n!http://x/y.png!"))))
    assert kinds == {"doc", "paragraph", "text", "hardBreak"}


@pytest.mark.parametrize(
    "document",
    [
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"type": "doc", "version": 2, "content": []},
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "x"}]},
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "text": "x"}]},
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a\nb"}]}],
        },
        "text",
    ],
)
def test_the_check_of_documents_can_fail(document: object) -> None:
    assert adf_rules.problems(document)


def test_what_editors_make_can_be_read() -> None:
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]}
    mention = {"type": "mention", "attrs": {"id": "1", "text": "@Tom"}}
    heading = {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Head"}, mention]}
    picture = {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "x"}}]}
    document = {"type": "doc", "version": 1, "content": [heading, {"type": "bulletList", "content": [item]}, picture]}
    assert from_adf(document) == "Head@Tom\n\none"


def test_a_document_that_nests_without_end_is_read_as_far_as_it_makes_sense() -> None:
    node: dict[str, object] = {"type": "text", "text": "deep"}
    for _ in range(900):
        node = {"type": "paragraph", "content": [node]}
    assert from_adf(node) == ""
    assert from_adf(None) == from_adf([]) == from_adf({"content": 3}) == ""


@given(st.text(max_size=400))
def test_any_text_is_wiki_text_without_effect_that_reads_the_same(text: str) -> None:
    written = to_wiki(text)
    assert from_wiki(written) == visible(text).strip("\n").replace("&#92;", "\\").replace("\r\n", "\n")
    assert not re.search(r"(?<!\\)[\[{!]", written)
    assert "\\\\" not in written


@pytest.mark.parametrize(
    "text", ["[~admin] look", "{code:java}", "!http://evil.example/x.png!", r"\[~admin]", r"\\[x|y]"]
)
def test_no_mention_macro_or_picture_comes_of_what_people_write(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[{!]", to_wiki(text))
    assert from_wiki(to_wiki(text)) == text


def test_a_mark_counts_in_the_last_line_only() -> None:
    theirs = marks.footer("Mallory", "E1002", "a-1")
    assert marks.requester_token("E1002") in marks.tokens(f"Text.\n\n{theirs}")
    assert marks.key_token("a-1") in marks.tokens(theirs)
    assert marks.tokens(f"{theirs}\n\nmore") == frozenset()
    assert marks.tokens(f"{theirs}\n\n{marks.footer('Tom', 'E1003')}") == frozenset()


def test_a_footer_is_not_part_of_what_was_written() -> None:
    for key in ("", "a-1"):
        assert (
            marks.without_footer(f"One.\n\nTwo.\n\n{marks.footer('Tom (T.) Bakker', 'E1002', key)}") == "One.\n\nTwo."
        )
    assert marks.without_footer("Filed through Loket") == "Filed through Loket"
    assert marks.without_footer("") == ""


def test_keys_and_people_have_marks_of_their_own() -> None:
    keys = [f"a-{number}" for number in range(500)] + ["A b", "ä", "x" * 100, "a_b"]
    made = [marks.key_label(key) for key in keys] + [marks.requester_label(key) for key in keys]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[a-z0-9-]{1,100}", label) for label in made)
    assert marks.key_label("3f2a9c1e-1111-5222-8333-444455556666") == "loket-3f2a9c1e-1111-5222-8333-444455556666"


def test_a_comment_is_known_by_its_last_line() -> None:
    text = marks.signed("Still waiting.\n", "Sanne de Wit", "c-1")
    assert text.startswith("Still waiting.\n\nSanne de Wit\n")
    assert marks.is_comment(text, "c-1")
    assert not marks.is_comment(text, "c-2")
    assert not marks.is_comment(f"{text}\nmore", "c-1")


def _words(text: str) -> list[str]:
    return text.split()
