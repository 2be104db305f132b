"""Words as people type them: put right with words the asker may read, and left alone when they are right."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.function_words import folded, telling
from policies.indexes.edits import distance
from policies.indexes.spelling import Spelling, everyday
from policies.indexes.vocabulary import Vocabularies, Vocabulary, gathered
from policies.passages import sections
from tests.handbooks import SAMPLES
from tests.policy_room import ALL, Room, room

OWN = Vocabulary({"carryover": 3, "mileage": 5, "allowance": 9, "thuiswerken": 7, "vergoeding": 12, "rooster": 2})
SPELLING = Spelling([OWN])
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CARRYOVER = "# Leave\n\n## Carryover\n\nUp to 38 hours of annual leave go along to the next year.\n"
PARKING = "# Parking\n\n## Garage\n\nA place in the garage is asked for at the front desk.\n"
SECRET = "---\naudience: [board]\n---\n# Plans\n\n## Zephyrium\n\nThe project Zephyrium closes two offices.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path) as opened:
        yield opened


def slip(word: str, pick: random.Random) -> str:
    """A word with one slip of the hand that leaves its first letter alone."""
    at = pick.randrange(1, len(word) - 1)
    letter = pick.choice([letter for letter in LETTERS if letter != word[at]])
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    made = pick.choice(slips)
    return made if made != word else slips[0]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wachtword vergetn", "wachtwoord vergeten"),
        ("thuiswrken 24 uur contract", "thuiswerken 24 uur contract"),
        ("ziekmeldn hoe laat", "ziekmelden hoe laat"),
        ("carryovr", "carryover"),
        ("mielage alowance", "mileage allowance"),
        ("carrrover", "carryover"),
    ],
)
def test_a_word_that_nobody_knows_becomes_the_nearest_that_somebody_does(typed: str, meant: str) -> None:
    assert SPELLING.read(typed).text == meant


@pytest.mark.parametrize(
    "text",
    [
        "mileage allowance",
        "mail mileage@alowance.org about it",
        "see /mielage/alowance.html",
        "ticket carryovr123",
        "is Alowance still in his room",  # a name in mid-sentence
        "Alowance Jones is ill",
        "is it going to rain",  # not "rail"
        "a hamster in the office",  # not "hamper"
        "is there a pool",  # not "poll"
        "welke afdeling dewi",
        "eleven people",
        "",
    ],
)
def test_what_may_be_right_stays_as_it_is(text: str) -> None:
    assert SPELLING.read(text).text == text


def test_a_shouted_question_is_no_list_of_names() -> None:
    assert SPELLING.read("MIELAGE ALLOWANCE").text == "mileage ALLOWANCE"


def test_a_compound_nobody_knows_is_read_as_its_parts_and_parts_as_their_compound() -> None:
    split = SPELLING.read("wat is de roostervergoeding").compounds
    assert [(match.words, match.meant) for match in split] == [(("roostervergoeding",), ("rooster vergoeding",))]
    joined = SPELLING.read("mag ik thuis werken").compounds
    assert [(match.words, match.meant) for match in joined] == [(("thuis", "werken"), ("thuiswerken",))]


@given(st.text(max_size=2_000))
def test_any_text_is_read_quickly(text: str) -> None:
    started = time.process_time()
    read = SPELLING.read(text)
    assert time.process_time() - started < 1
    for typed, meant in read.changed:
        assert typed in text
        assert meant in read.text


@given(st.lists(st.sampled_from(sorted({*OWN.words(), *list(everyday().words())[::40]})), max_size=12))
def test_known_words_are_never_changed(words: list[str]) -> None:
    text = " ".join(words)
    assert SPELLING.read(text).text == text


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8), st.integers(0, 3))
def test_the_distance_is_that_of_the_definition(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(_defined(one, other), most + 1)


@given(st.text("abcdé", min_size=3, max_size=9), st.integers(1, 2), st.randoms(use_true_random=False))
def test_no_word_that_is_near_is_overlooked(word: str, most: int, pick: random.Random) -> None:
    word = folded(word)
    others = {slip(slip(word, pick), pick) if most == 2 and len(word) > 4 else slip(word, pick) for _ in range(20)}
    near = {other for other in others if len(other) >= 3 and distance(word, other, most) <= most}
    assert near <= set(Vocabulary(dict.fromkeys(others, 1)).alike(word, most))


@cache
def _defined(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    ways = [
        _defined(one[:-1], other) + 1,
        _defined(one, other[:-1]) + 1,
        _defined(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    ]
    if len(one) > 1 and len(other) > 1 and one[-1] == other[-2] and one[-2] == other[-1]:
        ways.append(_defined(one[:-2], other[:-2]) + 1)
    return min(ways)


async def test_a_slip_still_finds_the_section_and_counts_as_its_word(desk: Room) -> None:
    desk.write("leave.md", CARRYOVER)
    desk.write("parking.md", PARKING)
    await desk.library.ingest(desk.folder)
    right, slipped = [(await desk.library.search(text, ALL, 1))[0] for text in ("carryover", "caryover")]
    assert (slipped.path, slipped.heading) == (right.path, right.heading) == ("handbook/leave.md", "Carryover")
    assert slipped.coverage == right.coverage == 1


async def test_nobody_is_helped_by_a_word_they_may_not_read(desk: Room) -> None:
    desk.write("leave.md", CARRYOVER)
    desk.write("plans.md", SECRET)
    await desk.library.ingest(desk.folder)
    board = await desk.library.search("zephyrum", ALL | {"board"}, 1)
    assert (board[0].heading, board[0].coverage) == ("Zephyrium", 1)
    others = await desk.library.search("zephyrum", ALL, 5)
    assert [(found.path, found.coverage) for found in others] == [("handbook/leave.md", 0)]


async def test_words_come_and_go_with_their_documents(desk: Room) -> None:
    desk.write("leave.md", CARRYOVER)
    parking = desk.write("parking.md", PARKING)
    await desk.library.ingest(desk.folder)
    assert (await desk.library.search("garrage", ALL, 1))[0].coverage == 1
    parking.unlink()
    await desk.library.ingest(desk.folder)
    assert "garage" not in _file(desk).read_text(encoding="utf-8")
    desk.write("parking.md", PARKING)
    await desk.library.ingest(desk.folder)
    assert (await desk.library.search("garrage", ALL, 1))[0].coverage == 1


@pytest.mark.parametrize("damage", ["missing", "garbage", "of another day"])
async def test_a_vocabulary_that_is_gone_or_wrong_is_made_again(desk: Room, damage: str) -> None:
    desk.write("leave.md", CARRYOVER)
    await desk.library.ingest(desk.folder)
    made = _file(desk).read_bytes()
    if damage == "missing":
        _file(desk).unlink()
    else:
        _file(desk).write_bytes(b"\xff\x00 1\n\xfe\n" if damage == "garbage" else b"0000\ncarriage 3\n")
    assert await desk.library.search("carryover", ALL, 1)
    await desk.library.ingest(desk.folder)
    assert _file(desk).read_bytes() == made


async def test_a_rebuild_brings_the_words_along(desk: Room) -> None:
    desk.write("leave.md", CARRYOVER)
    await desk.library.ingest(desk.folder)
    await desk.library.rebuild()
    assert [file.parent.parent.name for file in desk.home.glob("index/words/*/*/vocabulary.txt")] == ["g2"]
    assert (await desk.library.search("caryover", ALL, 1))[0].coverage == 1


async def test_another_process_sees_the_new_words(desk: Room) -> None:
    desk.write("leave.md", CARRYOVER)
    await desk.library.ingest(desk.folder)
    other = desk.another()
    assert (await other.search("garrage", ALL, 1))[0].coverage == 0
    desk.write("parking.md", PARKING)
    await desk.library.ingest(desk.folder)
    assert (await other.search("garrage", ALL, 1))[0].coverage == 1
    other.close()


def test_an_unread_folder_has_no_words(tmp_path: Path) -> None:
    assert len(Vocabularies(tmp_path).of(1, "nobody")) == 0


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("samples"), situation_weight=0) as opened:
        asyncio.run(opened.library.ingest(SAMPLES))
        yield opened


@pytest.mark.slow
async def test_one_slip_in_a_title_still_finds_its_section(samples: Room) -> None:
    """Titles of the sample handbook with a telling word of seven letters or more; the slip is drawn, with a seed."""
    pick = random.Random(20261126)
    tried, found, missed = 0, 0, []
    for path, heading in _titles():
        if not await _finds(samples, heading, path, heading):
            continue  # not found when written right either
        word = pick.choice([word for word in telling(heading) if len(word) >= 7 and word.isalpha()])
        asked = heading.replace(word, slip(word.lower(), pick))
        tried += 1
        if await _finds(samples, asked, path, heading):
            found += 1
        else:
            missed.append((path, asked))
    print(f"{found} of {tried}")
    assert tried >= 100
    assert found >= 0.9 * tried, missed


async def _finds(samples: Room, asked: str, path: str, heading: str) -> bool:
    everybody = frozenset({"all-staff", "managers"})
    return (f"samples/{path}", heading) in await samples.headings(asked, everybody)


def _titles() -> list[tuple[str, str]]:
    made = []
    for file in sorted(SAMPLES.glob("*.md")):
        for section in sections(file.read_text(encoding="utf-8").split("---", 2)[-1]):
            if any(len(word) >= 7 and word.isalpha() for word in telling(section.heading)):
                made.append((file.name, section.heading))
    return made


def _file(desk: Room) -> Path:
    [file] = desk.home.glob("index/words/g*/*/vocabulary.txt")
    return file


def test_the_words_of_texts_are_counted_by_text() -> None:
    assert gathered(["Café, café", "cafe"]).count("cafe") == 2
