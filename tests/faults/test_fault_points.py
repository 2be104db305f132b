"""The list of fault points is the code's own: no point without a crash, no crash at a point that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.faults.points import (
    EVERYWHERE,
    FILES,
    GATE,
    POINTS,
    PRUNING,
    PUBLISHING,
    REPLACING,
    RESTORE,
    REVEAL,
    STOP,
    WAYS,
    cases,
)

ROOT = Path(__file__).parents[2]
PACKAGES = ("storage", "connectors", "policies", "tools", "actions", "agent", "web_app", "loket")
_REACHED = re.compile(r'reached\(f?"([^"]+)"\)')
_AROUND = re.compile(r'around_commit\(tx, f?"([^"]+)"\)')
PLACEHOLDERS = {
    "{to}": "awaiting_proof awaiting_approval approved executing done failed unknown refused denied expired cancelled",
    "{kind}": "code credential reveal_code",
    "{ballot.verdict}": "approve deny",
    "{queue}": "turns actions",
}


def points_in_the_code() -> set[str]:
    found: set[str] = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            if file.name == "faultpoint.py":
                continue
            found |= {name for template in _REACHED.findall(text) for name in filled(template)}
            for template, side in product(_AROUND.findall(text), ("before_commit", "after_commit")):
                found |= {f"{name}.{side}" for name in filled(template)}
    return found


def filled(template: str) -> Iterator[str]:
    """`move.{to}` for each state there is."""
    for placeholder, words in PLACEHOLDERS.items():
        if placeholder in template:
            yield from (template.replace(placeholder, word) for word in words.split())
            return
    yield template


def test_every_fault_point_of_the_code_is_in_the_list_and_the_other_way_round() -> None:
    listed = {point.name for point in POINTS}

    assert listed - points_in_the_code() == set()
    assert points_in_the_code() - listed == set()
    assert len(listed) == len(POINTS), "a point is listed twice"


def test_there_are_at_least_forty_points_at_which_the_whole_service_is_killed_and_paused() -> None:
    for arrangement in EVERYWHERE:
        tried = {(case.faults[-1].point, case.faults[-1].way) for case in cases((arrangement,))}
        assert len({point for point, _ in tried}) >= 40
        assert all((point, way) in tried for point, _ in tried for way in WAYS)


@pytest.mark.parametrize(
    ("where", "file"),
    [
        (GATE, "test_gate_crashes.py"),
        (RESTORE, "test_restored_backup.py"),
        (FILES, "test_attachment_crashes.py"),
        (PRUNING, "test_pruning_crashes.py"),
        (REVEAL, "test_reveal_crashes.py"),
        (STOP, "test_stop_crashes.py"),
        (REPLACING, "test_replacing_crashes.py"),
        (PUBLISHING, "test_publishing_crashes.py"),
    ],
)
def test_what_no_ordinary_run_reaches_has_a_test_of_its_own(where: tuple[str, ...], file: str) -> None:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")

    for point in POINTS:
        if point.where == where:
            stem = point.name.removesuffix(".before_commit").removesuffix(".after_commit")
            assert stem in text, f"{file} does not try {point.name}"
