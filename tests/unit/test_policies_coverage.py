"""How much of a question a found section names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.function_words import telling
from tests.policy_room import ALL, Room, room

LEAVE = "# Leave\n\n## Carry over\nYou may carry over 80 hours of leave to the next year.\n"
LAPTOP = "# Laptops\n\n## Lost laptop\nCall the service desk at once when a laptop is lost.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path) as opened:
        yield opened


async def _coverage(desk: Room, query: str) -> dict[str, float]:
    await desk.library.ingest(desk.folder)
    return {found.heading: found.coverage for found in await desk.library.search(query, ALL)}


async def test_a_section_that_has_every_telling_word_covers_the_question(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    desk.write("laptop.md", LAPTOP)
    found = await _coverage(desk, "Hi! How many hours could I carry over please?")
    assert found["Carry over"] == pytest.approx(1.0)
    assert found["Lost laptop"] == 0.0


async def test_a_rare_word_that_is_missing_costs_more_than_a_common_one(desk: Room) -> None:
    for number in range(6):
        desk.write(f"{number}.md", f"# Page {number}\n\n## Part {number}\nThe office has desk number {number}.\n")
    found = await _coverage(desk, "office jacuzzi")
    assert 0 < found["Part 1"] < 0.4


async def test_a_glossary_word_counts_for_the_word_it_stands_for(desk: Room) -> None:
    desk.write("passwords.md", "# Credentials\n\n## Forgotten\nChange your wachtwoord yourself.\n")
    desk.write("glossary.yaml", "ww: [wachtwoord]\n")
    assert (await _coverage(desk, "mn ww"))["Forgotten"] == pytest.approx(1.0)


async def test_a_question_of_small_words_alone_is_covered_by_nothing(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    assert set((await _coverage(desk, "what can you do for me")).values()) == {0.0}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Can I take my car to work?", ["take", "car", "work"]),
        ("Waar vind ik mijn pas?", ["vind", "pas"]),
        ("¿Cuándo recibiré mi sueldo?", ["recibiré", "sueldo"]),
        ("Wie kann ich mein Passwort ändern?", ["Passwort", "ändern"]),
        ("Combien de jours de congé ai-je ?", ["jours", "congé", "ai-je"]),
        ("adv dagen?", ["adv", "dagen"]),
        ("I'm not allowed in", ["not", "allowed"]),
        ("", []),
    ],
)
def test_the_telling_words_of_a_question(question: str, words: list[str]) -> None:
    assert telling(question) == words
