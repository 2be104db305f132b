"""Every tool that comes with the house is described, risk-rated, safe to call and complete in both languages."""

import ast
import inspect
import re
import string
from pathlib import Path

import pytest

from actions.records import State
from core.risk import Risk
from tools import REQUESTER
from tools.loaded import LoadedTool
from tools.loading import load_builtin
from tools.spec import RESERVED
from tools.texts import TEXTS

REGISTRY = load_builtin()
EVERY = [pytest.param(REGISTRY.get(name), id=name) for name in REGISTRY.names]
ISSUE = {
    "search_policies",
    "find_person",
    "my_tickets",
    "my_requests",
    "create_ticket",
    "comment_on_ticket",
    "reset_my_password",
    "unlock_my_account",
    "restore_access",
    "reset_for_caller",
    "reset_password_for",
    "hand_over_to_person",
}
BUILTIN = Path(inspect.getfile(load_builtin)).parent / "builtin"
ROOT = BUILTIN.parents[1]


def test_all_tools_that_were_promised_are_there() -> None:
    assert set(REGISTRY.names) == ISSUE


@pytest.mark.parametrize("loaded", EVERY)
def test_the_docstring_tells_a_model_when_to_use_it_and_when_not(loaded: LoadedTool) -> None:
    text = loaded.tool.description
    assert 100 <= len(text) <= 700
    assert text.endswith(".")
    assert re.search(r"\b[Nn]ot (for|when)\b|never", text)
    for other in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text):
        assert other in REGISTRY.names, f"{loaded.name} points to {other}, which is no tool"


@pytest.mark.parametrize("loaded", EVERY)
def test_each_argument_is_described_and_a_form_knows_how_to_ask_for_it(loaded: LoadedTool) -> None:
    for name, schema in loaded.tool.schema.parameters["properties"].items():
        assert name not in RESERVED
        assert len(schema.get("description", "")) > 15, name
        assert "enum" in schema or "x-kind" in schema, name
    assert loaded.tool.schema.parameters["additionalProperties"] is False


@pytest.mark.parametrize("loaded", EVERY)
def test_no_text_argument_is_without_a_limit(loaded: LoadedTool) -> None:
    for name, schema in loaded.tool.schema.parameters["properties"].items():
        for option in schema.get("anyOf", [schema]):
            if option.get("type") == "string" and "enum" not in option:
                assert "maxLength" in option or "pattern" in option, name


@pytest.mark.parametrize("loaded", EVERY)
def test_what_it_may_do_decides_what_it_must_declare(loaded: LoadedTool) -> None:
    tool = loaded.tool
    assert tool.risk is not Risk.FORBIDDEN
    reads = tool.risk is Risk.READ
    assert (tool.prepare is None) is reads
    assert tool.name.startswith("my_") <= reads
    if tool.subject:
        assert tool.proof
        assert tool.risk.rank >= Risk.SENSITIVE.rank
        assert tool.reconcile is not None
    if tool.credential:
        assert tool.proof
    if tool.subject not in ("", REQUESTER):
        assert tool.groups, "acting for somebody else is for a group"
        assert tool.schema.parameters["properties"][tool.subject]["x-kind"] == "person"


@pytest.mark.parametrize("loaded", EVERY)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_there_are_enough_examples_in_both_languages(loaded: LoadedTool, language: str) -> None:
    assert 8 <= len(loaded.examples[language]) <= 40  # an example also speaks against the tools it is not of
    assert loaded.title(language)


def test_no_example_belongs_to_two_tools() -> None:
    seen: dict[str, str] = {}
    for name in REGISTRY.names:
        for line in REGISTRY.get(name).all_examples:
            assert seen.setdefault(line.casefold(), name) == name, line


@pytest.mark.parametrize("loaded", EVERY)
def test_it_has_a_file_of_its_own_and_one_effect_with_the_actions_key(loaded: LoadedTool) -> None:
    source = (BUILTIN / f"{loaded.name}.py").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source))
    shared = "".join((BUILTIN / f"{name}.py").read_text(encoding="utf-8") for name in ("filing", "account_change"))
    if loaded.tool.risk is Risk.READ:
        assert "key=ctx.key" not in source
    else:
        assert source.count("key=ctx.key") + (("filing.file(" in source) or ("replace_credential(" in source)) == 1
        assert shared.count("key=ctx.key") == 2


@pytest.mark.parametrize("language", TEXTS.languages)
def test_sentences_are_complete_with_the_same_placeholders(language: str) -> None:
    english, other = TEXTS.keys("en"), TEXTS.keys(language)
    assert set(english) == set(other)
    for key in english:
        assert _placeholders(english[key]) == _placeholders(other[key]), key


def test_every_state_of_an_action_has_words() -> None:
    assert {f"state.{state.value}" for state in State} == {key for key in TEXTS.keys("en") if key.startswith("state.")}


def test_every_sentence_is_used() -> None:
    rooms = (BUILTIN.parent, ROOT / "loket", ROOT / "agent", ROOT / "slack_app")
    code = "".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    made = ("person.", "queue.", "status.", "state.", "ticket.label_", "field.day_", "field.number_", "field_of.")
    for key in TEXTS.keys("en"):
        tool, _, what = key.partition(".")
        assert f'"{key}"' in code or key.startswith(made) or (tool in REGISTRY.names and what in ("title", "effect")), (
            key
        )


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
