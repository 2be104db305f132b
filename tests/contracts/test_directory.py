"""What every directory promises, asked of each of them. Another vendor joins by a `case_<vendor>.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from connectors.directory import Directory
from connectors.directory.embedded import EmbeddedDirectory
from core.errors import ConnectorError
from core.people import ChannelIdentity, EmployeeKind
from tests.contracts import case
from tests.outside import new_world

SANNE = ChannelIdentity("terminal", "local", "E1001")


@pytest_asyncio.fixture(params=(*case.SYSTEMS, "linked"))
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    with case.of(request.param).directory_case(tmp_path) as found:
        yield found
        if hasattr(found, "close"):
            await found.close()


async def test_a_mapped_identity_is_an_employee_with_nested_groups(directory: Directory) -> None:
    sanne = await directory.by_identity(SANNE)
    priya = await directory.by_id("E1003")
    assert sanne is not None
    assert (sanne.employee_id, sanne.name, sanne.manager_id) == ("E1001", "Sanne de Wit", "E1007")
    assert priya is not None
    assert {"it-approvers", "it-staff", "all-staff"} <= priya.groups


@pytest.mark.parametrize(
    "identity",
    [
        ChannelIdentity("terminal", "local", "E9999"),
        ChannelIdentity("terminal", "elsewhere", "E1001"),
        ChannelIdentity("slack", "T-OTHER", "UE1001"),
        ChannelIdentity("terminal", "local", "e1001' OR '1'='1"),
        ChannelIdentity("terminal", "local", "Sanne de Wit"),
        ChannelIdentity("terminal", "local", "sanne.dewit@dhb.example"),
    ],
    ids=str,
)
async def test_a_stranger_is_nobody(directory: Directory, identity: ChannelIdentity) -> None:
    assert await directory.by_identity(identity) is None


async def test_the_same_person_is_found_in_every_channel(directory: Directory) -> None:
    for identity in (SANNE, ChannelIdentity("slack", "TDHB", "UE1001"), ChannelIdentity("teams", "dhb", "E1001")):
        found = await directory.by_identity(identity)
        assert found is not None
        assert found.employee_id == "E1001"


async def test_all_identities_of_a_person_are_listed(directory: Directory) -> None:
    assert {str(identity) for identity in await directory.identities("E1001")} >= {
        "slack:TDHB:UE1001",
        "teams:dhb:E1001",
        "terminal:local:E1001",
    }
    assert list(await directory.identities("E9999")) == []


async def test_a_deactivated_person_is_returned_and_may_use_nothing(directory: Directory) -> None:
    bram = await directory.by_identity(ChannelIdentity("terminal", "local", "E1014"))
    assert bram is not None
    assert not bram.active
    assert not bram.may_use_tools


async def test_guests_and_services_are_known_as_such(directory: Directory) -> None:
    guest, service = await directory.by_id("E1015"), await directory.by_id("E1016")
    assert guest is not None
    assert service is not None
    assert (guest.kind, service.kind) == (EmployeeKind.GUEST, EmployeeKind.SERVICE)
    assert "all-staff" not in guest.groups


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sanne", "E1001"),
        ("SANNE DE WIT", "E1001"),
        ("sane de wit", "E1001"),
        ("de wit", "E1001"),
        ("henriette", "E1008"),
        ("Sorensen", "E1011"),
        ("yilmaz", "E1019"),
        ("el amrani", "E1006"),
        ("Marike Postma", "E1017"),
        ("e1009", "E1009"),
        ("Tom.Bakker@dhb.example", "E1002"),
        ("Jan de Boer", "E1020"),
        ("jan de boer-visser", "E1021"),
    ],
)
async def test_a_colleague_is_found_however_they_are_typed(directory: Directory, words: str, expected: str) -> None:
    found = await directory.find(words)
    assert found[0].employee_id == expected


async def test_two_of_nearly_the_same_name_are_both_offered(directory: Directory) -> None:
    assert [person.employee_id for person in await directory.find("jan boer")] == ["E1020", "E1021"]


@pytest.mark.parametrize(
    "words", ["", "   ", "de", "qqqq", "*", "%", "a)(uid=*", "Bram Peeters", "Lucía Ferreira", "E1016"]
)
async def test_nobody_is_found_who_does_not_fit_or_is_no_active_staff(directory: Directory, words: str) -> None:
    assert list(await directory.find(words)) == []


async def test_a_search_never_lists_the_whole_house(directory: Directory) -> None:
    assert len(await directory.find("e" * 5000)) == 0
    assert len(await directory.find("jan", limit=1)) == 1
    assert len(await directory.find("a.", limit=10_000)) <= 25
    assert list(await directory.find("sanne", limit=-1)) == []


async def test_contact_data_say_when_they_changed(directory: Directory) -> None:
    noor, sanne = await directory.contact("E1013"), await directory.contact("E1001")
    assert noor is not None
    assert sanne is not None
    assert sanne.mobile == "+31655501001"
    assert sanne.private_email == "sanne.dewit@mail.example"
    assert sanne.work_email == "sanne.dewit@dhb.example"
    assert (noor.changed_at - sanne.changed_at).days > 100
    assert noor.changed_at.tzinfo is not None
    assert await directory.contact("E9999") is None


async def test_missing_private_addresses_are_missing(directory: Directory) -> None:
    henk, aylin = await directory.contact("E1018"), await directory.contact("E1019")
    assert henk is not None
    assert aylin is not None
    assert henk.mobile is None
    assert aylin.private_email is None
    assert aylin.mobile is not None


async def test_members_of_a_group_come_with_nested_groups_and_without_leavers(directory: Directory) -> None:
    it_staff = [person.employee_id for person in await directory.members("it-staff")]
    everybody = {person.employee_id for person in await directory.members("all-staff")}
    assert {"E1003", "E1005", "E1006", "E1009"} <= set(it_staff)
    assert everybody.isdisjoint({"E1014", "E1015", "E1016"})
    assert len([person for person in await directory.members("admins")]) >= 3
    assert list(await directory.members("no-such-group")) == []


async def test_every_manager_exists_and_the_tree_has_one_root(directory: Directory) -> None:
    people = {person.employee_id: person for person in await directory.members("all-staff")}
    assert len(people) >= 40
    assert [person.employee_id for person in people.values() if person.manager_id is None] == ["E1008"]
    for person in people.values():
        seen = set()
        above = person
        while above.manager_id is not None:
            assert above.manager_id not in seen
            seen.add(above.manager_id)
            above = people[above.manager_id]


async def test_a_changed_right_counts_at_the_next_question(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    directory = EmbeddedDirectory(world)
    world.set_groups("E1003", ["all-staff"])
    priya = await directory.by_id("E1003")
    assert priya is not None
    assert priya.groups == {"all-staff"}


async def test_a_directory_that_fails_says_so_and_gives_no_half_result(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.fail_next("directory", "refuse")
    with pytest.raises(ConnectorError):
        await EmbeddedDirectory(world).by_id("E1001")
    assert await EmbeddedDirectory(world).by_id("E1001") is not None
