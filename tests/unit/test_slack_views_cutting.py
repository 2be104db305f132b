"""A long text is cut so that every piece is as harmless and as readable as the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slack_app.views.cutting import markdown_pieces, with_breaks
from slack_app.views.measure import pieces, shortened, size
from slack_app.views.safe_text import safe_markdown
from tests.slack_blocks import assert_safe, letters
from tests.unit.test_slack_views_safe_text import HOSTS, PIECES

LIMIT = 300


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_cut_sets_an_attack_free(text: str) -> None:
    whole = safe_markdown(text, HOSTS)
    cut = list(markdown_pieces(whole, LIMIT))
    for piece in cut:
        assert_safe(piece, HOSTS)
        assert size(piece) <= LIMIT
        assert piece.strip()


@given(st.text(st.sampled_from("ab \n`*_[]()#|<&\U0001f600é"), max_size=3000))
def test_no_cut_loses_a_letter(text: str) -> None:
    whole = safe_markdown(text, HOSTS)
    cut = list(markdown_pieces(whole, LIMIT))
    assert letters("".join(cut)) == letters(text)
    assert all(size(piece) <= LIMIT for piece in cut)


@given(st.text(max_size=600), st.integers(10, 80))
def test_pieces_joined_are_the_text(text: str, limit: int) -> None:
    cut = list(pieces(text, limit))
    assert "".join(cut) == text
    assert all(0 < size(piece) <= limit for piece in cut)
    assert size(shortened(text, limit)) <= limit


def test_paragraphs_stay_whole_where_they_fit() -> None:
    text = "\n\n".join("word " * 30 + str(number) for number in range(9))
    assert [piece.count("\n\n") for piece in markdown_pieces(text, LIMIT)] == [0] * 9


def test_code_is_opened_and_closed_in_every_piece() -> None:
    text = "```sh\n" + "\n".join(f"line {number}" for number in range(100)) + "\n```\n\nDone."
    cut = list(markdown_pieces(text, LIMIT))
    assert len(cut) > 3
    assert all(piece.startswith("```sh\n") and piece.count("```") == 2 for piece in cut)
    assert cut[-1].endswith("\n```\n\nDone.")


def test_what_is_drawn_as_one_sign_is_not_torn_apart() -> None:
    assert list(pieces("abcdefgh" + "e\u0301" * 2, 9)) == ["abcdefgh", "e\u0301e\u0301"]


def test_a_line_break_is_kept_where_markdown_would_run_lines_together() -> None:
    text = "One\ntwo\n\n- a\n- b\n\n| a |\n|---|\n| 1 |\n\n```\nx\ny\n```\nend\n# Heading\nmore"
    assert with_breaks(text) == text.replace("One\n", "One  \n")
