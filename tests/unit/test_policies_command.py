"""`loket policies`: from a folder to a draft, to what people are told, and back; past the gate only on a laptop."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.command_line import Run

pytest_plugins = ["tests.fixtures_command"]
DAYS = """---
id: leave
questions: [how many days of leave do I get]
---
# Leave

## Days

You get {} days of leave.
"""


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "leave.md").write_text(DAYS.format("twenty"), encoding="utf-8")
    return folder


def done(loket: Run, *words: str) -> str:
    code, out, err = loket("policies", *words)
    assert code == 0, out + err
    return out


def publish(loket: Run, *words: str) -> str:
    """Proposed by one admin, approved by two others; returns what was shown."""
    shown = done(loket, *words, "--as", "E1009", "--yes")
    found = re.search(r"loket approvals approve ([0-9a-f]{8})", shown)
    assert found, shown
    for admin in ("E1010", "E1011"):
        code, out, err = loket("approvals", "approve", found.group(1), "--as", admin)
        assert code == 0, out + err
    return shown


def first_found(loket: Run, *words: str) -> str:
    rows = json.loads(done(loket, "search", "days of leave", "--json", *words))
    return str(rows[0]["text"])


@pytest.mark.slow
@pytest.mark.thorough
def test_a_draft_is_tried_published_and_rolled_back(loket: Run, handbook: Path) -> None:
    done(loket, "ingest", str(handbook))
    (handbook / "leave.md").write_text(DAYS.format("thirty"), encoding="utf-8")

    drafted = done(loket, "draft", str(handbook))

    assert "draft 2: 0 added, 1 changed, 0 removed, 0 unchanged; 1 files read" in drafted
    assert "changed  handbook/leave.md: Leave › Days" in drafted
    assert "-You get twenty days of leave.\n+You get thirty days of leave." in done(loket, "diff")
    assert (first_found(loket), first_found(loket, "--draft")) == (
        "You get twenty days of leave.",
        "You get thirty days of leave.",
    )
    tried = done(loket, "try", "how many days of leave do I get?")
    assert tried.startswith("draft: version 2 of handbook, not what people are told")
    assert "thirty days" in tried
    compared = json.loads(done(loket, "compare", "--json"))
    assert compared["asked"] == 1
    assert "twenty" in compared["changed"][0]["in-force"]["text"]
    assert "thirty" in compared["changed"][0]["draft"]["text"]

    assert "+You get thirty days of leave." in publish(loket, "publish")
    assert first_found(loket) == "You get thirty days of leave."
    assert re.search(r"│ 2 .*in force, published", done(loket, "versions"))

    assert "rolls back" in publish(loket, "roll-back")
    assert first_found(loket) == "You get twenty days of leave."
    assert "version 1 of handbook, published" in done(loket, "versions", "--at", "2999-01-01")


@pytest.mark.slow
def test_with_a_real_system_only_the_first_documents_are_read_in_past_the_gate(
    loket: Run, handbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKET_SYSTEMS_NOTIFY", "gateways")
    monkeypatch.setenv("LOKET_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("LOKET_SMTP_SENDER", "desk@example.gov")
    done(loket, "ingest", str(handbook))
    (handbook / "leave.md").write_text(DAYS.format("ninety"), encoding="utf-8")

    for words in (("ingest", str(handbook)), ("ingest", str(handbook), "--collection", "x"), ("remove", "handbook")):
        code, _, err = loket("policies", *words)
        assert code == 2
        assert "`loket policies draft DIR`, then `loket policies publish`" in err

    assert "draft 2" in done(loket, "draft", str(handbook))
    assert first_found(loket) == "You get twenty days of leave."
    code, _, err = loket("policies", "publish")
    assert code == 2
    assert "a shell is no identity" in err
    assert "hold what is in force" in done(loket, "repair")


def test_what_cannot_be_drafted_or_published_is_one_clear_line(loket: Run, handbook: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, line in (
        (("draft", str(empty)), "holds no document that can be read"),
        (("draft", str(handbook), "--as", "E1002"), "is no admin"),
        (("diff",), "there is no draft of 'handbook'"),
        (("publish", "--as", "E1009"), "there is no draft of 'handbook'"),
        (("versions", "--at", "yesterday"), "is no moment"),
    ):
        code, out, err = loket("policies", *words)
        assert code == 2, out + err
        assert line in err
    done(loket, "draft", str(handbook))
    for words, line in (
        (("publish",), "say who you are"),
        (("publish", "--as", "E1009", "--version", "7"), "has no version 7; there are: 1"),
        (("roll-back", "--as", "E1009"), "no earlier version that was in force"),
    ):
        code, _, err = loket("policies", *words)
        assert code == 2
        assert line in err
