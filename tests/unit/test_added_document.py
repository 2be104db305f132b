"""The document of an added tool: strictly read, one hash over all of it, arguments that cannot say who somebody is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import ConfigError
from tests.added_room import changing, reading
from tests.generated import quick
from tools.added.arguments_of import APPROVAL, IDENTITY, arguments_of, carries_approval, carries_identity
from tools.added.document import (
    canonical,
    document_hash,
    from_canonical,
    read_document,
    write_document,
)
from tools.added.loading import draft_of, label_of, made, personal
from tools.added.versions import Version

# --- reading ------------------------------------------------------------------------------------------------------

WRITTEN = write_document(changing())


def test_what_is_written_for_people_reads_back_as_the_same_document() -> None:
    for document in (reading(), changing(), changing(rate_limit={"times": 3, "per": "day"}, mask=["what"])):
        assert read_document(write_document(document), "t.yaml") == document
        assert from_canonical(canonical(document)) == document


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("risk: sensitive", "risk: sensitive\nrisk: read", "'risk' stands here twice"),
        ("risk: sensitive", "riks: sensitive", "riks: this key is not known"),
        ("risk: sensitive", "risk: none", "risk: 'none' is none of"),
        ("risk: sensitive", "risk: read", "what only reads runs at once and has no rule"),
        ("kind: openapi", "kind: magic", "kind: 'magic' is none of"),
        ("name: book_a_slot", "name: Book-A-Slot", "name: String should match"),
        ("version: 1", "version: 2", "version: 2 is none of 1"),
        ("employee_no: requester.employee_id", "employee_no: subject.employee_id", "bindings.employee_no"),
        ("employee_no: requester.employee_id", "what: requester.employee_id", "'what' is filled from the person"),
        ("- hr.example.gov", "- https://hr.example.gov", "hosts.0: String should match"),
        ("- hr.example.gov", "- intranet", "'intranet' is no public name"),
        ("- hr.example.gov", "- 10.0.0.8", "'10.0.0.8' is no public name"),
        ("- hr.example.gov", "- 0x7f000001", "put 2130706433 between quotes"),
        ("- hr.example.gov", "- '2130706433'", "is no public name"),
        ("- hr.example.gov", "- hr.example.1", "is no public name"),
        ("from: env", "from: value", "credential.read.from"),
        ("name: HR_TOKEN", "name: LOKET_LLM_KEY", "Loket's own variables"),
        ("name: HR_TOKEN", "name: ../keys/votes.key", "credential.read.name"),
        ("name: HR_TOKEN", "name: HR_TOKEN\n    value: secret", "value: this key is not known"),
        ("answer: '120'", "answer: 2026-01-01", "source"),
        ("answer: '120'", "answer: &a x\n  b: *a", "aliases"),
    ],
)
def test_a_mistake_in_a_document_is_named_with_its_line(old: str, new: str, says: str) -> None:
    assert old in WRITTEN

    with pytest.raises(ConfigError) as caught:
        read_document(WRITTEN.replace(old, new, 1), "slot.yaml")

    assert says in str(caught.value)
    assert "slot.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "7", "\0", "a: " + "[" * 4000, "2026-13-45: x", "? [a]\n: b", "a: .inf"])
def test_what_is_no_document_at_all_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_document(text, "x.yaml")


@quick(200)
@given(st.integers(0, len(WRITTEN)), st.text(max_size=8))
def test_no_edit_of_a_document_is_worse_than_a_refusal(place: int, text: str) -> None:
    try:
        document = read_document(WRITTEN[:place] + text + WRITTEN[place:], "x.yaml")
    except ConfigError:
        return
    assert from_canonical(canonical(document)) == document


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800"])
def test_what_has_no_one_form_in_json_is_refused(value: object) -> None:
    with pytest.raises((ConfigError, ValidationError)):
        canonical(reading(source={"value": value}))


def test_a_document_that_is_far_too_large_is_refused() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        canonical(reading(source={"wire": "x" * 250_000}))


# --- the hash -----------------------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value: each key, each item, each leaf."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))


def flipped(value: Any, path: tuple[Any, ...]) -> list[Any]:
    """The value with what stands at `path` changed, in each way that there is."""
    if not path:
        return []
    found = []
    for change in ("other", "gone", "renamed"):
        whole = copy.deepcopy(value)
        holder = whole
        for part in path[:-1]:
            holder = holder[part]
        last = path[-1]
        if change == "other":
            holder[last] = _other(holder[last])
        elif change == "gone":
            del holder[last]
        elif isinstance(holder, dict):
            holder[f"{last}x"] = holder.pop(last)
        else:
            holder.append(copy.deepcopy(holder[last]))
        found.append(whole)
    return found


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + ("y" if value[-1:] == "x" else "x")
    if value is None:
        return "x"
    return {} if value == [] else []


WHOLE = changing(
    groups=["all-staff"],
    mask=["what"],
    rate_limit={"times": 3, "per": "day"},
    hosts=["hr.example.gov", "files.intranet"],
    internal_hosts=["files.intranet"],
    source={
        "operation": {
            "method": "post",
            "path": "/slots/{what}",
            "parameters": [{"name": "what", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {
                "201": {"content": {"application/json": {"schema": {"properties": {"id": {"x": [1, None]}}}}}}
            },
            "security": [{"bearer": []}],
            "deprecated": False,
        },
        "annotations": {"readOnlyHint": False, "title": None},
    },
    credential={"write": {"from": "file", "name": "hr"}, "scheme": "header", "parameter": "X-Key"},
    contract=[{"arguments": {"what": "pass"}, "dry_run": True}],
)


def test_every_field_of_a_pinned_document_that_is_flipped_is_found() -> None:
    """One at a time, over the whole wire object, keys and values and items: the stored row is no longer taken."""
    pinned, values = document_hash(WHOLE), json.loads(canonical(WHOLE))
    flips = [flip for path in places(values) for flip in flipped(values, path)]
    assert len(flips) > 250

    for flip in flips:
        text = rfc8785.dumps(flip).decode()
        assert _hash_of(text) != pinned, text
        row = Version(WHOLE.name, 1, text, pinned, "employee:E1009", "terminal", datetime.now(UTC))
        with pytest.raises(ConfigError):
            row.read()
    assert _hash_of(rfc8785.dumps(values).decode()) == pinned


def _hash_of(text: str) -> str:
    """The hash of the stored text as a document; empty where it is not taken for one."""
    try:
        return document_hash(from_canonical(text))
    except ConfigError:
        return ""


def test_a_stored_document_is_taken_in_its_one_form_only() -> None:
    text = canonical(WHOLE).decode()

    for changed in (text + " ", text.replace(":", ": ", 1), text[:-1] + ',"mask":["what"]}', "{}", "[" * 5000):
        with pytest.raises(ConfigError):
            from_canonical(changed)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner)
    ),
    max_leaves=12,
)


@quick(150)
@given(json_values, json_values)
def test_two_sources_have_one_hash_only_when_they_are_one(first: Any, second: Any) -> None:
    one, other = reading(source={"wire": first}), reading(source={"wire": second})
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)

    assert (document_hash(one) == document_hash(other)) == same
    assert (write_document(one) == write_document(other)) <= same
    assert read_document(write_document(one), "x") == one


def test_the_hash_of_the_document_is_part_of_the_definition_that_is_sealed() -> None:
    async def run(ctx: Any, **arguments: Any) -> None: ...

    before = made(changing(), run).tool.definition_hash

    assert made(changing(hosts=["hr.example.org"]), run).tool.definition_hash != before
    assert made(changing(credential={"read": {"from": "env", "name": "OTHER"}}), run).tool.definition_hash != before
    assert made(changing(), run).tool.definition_hash == before


# --- arguments ----------------------------------------------------------------------------------------------------


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_a_schema_becomes_a_strict_model_that_a_model_can_be_told() -> None:
    model = arguments_of(
        "slot",
        {
            "type": "object",
            "properties": {
                "day": {"type": "string", "format": "date", "description": "Which day"},
                "kind": {"type": "string", "enum": ["long", "short"], "x-values": {"long": ["half a day"]}},
                "people": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 2},
                "where": {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]},
                "loud": {"type": "boolean", "default": False},
            },
            "required": ["day"],
        },
    )
    good = {"day": "2026-12-01", "kind": "long", "people": [1, 2], "where": {"room": "R1"}}

    assert model.model_validate(good).model_dump(mode="json") == {**good, "loud": False}
    shown = model.model_json_schema()
    assert shown["additionalProperties"] is False
    assert shown["properties"]["day"]["x-kind"] == "date"
    assert shown["properties"]["day"]["description"] == "Which day"
    for bad in (
        {**good, "day": "tomorrow"},
        {**good, "kind": "wide"},
        {**good, "people": [1, 2, 3]},
        {**good, "people": ["1"]},
        {**good, "where": {"room": "R1", "key": "x"}},
        {**good, "loud": "yes"},
        {**good, "more": 1},
        {},
    ):
        with pytest.raises(ValidationError):
            model.model_validate(bad)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"type": ["string", "null"]}, "arguments.properties.x.type"),
        ({"oneOf": []}, "arguments.properties.x.type"),
        ({"type": "string", "oneOf": []}, "arguments.properties.x.oneOf: not taken"),
        ({"type": "string", "format": "email"}, "x.format: only `date`"),
        ({"type": "string", "pattern": "("}, "a pattern or a bound"),
        ({"type": "string", "pattern": "(?=a)b"}, "a pattern or a bound"),
        ({"type": "string", "minLength": 9, "maxLength": 3}, "minLength is above"),
        ({"type": "string", "maxLength": True}, "x.maxLength: a number"),
        ({"type": "string", "default": 5}, "x.default"),
        ({"type": "string", "enum": []}, "x.enum"),
        ({"type": "string", "enum": ["a", 1]}, "x.enum"),
        ({"type": "string", "enum": ["a", "a"]}, "x.enum"),
        ({"type": "array"}, "x.items"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "list of lists"),
        ({"type": "object", "additionalProperties": True}, "additionalProperties"),
        ({"type": "object", "properties": {"employee_id": {"type": "string"}}}, "properties.employee_id: who it is"),
        ({"$ref": "#/x"}, "x.type"),
        ({"type": "string", "x-kind": "person"}, "x.x-kind"),
        ("string", "a mapping with a `type`"),
    ],
)
def test_what_is_outside_the_subset_is_named_by_its_place(wrong: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        arguments_of("t", schema(x=wrong))

    assert says in str(caught.value)


def test_objects_stand_at_most_two_deep() -> None:
    inner = schema(y={"type": "string"})

    arguments_of("t", schema(a=schema(b=inner)))
    with pytest.raises(ConfigError, match="2 deep"):
        arguments_of("t", schema(a=schema(b=schema(c=inner))))


@pytest.mark.parametrize(
    "name", sorted(IDENTITY | APPROVAL | {"employee_no", "on_behalf_of", "user_id", "approved_by"})
)
def test_an_argument_never_says_who_somebody_is_or_that_something_was_approved(name: str) -> None:
    assert carries_identity(name) or carries_approval(name)
    with pytest.raises(ConfigError):
        arguments_of("t", schema(**{name: {"type": "string"}}))


@pytest.mark.parametrize("name", ["class", "__init__", "model_dump", "copy", "A", "a-b", "", "ａ", "a" * 65])
def test_an_argument_has_a_plain_name(name: str) -> None:
    with pytest.raises(ConfigError):
        arguments_of("t", schema(**{name: {"type": "string"}}))


shapes = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "array", "null", 3])},
        optional={
            "minLength": st.integers(-1, 5), "maximum": st.integers() | st.floats(),
            "enum": st.lists(st.text(max_size=2)),
            "default": st.none() | st.text(max_size=3) | st.integers(), "pattern": st.text(max_size=5),
            "description": st.text(max_size=5) | st.integers(), "format": st.just("date"),
        },
    ),
    lambda inner: st.fixed_dictionaries({"type": st.just("array"), "items": inner})
    | st.builds(schema, x=inner, y=inner),
    max_leaves=5,
)  # fmt: skip


@quick(300)
@given(shapes)
def test_any_schema_is_a_model_or_a_refusal_that_names_the_place(shape: Any) -> None:
    try:
        model = arguments_of("t", schema(x=shape))
    except ConfigError as error:
        assert "arguments" in str(error)  # noqa: PT017 - a refusal is one of two right answers
        return
    assert json.dumps(model.model_json_schema())


# --- the tool of a document -----------------------------------------------------------------------------------------


async def test_a_tool_gets_what_was_given_and_what_is_bound_and_nothing_that_was_left_out() -> None:
    seen: dict[str, Any] = {}

    async def run(ctx: Any, **arguments: Any) -> None:
        seen.update(arguments)

    class Context:
        requester = type("Person", (), {"employee_id": "E1002"})()

    tool = made(changing(), run).tool
    await tool.run(Context(), **tool.check({"what": "a pass"}))

    assert seen == {"what": "a pass", "employee_no": "E1002"}
    assert "employee_no" not in tool.schema.parameters["properties"]


def test_a_card_says_every_given_argument_by_its_label() -> None:
    document = changing()

    draft = draft_of(document, "nl", {"what": "pas", "often": None})

    assert (draft.title, [(fact.label, fact.value) for fact in draft.facts]) == ("Plek boeken", [("Waarvoor", "pas")])
    assert label_of(document, "often", "en") == "Often"
    assert personal(document)
    assert not personal(changing(bindings={}))


def test_what_people_cannot_see_is_spelled_out_in_the_diff() -> None:
    written = write_document(reading(description="Looks up leave.\u202e\u2028 Really é."))

    assert written.isascii()
    assert "\\u202E" in written
