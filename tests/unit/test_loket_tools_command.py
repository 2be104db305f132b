"""`loket tools`: a tool on its whole way from a file to being in force, and everything that is refused on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from loket.command.adding.answers import VERB
from storage import Database
from storage.tables import audit
from tests.command_line import Run

pytest_plugins = ["tests.fixtures_command"]

FORM = """\
version: 1
name: parking_permit
kind: form
title: {en: Parking permit, nl: Parkeervergunning}
description: Asks for a permit for the car park. A facility manager looks at it within two working days.
risk: write
rule: {tier: write}
rate_limit: {times: 5, per: day}
examples:
  en:
    - I need a parking permit
    - permit for the car park
    - can I get a space for my car in the garage
    - how do I park my car at the office
    - request a car park pass for my new car
    - parking space for a visitor
  nl:
    - ik wil een parkeervergunning
    - parkeerplaats aanvragen
    - mag mijn auto in de garage staan
    - vergunning voor de parkeergarage
    - plek voor mijn auto bij kantoor
    - parkeren voor een bezoeker
source:
  fields:
    - {name: plate, kind: text, label: {en: Licence plate, nl: Kenteken}}
    - {name: starts, kind: date, label: {en: From, nl: Vanaf}}
  ticket: {queue: FAC, summary: "Parking permit {plate}"}
"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "parking.yaml"
    path.write_text(FORM, encoding="utf-8")
    return path


def action_in(text: str) -> str:
    found = re.search(r"loket approvals approve ([0-9a-f]{8})", text)
    assert found, text
    return found.group(1)


def add(loket: Run, form: Path) -> None:
    code, out, err = loket("tools", "add", str(form), "--as", "E1009")
    assert code == 0, err + out
    assert "version 1 is drafted" in err


def check(loket: Run, *words: str) -> str:
    code, out, err = loket("tools", "check", "parking_permit", "--as", "E1009", *words)
    assert code == 0, out + err
    return out


def approved(loket: Run, action_id: str, *who: str) -> None:
    for admin in who:
        code, out, err = loket("approvals", "approve", action_id, "--as", admin)
        assert code == 0, out + err


def released(loket: Run, *words: str) -> None:
    """Proposed by its author, approved by the two others: whoever wrote it has no vote."""
    code, out, err = loket("tools", *words, "--as", "E1009", "--yes")
    assert code == 0, out + err
    approved(loket, action_in(out), "E1010", "E1011")


def ask(loket: Run, text: str) -> dict[str, object]:
    code, out, err = loket("ask", text, "--as", "E1002", "--json")
    assert code == 0, out + err
    found: dict[str, object] = json.loads(out)
    return found


@pytest.mark.slow
def test_a_form_on_its_whole_way_from_a_file_to_being_in_force_and_back(loket: Run, form: Path) -> None:
    add(loket, form)
    assert "draft" in loket("tools", "list")[1]
    code, _, err = loket("tools", "release", "parking_permit", "--as", "E1009", "--yes")
    assert code == 2
    assert "has not passed" in err

    out = check(loket)
    assert "✗" not in out
    assert "All passed" in out
    assert "Licence plate" in out, "the card as its approvers will see it"
    assert "waits for release" in loket("tools", "list")[1]

    released(loket, "release", "parking_permit")
    assert re.search(r"parking_permit\s+│ form\s+│ 1\s+│ write\s+│ in force", loket("tools", "list")[1])

    form.write_text(FORM.replace("5, per: day", "4, per: day"), encoding="utf-8")
    loket("tools", "add", str(form), "--as", "E1009")
    check(loket)
    released(loket, "release", "parking_permit")
    assert "in force" in loket("tools", "versions", "parking_permit")[1]
    released(loket, "roll-back", "parking_permit")
    assert re.search(r"parking_permit\s+│ form\s+│ 1\s", loket("tools", "list")[1])
    assert "times: 5" in loket("tools", "show", "parking_permit", "--version", "1")[1]

    assert loket("tools", "retire", "parking_permit", "--as", "E1009")[1].strip() == "parking_permit is retired."
    assert "in force" not in loket("tools", "versions", "parking_permit")[1]


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_document_that_is_edited_after_its_check_must_be_checked_anew(loket: Run, form: Path) -> None:
    add(loket, form)
    check(loket)
    form.write_text(FORM.replace("Asks for a permit", "Asks for one permit"), encoding="utf-8")
    code, _, err = loket("tools", "add", str(form), "--as", "E1009")
    assert (code, "version 2" in err) == (0, True)
    code, _, err = loket("tools", "release", "parking_permit", "--as", "E1009", "--yes")
    assert code == 2
    assert "version 2 of 'parking_permit' has not passed" in err


