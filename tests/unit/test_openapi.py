"""Tools of an OpenAPI service at work, against a real one: honest, slow, lying, failing."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.egress import Egress
from connectors.secret_source import SecretPlaces, SecretSource
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError, EffectUnknown, ToolFailed, ToolRetry
from tests.servers.openapi_service import CLIENT, KEY, Service, openapi_service
from tests.tool_room import ToolRoom
from tools.added.document import ToolDocument, document_hash
from tools.added.kinds import Way, kind_of
from tools.added.openapi_answer import told
from tools.added.openapi_reading import OpenApiProposal, bind, read_place
from tools.context import Effect, Found
from tools.loaded import LoadedTool

EXAMPLES = {"en": ["how much leave", "leave left", "my leave"], "nl": ["hoeveel verlof", "verlof over", "mijn verlof"]}
RULE = {"tier": "sensitive", "approvers": ["it-approvers"]}
SECRETS = {"LOKET_TOOL_HR": KEY, "LOKET_TOOL_ROOMS": CLIENT, "LOKET_TOOL_WRONG": "nobody:nothing"}


@pytest.fixture
def service() -> Iterator[Service]:
    with openapi_service() as running:
        yield running


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    egress = Egress(OutsideSettings())
    yield Way(egress, SecretSource(SecretPlaces(SECRETS)))
    await egress.close()


@dataclass
class Room:
    """The tools of the service, and a hand to use them with."""

    service: Service
    way: Way
    people: ToolRoom
    proposals: dict[str, OpenApiProposal]

    def document(self, name: str, **changes: Any) -> ToolDocument:
        proposal = self.proposals[name]
        values = bind(proposal, dict(proposal.suggested))
        reads = values["risk"] == "read"
        which, secret = ("read", "LOKET_TOOL_HR") if reads else ("write", "LOKET_TOOL_ROOMS")
        values |= {
            "title": {"en": "My leave", "nl": "Mijn verlof"} if reads else {"en": "Book a room", "nl": "Ruimte boeken"},
            "examples": EXAMPLES,
            "credential": {**values["credential"], which: {"from": "env", "name": secret}},
            **({} if reads else {"rule": RULE}),
        }
        return ToolDocument.model_validate(copy.deepcopy(values | changes))

    def load(self, document: ToolDocument) -> LoadedTool:
        return kind_of("openapi").load(document, self.way)

    async def ask(self, employee: str, document: ToolDocument, /, **arguments: Any) -> Found:
        tool = self.load(document).tool
        found: Found = await tool.run(await self.people._reading(employee, "en"), **tool.check(arguments))
        return found

    async def act(self, document: ToolDocument, /, key: str = "action-1", **arguments: Any) -> Effect:
        tool = self.load(document).tool
        effect: Effect = await tool.run(await self.people.acting("E1002", key=key), **tool.check(arguments))
        return effect


@pytest.fixture
async def room(service: Service, way: Way, tmp_path: Path) -> Room:
    assert way.egress is not None
    found = await read_place(f"{service.address}/openapi.json", way.egress, internal=True)
    return Room(service, way, ToolRoom(tmp_path), {one.values["name"]: one for one in found})


BOOKING = {"room_id": "A1", "day": "2026-12-01", "period": {"from_time": "09:00"}}


# --- reading -----------------------------------------------------------------------------------------------------


async def test_the_balance_is_the_requesters_own_and_personal(room: Room) -> None:
    found = await room.ask("E1002", room.document("get_leave_balance"))
    assert "Hours left: 41.5" in found.text
    assert ("Hours left", "41.5") in [(fact.label, fact.value) for fact in found.facts]
    assert found.personal
    (asked,) = room.service.calls()
    assert (asked.method, asked.path, asked.headers["x-staff-key"]) == ("GET", "/api/employees/E1002/leave", KEY)


async def test_no_argument_can_say_whose_balance(room: Room) -> None:
    document = room.document("get_leave_balance")
    for arguments in ({"employee_no": "E1001"}, {"employee": "E1001"}, {"requester": "E1001"}):
        with pytest.raises(ToolRetry):
            await room.ask("E1002", document, **arguments)
    assert "employee" not in json.dumps(room.load(document).tool.schema.parameters).lower()
    assert room.service.calls() == []


async def test_unbound_it_does_not_even_load(room: Room) -> None:
    values = dict(room.proposals["get_leave_balance"].values)
    credential = {**values["credential"], "read": {"from": "env", "name": "LOKET_TOOL_HR"}}
    told = {"title": {"en": "My leave", "nl": "Mijn verlof"}, "examples": EXAMPLES, "credential": credential}
    with pytest.raises(ConfigError, match="bind it"):
        room.load(ToolDocument.model_validate(values | told))


async def test_a_person_the_service_does_not_know_has_nothing(room: Room) -> None:
    found = await room.ask("E1007", room.document("get_leave_balance"))
    assert found.empty
    assert found.personal


async def test_what_a_hostile_service_answers_is_short_inert_and_visible(room: Room) -> None:
    room.service.mode = "hostile"
    found = await room.ask("E1002", room.document("get_leave_balance"))
    assert "\u202e" not in found.text
    assert "\u200b" not in found.text
    assert "](" not in found.text
    assert "\n#" not in found.text
    assert found.passages == ()
    assert len(found.text) <= 4_000


@pytest.mark.parametrize(
    ("mode", "why"), [("failing", "500"), ("lying", "JSON"), ("cut", "failed"), ("slow", "in time")]
)
async def test_a_service_in_trouble_is_an_error_and_nothing_happened(
    mode: str, why: str, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.openapi.calling.SECONDS", 0.3)
    room.service.mode = mode
    with pytest.raises(ConnectorError, match=why) as caught:
        await room.ask("E1002", room.document("get_leave_balance"))
    assert not isinstance(caught.value, EffectUnknown)


# --- changing ----------------------------------------------------------------------------------------------------


async def test_a_booking_is_drafted_without_asking_and_made_with_the_key_of_the_action(room: Room) -> None:
    document = room.document("book_room")
    loaded = room.load(document)
    person = await room.people.employee("E1002")
    assert loaded.tool.prepare is not None
    arguments = loaded.tool.check(BOOKING)
    draft = await loaded.tool.prepare(await room.people._reading("E1002", "en"), person, **arguments)
    assert draft.title == "Book a room"
    assert [fact.label for fact in draft.facts] == ["Room", "Day", "Period"]
    assert room.service.asked[1:] == []
    effect = await room.act(document, **BOOKING)
    assert effect.reference == "B-1"
    (asked,) = room.service.calls("POST")
    assert asked.body == {"room_id": "A1", "day": "2026-12-01", "period": {"fromTime": "09:00"}}
    assert asked.headers["idempotency-key"] == "action-1"
    assert asked.headers["authorization"] == "Bearer token-1"


async def test_one_action_asked_twice_is_one_booking_there(room: Room) -> None:
    document = room.document("book_room")
    assert [(await room.act(document, **BOOKING)).reference for _ in range(2)] == ["B-1", "B-1"]
    assert len(room.service.bookings) == 1


@pytest.mark.parametrize("mode", ["failing", "cut", "slow"])
async def test_a_change_in_trouble_is_a_doubt(mode: str, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.openapi.calling.SECONDS", 0.3)
    document = room.document("book_room")
    room.service.mode = mode
    with pytest.raises(EffectUnknown):
        await room.act(document, **BOOKING)
    assert len(room.service.calls("POST")) == 1


async def test_a_lying_yes_is_still_a_yes(room: Room) -> None:
    room.service.mode = "lying"
    assert (await room.act(room.document("book_room"), **BOOKING)).reference == ""


async def test_what_the_service_does_not_take_did_not_happen_and_its_words_are_data(room: Room) -> None:
    with pytest.raises(ToolFailed) as caught:
        await room.act(room.document("book_room"), **{**BOOKING, "room_id": "full"})
    assert "That room is taken" in str(caught.value)
    assert "<b>" not in str(caught.value)
    assert "only data" in str(caught.value)


async def test_a_doubt_is_cleared_where_the_service_has_a_way(room: Room) -> None:
    values = room.document("book_room").model_dump(mode="json", by_alias=True)
    values["source"]["reconcile"] = {"path": "/bookings/by-key/{key}"}
    document = ToolDocument.model_validate(values)
    tool = room.load(document).tool
    assert tool.reconcile is not None
    before = await tool.reconcile(await room.people.acting("E1002", key="k/../1"), **tool.check(BOOKING))
    assert before is None
    await room.act(document, key="k/../1", **BOOKING)
    after = await tool.reconcile(await room.people.acting("E1002", key="k/../1"), **tool.check(BOOKING))
    assert after.reference == "B-1"
    assert room.load(room.document("book_room")).tool.reconcile is None


async def test_only_a_service_that_keeps_to_the_key_is_ever_asked_twice(room: Room) -> None:
    document = room.document("book_room")
    assert room.load(document).tool.repeats_with == ""
    values = document.model_dump(mode="json", by_alias=True)
    values["source"]["repeats"] = True
    assert room.load(ToolDocument.model_validate(values)).tool.repeats_with == "service"


# --- credentials -------------------------------------------------------------------------------------------------


async def test_a_token_is_asked_for_once_and_again_when_it_ends(room: Room) -> None:
    document = room.document("book_room")
    for number in range(3):
        await room.act(document, key=f"a{number}", **BOOKING)
    assert room.service.tokens == 1
    room.service.token_seconds = 0
    gc.collect()
    fresh = Way(Egress(OutsideSettings()), room.way.secrets)
    for number in range(2):
        tool = kind_of("openapi").load(document, fresh).tool
        await tool.run(await room.people.acting("E1002", key=f"b{number}"), **tool.check(BOOKING))
    assert room.service.tokens == 3
    assert fresh.egress is not None
    await fresh.egress.close()


async def test_a_wrong_credential_changes_nothing_and_is_not_shown(room: Room) -> None:
    values = room.document("book_room").model_dump(mode="json", by_alias=True)
    values["credential"]["write"] = {"from": "env", "name": "LOKET_TOOL_WRONG"}
    with pytest.raises(ConnectorError, match="no token") as caught:
        await room.act(ToolDocument.model_validate(values), **BOOKING)
    assert not isinstance(caught.value, EffectUnknown)
    assert "nothing" not in str(caught.value)
    assert room.service.calls() == []


async def test_reading_signs_in_with_the_reading_credential_only(room: Room) -> None:
    values = room.document("get_leave_balance").model_dump(mode="json", by_alias=True)
    values["credential"] |= {"read": None, "write": {"from": "env", "name": "LOKET_TOOL_HR"}}
    with pytest.raises(ConfigError, match=r"credential\.read"):
        room.load(ToolDocument.model_validate(values))


async def test_a_process_without_a_way_out_shows_the_tool_and_cannot_run_it(room: Room) -> None:
    document = room.document("get_leave_balance")
    for way in (Way(), Way(room.way.egress, None)):
        tool = kind_of("openapi").load(document, way).tool
        with pytest.raises(ConnectorError):
            await tool.run(await room.people._reading("E1002", "en"))
    assert room.service.calls() == []


# --- what a document may not say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("source", "server"), "http://other.inside/api", "not declared"),
        (("source", "server"), "https://169.254.169.254/api", "not written plainly|not declared"),
        (("source", "fetched_from"), "http://other.inside/openapi.json", "not declared"),
        (("source", "path"), "/employees/{employee_no}/{other}", "cannot do without"),
        (("source", "path"), "/employees/{employee_no}?all=1", "query belongs"),
        (("source", "method"), "delete", "risk"),
        (("source", "method"), "trace", "method"),
        (("source", "places", "employee_no", "in"), "query", "cannot do without|goes"),
        (("source", "places", "employee_no", "name"), "X-Other", "cannot do without"),
        (("source", "extra"), 1, "extra"),
        (("credential", "parameter"), "X-Other", "credential.parameter"),
        (("credential", "scheme"), "bearer", "credential.scheme"),
        (("hosts",), [], "not declared|hosts"),
        (("source", "path"), "/employees/../{employee_no}", "climbs"),
        (("source", "path"), "/employees/{employee_no} /x", "no address"),
        (("source", "path"), "/employees/{employee_no}#x", "no address|query belongs"),
        (("source", "reconcile"), {"path": "/x/../{key}"}, "climbs"),
        (("source", "reconcile"), {"path": "/x/{other}"}, "one `{key}`"),
        (("source", "security"), {}, ""),
    ],
    ids=str,
)
async def test_a_document_that_does_not_fit_itself_does_not_load(
    path: tuple[str, ...], value: Any, why: str, room: Room
) -> None:
    values = room.document("get_leave_balance").model_dump(mode="json", by_alias=True)
    place = values
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    if path == ("hosts",):
        values["internal_hosts"] = []
    if not why:  # what only says how it was described
        room.load(ToolDocument.model_validate(values))
        return
    with pytest.raises(ConfigError, match=why):
        room.load(ToolDocument.model_validate(values))


@pytest.mark.parametrize(("scheme", "parameter"), [("header", "X-Staff-Key"), ("query", "api_key")])
async def test_no_argument_goes_where_the_credential_goes(scheme: str, parameter: str, room: Room) -> None:
    values = room.document("get_leave_balance").model_dump(mode="json", by_alias=True)
    values["source"]["security"] = {}
    values["credential"] |= {"scheme": scheme, "parameter": parameter}
    values["arguments"] = {"type": "object", "properties": {"sent": {"type": "string"}}}
    values["source"]["places"]["sent"] = {"in": scheme, "name": parameter.upper()}
    with pytest.raises(ConfigError, match="no argument may go"):
        room.load(ToolDocument.model_validate(values))
    values["source"]["places"]["sent"]["name"] = "other"
    room.load(ToolDocument.model_validate(values))
    values["credential"] |= {"scheme": "header", "parameter": "Host"}
    with pytest.raises(ConfigError, match="no key goes by"):
        room.load(ToolDocument.model_validate(values))


async def test_a_change_may_not_be_called_reading(room: Room) -> None:
    values = room.document("book_room").model_dump(mode="json", by_alias=True) | {"risk": "read", "rule": {}}
    values["credential"]["read"] = values["credential"]["write"]
    with pytest.raises(ConfigError, match="risk"):
        room.load(ToolDocument.model_validate(values))


# --- drift -------------------------------------------------------------------------------------------------------


async def test_nothing_drifted_while_the_operation_stays_whatever_else_comes_and_goes(room: Room) -> None:
    document = room.document("get_leave_balance")
    assert await kind_of("openapi").drifted(document, room.way) == ""
    room.service.document["info"]["version"] = "99"
    del room.service.document["paths"]["/bookings"]
    room.service.document["paths"]["/new"] = {"get": {"responses": {}}}
    assert await kind_of("openapi").drifted(document, room.way) == ""


def _flips(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from ([path] if path and not isinstance(value, dict | list) else [])
    for key, one in inside:
        yield from _flips(one, (*path, key))


async def test_every_field_of_the_pinned_operation_that_changes_is_found(room: Room) -> None:
    document = room.document("get_leave_balance")
    original = copy.deepcopy(room.service.document)
    parts = [
        ("servers",),
        ("security",),
        ("components", "securitySchemes", "key"),
        ("paths", "/employees/{employee_no}/leave"),
    ]
    places = []
    for part in parts:
        inner = original
        for key in part:
            inner = inner[key]
        places += [(*part, *rest) for rest in _flips(inner)]
    assert len(places) >= 12
    for place in places:
        room.service.document = copy.deepcopy(original)
        inner = room.service.document
        for key in place[:-1]:
            inner = inner[key]
        old = inner[place[-1]]
        inner[place[-1]] = (not old) if isinstance(old, bool) else f"{old}x"
        assert await kind_of("openapi").drifted(document, room.way), place


async def test_an_operation_that_is_gone_or_a_document_that_is_none_is_drift_and_silence_is_not(room: Room) -> None:
    document = room.document("get_leave_balance")
    paths = room.service.document["paths"]
    room.service.document["paths"] = {}
    assert "gone" in await kind_of("openapi").drifted(document, room.way)
    room.service.document = {"openapi": "2.0"}
    assert "can no longer be read" in await kind_of("openapi").drifted(document, room.way)
    del paths
    values = document.model_dump(mode="json", by_alias=True)
    values["source"]["fetched_from"] = f"{room.service.address}/elsewhere"
    with pytest.raises(ConnectorError):
        await kind_of("openapi").drifted(ToolDocument.model_validate(values), room.way)


async def test_the_whole_operation_is_in_the_hash_that_is_sealed(room: Room) -> None:
    document = room.document("get_leave_balance")
    values = document.model_dump(mode="json", by_alias=True)
    values["source"]["operation"]["responses"]["200"]["description"] = "ok."
    other = ToolDocument.model_validate(values)
    assert document_hash(document) != document_hash(other)
    assert room.load(document).tool.definition_hash != room.load(other).tool.definition_hash


async def test_answers_that_take_long_to_describe_are_pinned_by_their_hash(room: Room) -> None:
    assert room.way.egress is not None
    long = {f"field{n}": {"type": "string", "description": "x" * 90} for n in range(1_000)}
    answers = room.service.document["paths"]["/employees/{employee_no}/leave"]["get"]["responses"]["200"]
    answers["content"]["application/json"]["schema"]["properties"] = long
    again = await read_place(f"{room.service.address}/openapi.json", room.way.egress, internal=True)
    room.proposals = {one.values["name"]: one for one in again}
    document = room.document("get_leave_balance")
    assert len(document.model_dump_json()) < 5_000
    assert await kind_of("openapi").drifted(document, room.way) == ""
    long["field999"]["type"] = "number"
    assert "responses" in await kind_of("openapi").drifted(document, room.way)


# --- answers as lines --------------------------------------------------------------------------------------------


def test_an_answer_is_cut_in_depth_length_and_breadth_and_says_so() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": 1}}}}, "list": list(range(50)), "yes": True, "nothing": None}
    text, facts = told(deep, {}, "en")
    assert "e: 1" not in text.lower()
    assert "… and 30 more" in text
    assert "Yes: yes" in text
    assert "Nothing" not in text
    assert facts == ()
    long, _ = told({f"name{n}": "x" * 500 for n in range(40)}, {}, "nl")
    assert len(long) <= 4_000
    assert long.endswith("(De rest is weggelaten.)")


def test_a_list_of_things_is_a_list_of_lines_with_the_titles_of_the_description() -> None:
    shape = {"type": "array", "items": {"properties": {"seatCount": {"title": "Seats"}}}}
    operation = {"responses": {"200": {"content": {"application/json": {"schema": shape}}}}}
    text, _ = told([{"seatCount": 4, "roomName": "A"}, {"seatCount": 8}], operation, "en")
    assert "Seats: 4" in text
    assert "Room name: A" in text
    assert told([], {}, "en") == ("", ())
    assert told("plain", {}, "en")[0] == "plain"
