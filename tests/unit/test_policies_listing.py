"""What an admin sees of the documents: the list, one document whole, and what an ingest says was wrong."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from loket.command.documents import document_table, print_document
from tests.policy_room import room

OLD = "---\nid: old\ntitle: Parking (old)\nowner: Facilities\naudience: [hr, it]\n---\nPark at the back.\n"
NEW = (
    "---\nid: new\ntitle: Parking\nsupersedes: [old]\neffective_from: 2030-01-01\napplies_to: {site: [North]}\n"
    "---\n# Parking\n\nPark in front.\n\n## Bicycles\n\nBicycles go below.\n"
)
ANSWER = (
    "---\nid: answer\nkind: answer\nquestions: [where do I park]\nrests_on: [new, gone]\npair: lost\n---\nIn front.\n"
)


def drawn(*things: object) -> str:
    console = Console(file=io.StringIO(), width=240)
    for thing in things:
        console.print(thing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_the_list_says_kind_owner_readers_for_whom_and_until_when(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        for path, text in (("old.md", OLD), ("new.md", NEW), ("answer.md", ANSWER)):
            desk.write(path, text)
        await desk.library.ingest(desk.folder)
        documents = {one.path: one for one in await desk.library.documents()}
        assert documents["handbook/answer.md"].kind == "answer"
        assert str(documents["handbook/old.md"].effective_until) == "2029-12-31"
        said = drawn(document_table(list(documents.values())))
        for part in ("Facilities", "hr, it", "site: North", "until 2029-12-31", "upcoming: from 2030-01-01", "answer"):
            assert part in said


async def test_a_document_is_shown_as_it_is_kept_with_all_its_passages(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        desk.write("new.md", NEW)
        await desk.library.ingest(desk.folder)
        (document,) = await desk.library.document("handbook/new.md")
        assert [passage.text for passage in document.passages] == ["Park in front.", "Bicycles go below."]
        console = Console(file=io.StringIO(), width=200)
        print_document(console, document)
        assert isinstance(console.file, io.StringIO)
        said = console.file.getvalue()
        assert "passage 2 of 2: Parking › Bicycles" in said
        assert "replaces: old" in said
        assert await desk.library.document("handbook/nothing.md") == []


async def test_an_ingest_names_what_an_answer_rests_on_in_vain(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        desk.write("new.md", NEW)
        desk.write("answer.md", ANSWER)
        report = await desk.library.ingest(desk.folder)
        assert [problem.sentence for problem in report.problems] == [
            "names 'gone', and there is no document of that id.",
            "names 'lost', and there is no document of that id.",
        ]
        assert report.added == 2


async def test_an_answer_without_questions_or_with_headings_or_too_long_is_refused(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        desk.write("a.md", "---\nkind: answer\n---\nYes.\n")
        desk.write("b.md", "---\nkind: answer\nquestions: [may I park]\n---\n# One\n\nYes.\n\n# Two\n\nNo.\n")
        desk.write("c.md", f"---\nkind: answer\nquestions: [may I park]\n---\n{'word ' * 400}\n")
        desk.write("d.md", "---\nkind: story\n---\nOnce.\n")
        report = await desk.library.ingest(desk.folder)
        assert report.added == 0
        said = [problem.sentence for problem in report.problems]
        assert "needs `questions:`" in said[0]
        assert "without headings" in said[1]
        assert "without headings" in said[2]
        assert "'story' is unknown" in said[3]


async def test_phrases_are_capped_and_the_report_says_so(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        questions = "\n".join(f"  - where do I park number {number}" for number in range(40))
        desk.write(
            "a.md",
            f"---\nquestions:\n{questions}\n  - {'long ' * 50}\nkeywords: [park, Park, parking]\n---\nPark here.\n",
        )
        report = await desk.library.ingest(desk.folder)
        assert [problem.sentence for problem in report.problems] == [
            "questions: 11 of 41 left out; at most 30 count, of at most 150 characters each."
        ]
        (document,) = await desk.library.document("handbook/a.md")
        assert len(document.questions) == 30
        assert document.keywords == ("park", "parking")
