"""The questions on the real handbooks are sound: evidence stands in the section named, halves are even, ids unique."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.cleaning import plain
from policies.passages import sections
from policies.reading.frontmatter import split

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
FOLDERS = {"tts": DATA / "tts-handbook", "rijk": DATA / "rijk-personeel-nl"}
DOCUMENTS = {"tts": "pages", "rijk": "docs"}
MOST_WORDS = 12
SETS = {
    ("tts", "easy", "en"): 50,
    ("tts", "paraphrase", "en"): 50,
    ("tts", "multilingual", "nl"): 12,
    ("tts", "multilingual", "es"): 8,
    ("tts", "multilingual", "de"): 2,
    ("tts", "multilingual", "fr"): 2,
    ("tts", "unanswerable", "en"): 34,
    ("tts", "unanswerable", "nl"): 4,
    ("tts", "unanswerable", "es"): 2,
    ("rijk", "direct", "nl"): 16,
    ("rijk", "parafrase", "nl"): 14,
    ("rijk", "cross-lingual", "en"): 6,
    ("rijk", "unanswerable", "nl"): 8,
}

Row = dict[str, Any]
needs_data = pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS.values()), reason="../shared/data with both handbooks is not there"
)


@cache
def questions() -> tuple[Row, ...]:
    """Every question, in the order of the file."""
    lines = (Path(__file__).parent / "handbook-questions.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


@cache
def texts(corpus: str, path: str) -> dict[str, tuple[str, ...]]:
    """{heading: folded texts of the sections under it} of one document; a heading may stand twice on a page."""
    _, body = split((FOLDERS[corpus] / path).read_text(encoding="utf-8"), path)
    found: dict[str, tuple[str, ...]] = {}
    for section in sections(body):
        found[section.heading] = (*found.get(section.heading, ()), folded(section.text))
    return found


def folded(markdown: str) -> str:
    """Markup off, spaces single, lower case."""
    return " ".join(plain(markdown).split()).lower()


def test_every_question_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(row["id"] for row in questions()).items() if times > 1] == []
    assert [words for words, times in Counter(row["question"] for row in questions()).items() if times > 1] == []


def test_every_set_has_its_number_of_questions() -> None:
    assert Counter((row["corpus"], row["set"], row["lang"]) for row in questions()) == SETS


def test_every_set_is_cut_in_two_even_halves() -> None:
    counts = Counter((row["corpus"], row["set"], row["part"]) for row in questions())
    for corpus, name in {(row["corpus"], row["set"]) for row in questions()}:
        assert counts[corpus, name, "tune"] == counts[corpus, name, "held"], (corpus, name)
    assert {row["part"] for row in questions()} == {"tune", "held"}


def test_what_can_be_answered_says_where_and_what_cannot_says_nothing() -> None:
    for row in questions():
        if row["answerable"]:
            assert row["set"] != "unanswerable", row["id"]
            assert row["gold"], row["id"]
            assert row["answer"], row["id"]
            pages = {place["path"] for place in (*row["gold"], *row["also_acceptable"])}
            assert row["gold_pages"] == sorted(pages), row["id"]
        else:
            assert row["set"] == "unanswerable", row["id"]
            assert (row["gold"], row["also_acceptable"], row["gold_pages"], row["answer"]) == ([], [], [], None), row[
                "id"
            ]


def test_evidence_is_a_fact_and_no_copy_of_the_handbook() -> None:
    long = {
        row["id"]: place["evidence"]
        for row in questions()
        for place in row["gold"]
        if len(place["evidence"].split()) > MOST_WORDS
    }
    assert long == {}


@pytest.mark.data
@needs_data
def test_the_evidence_stands_verbatim_in_the_section_that_is_named() -> None:
    missing = []
    for row in questions():
        for place in row["gold"]:
            under = texts(row["corpus"], place["path"]).get(place["heading"], ())
            if not any(folded(place["evidence"]) in text for text in under):
                missing.append((row["id"], place["path"], place["heading"]))
    assert missing == []


@pytest.mark.data
@needs_data
def test_every_other_acceptable_section_exists() -> None:
    missing = [
        (row["id"], place["path"], place["heading"])
        for row in questions()
        for place in row["also_acceptable"]
        if place["heading"] not in texts(row["corpus"], place["path"])
    ]
    assert missing == []


@pytest.mark.data
@needs_data
def test_what_the_handbook_does_not_answer_is_not_named_in_it() -> None:
    named = []
    for row in questions():
        for pattern in row.get("absent_regex", ()):
            folder = FOLDERS[row["corpus"]] / DOCUMENTS[row["corpus"]]
            hits = [
                file.name
                for file in sorted(folder.rglob("*.md"))
                if re.search(pattern, file.read_text(encoding="utf-8"), re.IGNORECASE)
            ]
            named += [(row["id"], pattern, name) for name in hits]
    assert named == []


@pytest.mark.data
@needs_data
def test_no_section_of_the_first_questions_is_asked_again() -> None:
    first = {
        (place["path"], place.get("heading") or place.get("article"))
        for corpus in FOLDERS
        for line in (DATA / f"{corpus}-questions-dev.jsonl").read_text(encoding="utf-8").splitlines()
        for place in json.loads(line)["gold"]
    }
    again = [
        (row["id"], place["heading"])
        for row in questions()
        for place in row["gold"]
        if (place["path"], place["heading"]) in first
    ]
    assert again == []
