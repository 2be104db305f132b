"""What is not in the registry cannot run; what is offered depends on who asks."""

import dataclasses
from pathlib import Path

import pytest

from core.errors import ConfigError, ToolRetry
from core.people import EmployeeKind
from tests.tool_room import ToolRoom
from tools import Effect, Found, Risk, tool
from tools.loaded import LoadedTool
from tools.loading import load, load_builtin
from tools.manifest import ToolEntry, parse_manifest
from tools.registry import Registry

ENTRY = "{title: {en: T, nl: T}, examples: {en: [one, two, three], nl: [een, twee, drie]}}"


@tool(risk=Risk.READ)
async def weather(ctx: object, place: str) -> Found:
    """Tell the weather."""
    return Found(place)


def named(name: str) -> LoadedTool:
    return LoadedTool(dataclasses.replace(weather, name=name), {"en": ("x",)}, {"en": name})


def test_an_unknown_tool_is_refused_and_the_model_hears_which_there_are() -> None:
    with pytest.raises(ToolRetry, match=r"there are: search_policies, find_person"):
        load_builtin().get("delete_everything")


@pytest.mark.parametrize(
    "name",
    ["Weather", "weather tool", "wéather", "wеather", "_weather", "weather_", "1weather", "", "weather\n", "w" * 65],
)
def test_a_name_must_be_plain_snake_case(name: str) -> None:
    with pytest.raises(ConfigError, match="must be snake_case"):
        Registry([named(name)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("reset_password", "resetpassword"),
        ("reset_password", "reset_passw0rd"),
        ("unlock", "un1ock"),
        ("mail_list", "mai1_1ist"),
        ("form", "forrn"),
        ("server__find", "server_find"),
    ],
)
def test_names_that_look_alike_are_refused(one: str, other: str) -> None:
    with pytest.raises(ConfigError, match="look too much alike"):
        Registry([named(one), named(other)])


def test_two_tools_of_one_name_are_refused_not_overwritten() -> None:
    with pytest.raises(ConfigError, match="two tools named 'weather'"):
        Registry([named("weather"), named("weather")])
    manifest = parse_manifest(f"version: 1\ntools: {{weather: {ENTRY}}}", "m.yaml")
    with pytest.raises(ConfigError, match="two tools named 'weather'"):
        Registry(load([weather, weather], manifest))


def test_a_switched_off_tool_is_gone_at_once_and_comes_back() -> None:
    off: set[str] = set()
    registry = load_builtin(lambda: off)
    assert "reset_my_password" in registry.names
    off.add("reset_my_password")
    assert "reset_my_password" not in registry.names
    with pytest.raises(ToolRetry):
        registry.get("reset_my_password")
    off.clear()
    assert registry.get("reset_my_password").name == "reset_my_password"
    off.add("*")
    assert registry.names == ()
    assert len(registry.all()) == 12


async def test_a_switched_off_tool_is_not_offered(tmp_path: Path) -> None:
    sanne = await ToolRoom(tmp_path).employee("E1001")
    registry = load_builtin(lambda: {"find_person"})
    assert "find_person" not in [schema.name for schema in registry.schemas(sanne)]


async def test_guests_services_and_people_who_left_are_offered_nothing(tmp_path: Path) -> None:
    room = ToolRoom(tmp_path)
    sanne = await room.employee("E1001")
    assert room.registry.offered_to(sanne)
    assert room.registry.offered_to(dataclasses.replace(sanne, active=False)) == []
    assert room.registry.offered_to(dataclasses.replace(sanne, kind=EmployeeKind.GUEST)) == []
    for stranger in ("E1014", "E1015", "E1016"):
        assert room.registry.schemas(await room.employee(stranger)) == []


async def test_a_group_that_is_taken_away_takes_its_tools_along(tmp_path: Path) -> None:
    room = ToolRoom(tmp_path)
    assert "reset_for_caller" in [each.name for each in room.registry.offered_to(await room.employee("E1005"))]
    room.world.set_groups("E1005", ["all-staff"])
    assert "reset_for_caller" not in [each.name for each in room.registry.offered_to(await room.employee("E1005"))]


def test_a_tool_that_nobody_described_is_not_loaded() -> None:
    manifest = parse_manifest(f"version: 1\ntools: {{other: {ENTRY}}}", "m.yaml")
    with pytest.raises(ConfigError, match="describes 'other', which is no tool; there are: weather"):
        load([weather], manifest)
    with pytest.raises(ConfigError, match="no entry in the manifest"):
        load(
            [weather, dataclasses.replace(weather, name="tides")],
            parse_manifest(f"version: 1\ntools: {{weather: {ENTRY}}}", "m"),
        )


def test_a_tool_that_the_manifest_disables_is_not_there() -> None:
    entry = ENTRY.removesuffix("}") + ", enabled: false}"
    registry = Registry(load([weather], parse_manifest(f"version: 1\ntools: {{weather: {entry}}}", "m.yaml")))
    assert registry.names == ()


def test_a_title_falls_back_to_english() -> None:
    loaded = load_builtin().get("my_tickets")
    assert (loaded.title("nl"), loaded.title("fr")) == ("Mijn meldingen", "My tickets")


@tool(risk=Risk.WRITE)
async def book_room(ctx: object, employee_no: str, room: str) -> Effect:
    """Book a room."""
    return Effect(f"{employee_no}:{room}")


def bound(**more: object) -> LoadedTool:
    text = f"version: 1\ntools: {{book_room: {ENTRY}}}"
    entry = parse_manifest(text, "m.yaml").tools["book_room"]
    changed = ToolEntry.model_validate({**entry.model_dump(exclude_defaults=True), **more})
    [loaded] = load([book_room], parse_manifest(text, "m.yaml").model_copy(update={"tools": {"book_room": changed}}))
    return loaded


async def test_a_bound_parameter_is_hidden_from_the_model_and_filled_from_the_requester(tmp_path: Path) -> None:
    loaded = bound(bindings={"employee_no": "requester.employee_id"})
    assert list(loaded.tool.schema.parameters["properties"]) == ["room"]
    with pytest.raises(ToolRetry, match="employee_no"):
        loaded.tool.check({"employee_no": "E1008", "room": "R1"})
    context = await ToolRoom(tmp_path).acting("E1001")
    assert (await loaded.tool.run(context, **loaded.tool.check({"room": "R1"}))).reference == "E1001:R1"


def test_what_the_manifest_adds_is_part_of_the_definition() -> None:
    hashes = {
        bound(**more).tool.definition_hash
        for more in (
            {},
            {"bindings": {"employee_no": "requester.employee_id"}},
            {"bindings": {"employee_no": "requester.email"}},
            {"hosts": ["rooms.dhb.example"]},
            {"mask": ["room"]},
            {"rule": "rooms"},
            {"risk": "critical"},
        )
    }
    assert len(hashes) == 7


def test_a_manifest_may_tighten_a_risk_and_never_loosen_it() -> None:
    assert bound(risk="critical").tool.risk is Risk.CRITICAL
    with pytest.raises(ConfigError, match="may only tighten"):
        bound(risk="read")


def test_a_manifest_cannot_name_a_parameter_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="mask of 'book_room' name 'secret'"):
        bound(mask=["secret"])
    with pytest.raises(ConfigError, match="bindings of 'book_room' name 'who'"):
        bound(bindings={"who": "requester.name"})