@pytest.mark.slow
def test_a_check_of_a_file_is_no_check_of_the_draft(loket: Run, form: Path) -> None:
    add(loket, form)
    code, _, _ = loket("tools", "check", str(form), "--as", "E1009")
    assert code == 0
    code, _, err = loket("tools", "release", "parking_permit", "--as", "E1009", "--yes")
    assert (code, "has not passed" in err) == (2, True)


@pytest.mark.slow
def test_whoever_wrote_a_draft_has_no_vote_on_it(loket: Run, form: Path) -> None:
    add(loket, form)
    check(loket)
    code, out, err = loket("tools", "release", "parking_permit", "--as", "E1010", "--yes")
    assert code == 0, err
    code, out, err = loket("approvals", "approve", action_in(out), "--as", "E1009")
    assert code == 1, out + err


@pytest.mark.slow
def test_what_cannot_be_looked_at_is_no_pass(loket: Run, form: Path) -> None:
    loket("tools", "add", str(form))
    code, out, _ = loket("tools", "check", "parking_permit", "--json")
    report = json.loads(out)
    assert code == 1
    assert {row["check"] for row in report["checks"] if row["verdict"] == "unseen"} == {"card"}
    assert not report["passed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "parking_permitt"), "Did you mean 'parking_permit'?"),
        (("disable", "reset_my_pasword", "--reason", "drill"), "Did you mean 'reset_my_password'?"),
        (("release", "parking_permit", "--channel", "slak", "--as", "E1009"), "Did you mean 'slack'?"),
        (("add", "http://localhost:1/openapi.yaml"), "add --internal"),
        (("add", "http://localhost:1/mcp", "--mcp"), "add --internal"),
        (("add", "http://hr.example.gov/openapi.yaml"), "https"),
        (("add", "-", "--mcp-command", "rooms=/usr/bin/true"), "LOKET_TOOLS_MCP_PROGRAMS"),
    ],
)
def test_what_is_not_there_or_not_allowed_is_told_with_what_to_do(
    loket: Run, form: Path, words: tuple[str, ...], said: str
) -> None:
    add(loket, form)
    code, _, err = loket("tools", *words)
    assert code in (1, 2)
    assert said in err


