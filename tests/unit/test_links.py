"""Accounts that are linked to employees: who counts as whom, how a link is made without a page, and how each ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.linking.making import Made, Tie, make
from connectors.directory import links
from connectors.directory.linked import LinkedDirectory
from core.events import Address, Place
from core.linking import Acquaintance, Profile
from core.outcomes import Outcome
from core.people import ChannelIdentity, Employee, Standing
from core.replies import Reply
from loket.linking.introductions import Introductions
from loket.linking.keeping import LinkKeeping
from loket.linking.offering import OfferingChannel
from loket.outside.settings import LinkingSettings
from loket.recording import RecordingChannel
from storage import Database, metadata
from tests.linking_room import TENANT, TOM_MAIL, LinkingRoom, account, linking_room, slack
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.staff import SANNE, TOM

TRUSTED = {"trusted_tenants": frozenset({TENANT})}


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def room(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[LinkingRoom]:
    async with linking_room(tmp_path, provider) as room:
        yield room


@pytest.fixture
async def trusting(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[LinkingRoom]:
    async with linking_room(tmp_path, provider, **TRUSTED) as room:
        yield room


async def tied(room: LinkingRoom, identity: ChannelIdentity, employee_id: str = TOM) -> Made:
    """Link an account without any ado."""
    person = await room.room.desk.employee(employee_id)
    contact = await room.room.desk.directory.contact(employee_id)
    tie = Tie(identity, person, "sign_in", f"employee:{employee_id}", Profile("Somebody"))
    return await room.room.desk.database.run(lambda tx: make(tx, tie, contact))


# --- who counts as whom -------------------------------------------------------------------------------------------


async def test_a_linked_account_is_its_employee_as_the_directory_has_them_now(room: LinkingRoom) -> None:
    assert await tied(room, slack()) is Made.LINKED
    room.room.desk.world.set_groups(TOM, ["all-staff", "it-approvers"])
    found = await room.directory.by_identity(slack())
    assert found is not None
    assert "it-approvers" in found.groups


async def test_only_exactly_that_account_counts(room: LinkingRoom) -> None:
    await tied(room, slack())
    for other in (slack("u0tom"), slack("U0TOM", "T1DHB"), slack("U0TOM "), ChannelIdentity("teams", TENANT, "U0TOM")):
        assert await room.whose(other) == ""


@pytest.mark.parametrize("channel", ["oidc", "terminal", "local", "web", ""])
async def test_a_sign_in_or_a_shell_is_never_linked(room: LinkingRoom, channel: str) -> None:
    with pytest.raises(ValueError, match="not linked"):
        await tied(room, ChannelIdentity(channel, "x", "y"))


async def test_what_is_linked_is_not_linked_again(room: LinkingRoom) -> None:
    assert await tied(room, slack()) is Made.LINKED
    assert await tied(room, slack(), SANNE) is Made.TAKEN
    assert await tied(room, slack()) is Made.ALREADY
    assert await room.whose() == TOM
    assert len(room.notices()) == 3


async def test_two_who_link_one_account_at_once_are_not_both_it(room: LinkingRoom) -> None:
    made = await asyncio.gather(*(tied(room, slack(), who) for who in (TOM, SANNE, TOM, SANNE)))
    assert sorted(made).count(Made.LINKED) == 1
    assert len(room.all()) == 1


async def test_the_directorys_own_word_still_counts(room: LinkingRoom) -> None:
    room.room.desk.world.map_identity(slack("U0KNOWN"), SANNE)
    assert await room.whose(slack("U0KNOWN")) == SANNE
    assert slack("U0KNOWN") in await room.directory.identities(SANNE)


async def test_whose_employee_has_left_may_do_nothing_at_once(room: LinkingRoom) -> None:
    await tied(room, slack())
    leave(room, TOM)
    found = await room.directory.by_identity(slack())
    assert found is None or not found.may_use_tools


def leave(room: LinkingRoom, employee_id: str) -> None:
    """Somebody has left."""
    statement = "UPDATE people SET active = 0 WHERE employee_id = ?"
    room.room.desk.world.change(lambda connection: connection.execute(statement, (employee_id,)))


# --- by the address, where an admin says that the organisation decides them ---------------------------------------


async def test_by_default_an_address_links_nobody(room: LinkingRoom) -> None:
    await room.people.met(account(address=TOM_MAIL))
    assert room.all() == []


async def test_in_a_trusted_workspace_a_member_is_known_at_first_contact_and_told(trusting: LinkingRoom) -> None:
    await trusting.people.met(account(address="Tom.Bakker@dhb.example"))
    assert await trusting.whose() == TOM
    assert trusting.noted() == [("system:linking", "identity.linked", "email")]
    assert len(trusting.notices()) == 3
    assert trusting.told == 1


@pytest.mark.parametrize(
    "who",
    [
        account(address=TOM_MAIL, standing=Standing.OUTSIDER),
        account(address=TOM_MAIL, standing=Standing.UNKNOWN),
        account(address=""),
        account(address="tom.bakker@dhb.example.evil.example"),
        account(address="tom"),
        account(address="Tom Bakker"),
        account(address=TOM),
        account(address="nobody@dhb.example"),
        Acquaintance(slack("U0TOM", "T9OTHER"), Standing.MEMBER, Profile("Tom Bakker", TOM_MAIL)),
        Acquaintance(ChannelIdentity("oidc", TENANT, "U0TOM"), Standing.MEMBER, Profile("Tom", TOM_MAIL)),
        Acquaintance(slack(), Standing.MEMBER, None),
    ],
)
async def test_nobody_else_is_known_by_an_address(trusting: LinkingRoom, who: Acquaintance) -> None:
    await trusting.people.met(who)
    assert trusting.all() == []


async def test_an_address_of_two_employees_or_of_one_who_left_links_nobody(trusting: LinkingRoom) -> None:
    leave(trusting, TOM)
    await trusting.people.met(account(address=TOM_MAIL))
    twice = "UPDATE people SET email = 'same@dhb.example' WHERE employee_id IN ('E1001', 'E1003')"
    trusting.room.desk.world.change(lambda connection: connection.execute(twice))
    await trusting.people.met(account("U0TWICE", "same@dhb.example"))
    assert trusting.all() == []


async def test_an_account_that_the_directory_knows_is_not_linked_by_its_address(trusting: LinkingRoom) -> None:
    trusting.room.desk.world.map_identity(slack(), SANNE)
    await trusting.people.met(account(address=TOM_MAIL))
    assert await trusting.whose() == SANNE
    assert trusting.all() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.text(max_size=40))
async def test_no_text_in_place_of_an_address_or_a_name_does_harm(trusting: LinkingRoom, text: str) -> None:
    who = Acquaintance(slack("U0ODD"), Standing.MEMBER, Profile(text, text, text))
    await trusting.people.met(who)
    await trusting.people.offer(who, "en")
    assert await trusting.whose(slack("U0ODD")) == ""


async def test_a_directory_that_is_away_holds_up_no_message(trusting: LinkingRoom) -> None:
    trusting.room.desk.world.faults.fail_next("directory", "refuse")
    await trusting.people.met(account(address=TOM_MAIL))
    assert trusting.all() == []
    trusting.room.desk.world.faults.fail_next("directory", "refuse")
    assert await trusting.people.offer(account(), "en") is None
    await trusting.people.met(account(address=TOM_MAIL))
    assert await trusting.whose() == TOM  # it is back


# --- how links end ------------------------------------------------------------------------------------------------


async def test_a_link_ends_when_the_channel_says_that_its_account_is_a_guest_or_off(room: LinkingRoom) -> None:
    await tied(room, slack())
    path = await room.offered(account("U0OTHER"))
    await room.people.departed(slack())
    await room.people.departed(slack("U0OTHER"))
    assert await room.whose() == ""
    assert room.noted()[-1] == ("system:linking", "identity.unlinked", "departed")
    assert (await room.browser.get(path)).status_code == 410


async def test_a_guest_who_was_a_member_loses_their_link_when_they_write(room: LinkingRoom) -> None:
    await tied(room, slack())
    await room.people.met(account(standing=Standing.UNKNOWN))
    assert await room.whose() == TOM  # the channel could not say
    await room.people.met(account(standing=Standing.OUTSIDER))
    assert await room.whose() == ""


async def test_a_link_ends_after_400_days_without_use(room: LinkingRoom) -> None:
    keeping = LinkKeeping(room.room.desk.database, room.directory)
    await tied(room, slack("U0USED"))
    await tied(room, slack("U0IDLE"))
    room.room.desk.advance_clock(timedelta(days=390))
    await room.people.met(account("U0USED"))
    await room.people.settle()
    assert await keeping.once() == 0
    room.room.desk.advance_clock(timedelta(days=20))
    assert await keeping.once() == 1
    assert [link.identity.user for link in room.all()] == ["U0USED"]
    assert room.noted()[-1] == ("system:linking", "identity.unlinked", "unused")


async def test_a_link_ends_within_a_day_after_its_employee_left(room: LinkingRoom) -> None:
    keeping = LinkKeeping(room.room.desk.database, room.directory)
    await tied(room, slack())
    await tied(room, slack("U0SANNE"), SANNE)
    leave(room, TOM)
    assert await keeping.once() == 0  # looked at a moment ago
    room.room.desk.advance_clock(timedelta(hours=25))
    assert await keeping.once() == 1
    assert [link.employee_id for link in room.all()] == [SANNE]
    assert room.noted()[-1] == ("system:linking", "identity.unlinked", "inactive")
    assert await keeping.once() == 0


async def test_a_directory_that_suddenly_knows_nobody_ends_no_links(room: LinkingRoom) -> None:
    for number in range(20):
        await tied(room, slack(f"U{number}"), f"E10{number + 1:02}")
    made = len(room.all())
    everybody = "UPDATE people SET active = 0"
    room.room.desk.world.change(lambda connection: connection.execute(everybody))
    room.room.desk.advance_clock(timedelta(hours=25))
    assert await LinkKeeping(room.room.desk.database, room.directory).once() == 0
    assert len(room.all()) == made


async def test_who_left_is_offered_no_link_and_the_old_one_ends(room: LinkingRoom) -> None:
    await tied(room, slack())
    leave(room, TOM)
    assert await room.people.offer(account(), "en") is None
    assert room.all() == []


async def test_what_is_used_often_is_noted_once_a_day(room: LinkingRoom) -> None:
    await tied(room, slack())
    first = room.all()[0].used_at
    room.room.desk.advance_clock(timedelta(hours=1))
    await room.people.met(account())
    await room.people.settle()
    assert room.all()[0].used_at == first
    room.room.desk.advance_clock(timedelta(hours=24))
    await room.people.met(account())
    await room.people.settle()
    assert room.all()[0].used_at > first


async def test_a_message_does_not_wait_until_its_link_is_noted_as_used(room: LinkingRoom) -> None:
    await tied(room, slack())
    first = room.all()[0].used_at
    room.room.desk.advance_clock(timedelta(hours=25))
    await room.people.met(account())
    assert room.all()[0].used_at == first
    await room.people.settle()
    assert room.all()[0].used_at > first


# --- what the channel adds to "I do not know you" -----------------------------------------------------------------


@dataclass
class Knowing:
    """Knows who a direct chat is with."""

    whom: Acquaintance | None
    asked: list[Address] = field(default_factory=list)

    async def __call__(self, address: Address) -> Acquaintance | None:
        self.asked.append(address)
        return self.whom


DIRECT = Address("slack", TENANT, "D1", user="U0TOM")
NO = Reply("I do not know you.", "en", Outcome.REFUSED_IDENTITY)


async def sent(room: LinkingRoom, address: Address, reply: Reply, whom: Acquaintance | None) -> Reply:
    """What arrives in the chat."""
    inner = RecordingChannel("slack")
    channel = OfferingChannel(inner, room.people, Knowing(whom))
    await channel.send(address, reply, "turn:x:0")
    return inner.posts[-1].reply


async def test_a_strangers_own_chat_gets_a_link_and_nobody_elses_does(room: LinkingRoom) -> None:
    told = await sent(room, DIRECT, NO, account())
    assert told.card is not None
    assert told.card.links[0].address.startswith("https://desk.dhb.example/link/")
    assert "never sign in with a link that somebody else sent you" in told.text
    for address, reply, whom in (
        (Address("slack", TENANT, "C1", Place.SHARED, user="U0TOM"), NO, account()),
        (DIRECT, Reply("Hello.", "en", Outcome.ANSWERED), account()),
        (DIRECT, NO, None),
        (DIRECT, NO, account(standing=Standing.OUTSIDER)),
    ):
        assert await sent(room, address, reply, whom) == reply


async def test_without_a_sign_in_or_switched_off_there_are_no_offers(room: LinkingRoom) -> None:
    database, directory = room.room.desk.database, room.directory
    off = Introductions(database, directory, LinkingSettings(sign_in=False), "https://desk.dhb.example/link")
    assert await off.offer(account(), "en") is None
    assert await Introductions(database, directory, LinkingSettings(), "").offer(account(), "en") is None


# --- speed --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_who_somebody_is_takes_less_than_a_millisecond_among_5000_links(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    metadata.create_all(database.engine)
    with database.transaction() as tx:
        for number in range(5000):
            links.add(tx, slack(f"U{number:06}"), _somebody(f"E{number}"), "email", "x", f"{number}")

    async def measured() -> float:
        nobody = LinkedDirectory(_Names(), database)  # type: ignore[arg-type]
        taken = []
        for number in range(0, 5000, 10):
            began = time.perf_counter()
            assert await nobody.by_identity(slack(f"U{number:06}")) == f"E{number}"  # type: ignore[comparison-overlap]
            taken.append(time.perf_counter() - began)
        return sorted(taken)[len(taken) // 2]

    median = asyncio.run(measured())
    with database.reading() as tx:
        began = time.perf_counter()
        for number in range(1000):
            links.employee_of(tx, slack(f"U{number:06}"))
        alone = (time.perf_counter() - began) / 1000
    database.close()
    print(f"by_identity: {median * 1000:.3f} ms; the read alone: {alone * 1000:.3f} ms")
    assert median < 0.001


class _Names:
    """A directory that answers with the number it was asked for."""

    async def by_id(self, employee_id: str) -> str:
        return employee_id


def _somebody(employee_id: str) -> Employee:
    return Employee(employee_id, "", "", "", "", "", "", "", "", None, frozenset(), "en")
