"""The measurement of many tools: what it registers is real, and leaving a phrase out is what learning anew would be."""

from __future__ import annotations

import pytest

from agent.offers import ALWAYS, EXAMPLES, NEAREST, schemas_of, told_schemas
from agent.tool_choice import ToolChoice
from core.chat import ChatMessage, ToolCall, ToolSchema
from core.errors import ConfigError
from loket.bench.tools import Result, Tools
from loket.bench.tools_catalogue import catalogue, loaded, release_all, shelf_of
from tests.counter import built_in
from tests.gate_rooms import room_on
from tools.loading import load_builtin
from tools.registry import Registry

SCHEMAS = schemas_of(load_builtin().available())


def test_the_added_tools_are_of_many_kinds_and_none_repeats_another() -> None:
    documents = catalogue(200)
    said = [line for one in documents for line in (*one.examples.en, *one.examples.nl)]
    assert len(documents) == 200 == len({one.name for one in documents})
    assert len({str(one.source["service"]) for one in documents}) >= 50
    assert len(said) == len(set(said))
    assert {one.risk.value for one in documents} == {"read", "write", "sensitive"}
    assert catalogue(200) == documents
    Registry([*load_builtin().available(), *map(loaded, documents)])  # no name is confusable


def test_more_than_the_services_make_is_refused() -> None:
    with pytest.raises(ConfigError, match="202"):
        catalogue(203)


def test_they_come_in_through_the_shelf() -> None:
    with room_on("") as room:
        release_all(room.database, catalogue(5))
        registry = load_builtin(added=shelf_of(room.database, load_builtin().names))
        assert len(registry.available()) == len(load_builtin().available()) + 5


def test_leaving_a_phrase_out_is_learning_without_it() -> None:
    phrase = "hoe bereik ik Fatima"
    unseen = ToolChoice(built_in().meaning).each_unseen(SCHEMAS)("find_person", phrase)
    without = [_without(tool, phrase) for tool in SCHEMAS]
    anew = ToolChoice(built_in().meaning)
    for text in (phrase, "ww vergeten", "wie is de chef van Tom"):
        [one], [other] = unseen.choose(text), anew.choose(text, without)
        assert one.schema.name == other.schema.name
        assert one.score == pytest.approx(other.score, abs=0.03)  # the rarity of letters alone is as it was


def test_few_tools_are_all_told_and_of_many_the_nearest() -> None:
    nearest = built_in().nearest
    message = [ChatMessage("user", "kan ik morgen een vergaderzaal boeken")]
    few = SCHEMAS[: NEAREST + len(ALWAYS)]
    assert told_schemas(message, few, nearest) is few
    every = [*SCHEMAS, *schemas_of(map(loaded, catalogue(60)))]
    told = told_schemas(message, every, nearest)
    assert len(told) <= NEAREST + len(ALWAYS)
    assert {tool.name for tool in told} >= ALWAYS
    assert list(told) == list(told_schemas(message, every, nearest))
    assert [tool.name for tool in told] == [tool.name for tool in every if tool in told]


def test_a_tool_that_was_called_in_this_conversation_stays_told() -> None:
    every = [*SCHEMAS, *schemas_of(map(loaded, catalogue(60)))]
    other = every[-1].name
    messages = [
        ChatMessage("user", "reset my password"),
        ChatMessage("assistant", "", (ToolCall("1", other, "{}"),)),
        ChatMessage("user", "ww vergeten"),
    ]
    names = {tool.name for tool in told_schemas(messages, every, built_in().nearest)}
    assert {other, "reset_my_password"} <= names


def test_a_missed_target_is_said() -> None:
    result = Result()
    result.add("a", "something", 1.0, "1", "at most 0", met=False)
    assert result.rows[0].target == "at most 0  MISSED"
    assert result.figures == {"a": 1.0}


def test_an_added_tool_does_not_replace_one_of_the_house() -> None:
    tools = Tools.made(20)
    names = [tool.name for tool in (*tools.house, *tools.many)]
    assert len(names) == len(set(names))
    assert set(load_builtin().names) <= set(names)


def _without(tool: ToolSchema, phrase: str) -> ToolSchema:
    kept = [one for one in tool.parameters[EXAMPLES] if one != phrase]
    return ToolSchema(tool.name, tool.description, {**tool.parameters, EXAMPLES: kept})