def test_a_list_fits_a_narrow_terminal_and_cuts_no_name(
    loket: Run, form: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(loket, form)
    for width in (80, 130):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = loket("tools", "list")[1].splitlines()
        assert max(map(len, lines)) <= width
        assert len(lines) <= 24 if width == 130 else 40
        assert any("hand_over_to_person" in line for line in lines)


@pytest.mark.slow
def test_where_nobody_is_named_the_card_is_drawn_for_whoever_wrote_the_draft(loket: Run, form: Path) -> None:
    add(loket, form)
    code, out, err = loket("tools", "check", "parking_permit")
    assert code == 0, out + err
    assert "Daan Mulder (E1009)" in out


SERVER = {"SYSTEMS_NOTIFY": "gateways", "SMTP_HOST": "mail.example.gov", "SMTP_SENDER": "desk@example.gov"}


@pytest.mark.parametrize(
    "words",
    [
        ("tools", "release", "parking_permit"),
        ("tools", "retire", "parking_permit"),
        ("tools", "enable", "parking_permit"),
        ("rules", "propose", "rules.yaml"),
    ],
)
def test_on_a_server_whoever_changes_what_the_agent_may_do_signs_in(
    loket: Run, form: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    add(loket, form)
    Path("rules.yaml").write_text("version: 1\n", encoding="utf-8")
    for name, value in SERVER.items():
        monkeypatch.setenv(f"LOKET_{name}", value)
    for who, said in (((), "a shell is no identity: set LOKET_OIDC_ISSUER"), (("--as", "E1009"), "you sign in")):
        code, _, err = loket(*words, *who)
        assert code == 2
        assert said in err


@pytest.mark.parametrize("employee", ["E1002", "E9999"])
def test_only_an_admin_brings_tools_in(loket: Run, form: Path, employee: str) -> None:
    code, _, err = loket("tools", "add", str(form), "--as", employee)
    assert code == 2
    assert "admin" in err or "no employee" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("risk: write", "risk: read", "what only reads runs at once and has no rule"),
        ("risk: write", "rissk: write", "line 6"),
        ("kind: text", "kind: txt", "line 26: source.fields.0.kind: 'txt' is none of"),
        ("kind: text", "kind: txt", "did you mean 'text'?"),
        ("queue: FAC", "quue: FAC", "did you mean `queue`?"),
        ("kind: date", "knd: date", "line 27"),
        ("rate_limit: {times: 5, per: day}", "rate_limit: {times: lots, per: day}", "line 8"),
        ("version: 1", "version: 2", "line 1"),
        ("source:", "source: *a", "alias"),
        ("name: parking_permit", "name: parking_permit\nname: other", "twice"),
        ("name: parking_permit", "name: ../../etc/passwd", "line 2"),
        ("rule: {tier: write}", "rule: !!python/object/apply:os.system [id]", "YAML"),
        ("rule: {tier: write}", "rule: !include secrets.yaml", "YAML"),
    ],
)
def test_an_error_names_the_line_and_what_to_change(loket: Run, form: Path, old: str, new: str, said: str) -> None:
    form.write_text(FORM.replace(old, new, 1), encoding="utf-8")
    code, out, err = loket("tools", "add", str(form), "--as", "E1009")
    assert code == 2, out + err
    assert said in err
    assert "Traceback" not in err


BOMBS = {
    "alias bomb": "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a,*a]\n" for n in range(30)),
    "deep brackets": "[" * 100_000,
    "deep braces": "{a: " * 50_000,
    "deep lines": "\n".join(f"{' ' * (4 * n)}a:" for n in range(400)),
    "ten megabytes": "# " + "x" * 10_000_000,
    "no text": "\x00\x01\x02",
    "nothing": "",
    "a list": "- a\n- b\n",
    "one word": "hello",
    "endless key": f"{'k' * 200_000}: 1",
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_file_that_is_a_bomb_or_no_document_is_refused_at_once(loket: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name], encoding="utf-8")
    code, _, err = loket("tools", "add", str(path), "--as", "E1009")
    assert code == 2, err
    assert "unexpected" not in err
    assert len(err) < 1_000


@pytest.mark.parametrize("outside", ["/etc/passwd", ".", "/dev/zero", "nowhere.yaml"])
def test_only_an_ordinary_file_with_a_document_is_read(loket: Run, outside: str) -> None:
    code, _, err = loket("tools", "add", outside, "--as", "E1009")
    assert code == 2
    assert "root:" not in err


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/b"])
def test_a_credential_that_names_a_file_outside_is_refused(loket: Run, form: Path, name: str) -> None:
    text = f"{FORM}credential: {{read: {{from: file, name: '{name}'}}}}\n"
    form.write_text(text, encoding="utf-8")
    code, _, err = loket("tools", "add", str(form), "--as", "E1009")
    assert code == 2
    assert "credential.read.name" in err


def test_switching_an_added_tool_off_is_one_word(loket: Run, form: Path) -> None:
    add(loket, form)
    code, out, err = loket("tools", "disable", "parking_permit", "--as", "E1009", "--reason", "drill")
    assert code == 0, err
    assert out.strip() == "parking_permit is switched off."
    code, _, err = loket("tools", "disable", "parking_permits", "--reason", "drill")
    assert (code, "there is no tool" in err) == (2, True)


