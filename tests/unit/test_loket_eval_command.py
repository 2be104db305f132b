"""`loket eval` and `loket insight` on the command line: what they print, keep, refuse, and how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import Run

pytest_plugins = ["tests.fixtures_command"]
pytestmark = pytest.mark.slow  # each is a whole command, started and stopped

LEAVE = "# Leave\n\n## 1 How much\n\nYou get 25 days of annual leave a year.\n\n## 2 Dogs\n\nDogs stay at home.\n"
PASSES = '  - {question: "I forgot my password", as: E1002, outcome: proposed, tool: reset_my_password}\n'
FAILS = '  - {question: "hello", as: E1002, outcome: handed_over, tags: [greeting]}\n'


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A file with one case that passes and one that fails, beside the handbook it names."""
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "leave.md").write_text(LEAVE)
    file = tmp_path / "cases.yaml"
    file.write_text(f"version: 1\nhandbook: handbook\ncases:\n{PASSES}{FAILS}")
    return file


def test_a_failing_case_is_exit_code_1_unless_it_is_allowed(loket: Run, cases: Path) -> None:
    code, out, _ = loket("eval", str(cases))
    assert code == 1
    assert "cases.yaml:5" in out
    assert "expected handed_over, came clarified" in out
    assert "greeting" in out
    assert loket("eval", str(cases), "--allow", "1")[0] == 0


def test_what_changed_since_the_kept_run_is_shown(loket: Run, cases: Path, tmp_path: Path) -> None:
    assert "Since the run" not in loket("eval", str(cases), "--save")[1]
    cases.write_text(cases.read_text().replace("handed_over", "clarified").replace("reset_my_password", "find_person"))
    code, out, _ = loket("eval", str(cases))
    assert code == 1
    assert "newly failing: cases.yaml:4" in out
    assert "newly passing: cases.yaml:5" in out
    kept = list((tmp_path / "home" / "eval").glob("cases-*.json"))
    assert len(kept) == 1, "a run is kept only when it is asked for"
    assert "Since the run" not in loket("eval", str(cases), "--against", "none")[1]
    assert "Since the run" in loket("eval", str(cases), "--against", str(kept[0]))[1]


def test_the_report_as_json_has_its_figures_and_nothing_else_on_standard_output(loket: Run, cases: Path) -> None:
    code, out, _ = loket("eval", "--json", str(cases))
    report = json.loads(out)
    assert code == 1
    assert report["totals"]["passed"]["right"] == 1
    assert report["totals"]["passed"]["of"] == 2
    assert [case["passed"] for case in report["cases"]] == [True, False]


def test_a_mistake_in_a_file_is_exit_code_2_before_anything_runs(loket: Run, cases: Path) -> None:
    cases.write_text("version: 1\ncases:\n  - {question: hi, as: E1002, outcome: maybe}\n")
    code, _, err = loket("eval", str(cases))
    assert code == 2
    assert "line 3" in err


def test_another_handbook_can_be_tried_with_the_same_cases(loket: Run, cases: Path, tmp_path: Path) -> None:
    asks = '  - {question: "How many days of annual leave do I get?", as: E1002, outcome: answered, says: [30]}\n'
    cases.write_text(f"version: 1\nhandbook: handbook\ncases:\n{asks}")
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "leave.md").write_text(LEAVE.replace("25", "30"))
    assert loket("eval", str(cases))[0] == 1
    assert loket("eval", str(cases), "--handbook", "drafts")[0] == 0
    assert loket("eval", str(cases), "--handbook", "nowhere")[0] == 2


def test_a_bad_reply_in_a_chat_becomes_a_case_in_one_command(loket: Run, tmp_path: Path) -> None:
    loket("chat", "--as", "E1007", stdin="mag mijn hond mee naar kantoor?\n/bad ik wil weten of het mag\n/quit\n")
    code, out, _ = loket("insight", "feedback", "--as", "E1009")
    assert code == 0
    assert "mag mijn hond mee" in out
    assert "ik wil weten of het mag" in out
    assert loket("eval", "add", "last-bad", "--file", "cases.yaml")[0] == 0
    written = (tmp_path / "cases.yaml").read_text()
    assert "mag mijn hond mee naar kantoor?" in written
    assert 'groups: ["managers"]' in written
    assert "E1007" not in written
    assert loket("eval", "add", "last-bad", "--file", "cases.yaml")[0] == 2, "the same question a second time"


def test_wording_is_shown_only_to_those_who_may_read_it_and_only_of_many(loket: Run) -> None:
    for employee in ("E1001", "E1002", "E1020"):
        loket("chat", "--as", employee, stdin="mag mijn hond mee naar kantoor?\n/bad\n/quit\n")
    loket("chat", "--as", "E1038", stdin="is er een zwembad in het gebouw?\n/bad\n/quit\n")
    code, nobody, _ = loket("insight", "gaps")
    assert code == 0
    assert "hond" not in nobody
    assert "say who you are" in nobody
    admin = loket("insight", "gaps", "--as", "E1009")[1]
    assert "hond" in admin
    assert "zwembad" not in admin
    code, out, err = loket("insight", "gaps", "--as", "E1001")
    assert code == 1
    assert out == ""
    assert "may not read" in err
    assert "hond" not in loket("insight", "feedback")[1]
    listed = json.loads(loket("insight", "gaps", "--as", "E1009", "--json")[1])
    assert [gap["people"] for gap in listed["gaps"]] == [3, 1]


def test_a_conversation_that_nobody_called_bad_is_read_only_by_those_who_may(loket: Run) -> None:
    loket("chat", "--as", "E1002", stdin="hello\n/good\n/quit\n")
    event = json.loads(loket("insight", "feedback", "--as", "E1009", "--json")[1])["feedback"][0]["event"]
    code, _, err = loket("eval", "add", event, "--file", "cases.yaml")
    assert code == 1
    assert "--as" in err
    assert loket("eval", "add", event, "--file", "cases.yaml", "--as", "E1001")[0] == 1
    assert loket("eval", "add", event, "--file", "cases.yaml", "--as", "E1009")[0] == 0


def test_without_questions_in_vain_insight_says_so(loket: Run) -> None:
    assert "went unanswered" in loket("insight", "gaps")[1]
    assert "Nobody has judged" in loket("insight", "feedback")[1]
