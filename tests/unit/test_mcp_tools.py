"""Tools of MCP servers as documents: what is proposed, what is refused, what is pinned, and what an answer becomes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mcp import Endpoint, Listing, changes
from connectors.mcp.answer import read_answer
from core.errors import ConfigError, ConnectorError
from core.plain_text import visible
from core.risk import Risk
from tools.added.arguments_of import arguments_of
from tools.added.document import ToolDocument
from tools.added.kinds import Way, kind_of
from tools.added.mcp_reading import Proposal, bind, proposals
from tools.added.mcp_schema import convert
from tools.added.risk_words import proposed_risk, sounds_like_reading, suggested_risk

HERE = frozenset({"mcp.example.gov"})
ENDPOINT = Endpoint("slots", "https://mcp.example.gov/mcp", HERE)
TOOL: dict[str, Any] = {
    "name": "book_slot",
    "title": "Book a slot",
    "description": "Book a slot at the counter.",
    "inputSchema": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "employeeNo": {"type": "string"},
            "slotDay": {"type": "string", "format": "date", "description": "which day"},
            "remarks": {"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}], "default": None},
        },
        "required": ["employeeNo", "slotDay"],
    },
    "outputSchema": {"type": "object", "properties": {"result": {"type": "string"}}},
    "annotations": {"readOnlyHint": True, "destructiveHint": False},
    "icons": [{"src": "https://mcp.example.gov/slot.png"}],
    "execution": {"taskSupport": "optional"},
    "_meta": {"version": 3, "vendor/odd": [1, 2.5, None, {"deep": True}]},
    "unknownToUs": {"a": [1]},
}
EXAMPLES = {
    "en": ["book a slot", "slot please", "a time at the desk"],
    "nl": ["boek een tijd", "tijd graag", "een plek"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4),
    max_leaves=20,
)


def propose(tool: dict[str, Any], *more: dict[str, Any], taken: tuple[str, ...] = ()) -> Proposal:
    return proposals(ENDPOINT, Listing((tool, *more)), taken)[0]


def document(tool: dict[str, Any] = TOOL, **changed: Any) -> ToolDocument:
    values = (
        bind(propose(tool), {"employee_no": "requester.employee_id"}) if tool is TOOL else dict(propose(tool).values)
    )
    told = {"title": {"en": "Book a slot", "nl": "Tijd boeken"}, "examples": EXAMPLES}
    told |= {"rule": {"tier": "sensitive", "approvers": ["it-approvers"]}} if changed.get("risk") != "read" else {}
    return ToolDocument.model_validate({**values, **told, **changed})


def reading(**changed: Any) -> dict[str, Any]:
    return {"name": "get_slots", "description": "Gets the slots.", "inputSchema": {"type": "object"}, **changed}


def source(**changed: Any) -> dict[str, Any]:
    return {**document().source, **changed}


# --- proposals ---------------------------------------------------------------------------------------------------


def test_a_tool_is_proposed_with_a_name_of_its_server_and_arguments_in_plain_words() -> None:
    proposal = propose(TOOL)
    assert proposal.values["name"] == "slots_book_slot"
    assert set(proposal.values["arguments"]["properties"]) == {"slot_day", "remarks"}
    assert proposal.values["arguments"]["required"] == ["slot_day"]
    assert proposal.values["source"]["names"] == {"slot_day": "slotDay"}
    assert proposal.to_bind == {"employee_no": "employeeNo"}
    assert proposal.must_bind == ("employee_no",)
    assert proposal.problems == ()
    assert proposal.values["source"]["tool"] == TOOL


def test_what_a_server_says_of_its_own_risk_is_not_looked_at() -> None:
    assert propose(TOOL).values["risk"] == "write"
    assert not propose(TOOL).may_read
    hinted = {**TOOL, "name": "delete_user", "annotations": {"readOnlyHint": True}}
    assert propose(hinted).values["risk"] == "sensitive"
    assert propose(reading()).values["risk"] == "write"
    assert propose(reading()).may_read


@pytest.mark.parametrize("name", ["get\u202eslots", "get slots", "gеt_slots", "", "x" * 129, "a\nb", "get\u200bslots"])
def test_a_name_that_hides_something_is_a_problem(name: str) -> None:
    proposal = propose(reading(name=name))
    assert proposal.problems
    assert "\u202e" not in proposal.wire_name + "".join(proposal.problems)


def test_two_tools_of_one_name_and_a_name_that_is_taken_are_problems() -> None:
    assert any("more than one" in one for one in propose(reading(), reading()).problems)
    assert any("already" in one for one in propose(reading(), taken=("slots_get_slots",)).problems)
    assert any("already" in one for one in propose(reading(), reading(name="getSlots")).problems)


def test_what_a_server_hides_in_its_description_is_taken_out_and_said() -> None:
    hidden = "Gets the slots." + "".join(chr(0xE0000 + ord(one)) for one in "obey") + "\u200b\u202e"
    proposal = propose(reading(description=hidden))
    assert proposal.values["description"] == "Gets the slots."
    assert any("nobody can see" in note for note in proposal.notes)
    assert len(propose(reading(description="Gets it. " * 500)).values["description"]) <= 600


def test_a_tool_that_only_runs_as_a_task_is_a_problem() -> None:
    assert propose(reading(execution={"taskSupport": "required"})).problems


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        {"properties": []},
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(10_000)}},
        {"type": "object", "properties": {"a": {"$ref": "https://evil.example/schema"}}, "required": ["a"]},
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {"$ref": "#/$defs/a"}},
            "required": ["a"],
        },
        {"type": "object", "properties": {"approvedBy": {"type": "string"}}, "required": ["approvedBy"]},
        {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
        {
            "type": "object",
            "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
            "required": ["a"],
        },
        {"type": "object", "properties": {}, "required": ["ghost"]},
        {"type": "object", "properties": {"\u202ea": {"type": "string"}}, "required": ["\u202ea"]},
    ],
    ids=range(11),
)
def test_a_schema_that_no_form_can_show_is_a_problem(schema: Any) -> None:
    assert propose(reading(inputSchema=schema)).problems


def test_a_bomb_of_references_is_let_go_quickly() -> None:
    defs = {
        f"d{n}": {"type": "object", "properties": {f"x{m}": {"$ref": f"#/$defs/d{n + 1}"} for m in range(30)}}
        for n in range(40)
    }
    found = convert({"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs})
    assert found.arguments["properties"] == {}
    assert found.left_out


def test_what_a_server_can_do_without_is_left_out_when_no_form_can_show_it() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object"}, "b": {"type": "string", "pattern": "(?=x)"}}}
    found = convert(schema)
    assert found.arguments["properties"] == {"b": {"type": "string"}}
    assert len(found.left_out) == 1


@given(JSON)
def test_no_schema_of_a_stranger_breaks_the_reading(schema: Any) -> None:
    found = convert(schema)
    if not found.problems:
        arguments_of("probe", found.arguments)


SHAPE = st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"]) | JSON,
    "enum": JSON, "const": JSON, "items": JSON, "properties": JSON, "required": JSON, "pattern": st.text(max_size=8),
    "minimum": JSON, "maximum": JSON, "minLength": JSON, "maxLength": JSON, "default": JSON, "anyOf": JSON,
    "title": JSON, "description": JSON, "$ref": JSON, "minItems": JSON, "maxItems": JSON, "format": JSON,
})  # fmt: skip


NAMES = st.text(max_size=12) | st.sampled_from(["day", "userId", "class", "approved"])


@settings(max_examples=40)  # a model of pydantic's is made for each
@given(st.dictionaries(NAMES, SHAPE, max_size=4))
def test_whatever_is_proposed_can_be_loaded(properties: dict[str, Any]) -> None:
    found = convert({"type": "object", "properties": properties, "required": list(properties)[:2]})
    if not found.problems:
        arguments_of("probe", found.arguments)
        assert set(found.arguments["properties"]).isdisjoint(found.to_bind)


# --- the document ------------------------------------------------------------------------------------------------


def test_a_document_loads_without_asking_anybody() -> None:
    loaded = kind_of("mcp").load(document(), Way())
    assert set(loaded.tool.schema.parameters["properties"]) == {"slot_day", "remarks"}
    assert loaded.tool.risk is Risk.WRITE


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"source": source(transport="stdio")}, "command"),
        ({"source": source(url="http://mcp.example.gov/mcp")}, "https"),
        ({"source": source(url="https://elsewhere.example.gov/mcp")}, "hosts"),
        ({"source": source(url="https://u:p@mcp.example.gov/mcp")}, "address"),
        ({"source": source(url="file:///etc/passwd")}, "address"),
        ({"source": source(tool={**TOOL, "name": "book\u200bslot"})}, "tool.name"),
        ({"source": source(names={"slot_day": "nothing"})}, "takes no"),
        ({"source": source(names={"ghost": "slotDay"})}, "no argument"),
        ({"source": source(names={"employee_no": "slotDay", "slot_day": "slotDay"})}, "both fill"),
        ({"source": source(names={"employee_no": "slotDay", "slot_day": "employeeNo"})}, "says who"),
        ({"source": source(tool={**TOOL, "execution": {"taskSupport": "required"}})}, "task"),
        ({"source": source(extra=1)}, "extra"),
        ({"credential": {"write": {"from": "env", "name": "T"}, "scheme": "header", "parameter": "X"}}, "bearer"),
        ({"credential": {"read": {"from": "env", "name": "T"}}}, "credential.write"),
        ({"bindings": {}}, "cannot do without|takes no|no binding"),
        ({"risk": "read"}, "does not sound"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_place(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        kind_of("mcp").load(document(**changed), Way())


STDIO = {"transport": "stdio", "command": ["/usr/bin/node", "server.js"], "url": ""}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"command": ["node", "server.js"]}, "whole path"),
        ({"command": ["/usr/../bin/sh"]}, "whole path"),
        ({"environment": {"LD_PRELOAD": {"from": "env", "name": "T"}}}, "LD_PRELOAD"),
        ({"environment": {"NODE_OPTIONS": {"from": "env", "name": "T"}}}, "NODE_OPTIONS"),
        ({"environment": {"KEY": "a value"}}, "environment"),
    ],
)
def test_a_program_is_named_plainly_and_gets_no_code_by_its_environment(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        kind_of("mcp").load(document(hosts=[], source=source(**{**STDIO, **changed})), Way())
    with pytest.raises(ConfigError, match="hosts"):
        kind_of("mcp").load(document(source=source(**STDIO)), Way())
    kind_of("mcp").load(document(hosts=[], source=source(**STDIO)), Way())


async def test_where_no_server_is_reached_the_tool_is_shown_and_does_nothing() -> None:
    with pytest.raises(ConnectorError):
        await kind_of("mcp").drifted(document(), Way())


# --- what is pinned ----------------------------------------------------------------------------------------------


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        return [path, *(leaf for key, one in value.items() for leaf in _leaves(one, (*path, key)))]
    if isinstance(value, list) and value:
        return [path, *(leaf for key, one in enumerate(value) for leaf in _leaves(one, (*path, key)))]
    return [path]


@pytest.mark.parametrize("how", ["changed", "gone", "one more"])
@pytest.mark.parametrize("path", [path for path in _leaves(TOOL) if path and path != ("name",)], ids=str)
def test_every_field_of_the_pinned_tool_that_changes_is_found(path: tuple[Any, ...], how: str) -> None:
    flipped = copy.deepcopy(TOOL)
    place: Any = flipped
    for key in path[:-1]:
        place = place[key]
    if how == "changed":
        place[path[-1]] = [place[path[-1]], "flipped"]
    elif how == "gone":
        del place[path[-1]]
    elif isinstance(place, dict):
        place["oneMore"] = None
    else:
        place.append(None)
    found = changes(TOOL, Listing((flipped,)))
    assert found
    assert str(path[0]) in found or "oneMore" in found


def test_a_tool_that_is_gone_or_there_twice_is_found_and_other_tools_are_no_matter() -> None:
    assert "no longer" in changes(TOOL, Listing((reading(),)))
    assert "no longer" in changes(TOOL, Listing(({**TOOL, "name": "book_slot_2"},)))
    assert "2 tools" in changes(TOOL, Listing((TOOL, TOOL)))
    assert changes(TOOL, Listing((reading(), copy.deepcopy(TOOL), reading(name="more")))) == ""
    assert changes(json.loads(json.dumps(TOOL)), Listing((TOOL,))) == ""


def test_a_field_s_name_cannot_hide_in_the_sentence() -> None:
    found = changes(TOOL, Listing(({**TOOL, "x\u202e\nignore": 1},)))
    assert found.isprintable()


# --- answers -----------------------------------------------------------------------------------------------------


def test_pictures_sounds_and_files_are_named_and_left_out() -> None:
    content = [
        {"type": "text", "text": "Here:"},
        {"type": "image", "data": "AAAA", "mimeType": "image/png"},
        {"type": "audio", "data": "AAAA", "mimeType": "audio/wav\nobey"},
        {"type": "resource", "resource": {"uri": "file:///etc/passwd", "text": "root:x"}},
        {"type": "resource_link", "uri": "https://evil.example", "name": "more"},
        {"type": "later_kind"},
    ]
    answer = read_answer({"content": content}, 65_536)
    assert answer.text.splitlines() == [
        "Here:",
        "[image left out: image/png]",
        "[audio left out: audio/wav obey]",
        "[resource left out: file:///etc/passwd]",
        "[link left out: more]",
        "[a part of an unknown kind left out]",
    ]


def test_structured_values_are_lines_and_said_once() -> None:
    structured = {"hours": 12.5, "slots": [{"at": "09:00"}, {"at": "10:00"}], "none": None}
    content = [{"type": "text", "text": json.dumps(structured)}]
    answer = read_answer({"content": content, "structuredContent": structured}, 65_536)
    assert answer.text.splitlines() == ["hours: 12.5", "slots.1.at: 09:00", "slots.2.at: 10:00", "none: null"]


def test_a_tool_that_wants_more_from_us_says_so() -> None:
    assert read_answer({"resultType": "input_required", "inputRequests": {}}, 100).asks


@given(JSON, JSON, st.integers(10, 200))
def test_whatever_a_server_answers_is_text_of_so_many_bytes_with_nothing_hidden(
    content: Any, values: Any, most: int
) -> None:
    answer = read_answer({"content": content, "structuredContent": values, "isError": content}, most)
    assert len(answer.text.encode()) <= most
    assert visible(answer.text) == answer.text


# --- words of risk -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "risk"),
    [
        ("echo", "Echoes back the input string", Risk.READ),
        ("getLeaveBalance", "", Risk.READ),
        ("list_open_orders", "Lists the orders that are open", Risk.READ),
        ("zoek-ticket", "Zoekt een ticket", Risk.READ),
        ("get_and_send", "", Risk.WRITE),
        ("get_slots", "Gets the slots. Books the first one.", Risk.WRITE),
        ("get_slots", "Gets the slots and deletes them", Risk.SENSITIVE),
        ("book_slot", "", Risk.WRITE),
        ("wachtwoord_zetten", "", Risk.SENSITIVE),
        ("gеt_slots", "", Risk.WRITE),
        ("", "", Risk.WRITE),
        ("grantRole", "Get something", Risk.SENSITIVE),
    ],
)
def test_words_say_the_least_risk(name: str, text: str, risk: Risk) -> None:
    assert suggested_risk(name, text) is risk
    assert proposed_risk(name, text) is not Risk.READ
    assert sounds_like_reading(name, text) is (risk is Risk.READ)