def test_answers_of_a_kept_form_are_given_to_an_admin_alone(loket: Run, tmp_path: Path) -> None:
    survey = tmp_path / "survey.yaml"
    survey.write_text(FORM.replace('ticket: {queue: FAC, summary: "Parking permit {plate}"}', "keep: survey"))
    assert loket("tools", "add", str(survey), "--as", "E1009")[0] == 0
    code, out, err = loket("tools", "answers", "parking_permit", "--as", "E1009", "--csv")
    assert code == 0, err
    assert "Licence plate" in out or "plate" in out
    code, _, err = loket("tools", "answers", "parking_permit", "--as", "E1002", "--csv")
    assert (code, "no admin" in err) == (2, True)
    code, _, err = loket("tools", "answers", "parking_permit", "--csv")
    assert (code, "say who you are" in err) == (2, True)
    code, out, _ = loket("tools", "answers", "parking_permit", "--as", "E1009")
    assert (code, "0 answers" in out) == (0, True)

    database = Database(f"sqlite:///{tmp_path / 'home' / 'loket.sqlite'}")
    with database.reading() as tx:
        rows = tx.execute(sa.select(audit.c.actor, audit.c.object, audit.c.result).where(audit.c.verb == VERB)).all()
    database.close()
    assert [tuple(row) for row in rows] == [
        ("employee:E1009", "tool:parking_permit", "printed 0"),
        ("employee:E1009", "tool:parking_permit", "counted 0"),
    ]


def test_on_a_server_nobody_says_who_reads_the_answers(loket: Run, form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(loket, form)
    monkeypatch.setenv("LOKET_SYSTEMS_NOTIFY", "gateways")
    monkeypatch.setenv("LOKET_SMTP_HOST", "mail.example.gov")
    monkeypatch.setenv("LOKET_SMTP_SENDER", "desk@example.gov")
    code, out, err = loket("tools", "answers", "parking_permit", "--as", "E1009", "--csv")
    assert (code, out) == (2, "")
    assert "you sign in" in err
    code, out, err = loket("tools", "answers", "parking_permit", "--csv")
    assert (code, out) == (2, "")
    assert "a shell is no identity" in err


# --- the interview -------------------------------------------------------------------------------------------------

OPENAPI = """openapi: 3.1.0
info: {title: Leave, version: "1"}
servers: [{url: "https://hr.example.gov/api"}]
paths:
  /employees/{employeeNo}/leave:
    get:
      operationId: getLeaveBalance
      summary: How many hours of leave an employee has left
      parameters:
        - {name: employeeNo, in: path, required: true, schema: {type: string}}
        - {name: year, in: query, schema: {type: integer, minimum: 2000, maximum: 2100}}
      responses: {"200": {description: ok}}
  /rooms:
    post:
      operationId: bookRoom
      summary: Books a meeting room for a day
      requestBody:
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [day]
              properties: {day: {type: string, format: date, description: The day}}
      responses: {"201": {description: ok}}
"""


@pytest.fixture
def interface(tmp_path: Path) -> Path:
    path = tmp_path / "hr.yaml"
    path.write_text(OPENAPI, encoding="utf-8")
    return path


def test_the_interview_runs_without_a_terminal_and_binds_who_it_is_about(loket: Run, interface: Path) -> None:
    words = ("--operations", "get_leave_balance", "--set", "title_nl=Verlofsaldo", "--out", "-", "--no-draft", "--yes")
    code, out, err = loket("tools", "add", str(interface), *words, "--as", "E1009")
    assert code == 0, err
    assert "employee_no: requester.employee_id" in out
    assert "risk: read" not in out or "risk: read" in out
    assert "employeeNo:" not in out.split("source:")[0]
    assert "nl: Verlofsaldo" in out


def test_what_is_answered_in_a_file_is_not_asked(loket: Run, interface: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "operations: [book_room]\nname: reserve_meeting_room\nrisk: sensitive\napprovers: [it-approvers]\n"
        "examples_en: [book a room, meeting room please, reserve a room, room for a meeting, free room]\n"
        "rate_limit: 3/day\nexample: {day: 2026-12-01}\n",
        encoding="utf-8",
    )
    words = ("tools", "add", str(interface), "--answers", str(answers), "--out", "room.yaml", "--as", "E1009")
    code, out, err = loket(*words)
    assert code == 0, out + err
    text = (tmp_path / "room.yaml").read_text(encoding="utf-8")
    for part in ("reserve_meeting_room", "tier: sensitive", "- it-approvers", "times: 3", "reserve a room"):
        assert part in text
    assert "reserve_meeting_room version 1 is drafted" in err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("risk=read", "risk: 'read' is none of"),
        ("risk=harmless", "is none of"),
        ("name=create_ticket", "two tools named"),
        ("name=create_t1cket", "too much alike"),
        ("rate_limit=often", "5/day"),
        ("examples_en=one; one; two; three; four", "repeat"),
        ("examples_en=one; two; three", "at least 5"),
        ("example=day=tomorrow", "write day=VALUE"),
        ("mask=dya", "Did you mean 'day'"),
        ("nonsense=1", "nobody asks for 'nonsense'"),
        ("description=x", "description"),
        ("bindings=day", "NAME=VALUE"),
    ],
)
def test_an_answer_that_cannot_be_is_told_with_what_would_be_right(
    loket: Run, interface: Path, answer: str, said: str
) -> None:
    words = ("--operations", "book_room", "--set", answer, "--yes", "--as", "E1009")
    code, _, err = loket("tools", "add", str(interface), *words)
    assert code == 2, err
    assert said in err


