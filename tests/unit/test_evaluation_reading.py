"""Files of cases: what they may say, and how a mistake is named with its line and its remedy."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.outcomes import Outcome
from core.replies import Citation
from loket.evaluation.cases import Clause, Person, Phrase, Suite
from loket.evaluation.reading import parse_suite, read_suite
from tests.handbooks import SAMPLES
from tools.loading import load_builtin

TOOLS = frozenset(load_builtin().names)
QUALITY = Path(__file__).parents[1] / "quality"
HEAD = "version: 1\ncases:\n"


def parse(text: str) -> Suite:
    return parse_suite(text, Path("cases.yaml"), TOOLS)


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value)


def citation(path: str, heading: str) -> Citation:
    return Citation(path, heading, "a title", "an owner", "en", "a quote")


def test_a_case_says_who_asks_what_and_what_is_accepted() -> None:
    suite = parse(
        "version: 1\n"
        "today: 2026-11-26\n"
        "documents:\n"
        "  leave: [leave-2026.md, verlof-2026.md]\n"
        "cases:\n"
        "  - talk: ['how many days?', 'and part time?']\n"
        "    as: E1002\n"
        "    outcome: [answered, clarified]\n"
        '    clause: "leave#2"\n'
        "    tool: create_ticket\n"
        "    says: [80, '/2[.,]45/']\n"
        "    never: none\n"
        "    language: en\n"
        "    tags: [follow]\n"
        "    note: why it is so\n"
    )
    (case,) = suite.cases
    assert suite.today == date(2026, 11, 26)
    assert case.line == 6
    assert case.talk == ("how many days?", "and part time?")
    assert case.asker == Person("E1002")
    assert case.expected.outcomes == (Outcome.ANSWERED, Outcome.CLARIFIED)
    assert case.expected.clauses == (Clause("leave#2", ("leave-2026.md", "verlof-2026.md"), "2"),)
    assert case.expected.tools == ("create_ticket",)
    assert [phrase.written for phrase in case.expected.says] == ["80", "/2[.,]45/"]
    assert case.expected.never == (Phrase("none"),)


def test_nothing_cited_and_nothing_used_can_be_asked_for() -> None:
    (case,) = parse(HEAD + "  - {question: hello, as: E1002, clause: none, tool: none}\n").cases
    assert (case.expected.no_clause, case.expected.no_tool) == (True, True)
    assert (case.expected.clauses, case.expected.tools) == ((), ())


def test_an_asker_may_be_any_colleague_in_some_groups() -> None:
    (case,) = parse(HEAD + "  - {question: hello, as: {groups: [managers], language: nl}, outcome: answered}\n").cases
    assert case.asker == Person(groups=("managers",), language="nl")


def test_a_case_that_expects_nothing_is_kept_for_later() -> None:
    (case,) = parse(HEAD + "  - {question: hello, as: E1002}\n").cases
    assert not case.expected.anything


@pytest.mark.parametrize(
    ("case", "line", "remedy"),
    [
        ("  - {question: hi, as: E1002, outcom: answered}", 3, "did you mean `outcome`?"),
        ("  - {question: hi, as: E1002, outcome: answerd}", 3, "did you mean `answered`?"),
        ("  - {question: hi, as: E1002, tool: create_tickets}", 3, "did you mean `create_ticket`?"),
        ("  - {question: hi, as: E1002, language: fr}", 3, "there are en, nl"),
        ("  - {question: hi, outcome: answered}", 3, "say who asks"),
        ("  - {as: E1002, outcome: answered}", 3, "give either `question`, or `talk`"),
        ("  - {question: hi, talk: [hi, ho], as: E1002}", 3, "give either `question`, or `talk`"),
        ("  - question: hi\n    as: E1002\n    says: [2.40]", 5, "put 2.4 in quotes"),
        ("  - question: hi\n    as: E1002\n    says: [yes]", 5, "put True in quotes"),
        ("  - question: hi\n    as: E1002\n    says: [/(/]", 5, "is no regular expression"),
        ("  - question: hi\n    as: E1002\n    clause: leave", 5, "`leave` is no file"),
        ("  - question: hi\n    as: E1002\n    match: all", 5, "`any`"),
        ("  - just a text", 3, "begin with `- question:`"),
        ("  - {question: hi, as: E1002, outcome: answered}\n  - {question: hi, as: E1002, tool: none}", 4, "line 3"),
        ("  - {question: hi, and: where}", 3, "there is no `and`"),
    ],
)
def test_a_mistake_names_its_line_and_its_remedy(case: str, line: int, remedy: str) -> None:
    said = problem(HEAD + case + "\n")
    assert f"cases.yaml line {line}: " in said
    assert remedy in said


def test_text_that_is_no_yaml_is_one_clear_sentence() -> None:
    said = problem(HEAD + "  - question: what: is this\n    as: E1002\n")
    assert "line 3" in said
    assert "double quotes" in said


@pytest.mark.parametrize("text", ["", "[]", "version: 1", "version: 1\ncases: []", "version: 1\ncases: soon"])
def test_a_file_without_cases_says_how_to_begin(text: str) -> None:
    assert "cases" in problem(text)


def test_all_mistakes_come_at_once() -> None:
    said = problem("cases:\n  - {question: a, as: E1002, tool: x}\n  - {question: b}\n")
    assert said.startswith("3 problems")


def test_a_file_that_is_not_there_is_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_suite(tmp_path / "none.yaml", TOOLS)


@pytest.mark.parametrize(
    ("written", "heading", "fits"),
    [
        ("3 Carrying leave over", "3 Carrying leave over", True),
        ("Carrying leave over", "3 Carrying leave over", True),
        ("3", "3 Carrying leave over", True),
        ("3", "3.1 Something below", False),
        ("3.1", "3.1 Something below", True),
        ("3", "30 Something else", False),
        ("", "anything", True),
        ("Leave", "3 Carrying leave over", False),
    ],
)
def test_a_clause_is_named_by_its_heading_or_its_number(written: str, heading: str, fits: bool) -> None:
    clause = Clause("x", ("leave-2026.md",), written)
    assert clause.is_cited(citation("samples/leave-2026.md", heading)) is fits
    assert not clause.is_cited(citation("samples/other-leave-2026.md", heading))


@pytest.mark.parametrize(
    ("phrase", "text", "stands"),
    [
        ("8", "you get 8 hours", True),
        ("8", "you get 80 hours", False),
        ("8", "you get 0.8 hours", False),
        ("8", "you get 8.5 hours", False),
        ("145", "at most €145.00", True),
        ("145", "hoogstens € 145,00 per nacht", True),
        ("1", "tot € 1.500", False),
        ("8", "you get 8. Then nothing", True),
        ("25 days", "You get 25  Days of leave", True),
        ("€0.23", "you get €0.23 per kilometre", True),
        ("paid", "it is unpaid", False),
        ("/2[.,]45/", "€ 2,45 per dag", True),
    ],
)
def test_words_and_figures_stand_by_themselves(phrase: str, text: str, stands: bool) -> None:
    assert Phrase(phrase).stands_in(" ".join(text.split())) is stands


@pytest.mark.parametrize("name", ["messages-tune", "messages-held", "handbook-tune", "handbook-held"])
def test_our_own_sets_can_be_read(name: str) -> None:
    suite = read_suite(QUALITY / f"{name}.yaml", TOOLS)
    assert len(suite.cases) >= (80 if name.startswith("messages") else 40)
    assert all(case.expected.anything for case in suite.cases)


@pytest.mark.parametrize("kind", ["messages", "handbook"])
def test_no_question_stands_in_both_halves(kind: str) -> None:
    halves = [read_suite(QUALITY / f"{kind}-{half}.yaml", TOOLS) for half in ("tune", "held")]
    tune, held = ({case.talk for case in suite.cases} for suite in halves)
    assert not tune & held


@pytest.mark.parametrize("name", ["messages-tune", "messages-held", "handbook-tune", "handbook-held"])
def test_every_clause_that_our_own_sets_expect_is_in_the_sample_handbook(name: str) -> None:
    headings = {
        file.name: [
            line.lstrip("# ").strip() for line in file.read_text(encoding="utf-8").splitlines() if "#" in line[:4]
        ]
        for file in SAMPLES.glob("*.md")
    }
    page = (SAMPLES / "records-management.html").read_text(encoding="utf-8")
    headings["records-management.html"] = re.findall(r"<h[23]>(.*?)</h[23]>", page)
    for case in read_suite(QUALITY / f"{name}.yaml", TOOLS).cases:
        for clause in (*case.expected.clauses, *case.expected.all_clauses):
            known = [citation(path, heading) for path in clause.paths for heading in headings[path] or [""]]
            assert any(clause.is_cited(one) for one in known), f"{name} line {case.line}: {clause.written}"


def test_the_example_of_the_manual_can_be_read() -> None:
    manual = (QUALITY.parents[1] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    example = manual.split("```yaml\n")[1].split("```")[0]
    suite = parse(example)
    assert len(suite.cases) == 5
    assert all(case.expected.anything for case in suite.cases)
