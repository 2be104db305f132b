"""Links as admins see them: listed, taken away, proposed behind the gate; and in a person's copy and erasure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connectors.directory import links
from core.errors import Refused, ToolRetry
from core.people import Employee
from loket.home import Home
from loket.migrate import upgrade
from loket.retention.erasing import erase_rows_of
from loket.retention.export import Export
from loket.retention.person import find_person
from storage import Database
from tests.command_line import Run
from tests.linking_room import LinkingRoom, account, linking_room, slack
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.staff import ADMIN, SECOND_ADMIN, TOM

pytest_plugins = ["tests.fixtures_command"]

THIRD_ADMIN = "E1011"
ADMINS = (ADMIN, SECOND_ADMIN, THIRD_ADMIN)


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def room(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[LinkingRoom]:
    async with linking_room(tmp_path, provider) as room:
        for admin in ADMINS:
            room.room.desk.world.set_groups(admin, ["all-staff", "admins"])
        yield room


async def proposed(room: LinkingRoom, account: str = "slack:T0DHB:U0TOM", employee: str = TOM) -> str:
    """An admin has asked for a link, and confirmed it."""
    desk = room.room.desk
    action_id = await desk.propose(ADMIN, "link_account", account=account, employee=employee)
    assert (await desk.click(ADMIN, action_id, "confirm")).accepted
    return action_id


async def test_two_other_admins_approve_a_link_that_an_admin_proposes_and_its_employee_is_told(
    room: LinkingRoom,
) -> None:
    desk = room.room.desk
    action_id = await proposed(room)
    for admin in (SECOND_ADMIN, THIRD_ADMIN):
        assert await room.whose() == ""
        assert not (await desk.approve(ADMIN, action_id)).accepted
        assert (await desk.approve(admin, action_id)).accepted
        await desk.settle()
    assert (await desk.state(action_id)).value == "done"
    assert await room.whose() == TOM
    assert room.noted() == [(f"employee:{ADMIN}", "identity.linked", "admin")]
    assert len(room.notices()) == 3
    with pytest.raises(Refused, match="link_young"):
        await room.propose(TOM, "reset_my_password", slack())


async def test_a_link_by_an_admin_takes_nothing_over(room: LinkingRoom) -> None:
    desk = room.room.desk
    action_id = await proposed(room)
    await room.link(account(), "sub-sanne")
    for admin in (SECOND_ADMIN, THIRD_ADMIN):
        await desk.approve(admin, action_id)
        await desk.settle()
    assert (await desk.state(action_id)).value in ("failed", "refused")
    assert await room.whose() == "E1001"


async def test_a_link_by_an_admin_gives_way_to_what_the_directory_says_by_then(room: LinkingRoom) -> None:
    desk = room.room.desk
    action_id = await proposed(room)
    desk.world.map_identity(slack(), "E1001")
    for admin in (SECOND_ADMIN, THIRD_ADMIN):
        await desk.approve(admin, action_id)
        await desk.settle()
    assert (await desk.state(action_id)).value in ("failed", "refused")
    assert room.all() == []


@pytest.mark.parametrize(
    ("account", "employee"),
    [
        ("oidc:x:y", TOM),
        ("terminal:local:E1002", TOM),
        ("slack:T0DHB", TOM),
        ("slack::U0TOM", TOM),
        ("slack:T0DHB:U0\u202eTOM", TOM),
        ("slack:T0DHB:U0TOM", "E7777"),
        ("slack:T0DHB:U0TOM", "E1014"),
        ("slack:T0DHB:U0TOM", "E1015"),
    ],
)
async def test_what_cannot_be_linked_cannot_be_proposed(room: LinkingRoom, account: str, employee: str) -> None:
    with pytest.raises(ToolRetry):
        await proposed(room, account, employee)


async def test_nobody_but_an_admin_proposes_a_link(room: LinkingRoom) -> None:
    with pytest.raises(Refused, match="not_for_you"):
        await room.room.desk.propose(TOM, "link_account", account="slack:T0DHB:U0TOM", employee=TOM)


# --- a person's copy, and their erasure ---------------------------------------------------------------------------


async def test_a_copy_holds_the_links_and_what_was_offered_and_no_secret_of_them(
    room: LinkingRoom, tmp_path: Path
) -> None:
    await room.link(account(address="tom.bakker@dhb.example"))
    database = room.room.desk.database
    document = await Export(database, room.directory, Home(tmp_path / "home")).document(TOM, "operator:x@y")
    assert [row["user"] for row in document["linked_accounts"]] == ["U0TOM"]
    assert [row["address"] for row in document["links_offered"]] == ["tom.bakker@dhb.example"]
    assert "slack:T0DHB:U0TOM" in document["channel_identities"]
    for row in (*document["linked_accounts"], *document["links_offered"]):
        assert not {"not_me_hash", "token_hash"} & set(row)


async def test_an_erased_person_has_no_linked_account_and_nobody_elses_is_touched(room: LinkingRoom) -> None:
    await room.link(account(address="tom.bakker@dhb.example"))
    await room.link(account("U0SANNE"), "sub-sanne")
    database = room.room.desk.database
    person = await find_person(database, room.directory, TOM)
    await database.run(lambda tx: erase_rows_of(tx, person, "operator:x@y", "asked"))
    assert [link.employee_id for link in room.all()] == ["E1001"]
    assert "U0TOM" not in repr([room.room.rows("link_offers"), room.room.rows("identity_links")])
    assert room.notices() == [note for note in room.notices() if "U0SANNE" in note[1]]


# --- the command line ---------------------------------------------------------------------------------------------


def filled(tmp_path: Path) -> None:
    """A home folder in which Tom has linked an account."""
    (tmp_path / "home").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'home' / 'loket.sqlite'}")
    upgrade(database)
    tom = Employee(TOM, "Tom", "", "", "", "", "", "", "", None, frozenset(), "nl")
    with database.transaction() as tx:
        assert links.add(tx, slack(), tom, "sign_in", "Tom \u202ebakker", "ABCDEF123456")
    database.close()


def test_an_admin_sees_all_links_and_takes_one_away_at_once(tmp_path: Path, loket: Run) -> None:
    filled(tmp_path)
    code, out, _ = loket("people", "links")
    assert code == 0
    assert "slack:T0DHB:U0TOM" in out
    assert "\u202e" not in out
    code, out, _ = loket("people", "links", TOM, "--json")
    assert [(row["identity"], row["employee_id"]) for row in json.loads(out)] == [("slack:T0DHB:U0TOM", TOM)]
    code, out, _ = loket("people", "unlink", "slack:T0DHB:U0TOM", "--reason", "reported by phone")
    assert (code, "no longer counts as E1002" in out) == (0, True)
    assert json.loads(loket("people", "links", "--json")[1]) == []


@pytest.mark.parametrize("account", ["slack:T0DHB:U0NOBODY", "U0TOM", "slack:T0DHB:U0TOM:x", ""])
def test_what_is_linked_to_nobody_is_said_to_be(tmp_path: Path, loket: Run, account: str) -> None:
    filled(tmp_path)
    code, _, err = loket("people", "unlink", account, "--reason", "x")
    assert code == 2
    assert "account" in err or "linked to nobody" in err
