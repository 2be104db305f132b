"""From the bytes of a file to sections and sentences: nothing is lost, nothing hides, nothing crashes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentError
from core.plain_text import visible
from policies.cleaning import plain
from policies.excerpt import excerpt
from policies.passages import sections
from policies.reading.decoding import decode
from policies.sentences import sentences

LINES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)
MARKED = st.sampled_from(["# One", "## Two ##", "### Artikel 5", "```", "===", "---", "- item", "", "| a | b |", "> q"])
DOCUMENTS = st.lists(st.one_of(LINES, MARKED), max_size=30).map("\n".join)


def test_a_section_reaches_to_the_next_heading_of_any_level() -> None:
    found = sections("before\n\n# Leave\nfirst\n## Carry over\nsecond\n# Pay\nthird")
    assert [(section.heading, section.heading_path, section.text) for section in found] == [
        ("(intro)", (), "before"),
        ("Leave", ("Leave",), "first"),
        ("Carry over", ("Leave", "Carry over"), "second"),
        ("Pay", ("Pay",), "third"),
    ]


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("## **Bold** and [a link](https://dhb.example)", "Bold and a link"),
        ("## Trailing marks ##", "Trailing marks"),
        ("## 1. Use a _password_ manager", "1. Use a password manager"),
        ("## C# for beginners", "C# for beginners"),
        ("### Artikel  33d  ", "Artikel 33d"),
        ("## With an anchor {#here}", "With an anchor"),
    ],
)
def test_a_heading_is_its_text_without_markup(line: str, heading: str) -> None:
    assert sections(f"{line}\ntext")[0].heading == heading


def test_underlined_headings_count_and_rules_do_not() -> None:
    found = sections("Title\n=====\none\n\nSub title\n---------\ntwo\n\n---\n\nthree")
    assert [section.heading for section in found] == ["Title", "Sub title"]
    assert "three" in found[1].text


def test_a_hash_in_a_code_block_is_no_heading() -> None:
    assert [section.heading for section in sections("# Setup\n```\n# a comment\n```\nmore")] == ["Setup"]


def test_the_name_below_a_numbered_article_belongs_to_the_article() -> None:
    found = sections("### Artikel 22\n\n#### De aanspraak op vakantie\n\n1. Jaarlijks.\n\n### Artikel 23\n\ntekst")
    assert [section.heading for section in found] == ["Artikel 22", "Artikel 23"]
    assert "De aanspraak op vakantie" in found[0].text


def test_a_heading_with_nothing_below_it_is_still_found() -> None:
    assert (
        sections("## Badges are handed out at the desk\n\n## Next\ntext")[0].text == "Badges are handed out at the desk"
    )


@given(DOCUMENTS)
def test_no_word_of_a_document_is_lost(text: str) -> None:
    found = sections(text)
    kept = " ".join(plain(part) for section in found for part in (*section.heading_path, section.text))
    for word in plain(text).split():
        if word.isalnum():
            assert word in kept


@given(DOCUMENTS)
def test_sentences_hold_every_word_of_plain_text(text: str) -> None:
    said = " ".join(sentences(text))
    for line in text.split("\n"):
        if line.replace(" ", "").isalnum() and line.isascii():
            assert all(word in said for word in line.split())


@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_a_document_error(content: bytes) -> None:
    try:
        text = visible(decode(content, "handbook/x.md"))
    except DocumentError as error:
        assert error.problem.endswith(".")  # noqa: PT017 - any bytes may also be fine
    else:
        sections(text)
        sentences(text)


@given(DOCUMENTS, st.integers(0, 60), st.integers(50, 300))
def test_an_excerpt_is_a_piece_of_the_text_and_not_too_long(text: str, number: int, longest: int) -> None:
    cut = excerpt(text, f"id#{number}", longest)
    assert cut in text
    assert len(cut) <= max(longest, 0) or len(text) <= longest


def test_an_excerpt_holds_the_sentence_that_was_found() -> None:
    text = "\n\n".join(f"Rule number {number} says something of its own." for number in range(400))
    wanted = sentences(text).index("Rule number 321 says something of its own.")
    assert "Rule number 321 " in excerpt(text, f"id#{wanted}", 1_000)


def test_abbreviations_and_list_items_end_where_people_think_they_do() -> None:
    text = "You need a pass, e.g. a visitor pass. Ask Dr. Smit, room 2.14.\n- First item\n- Second item"
    assert sentences(text) == [
        "You need a pass, e.g. a visitor pass.",
        "Ask Dr. Smit, room 2.14.",
        "First item",
        "Second item",
    ]


def test_template_shortcodes_are_not_read_aloud() -> None:
    assert plain('See [the guide]({% page "/travel/" %}) and {{ site.name }}.') == "See the guide and ."


def test_characters_that_nobody_sees_are_gone_and_honest_ones_stay() -> None:
    hidden = "pay\u200bment \U000e0041\U000e0042 \u202eevil\u202c so\u00adft caf\u00e9 Ĳsbrand می\u200cخواهم"
    assert visible(hidden) == "payment  evil soft café Ĳsbrand می\u200cخواهم"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-32"])
def test_every_office_encoding_is_read(encoding: str) -> None:
    assert "café – één" in decode("café – één regel".encode(encoding), "x.md")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \n\n ", "empty"),
        (bytes(range(256)) * 20, "not readable text"),
        (bytes(range(128)) * 20, "binary"),
        (b"PK\x03\x04" + b"\x00" * 90, "binary"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(content: bytes, word: str) -> None:
    with pytest.raises(DocumentError, match=word):
        decode(content, "x.md")
