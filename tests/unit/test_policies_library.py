"""The library from outside: what goes in is found, what is gone is gone, and one bad file harms no other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.errors import ConfigError, ConnectorError
from policies.shelf import set_state, state
from tests.policy_room import ALL, HashingEmbedder, Room, room

LEAVE = (
    "---\nid: leave\ntitle: Leave\nowner: HR Services\n---\n"
    "Intro words.\n\n## Carry over\nYou may carry over 80 hours.\n"
)
LAPTOP = "# Laptops\n\n## Lost laptop\nCall the service desk at once when a laptop is lost.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path, default_owner="The desk") as opened:
        yield opened


async def test_a_section_is_found_by_its_words_with_its_place_and_owner(desk: Room) -> None:
    desk.write("time/leave.md", LEAVE)
    report = await desk.library.ingest(desk.folder)
    assert (report.added, report.passages, report.problems) == (1, 2, ())
    best = (await desk.library.search("carry over hours", ALL))[0]
    assert (best.path, best.heading, best.heading_path) == ("handbook/time/leave.md", "Carry over", ("Carry over",))
    assert (best.text, best.title, best.owner) == ("You may carry over 80 hours.", "Leave", "HR Services")
    assert 0 < best.similarity <= 1.001


async def test_a_file_without_front_matter_gets_title_and_owner(desk: Room) -> None:
    desk.write("laptop.md", LAPTOP)
    await desk.library.ingest(desk.folder)
    (record,) = await desk.library.documents()
    assert (record.title, record.owner, record.audience) == ("Laptops", "The desk", ALL)


async def test_unchanged_text_is_neither_read_nor_embedded_again(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    desk.write("laptop.md", LAPTOP)
    await desk.library.ingest(desk.folder)
    desk.embedder.embedded = 0
    desk.write("laptop.md", LAPTOP + "\n## Chargers\nChargers stay at work.\n")
    report = await desk.library.ingest(desk.folder)
    assert (report.added, report.updated, report.unchanged) == (0, 1, 1)
    assert desk.embedder.embedded == 2  # the new section: its gist and its one sentence


async def test_a_deleted_file_is_found_no_more(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    gone = desk.write("laptop.md", LAPTOP)
    await desk.library.ingest(desk.folder)
    gone.unlink()
    assert (await desk.library.ingest(desk.folder)).removed == 1
    assert {path for path, _ in await desk.headings("lost laptop service desk")} == {"handbook/leave.md"}
    assert await desk.library.remove("handbook") == 1
    assert await desk.headings("carry over") == []
    assert await desk.library.documents() == []


async def test_a_folder_that_is_suddenly_empty_removes_nothing(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    (desk.folder / "leave.md").unlink()
    report = await desk.library.ingest(desk.folder)
    assert report.removed == 0
    assert "Remove them by name" in report.problems[0].sentence
    assert len(await desk.library.documents()) == 1


async def test_a_moved_audience_moves_the_passages(desk: Room) -> None:
    hr = frozenset({"hr"})
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    desk.write("leave.md", LEAVE.replace("id: leave", "id: leave\naudience: [hr, board]"))
    await desk.library.ingest(desk.folder)
    assert await desk.headings("carry over hours", ALL) == []
    assert ("handbook/leave.md", "Carry over") in await desk.headings("carry over hours", hr)
    assert await desk.headings("carry over hours", frozenset()) == []


async def test_superseded_and_upcoming_text_is_marked_and_listed_below_current(desk: Room) -> None:
    for name, extra in {
        "2024": "effective_from: 2024-01-01",
        "2026": "effective_from: 2026-01-01\nsupersedes: [leave-2024]",
        "2090": "effective_from: 2090-01-01\nsupersedes: [leave-2026]",
    }.items():
        desk.write(
            f"{name}.md",
            f"---\nid: leave-{name}\ntitle: Leave\n{extra}\n---\n## Carry over\nYou carry {name} hours over.\n",
        )
    await desk.library.ingest(desk.folder)
    found = await desk.library.search("carry over hours", ALL, on=date(2026, 6, 1))
    assert found[0].path == "handbook/2026.md"
    assert found[0].status == "current"
    assert {passage.status for passage in found[1:]} == {"superseded", "upcoming"}
    then = await desk.library.search("carry over hours", ALL, on=date(2025, 12, 31))
    assert (then[0].path, then[0].status) == ("handbook/2024.md", "current")


async def test_the_glossary_lets_jargon_find_the_handbooks_words(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    desk.write("passwords.md", "# Credentials\n## Forgotten\nChange your wachtwoord yourself.\n")
    desk.write("glossary.yaml", "ww: [wachtwoord]\n")
    report = await desk.library.ingest(desk.folder)
    assert report.added == 2
    assert (await desk.headings("ww"))[0] == ("handbook/passwords.md", "Forgotten")


async def test_phrases_people_use_lead_to_the_section_they_belong_to(desk: Room) -> None:
    desk.write("leave.md", LEAVE.replace("id: leave", "id: leave\nquestions:\n  - carry my hols into january"))
    desk.write("laptop.md", LAPTOP)
    await desk.library.ingest(desk.folder)
    assert (await desk.headings("hols into january"))[0] == ("handbook/leave.md", "Carry over")


async def test_hidden_characters_do_not_reach_a_reader(desk: Room) -> None:
    desk.write("x.md", "# Pay\nPay is\u200b on the\U000e0041 24th\u202e.\n")
    await desk.library.ingest(desk.folder)
    assert (await desk.library.search("pay", ALL))[0].text == "Pay is on the 24th."


async def test_bad_files_are_reported_one_by_one_and_the_rest_goes_on(tmp_path: Path) -> None:
    with room(tmp_path, max_document_mb=0.01) as desk:
        desk.write("good.md", LAPTOP)
        desk.write("empty.md", "")
        desk.write("binary.md", bytes(range(128)) * 20)
        desk.write("date.md", "---\ntitle: x\neffective_from: 31-01-2026\n---\ntext")
        desk.write("audience.md", "---\naudience: {hr: yes}\n---\ntext")
        desk.write("large.md", "x" * 20_000)
        desk.write("first.md", "---\nid: same\n---\ntext")
        desk.write("second.md", "---\nid: same\n---\ntext")
        desk.write("fake.pdf", "not a pdf")
        desk.write("locked.docx", b"\xd0\xcf\x11\xe0" + b"\x00" * 100)
        desk.write("latin.md", "Café regels".encode("cp1252"))
        desk.write("picture.png", b"\x89PNG")
        (desk.folder / "circle").symlink_to(desk.folder)
        (desk.folder / "out.md").symlink_to("/etc/hostname")
        (desk.folder / "nowhere.md").symlink_to(desk.folder / "nowhere.md")
        desk.write("secret.md", "text").chmod(0)
        report = await desk.library.ingest(desk.folder)
        said = {Path(problem.path).name: problem.sentence for problem in report.problems}
        expected = {
            "empty.md": "is empty",
            "binary.md": "binary",
            "date.md": "effective_from on line 3",
            "audience.md": "audience on line 2",
            "large.md": "allowed",
            "second.md": "handbook/first.md has already",
            "fake.pdf": "not a real .pdf",
            "locked.docx": "under a password",
            "circle": "links are not followed",
            "out.md": "out of this folder",
            "nowhere.md": "in a circle",
        }
        if os.geteuid() != 0:
            expected["secret.md"] = "the right to read it"
        assert said.keys() == expected.keys()
        assert all(words in said[name] and said[name].endswith(".") for name, words in expected.items())
        assert report.ignored == 1
        assert ("handbook/good.md", "Lost laptop") in await desk.headings("lost laptop")
        assert ("handbook/latin.md", "(intro)") in await desk.headings("Café regels")


async def test_a_document_that_becomes_unreadable_stays_as_it_was(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    desk.write("leave.md", LEAVE.replace("title: Leave", "title: [Leave"))
    report = await desk.library.ingest(desk.folder)
    assert "stays in use" in report.problems[0].sentence
    assert ("handbook/leave.md", "Carry over") in await desk.headings("carry over")


async def test_a_missing_folder_is_said_plainly(desk: Room) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        await desk.library.ingest(desk.home / "nothing")


async def test_an_ingest_killed_before_its_commit_is_invisible_and_repaired(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    desk.write("laptop.md", LAPTOP)

    class Killed(BaseException):
        """The process dies."""

    def die(*_: object) -> int:
        raise Killed

    desk.library._ingest._change = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await desk.library.ingest(desk.folder)
    assert {path for path, _ in await desk.headings("lost laptop")} == {"handbook/leave.md"}
    next_start = desk.another()
    report = await next_start.ingest(desk.folder)
    assert (report.added, report.unchanged) == (1, 1)
    assert {found.path for found in await next_start.search("lost laptop", ALL)} >= {"handbook/laptop.md"}
    next_start.close()


async def test_an_ingest_killed_after_its_commit_is_cleaned_up_by_the_next(desk: Room) -> None:
    gone = desk.write("laptop.md", LAPTOP)
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    gone.unlink()
    repair = desk.library._ingest.repair
    desk.library._ingest.repair = lambda progress: None  # type: ignore[method-assign]
    await desk.library.ingest(desk.folder)
    assert {path for path, _ in await desk.headings("lost laptop")} == {"handbook/leave.md"}
    desk.library._ingest.repair = repair  # type: ignore[method-assign]
    await desk.library.ingest(desk.folder)
    (partition,) = desk.library._indexes.partitions(1)
    assert len(desk.library._indexes.lexical.ids(1, partition)) == 2
    assert len(desk.library._indexes.vectors.ids(1, partition, "gists")) == 2


async def test_both_indexes_are_rebuilt_from_the_database_alone(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    before = await desk.headings("carry over hours")
    desk.library.close()
    shutil.rmtree(desk.home / "index")
    fresh = desk.another()
    await fresh.rebuild()
    found = await fresh.search("carry over hours", ALL)
    assert [(passage.path, passage.heading) for passage in found] == before
    fresh.close()


async def test_another_embedder_is_noticed_and_the_next_ingest_rebuilds(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    other = desk.another(HashingEmbedder("hashing/2", 32))
    assert "hashing/1" in await other.outdated()
    assert ("handbook/leave.md", "Carry over") in [
        (found.path, found.heading) for found in await other.search("carry over hours", ALL)
    ]  # by words alone until then
    report = await other.ingest(desk.folder)
    assert "indexed anew" in report.rebuilt
    assert await other.outdated() == ""
    assert (await other.search("carry over hours", ALL))[0].similarity > 0.3
    other.close()


@pytest.mark.slow
async def test_another_process_sees_what_was_ingested_and_what_was_removed(desk: Room) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom tests.policy_room import ALL, Room\n"
        "async def main():\n    desk = Room(Path(sys.argv[1]))\n"
        "    for line in sys.stdin:\n"
        "        print(sorted({path for path, _ in await desk.headings('laptop carry over hours')}), flush=True)\n"
        "asyncio.run(main())\n"
    )
    reader = subprocess.Popen(  # noqa: ASYNC220 - the test itself waits for its answers
        [sys.executable, "-c", program, str(desk.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )

    def ask() -> str:
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write("?\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    with reader:
        gone = desk.write("leave.md", LEAVE)
        await desk.library.ingest(desk.folder)
        assert ask() == "['handbook/leave.md']"
        desk.write("laptop.md", LAPTOP)
        await desk.library.ingest(desk.folder)
        assert ask() == "['handbook/laptop.md', 'handbook/leave.md']"
        gone.unlink()
        await desk.library.ingest(desk.folder)
        await desk.library.rebuild()
        assert ask() == "['handbook/laptop.md']"
        reader.kill()


async def test_two_writers_do_not_meet(desk: Room) -> None:
    import fcntl

    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    with (desk.home / "index" / "writer.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process"):
            await desk.library.ingest(desk.folder)
    assert await desk.headings("carry over hours") != []


async def test_a_passage_is_read_again_only_by_those_who_may(desk: Room) -> None:
    desk.write("leave.md", LEAVE.replace("id: leave", "id: leave\naudience: [hr]"))
    await desk.library.ingest(desk.folder)
    (found, *_) = await desk.library.search("carry over hours", frozenset({"hr"}))
    assert await desk.library.passage(found.passage_id, ALL) is None
    again = await desk.library.passage(found.passage_id, frozenset({"hr"}))
    assert again is not None
    assert again.text == found.text
    assert await desk.library.passage("0" * 32) is None


async def test_a_sidecar_gives_a_file_its_audience_and_its_change_is_noticed(desk: Room) -> None:
    desk.write("notes.txt", "Salary notes for the board")
    desk.write("notes.txt.yaml", "audience: [hr]\nowner: HR Services\n")
    await desk.library.ingest(desk.folder)
    assert await desk.headings("salary notes") == []
    desk.write("notes.txt.yaml", "audience: [all-staff]\n")
    assert (await desk.library.ingest(desk.folder)).updated == 1
    assert await desk.headings("salary notes") == [("handbook/notes.txt", "(intro)")]


def test_an_interrupted_state_is_kept_in_the_database(desk: Room) -> None:
    with desk.database.transaction() as tx:
        set_state(tx, state(tx))
        assert state(tx).busy is False


@pytest.mark.slow
async def test_questions_are_answered_all_through_an_ingest_and_a_rebuild(desk: Room) -> None:
    import asyncio

    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    over = asyncio.Event()
    answers: list[bool] = []

    async def ask() -> None:
        while not over.is_set():
            answers.append(("handbook/leave.md", "Carry over") in await desk.headings("carry over hours", k=20))

    readers = [asyncio.create_task(ask()) for _ in range(3)]
    for number in range(6):
        desk.write(f"laptop{number}.md", LAPTOP.replace("laptop", f"laptop {number}"))
        await desk.library.ingest(desk.folder)
        await desk.library.rebuild()
    over.set()
    await asyncio.gather(*readers)
    assert len(answers) > 20
    assert all(answers)


async def test_a_lost_index_is_an_error_and_not_an_empty_answer_and_the_next_ingest_mends_it(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    desk.library.close()
    shutil.rmtree(desk.home / "index")
    with pytest.raises(ConnectorError, match="run `loket policies ingest`"):
        await desk.library.search("carry over hours", ALL)
    await desk.library.ingest(desk.folder)
    assert ("handbook/leave.md", "Carry over") in await desk.headings("carry over hours")
