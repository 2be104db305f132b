"""Tickets are drafted, confirmed and filed once, in the requester's own name."""

from pathlib import Path

import pytest

from core.errors import EffectUnknown, ToolFailed, ToolRetry
from tests.tool_room import ToolRoom

SANNE, TOM = "E1001", "E1002"
PRINTER = {"queue": "IT", "summary": "Printer in Zwolle does not print", "description": "Offline since this morning."}


@pytest.fixture
def room(tmp_path: Path) -> ToolRoom:
    return ToolRoom(tmp_path)


async def test_a_draft_shows_everything_that_will_be_filed(room: ToolRoom) -> None:
    draft = await room.draft(TOM, "create_ticket", queue="HR", summary="Pay slip", description="Line one.\nLine two.")
    assert draft.title == "File a ticket with HR Services: Pay slip"
    assert [(fact.label, fact.value) for fact in draft.facts] == [
        ("For", "HR Services"),
        ("Summary", "Pay slip"),
        ("Details", "Line one.\nLine two."),
    ]
    assert room.effects() == []


async def test_a_known_outage_is_told_before_a_ticket_is_filed(room: ToolRoom) -> None:
    draft = await room.draft(TOM, "create_ticket", **PRINTER)
    assert "known outage, IT-101" in draft.notice
    assert draft.reference == "IT-101"
    dutch = await room.draft(TOM, "create_ticket", language="nl", **PRINTER)
    assert "bekende storing, IT-101" in dutch.notice


async def test_an_own_ticket_that_is_open_already_is_told(room: ToolRoom) -> None:
    draft = await room.draft(
        SANNE, "create_ticket", queue="IT", summary="Laptop battery empty", description="One hour."
    )
    assert "IT-103" in draft.notice
    other = await room.draft(TOM, "create_ticket", queue="IT", summary="Laptop battery empty", description="One hour.")
    assert "IT-103" not in other.notice + repr(other.facts)


async def test_a_ticket_is_filed_in_the_name_of_the_requester_with_number_and_link(room: ToolRoom) -> None:
    effect = await room.act(TOM, "create_ticket", **PRINTER)
    ticket = await room.tickets.get(effect.reference, TOM)
    assert ticket is not None
    assert (ticket.requester_id, ticket.address) == (TOM, effect.address)
    assert room.effects() == [("ticket_created", effect.reference, "action-1")]


async def test_a_doubtful_ticket_is_found_again_by_its_key(room: ToolRoom) -> None:
    reconcile = room.tool("create_ticket").reconcile
    assert reconcile is not None
    context = await room.acting(TOM)
    assert await reconcile(context, **PRINTER) is None
    room.world.fail_next("tickets", "after")
    with pytest.raises(EffectUnknown):
        await room.act(TOM, "create_ticket", **PRINTER)
    found = await reconcile(context, **PRINTER)
    assert found is not None
    assert room.effects() == [("ticket_created", found.reference, "action-1")]


async def test_an_unknown_queue_is_explained_to_the_model(room: ToolRoom) -> None:
    with pytest.raises(ToolRetry, match="'IT', 'HR' or 'FAC'"):
        await room.draft(TOM, "create_ticket", queue="Legal", summary="x", description="y")


async def test_a_hidden_character_in_a_draft_is_shown(room: ToolRoom) -> None:
    draft = await room.draft(TOM, "create_ticket", queue="HR", summary="Pay\u202eslip", description="text")
    assert "Pay⟦U+202E⟧slip" in [fact.value for fact in draft.facts]
    assert "\u202e" not in draft.title


async def test_i_want_a_person_needs_no_argument_at_all(room: ToolRoom) -> None:
    draft = await room.draft(SANNE, "hand_over_to_person", queue="IT", language="nl")
    assert draft.title == "Een medewerker van de IT Service Desk vragen je te helpen"
    effect = await room.act(SANNE, "hand_over_to_person")
    ticket = await room.tickets.get(effect.reference, SANNE)
    assert ticket is not None
    assert ticket.summary == "Sanne de Wit wil graag een medewerker spreken: zonder toelichting"
    assert ticket.queue == "IT"


async def test_a_hand_over_carries_what_was_tried(room: ToolRoom) -> None:
    effect = await room.act(TOM, "hand_over_to_person", queue="HR", summary="pay slip", description="Asked twice.")
    ticket = await room.tickets.get(effect.reference, TOM)
    assert ticket is not None
    assert ticket.summary == "Tom Bakker would like to speak to a person: pay slip"
    assert ticket.description == "Asked twice."


async def test_a_comment_goes_to_an_own_ticket(room: ToolRoom) -> None:
    draft = await room.draft(SANNE, "comment_on_ticket", ticket_id="IT-103", text="Now it is dead.")
    assert draft.title == "Add a comment to IT-103"
    assert [fact.value for fact in draft.facts] == ["Laptop battery lasts one hour", "Now it is dead."]
    await room.act(SANNE, "comment_on_ticket", ticket_id="IT-103", text="Now it is dead.")
    assert room.effects() == [("comment_added", "IT-103", "action-1")]


@pytest.mark.parametrize("ticket_id", ["HR-202", "IT-101", "IT-999"])
async def test_nobody_comments_on_a_ticket_of_another_or_an_outage(room: ToolRoom, ticket_id: str) -> None:
    with pytest.raises(ToolFailed, match="has no ticket"):
        await room.draft(SANNE, "comment_on_ticket", ticket_id=ticket_id, text="x")
    with pytest.raises(ToolFailed, match="has no ticket"):
        await room.act(SANNE, "comment_on_ticket", ticket_id=ticket_id, text="x")
    assert room.effects() == []
