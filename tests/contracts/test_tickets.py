"""What every ticket system promises, asked of each of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.embedded import World
from connectors.tickets import TicketDraft, Tickets
from connectors.tickets.embedded import EmbeddedTickets
from core.errors import ConnectorError, EffectUnknown
from tests.outside import new_world

MONITOR = TicketDraft("IT", "Second monitor stays black", "Since Monday the left screen shows nothing.", "E1001")


@dataclass
class Case:
    """A ticket system, and the world behind it."""

    tickets: Tickets
    world: World


@pytest.fixture(params=["embedded"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    assert request.param == "embedded"
    world = new_world(tmp_path)
    return Case(EmbeddedTickets(world), world)


async def test_a_filed_ticket_has_a_number_an_address_and_is_found_again(case: Case) -> None:
    ticket = await case.tickets.create(MONITOR, "a-1")
    assert ticket.ticket_id == "IT-104"
    assert ticket.address == "https://desk.dhb.example/IT-104"
    assert ticket.status == "Open"
    assert await case.tickets.get("IT-104", "E1001") == ticket
    assert await case.tickets.by_key("a-1") == ticket
    assert (await case.tickets.mine("E1001"))[0] == ticket


async def test_the_same_key_twice_gives_one_ticket(case: Case) -> None:
    if not case.tickets.repeats_safely:
        pytest.skip("this system does not recognise a repeated key")
    first, second = await case.tickets.create(MONITOR, "a-1"), await case.tickets.create(MONITOR, "a-1")
    assert first == second
    assert [effect.kind for effect in case.world.effects()] == ["ticket_created"]


async def test_the_same_key_ten_times_at_once_gives_one_ticket(case: Case) -> None:
    tickets = await asyncio.gather(*(case.tickets.create(MONITOR, "a-1") for _ in range(10)))
    assert len({ticket.ticket_id for ticket in tickets}) == 1
    assert len(case.world.effects()) == 1


async def test_different_keys_at_once_never_share_a_number(case: Case) -> None:
    tickets = await asyncio.gather(*(case.tickets.create(MONITOR, f"a-{index}") for index in range(20)))
    assert len({ticket.ticket_id for ticket in tickets}) == 20


async def test_a_ticket_is_its_requesters_only(case: Case) -> None:
    await case.tickets.create(MONITOR, "a-1")
    assert await case.tickets.get("IT-104", "E1002") is None
    assert all(ticket.requester_id == "E1002" for ticket in await case.tickets.mine("E1002"))
    assert not await case.tickets.similar("IT", "second monitor black", "E1002")


async def test_an_outage_is_seen_by_everybody(case: Case) -> None:
    outage = await case.tickets.get("IT-101", "E1038")
    assert outage is not None
    assert outage.is_outage


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("printer doet het niet", ["IT-101"]),
        ("Hello, since this morning the printer on the second floor in Zwolle fails and I need my report", ["IT-101"]),
        ("de mail is traag", ["IT-102"]),
        ("Outlook is so slow today", ["IT-102"]),
        ("mijn laptop accu is snel leeg", ["IT-103"]),
        ("my printer in Rotterdam is broken", []),
        ("laptop stolen from the train", []),
        ("forgot my password", []),
        ("", []),
        ("!!! ???", []),
    ],
)
async def test_known_outages_and_own_open_tickets_are_found_first(case: Case, words: str, expected: list[str]) -> None:
    assert [ticket.ticket_id for ticket in await case.tickets.similar("IT", words, "E1001")] == expected


async def test_outages_are_found_whichever_queue_the_person_chose(case: Case) -> None:
    assert [ticket.ticket_id for ticket in await case.tickets.similar("FAC", "printer in Zwolle", "E1001")] == [
        "IT-101"
    ]
    assert [ticket.ticket_id for ticket in await case.tickets.similar("FAC", "lift terneuzen", "E1001")] == ["FAC-302"]


async def test_closed_tickets_are_not_offered(case: Case) -> None:
    assert not await case.tickets.similar("FAC", "chair broken in room R2.14", "E1001")


async def test_own_tickets_come_newest_first_and_no_more_than_asked(case: Case) -> None:
    mine = await case.tickets.mine("E1001")
    assert [ticket.created_at for ticket in mine] == sorted((ticket.created_at for ticket in mine), reverse=True)
    assert len(await case.tickets.mine("E1001", limit=1)) == 1


async def test_a_queue_that_does_not_exist_takes_nothing(case: Case) -> None:
    with pytest.raises(ConnectorError):
        await case.tickets.create(TicketDraft("OPS", "x", "y", "E1001"), "a-1")
    assert case.world.effects() == []


async def test_a_comment_is_added_once_and_only_where_one_may_look(case: Case) -> None:
    await case.tickets.comment("IT-103", "E1001", "Still waiting.", "c-1")
    await case.tickets.comment("IT-103", "E1001", "Still waiting.", "c-1")
    with pytest.raises(ConnectorError):
        await case.tickets.comment("IT-103", "E1002", "Me too.", "c-2")
    with pytest.raises(ConnectorError):
        await case.tickets.comment("IT-999", "E1001", "Hello?", "c-3")
    assert [(effect.kind, effect.object_id) for effect in case.world.effects()] == [("comment_added", "IT-103")]


async def test_a_create_whose_answer_was_lost_is_found_by_its_key(case: Case) -> None:
    case.world.fail_next("tickets", "after")
    with pytest.raises(EffectUnknown):
        await case.tickets.create(MONITOR, "a-1")
    found = await case.tickets.by_key("a-1")
    assert found is not None
    assert found.summary == MONITOR.summary
    case.world.fail_next("tickets", "before-unknown")
    with pytest.raises(EffectUnknown):
        await case.tickets.create(MONITOR, "a-2")
    assert await case.tickets.by_key("a-2") is None
