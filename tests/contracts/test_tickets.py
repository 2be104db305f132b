"""What every ticket system promises, asked of each of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.tickets import TicketDraft, TicketFile
from core.errors import ConnectorError, EffectUnknown
from tests.outside import Clock
from tests.ticket_systems import KINDS, Case, ticket_system

MONITOR = TicketDraft("IT", "Second monitor stays black", "Since Monday the left screen shows nothing.", "E1001")
CHAIR = TicketDraft(
    "FAC", "Chair without a back", "It came off this morning.\nRoom R2.14.\n\nNobody was hurt.", "E1001"
)


@pytest.fixture(params=KINDS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    async with ticket_system(request.param, tmp_path) as case:
        yield case
        assert case.violations() == []


async def test_a_filed_ticket_has_a_number_an_address_and_is_found_again(case: Case) -> None:
    ticket = await case.tickets.create(MONITOR, "a-1")
    assert ticket.ticket_id == "IT-104"
    assert ticket.address == f"{case.address}IT-104"
    assert ticket.status == "Open"
    assert await case.tickets.get("IT-104", "E1001") == ticket
    found = await case.tickets.by_key("a-1")
    assert found is not None
    assert replace(found, requester_id="E1001") == ticket
    assert (await case.tickets.mine("E1001"))[0] == ticket


@pytest.mark.parametrize("draft", [MONITOR, CHAIR], ids=["one line", "paragraphs"])
async def test_what_was_written_is_what_is_read(case: Case, draft: TicketDraft) -> None:
    ticket = await case.tickets.create(draft, "a-1")
    assert (ticket.queue, ticket.summary, ticket.description) == (draft.queue, draft.summary, draft.description)
    assert ticket.requester_id == draft.requester_id


async def test_a_link_to_the_conversation_stands_in_the_ticket(case: Case) -> None:
    link = "https://chat.dhb.example/c/7?thread=2"
    ticket = await case.tickets.create(replace(CHAIR, link=link), "a-1")
    assert ticket.description == f"{CHAIR.description}\n\n{link}"


async def test_the_same_key_twice_gives_one_ticket(case: Case) -> None:
    first, second = await case.tickets.create(MONITOR, "a-1"), await case.tickets.create(MONITOR, "a-1")
    assert first == second
    assert case.created() == ["IT-104"]


async def test_the_same_key_ten_times_at_once_gives_one_ticket(case: Case) -> None:
    if not case.tickets.repeats_safely:
        pytest.skip("this system does not recognise a repeated key by itself, and does not say so")
    tickets = await asyncio.gather(*(case.tickets.create(MONITOR, "a-1") for _ in range(10)))
    assert len({ticket.ticket_id for ticket in tickets}) == 1
    assert len(case.created()) == 1


async def test_different_keys_at_once_never_share_a_number(case: Case) -> None:
    tickets = await asyncio.gather(*(case.tickets.create(MONITOR, f"a-{index}") for index in range(20)))
    assert len({ticket.ticket_id for ticket in tickets}) == 20


async def test_a_ticket_is_its_requesters_only(case: Case) -> None:
    for draft in (MONITOR, CHAIR):
        number = (await case.tickets.create(draft, f"a-{draft.queue}")).ticket_id
        assert await case.tickets.get(number, "E1002") is None
        assert not await case.tickets.commented(number, "E1002", "c-1")
    assert [ticket.ticket_id for ticket in await case.tickets.mine("E1002")] == ["HR-202"]
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
        ('" OR project = "HR', []),
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
    assert [ticket.ticket_id for ticket in mine] == ["IT-103", "HR-201", "FAC-301"]
    assert [ticket.ticket_id for ticket in await case.tickets.mine("E1001", limit=1)] == ["IT-103"]


async def test_a_queue_that_does_not_exist_takes_nothing(case: Case) -> None:
    with pytest.raises(ConnectorError):
        await case.tickets.create(TicketDraft("OPS", "x", "y", "E1001"), "a-1")
    assert case.created() == []


async def test_a_comment_is_added_once_and_only_where_one_may_look(case: Case) -> None:
    assert not await case.tickets.commented("IT-103", "E1001", "c-1")
    await case.tickets.comment("IT-103", "E1001", "Still waiting.", "c-1")
    await case.tickets.comment("IT-103", "E1001", "Still waiting.", "c-1")
    assert await case.tickets.commented("IT-103", "E1001", "c-1")
    assert not await case.tickets.commented("IT-103", "E1001", "c-2")
    with pytest.raises(ConnectorError):
        await case.tickets.comment("IT-103", "E1002", "Me too.", "c-2")
    with pytest.raises(ConnectorError):
        await case.tickets.comment("IT-999", "E1001", "Hello?", "c-3")
    assert case.commented() == ["IT-103"]


@pytest.mark.parametrize(
    "ticket_id", ["IT-103/comment", "../IT-103", "IT-103?x=1", "OPS-1", "it-103", "IT-1٣", "", "IT-"]
)
async def test_what_is_no_number_is_no_ticket(case: Case, ticket_id: str) -> None:
    assert await case.tickets.get(ticket_id, "E1001") is None
    with pytest.raises(ConnectorError):
        await case.tickets.comment(ticket_id, "E1001", "Hello?", "c-1")
    assert case.commented() == []


async def test_a_create_whose_answer_was_lost_is_found_by_its_key(case: Case) -> None:
    case.fail("create", "after")
    try:
        assert (await case.tickets.create(MONITOR, "a-1")).summary == MONITOR.summary
    except EffectUnknown:
        found = await case.tickets.by_key("a-1")
        assert found is not None
        assert found.summary == MONITOR.summary
    assert case.created() == ["IT-104"]


@pytest.mark.slow
async def test_a_create_that_may_have_been_lost_is_no_failure(case: Case) -> None:
    case.fail("create", "before-unknown")
    with pytest.raises(EffectUnknown):
        await case.tickets.create(MONITOR, "a-2")
    assert await case.tickets.by_key("a-2") is None
    assert case.created() == []


async def test_a_new_status_is_told_once_it_is_there_and_not_before(case: Case) -> None:
    begun = Clock().moment
    assert await case.tickets.changes(begun) == []
    await case.move("IT-103", "In progress")
    await case.move("HR-202", "Closed")
    await case.move("IT-103", "Closed")
    changes = await case.tickets.changes(begun)
    assert [(one.ticket_id, one.status, one.closed) for one in changes] == [
        ("HR-202", "Closed", True),
        ("IT-103", "Closed", True),
    ]
    assert changes[0].change_id < changes[1].change_id
    assert await case.tickets.changes(changes[-1].at + timedelta(seconds=1)) == []


SCAN = TicketFile("scan \u201cn\u00e9\u201d 7.pdf", "application/pdf", b"%PDF-1.7\r\n--boundary\r\n\0\xff" * 50)


async def test_a_file_is_added_once_as_it_is_and_only_where_one_may_look(case: Case) -> None:
    ticket = (await case.tickets.create(MONITOR, "a-1")).ticket_id
    where = (ticket, "E1001", SCAN.name, len(SCAN.content), "a-1:0")
    assert not await case.tickets.attached(*where)
    for _ in range(2):
        await case.tickets.attach(ticket, "E1001", SCAN, "a-1:0")
    assert await case.tickets.attached(*where)
    assert [(name, content) for name, content in case.files(ticket)] == [(SCAN.name, SCAN.content)]
    with pytest.raises(ConnectorError):
        await case.tickets.attach(ticket, "E1002", SCAN, "a-2:0")
    with pytest.raises(ConnectorError):
        await case.tickets.attach("IT-9999", "E1001", SCAN, "a-3:0")
    assert not await case.tickets.attached(ticket, "E1002", SCAN.name, len(SCAN.content), "a-1:0")
    assert len(case.files(ticket)) == 1


@pytest.mark.parametrize("name", ['a";name="b.pdf', "a\r\nX: y.pdf", "\u65e5\u672c.pdf", "back\\slash.pdf"])
async def test_a_name_cannot_end_the_field_it_stands_in(case: Case, name: str) -> None:
    ticket = (await case.tickets.create(MONITOR, "a-1")).ticket_id
    await case.tickets.attach(ticket, "E1001", replace(SCAN, name=name), "a-1:0")
    ((_, content),) = case.files(ticket)
    assert content == SCAN.content


async def test_a_file_whose_answer_was_lost_is_found_and_there_once(case: Case) -> None:
    ticket = (await case.tickets.create(MONITOR, "a-1")).ticket_id
    case.fail("attach", "after")
    with contextlib.suppress(EffectUnknown):
        await case.tickets.attach(ticket, "E1001", SCAN, "a-1:0")
    assert await case.tickets.attached(ticket, "E1001", SCAN.name, len(SCAN.content), "a-1:0")
    assert len(case.files(ticket)) == 1


async def test_a_file_that_may_have_been_lost_is_no_failure(case: Case) -> None:
    ticket = (await case.tickets.create(MONITOR, "a-1")).ticket_id
    case.fail("attach", "before-unknown")
    with pytest.raises(EffectUnknown):
        await case.tickets.attach(ticket, "E1001", SCAN, "a-1:0")
    assert not await case.tickets.attached(ticket, "E1001", SCAN.name, len(SCAN.content), "a-1:0")