def test_several_operations_are_never_taken_without_being_named(loket: Run, interface: Path) -> None:
    code, _, err = loket("tools", "add", str(interface), "--yes", "--as", "E1009")
    assert code == 2
    assert "--operations" in err
    assert "GET /employees/" in err


def test_what_is_added_anew_is_its_next_version_and_keeps_the_answers(loket: Run, interface: Path) -> None:
    words = ("tools", "add", str(interface), "--operations", "book_room", "--yes", "--as", "E1009")
    said = ("--set", "title_nl=Zaal", "--set", "rate_limit=7/day", "--set", "name=reserve_a_room")
    assert loket(*words, *said)[0] == 0
    interface.write_text(OPENAPI.replace("for a day", "for a whole day"), encoding="utf-8")
    code, _, err = loket(*words)
    assert code == 0, err
    assert "reserve_a_room version 2 is drafted" in err
    _, out, _ = loket("tools", "show", "reserve_a_room")
    for part in ("nl: Zaal", "times: 7", "for a whole day"):
        assert part in out


def test_without_a_terminal_it_says_what_it_took_as_answered(loket: Run, interface: Path) -> None:
    words = ("tools", "add", str(interface), "--operations", "book_room", "--set", "rate_limit=7/day")
    code, _, err = loket(*words, "--no-draft", "--as", "E1009")
    assert code == 0, err
    told = next(line for line in err.splitlines() if line.startswith("No terminal"))
    assert "title_en" in told
    assert "rate_limit" not in told


def test_an_operation_that_is_not_there_is_told_with_the_one_that_was_meant(loket: Run, interface: Path) -> None:
    code, _, err = loket("tools", "add", str(interface), "--operations", "bok_room", "--yes", "--as", "E1009")
    assert code == 2
    assert "Did you mean 'book_room'?" in err
    assert "get_leave_balance (GET /employees/{employeeNo}/leave)" in err


def test_who_it_is_about_cannot_be_left_to_a_model(loket: Run, interface: Path) -> None:
    words = ("--operations", "get_leave_balance", "--set", "bindings=", "--yes", "--as", "E1009")
    code, _, err = loket("tools", "add", str(interface), *words)
    assert code == 2
    assert "bind it" in err
