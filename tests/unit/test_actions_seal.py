"""The seal and the table of moves: another field is another seal, and the moves are those of the design."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actions
from actions.flow import HOLDS_SUBJECT, MOVES, diagram
from actions.records import State
from actions.seal import Sealed, sealable
from actions.words import CATALOGUE
from core.errors import ToolRetry
from core.replies import Fact
from tests.gate_oracle import MOVES as DESIGNED
from tests.gate_oracle import OVER
from tests.generated import quick

SEALED: dict[str, Any] = {
    "tool": "reset_for_caller",
    "tool_hash": "a" * 64,
    "arguments": {"caller": "E1001", "count": 1, "nested": {"list": [1, "two", None, True]}},
    "requester_id": "E1005",
    "subject_id": "E1001",
    "account_id": "sanne.dewit",
    "rule_version": 1,
    "nonce": "b" * 32,
    "expires_at": datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC),
    "title": "Reset the password of Sanne de Wit",
    "facts": (Fact("What happens", "a new password"),),
}
words = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(words, values, max_size=4)


@pytest.mark.parametrize("field", sorted(SEALED))
def test_any_other_field_is_another_seal(field: str) -> None:
    other = {
        "arguments": {**SEALED["arguments"], "count": 2},
        "rule_version": 2,
        "expires_at": SEALED["expires_at"] + timedelta(microseconds=1),
        "account_id": None,
        "facts": (Fact("What happens", "nothing"),),
    }.get(field, f"{SEALED[field]}x")

    assert Sealed(**{**SEALED, field: other}).hash() != Sealed(**SEALED).hash()


def test_fields_do_not_run_into_each_other() -> None:
    one = Sealed(**{**SEALED, "requester_id": "E1", "subject_id": "2E3"}).hash()
    two = Sealed(**{**SEALED, "requester_id": "E12", "subject_id": "E3"}).hash()
    assert one != two


def test_the_same_moment_in_another_zone_is_the_same_seal() -> None:
    local = SEALED["expires_at"].astimezone(ZoneInfo("Europe/Amsterdam"))
    assert Sealed(**{**SEALED, "expires_at": local}).hash() == Sealed(**SEALED).hash()


@quick(300)
@given(arguments, arguments)
def test_two_seals_are_equal_only_for_equal_arguments(one: dict[str, Any], two: dict[str, Any]) -> None:
    seals = [Sealed(**{**SEALED, "arguments": sealable(each)}).hash() for each in (one, two)]
    assert (seals[0] == seals[1]) == (repr(_sorted(one)) == repr(_sorted(two)))


@pytest.mark.parametrize("value", [2**53, -(2**60), float("nan"), float("inf"), "\ud800", {"\udfff": 1}])
def test_what_has_no_canonical_form_goes_back_to_the_model(value: object) -> None:
    with pytest.raises(ToolRetry):
        sealable({"x": value})


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_the_table_of_moves_is_the_one_of_the_design() -> None:
    assert {state.value: {to.value for to in moves} for state, moves in MOVES.items() if moves} == DESIGNED
    assert {state.value for state, moves in MOVES.items() if not moves} == OVER
    assert {state.value for state in HOLDS_SUBJECT} == set(DESIGNED)


def test_the_diagram_shows_every_state_and_every_move() -> None:
    lines = diagram().splitlines()
    for state, moves in MOVES.items():
        assert any(f"{state} -->" in line for line in lines), state
        for to in moves:
            assert any(line.strip().startswith(f"{state} --> {to}: ") for line in lines)
    assert all(any(line.strip() == f"{state} --> [*]" for line in lines) for state in map(State, OVER))


def test_the_gate_reads_its_clock_and_its_settings_nowhere_else() -> None:
    """Expiry goes by the database's clock; only the settings of the house read the environment."""
    for file in Path(str(actions.__file__)).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for forbidden in ("datetime.now(", "time.time(", "utcnow", "os.environ", "random."):
            assert forbidden not in text, f"{forbidden} in {file.name}"


def test_every_refusal_and_every_sentence_of_the_gate_has_its_words() -> None:
    english = CATALOGUE.keys("en")
    for file in Path(str(actions.__file__)).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for reason in re.findall(r'Refused\(\s*"(\w+)"', text):
            assert {f"no_{reason}", f"why_{reason}"} & english.keys(), f"{reason} in {file.name}"
        for key in re.findall(r'\bsay\(\s*"(\w+)"', text):
            assert key in english, f"{key} in {file.name}"


def test_both_languages_ask_for_the_same_values() -> None:
    english, dutch = CATALOGUE.keys("en"), CATALOGUE.keys("nl")
    for key, sentence in english.items():
        assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", dutch[key])), key
