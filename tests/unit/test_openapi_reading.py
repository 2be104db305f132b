"""OpenAPI documents become proposals: whole operations, honest risk, identity bound, and a reason for every no."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.risk import Risk
from tools.added.arguments_of import arguments_of
from tools.added.openapi_judging import least_risk, pinned
from tools.added.openapi_reading import OpenApiProposal, bind, proposals, read_file
from tools.added.openapi_references import CUT
from tools.added.openapi_source import OpenApiSource
from tools.added.openapi_spec import read_operations

FOLDER = Path(__file__).parents[1] / "openapi"


def found(name: str) -> dict[str, OpenApiProposal]:
    return {one.values["name"]: one for one in read_file(FOLDER / name)}


def document(path: str = "/a", method: str = "get", **operation: Any) -> str:
    whole = {"operationId": "getIt", "responses": {}, **operation}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "servers": [{"url": "https://a.example"}],
            "paths": {path: {method: whole}},
            "components": {},
        }
    )


def one(text: str) -> OpenApiProposal:
    (proposal,) = proposals(read_operations(text, "it"))
    return proposal


# --- whole files -------------------------------------------------------------------------------------------------


def test_a_balance_is_read_and_bound_to_the_person() -> None:
    proposal = found("hr.yaml")["get_leave_balance"]
    assert proposal.problems == ()
    assert proposal.values["risk"] == "read"
    assert proposal.values["hosts"] == ["hr.example.gov"]
    assert proposal.values["credential"] == {"scheme": "header", "parameter": "X-Staff-Key"}
    assert proposal.must_bind == ("employee_no",)
    assert proposal.suggested == {"employee_no": "requester.employee_id"}
    values = bind(proposal, proposal.suggested)
    assert "employee_no" not in values["arguments"]["properties"]
    source = OpenApiSource.model_validate(values["source"])
    assert source.slot("employee_no").place == "path"
    assert source.operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["hoursLeft"]  # type: ignore[index,call-overload]


def test_a_booking_keeps_nested_names_and_leaves_out_what_is_not_to_be_sent() -> None:
    proposal = found("rooms.json")["book_room"]
    assert proposal.problems == ()
    assert set(proposal.values["arguments"]["properties"]) == {"room_id", "period", "guests"}
    assert proposal.values["source"]["nested"] == {"period.from_time": "fromTime", "period.until_time": "untilTime"}
    assert proposal.to_bind == {"user_name": "userName"}
    assert proposal.suggested == {"user_name": "requester.email"}
    assert any("repeats" in note for note in proposal.notes)
    assert proposal.values["credential"]["token_url"] == "https://login.example.gov/token"
    assert proposal.values["hosts"] == ["login.example.gov", "rooms.example.gov"]


@pytest.mark.parametrize(
    ("name", "risk"),
    [("revoke_access", "sensitive"), ("payroll_password_reset", "sensitive"), ("upload_photo", "write")],
)
def test_words_and_methods_decide_the_least_risk(name: str, risk: str) -> None:
    assert found("hr.yaml")[name].values["risk"] == risk


@pytest.mark.parametrize(("name", "why"), [("upload_photo", "multipart"), ("search_colleagues", "deepObject")])
def test_what_is_not_sent_is_said(name: str, why: str) -> None:
    assert any(why in problem for problem in found("hr.yaml")[name].problems)


def test_a_schema_that_holds_itself_is_cut_where_it_comes_back() -> None:
    assert CUT in json.dumps(found("hr.yaml")["get_organisation"].values["source"]["operation"])


def test_every_operation_of_a_hostile_document_is_refused_with_its_reason() -> None:
    for proposal in read_file(FOLDER / "hostile.yaml"):
        assert proposal.problems, proposal.wire_name
        assert "\u200b" not in proposal.values["description"]


def test_an_id_behind_people_is_said_to_be_about_somebody() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    proposal = one(document("/employees/{id}/payslips", parameters=[parameter]))
    assert proposal.suggested == {"id": "requester.employee_id"}
    assert any("Bind it" in note for note in proposal.notes)


# --- risk --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("get", "/balance", Risk.READ),
        ("head", "/balance", Risk.READ),
        ("get", "/orders/open", Risk.READ),
        ("get", "/password/reset", Risk.SENSITIVE),
        ("get", "/requests/approve", Risk.SENSITIVE),
        ("get", "/mails/send", Risk.WRITE),
        ("post", "/search", Risk.WRITE),
        ("put", "/rooms", Risk.WRITE),
        ("delete", "/rooms", Risk.SENSITIVE),
        ("post", "/payroll", Risk.SENSITIVE),
        ("post", "/permissions/grant", Risk.CRITICAL),
        ("post", "/password/reset", Risk.CRITICAL),
        ("delete", "/roles", Risk.CRITICAL),
    ],
)
def test_the_least_risk_of_a_method_and_its_words(method: str, path: str, least: Risk) -> None:
    assert least_risk(method, path, {}) is least


# --- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "why"),
    [
        ({"in": "query", "style": "spaceDelimited", "schema": {"type": "array", "items": {"type": "string"}}}, "style"),
        ({"in": "query", "style": "pipeDelimited", "schema": {"type": "array", "items": {"type": "string"}}}, "style"),
        ({"in": "path", "style": "matrix", "schema": {"type": "string"}}, "style"),
        ({"in": "path", "style": "label", "schema": {"type": "string"}}, "style"),
        ({"in": "query", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}, "object"),
        ({"in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}, "JSON within"),
        ({"in": "cookie", "schema": {"type": "string"}}, "cookie"),
        ({"in": "querystring", "schema": {"type": "string"}}, "not sent"),
        ({"in": "query", "schema": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}, "several"),
        ({"in": "query", "schema": True}, "what it is"),
    ],
)
def test_a_parameter_that_cannot_be_sent_plainly_is_refused(parameter: dict[str, Any], why: str) -> None:
    required = {"name": "x", "required": True, **parameter}
    assert any(why in problem for problem in one(document(parameters=[required])).problems)
    if parameter["in"] != "path":
        optional = one(document(parameters=[{**required, "required": False}]))
        assert optional.problems == ()
        assert any(why in note for note in optional.notes)


def test_one_name_in_three_places_is_three_arguments() -> None:
    listed = [
        {"name": "day", "in": place, "required": True, "schema": {"type": "string"}}
        for place in ("path", "query", "header")
    ]
    proposal = one(document("/a/{day}", parameters=listed))
    assert proposal.problems == ()
    assert {name: place["in"] for name, place in proposal.values["source"]["places"].items()} == {
        "day": "path",
        "query_day": "query",
        "header_day": "header",
    }


@pytest.mark.parametrize("name", ["Authorization", "Accept", "content-type", "Idempotency-Key", "Cookie", "Host"])
def test_headers_that_are_ours_are_never_arguments(name: str) -> None:
    parameter = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    assert one(document(parameters=[parameter])).values["arguments"]["properties"] == {}


def test_the_key_that_signs_in_is_no_argument_however_it_is_described() -> None:
    parameter = {"name": "api_key", "in": "query", "required": True, "schema": {"type": "string"}}
    text = json.loads(document(parameters=[parameter], security=[{"key": []}]))
    text["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "API_Key"}}}
    proposal = one(json.dumps(text))
    assert proposal.problems == ()
    assert proposal.values["arguments"]["properties"] == {}


def test_an_operation_overrides_the_parameters_of_its_path() -> None:
    text = json.loads(document(parameters=[{"name": "q", "in": "query", "schema": {"type": "integer"}}]))
    text["paths"]["/a"]["parameters"] = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    assert one(json.dumps(text)).values["arguments"]["properties"]["q"]["type"] == "integer"


# --- documents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "openapi: 2.0\npaths: {}",
        "swagger: '2.0'\npaths: {}",
        "openapi: 3.2.0\npaths: {}",
        "openapi: 3.1.0\npaths: []",
        "a: &a [1]\nopenapi: 3.1.0\npaths: *a",
        "openapi: 3.1.0\n\tpaths:",
        "{" * 2_000,
        "[" * 100_000,
        "openapi: !!python/object/apply:os.system [id]\npaths: {}",
        "openapi: 3.1.0\npaths: {1: 2026-13-45}",
        "x" * 4_000_001,
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_what_is_no_openapi_is_an_error_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_operations(text, "it.yaml")
    assert "it.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "reference",
    ["#/paths", "#/components/x", "#", "other.yaml#/a", "https://evil.example/#/a", "#/components/schemas/A/0"],
)
def test_a_reference_that_leads_nowhere_or_out_is_refused(reference: str) -> None:
    schema = {"$ref": reference}
    proposal = one(document(parameters=[{"name": "a", "in": "query", "required": True, "schema": schema}]))
    assert proposal.problems


def test_references_that_grow_without_end_are_refused_quickly() -> None:
    schemas = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 10} for n in range(30)}
    text = json.loads(document(responses={"200": {"$ref": "#/components/schemas/S0"}}))
    text["components"] = {"schemas": {**schemas, "S30": {"type": "string"}}}
    assert any("too large" in problem for problem in one(json.dumps(text)).problems)


def test_json_and_yaml_of_one_document_pin_the_same() -> None:
    text = (FOLDER / "rooms.json").read_text()
    as_yaml = yaml.safe_dump(json.loads(text))
    assert [pinned(a) for a in read_operations(text, "j")] == [pinned(b) for b in read_operations(as_yaml, "y")]


@pytest.mark.parametrize(
    ("server", "fetched_from", "problem"),
    [
        ("/api", "https://hr.example.gov/docs/openapi.json", False),
        ("https://hr.example.gov/api/", "", False),
        ("/api", "", True),
        ("ftp://hr.example.gov", "", True),
        ("https://hr.example.gov?x=1", "", True),
        ("https://a@hr.example.gov", "", True),
        ("https://{tenant}.example.gov", "", True),
    ],
)
def test_a_server_is_one_whole_address(server: str, fetched_from: str, problem: bool) -> None:
    text = json.loads(document())
    text["servers"] = [{"url": server, "variables": {"tenant": {"default": "hr", "enum": ["hr", "it"]}}}]
    (operation,) = read_operations(json.dumps(text), "it", fetched_from)
    assert bool(operation.problems) is problem
    if not problem:
        assert operation.server == "https://hr.example.gov/api"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=12,
)
schema_words = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "required",
        "allOf",
        "anyOf",
        "enum",
        "$ref",
        "object",
        "array",
        "string",
        "name",
        "in",
    ]
)
schemas = st.recursive(
    json_values | schema_words | st.just("#/components/schemas/A"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(schema_words, inside, max_size=4),
    max_leaves=15,
)


@given(schema=schemas, where=st.sampled_from(["parameter", "body", "responses", "security", "whole"]))
def test_no_document_breaks_the_reading(schema: Any, where: str) -> None:
    parts: dict[str, dict[str, Any]] = {
        "parameter": {"parameters": [{"name": "a", "in": "query", "schema": schema}]},
        "body": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
        "responses": {"responses": schema},
        "security": {"security": schema},
        "whole": {"parameters": schema, "requestBody": schema, "summary": schema, "operationId": schema},
    }
    text = json.loads(document(method="post", **parts[where]))
    text["components"] = {"schemas": {"A": schema}, "securitySchemes": {"A": schema}}
    for proposal in proposals(read_operations(json.dumps(text), "it")):
        if not proposal.problems:
            arguments_of("probe", proposal.values["arguments"])
            OpenApiSource.model_validate(proposal.values["source"])


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        read_operations(text, "it")
    except ConfigError:
        return


def test_every_openapi_file_of_installed_packages_is_read() -> None:
    site = Path(sysconfig.get_paths()["purelib"])
    names = ("*openapi*.json", "*openapi*.yaml", "*openapi*.yml", "*swagger*.json")
    files = [file for name in names for file in site.rglob(name)]
    readable = [file for file in files if "openapi" in file.read_text(encoding="utf-8", errors="replace")[:2_000]]
    if not readable:
        pytest.skip("no installed package brings an OpenAPI file")
    refused = []
    for file in readable:
        try:
            read_file(file)
        except ConfigError as error:
            refused.append(str(error))
    assert all(refused)
