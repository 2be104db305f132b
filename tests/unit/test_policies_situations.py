"""Questions in everyday words, and what decides between texts that match alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from policies.concepts import by_word, concepts, thesaurus
from policies.function_words import listed
from policies.glossary import expand, normal
from policies.library import Library
from policies.question import Reader
from policies.settings import PolicySettings
from policies.situations import Situations
from policies.standing import standing
from storage import Database, metadata
from tests.handbooks import embedder
from tests.policy_room import ALL, HashingEmbedder, Room, room

BOTH = frozenset({"en", "nl"})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path) as opened:
        yield opened


def test_every_situation_has_words_of_handbooks_in_english_and_no_name_is_used_twice() -> None:
    assert len({concept.name for concept in concepts()}) == len(concepts()) >= 450
    assert [concept.name for concept in concepts() if not concept.words.get("en")] == []
    assert {language for concept in concepts() for language in concept.words} == {"en", "nl", "es", "de", "fr"}


def test_nothing_people_say_stands_for_two_situations() -> None:
    said = Counter(normal(text) for concept in concepts() for text in concept.said)
    assert [text for text, times in said.items() if times > 1] == []


def test_a_situation_that_people_talk_about_has_at_least_six_ways_to_say_it() -> None:
    assert {concept.name: concept.said for concept in concepts() if 0 < len(concept.said) < 6} == {}


def test_no_word_of_a_handbook_is_a_function_word_of_another_language() -> None:
    subjects = {"car", "pas", "uber"}  # a vehicle, a badge and a taxi: people ask about them by these very words
    assert set(by_word()) & listed() == subjects


@pytest.mark.parametrize(
    ("word", "situation"),
    [
        ("dead flat battery", None),
        ("vacaciones", "annual leave"),
        ("Kündigung", "resignation"),
        ("2fa", "second factor"),
    ],
)
def test_words_of_five_languages_name_their_situation(word: str, situation: str | None) -> None:
    named = by_word().get(word.lower(), ())
    assert named == () if situation is None else situation in named


def test_words_are_added_only_in_languages_the_documents_have() -> None:
    assert "wachtwoord" in expand("I forgot my password", thesaurus(BOTH))
    assert "wachtwoord" not in expand("I forgot my password", thesaurus(frozenset({"en"})))


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("somebody ran off with my rucksack and my computer was in it", "stolen"),
        ("my grandad is dead and I want to be at the church on friday", "funeral"),
        ("how do I get the cash back that I laid out for a cab", "taxi"),
        ("ik voel me beroerd en blijf vandaag in bed", "ziek"),
        ("a gentleman from the radio keeps ringing me for my opinion", "journalist"),
        ("my spouse and I are calling time on our marriage", "divorce"),
        ("my toddler has a temperature and the creche will not take him", "zorgverlof"),
        ("I sent the spreadsheet with everybody's salaries to a stranger", "data breach"),
        ("the waiter threw my bill away before I could keep it", "receipt"),
        ("I would like to row back to three days because I am nearly sixty five", "phased retirement"),
    ],
)
def test_a_question_without_any_handbook_word_leads_to_them(question: str, word: str) -> None:
    reader = Reader(embedder(), Situations(embedder().embed, embedder().name))
    words = reader.read(question, {}, BOTH, vectors=True).handbook
    assert word in words
    assert 0 < words[word] <= 1


async def test_everyday_talk_finds_the_section_that_shares_no_word_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    folder.mkdir()
    for name, title, text in (
        ("a", "Bereavement", "Upon the death of a relative, five days are granted for the funeral."),
        ("b", "Parking", "A space in the garage is assigned by facilities."),
        ("c", "Printing", "Printers stand on each floor; paper is refilled daily."),
        ("d", "Overtime", "Extra hours are compensated in the same month."),
    ):
        (folder / f"{name}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    database = Database(f"sqlite:///{tmp_path}/loket.db")
    metadata.create_all(database.engine)
    library = Library(database, tmp_path / "index", embedder(), PolicySettings())
    await library.ingest(folder)
    found = await library.search("we lost grandma and I can't come in", ALL)
    library.close()
    database.close()
    assert found[0].path == "handbook/a.md"


async def test_what_people_say_is_embedded_at_ingest_and_not_again_in_another_process(desk: Room) -> None:
    desk.write("pay.md", "# Pay\nPay is on the 24th.\n")
    await desk.library.ingest(desk.folder)
    other = HashingEmbedder()
    library = desk.another(other)
    await library.search("when is my pay there", ALL)
    library.close()
    assert other.embedded <= 3  # the question as it is, by its telling words, and with added ones


async def test_the_organisations_own_words_outweigh_what_a_question_sounds_like(desk: Room) -> None:
    desk.write("leave.md", "# Leave\n\n## Holidays\nAnnual leave, vacation, time off and holidays.\n")
    desk.write("pool.md", "# Swimming\n\n## Basin\nThe natatorium is open daily.\n")
    desk.write("glossary.yaml", "blub: [natatorium]\n")
    await desk.library.ingest(desk.folder)
    assert (await desk.headings("is the blub open"))[0] == ("handbook/pool.md", "Basin")


async def test_a_guide_loses_against_a_policy_that_matches_equally_well(desk: Room) -> None:
    for name, authority in (("a", "runbook"), ("b", "policy"), ("c", "guidance")):
        desk.write(
            f"{name}.md", f"---\ntitle: Leave\nauthority: {authority}\n---\n## Carry over\nYou carry 80 hours.\n"
        )
    await desk.library.ingest(desk.folder)
    assert [path for path, _heading in await desk.headings("carry hours over")] == [
        "handbook/b.md",
        "handbook/c.md",
        "handbook/a.md",
    ]


async def test_of_two_current_texts_that_match_equally_well_the_newer_wins(desk: Room) -> None:
    for name, since in (("a", "2019-01-01"), ("b", "2025-06-01")):
        desk.write(
            f"{name}.md", f"---\ntitle: Leave\neffective_from: {since}\n---\n## Carry over\nYou carry 80 hours.\n"
        )
    await desk.library.ingest(desk.folder)
    assert (await desk.headings("carry hours over"))[0][0] == "handbook/b.md"


def test_standing_decides_narrowly() -> None:
    settings, day = PolicySettings(), date(2026, 1, 1)
    best = standing("regulation", day, "current", day, settings)
    worst = standing("runbook", None, "current", day, settings)
    assert worst < best < worst * 1.05
    assert standing("regulation", day, "superseded", day, settings) == settings.not_in_force_factor < worst
