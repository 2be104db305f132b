"""Forms at the counter: filled in by whoever is offered them, a draft that is confirmed, and one that is edited."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.events import Place
from core.fields import FieldKind, Filled, Filling, Form, FormWanted
from core.outcomes import Outcome
from core.people import Standing
from loket.retention.export import Export
from loket.terminal.drawing import draw_card
from loket.words import SENTENCES
from storage import Tx
from tests.desk import Desk
from tools.added import shelf as shelf_file
from tools.added import versions
from tools.added.answers import KeptAnswers, answers_of
from tools.added.audience import EVERYBODY
from tools.added.document import ToolDocument
from tools.added.form_reading import read_form
from tools.added.kinds import Way
from tools.added.shelf import Shelf

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBERS = itertools.count(1)
TICKET = {"queue": "IT", "summary": "Screen is black", "description": "Since this morning, in room 2.14."}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk.start(documents=()) as desk:
        yield desk


def wanted(desk: Desk, employee: str, tool: str = "", replaces: str = "", **more: Any) -> FormWanted:
    address, identity = desk._where(employee, "terminal", None)
    return FormWanted(identity, address, tool, replaces, **more)


async def form(desk: Desk, employee: str, tool: str = "", replaces: str = "", **more: Any) -> Form | None:
    return await desk.counter.desk.form(wanted(desk, employee, tool, replaces, **more))


async def fill(
    desk: Desk, employee: str, tool: str, values: dict[str, str], *, event: str = "", replaces: str = "", **more: Any
) -> Filling:
    address, identity = desk._where(employee, "terminal", None)
    event_id = f"terminal:local:{event or f'form-{next(NUMBERS)}'}"
    filling = await desk.counter.desk.fill(Filled(event_id, identity, address, tool, values, replaces, **more))
    await desk.settle()
    return filling


def tickets(desk: Desk) -> list[str]:
    return [effect.kind for effect in desk.effects() if effect.kind == "ticket_created"]


def last_card(desk: Desk, employee: str) -> Any:
    return [post.reply.card for post in desk.posts() if post.address.user == employee and post.reply.card][-1]


# --- asking for it -----------------------------------------------------------------------------------------------


async def test_whoever_says_little_is_asked_one_thing_and_offered_the_form(desk: Desk) -> None:
    (*_, reply) = await desk.say("E1002", "file a ticket")
    assert reply.outcome is Outcome.CLARIFIED
    assert reply.text
    assert reply.form is not None
    assert reply.form.tool == "create_ticket"
    assert [field.name for field in reply.form.fields] == ["queue", "summary", "description"]
    assert [field.kind for field in reply.form.fields] == [FieldKind.CHOICE, FieldKind.TEXT, FieldKind.LONG_TEXT]


async def test_a_form_is_in_the_language_of_its_reader(desk: Desk) -> None:
    english, dutch = await form(desk, "E1001", "create_ticket"), await form(desk, "E1002", "create_ticket")
    assert english is not None
    assert dutch is not None
    labels = {shown.language: [field.label for field in shown.fields] for shown in (english, dutch)}
    assert set(labels) <= {"en", "nl"}
    for shown in (english, dutch):
        (choice, *_) = shown.fields[0].choices
        assert choice.value == "IT"
        assert choice.label != "IT"


async def test_a_tool_about_a_person_or_that_only_reads_has_no_form(desk: Desk) -> None:
    for tool in ("reset_my_password", "reset_password_for", "find_person", "my_tickets", "nothing", ""):
        assert await form(desk, "E1003", tool) is None, tool


# --- filling it in -----------------------------------------------------------------------------------------------


async def test_a_filled_form_becomes_a_draft_that_only_a_yes_files(desk: Desk) -> None:
    filling = await fill(desk, "E1002", "create_ticket", TICKET)
    assert filling.accepted
    assert tickets(desk) == []
    card = last_card(desk, "E1002")
    assert TICKET["summary"] in str(card.facts)
    assert (await desk.click("E1002", card.action_id, "confirm")).accepted
    assert tickets(desk) == ["ticket_created"]


async def test_the_same_form_twice_is_one_draft(desk: Desk) -> None:
    for _ in range(3):
        assert (await fill(desk, "E1002", "create_ticket", TICKET, event="one")).accepted
    cards = {post.reply.card.action_id for post in desk.posts() if post.reply.card}
    assert len(cards) == 1


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(desk: Desk) -> None:
    filling = await fill(desk, "E1002", "create_ticket", {"queue": "LEGAL", "summary": " ", "description": "x" * 4001})
    assert not filling.accepted
    assert set(filling.errors) == {"queue", "summary", "description"}
    assert all(text for text in filling.errors.values())
    assert not [post for post in desk.posts() if post.reply.card]


FORGED = ("requester", "approver", "employee_id", "subject", "tier", "")


async def test_a_field_that_the_form_has_not_is_refused_and_noted(desk: Desk) -> None:
    for name in FORGED:
        filling = await fill(desk, "E1002", "create_ticket", {**TICKET, name: "E1001"})
        assert not filling.accepted
        assert filling.text
    assert not [post for post in desk.posts() if post.reply.card]
    assert desk.sinks()["table audit"].count("form.refused") == len(FORGED)


NOT_OFFERED = (
    "reset_for_caller", "reset_password_for", "reset_my_password", "change_rules", "switch_on", "release_tool",
    "link_account", "publish_policies", "search_policies", "no_such_tool", "../x", "create_ticket\n",
)  # fmt: skip


async def test_a_form_for_a_tool_that_is_not_offered_is_refused(desk: Desk) -> None:
    for tool in NOT_OFFERED:
        assert not (await fill(desk, "E1002", tool, TICKET)).accepted, tool
    assert not [post for post in desk.posts() if post.reply.card]


@pytest.mark.parametrize("standing", [Standing.OUTSIDER, Standing.UNKNOWN])
async def test_an_outsider_gets_no_form_and_fills_none_in(desk: Desk, standing: Standing) -> None:
    assert await form(desk, "E1002", "create_ticket", standing=standing) is None
    assert not (await fill(desk, "E1002", "create_ticket", TICKET, standing=standing)).accepted
    assert not [post for post in desk.posts() if post.reply.card]


async def test_a_stranger_and_a_guest_fill_nothing_in(desk: Desk) -> None:
    for nobody in ("E0000", "E1019", "E1020"):
        if (await desk.counter.directory.by_id(nobody)) is None:
            assert not (await fill(desk, nobody, "create_ticket", TICKET)).accepted


async def test_nothing_is_filled_in_while_the_tool_is_switched_off(desk: Desk) -> None:
    admin = await _admin(desk)
    await desk.counter.gate.switch_off(admin, "create_ticket", "test")
    assert await form(desk, "E1002", "create_ticket") is None
    assert not (await fill(desk, "E1002", "create_ticket", TICKET)).accepted


async def test_a_tool_that_is_switched_off_after_the_form_was_sent_makes_no_draft(desk: Desk) -> None:
    admin = await _admin(desk)
    address, identity = desk._where("E1002", "terminal", None)
    filled = Filled("terminal:local:late", identity, address, "create_ticket", TICKET)

    real = desk.counter.desk.receive

    async def off_first(message: Any) -> None:
        await desk.counter.gate.switch_off(admin, "create_ticket", "test")
        await real(message)

    person = await desk.counter.directory.by_id("E1002")
    assert person is not None
    filling = await desk.counter.desk._forms.fill(filled, person, off_first)  # type: ignore[union-attr, attr-defined]
    await desk.settle()
    assert filling.accepted
    assert not [post for post in desk.posts() if post.reply.card]
    assert desk.posts()[-1].reply.text


async def test_a_password_typed_into_a_form_is_stored_nowhere(desk: Desk) -> None:
    secret = "Zomer2026!kanarie"
    await fill(desk, "E1002", "create_ticket", {**TICKET, "description": f"my password is {secret} and it fails"})
    await fill(desk, "E1002", "create_ticket", TICKET)
    assert desk.sinks_with(secret) == []


# --- editing -----------------------------------------------------------------------------------------------------


async def draft(desk: Desk, employee: str = "E1002") -> str:
    assert (await fill(desk, employee, "create_ticket", TICKET)).accepted
    return str(last_card(desk, employee).action_id)


async def test_a_draft_has_an_edit_button_and_its_form_is_filled_in(desk: Desk) -> None:
    old = await draft(desk)
    assert [button.verb.value for button in last_card(desk, "E1002").buttons] == ["confirm", "edit", "cancel"]
    shown = await form(desk, "E1002", replaces=old)
    assert shown is not None
    assert {field.name: field.value for field in shown.fields} == TICKET
    assert shown.replaces == old


async def test_an_edited_draft_takes_the_place_of_the_old(desk: Desk) -> None:
    old = await draft(desk)
    receipts = [post.receipt for post in desk.posts() if post.reply.card]
    assert (await fill(desk, "E1002", "create_ticket", {**TICKET, "summary": "Screen is white"}, replaces=old)).accepted
    new = last_card(desk, "E1002")
    assert new.action_id != old
    assert "Screen is white" in str(new.facts)
    assert [post.replaces for post in desk.posts() if post.reply.card][-1] == receipts[-1]
    gone = await desk.counter.gate.show(old)
    assert gone is not None
    assert gone.state.value == "cancelled"
    assert not (await desk.click("E1002", old, "confirm")).accepted
    assert (await desk.click("E1002", new.action_id, "confirm")).accepted
    assert tickets(desk) == ["ticket_created"]


async def test_nobody_edits_the_draft_of_somebody_else(desk: Desk) -> None:
    old = await draft(desk)
    assert await form(desk, "E1003", replaces=old) is None
    assert not (await fill(desk, "E1003", "create_ticket", TICKET, replaces=old)).accepted
    kept = await desk.counter.gate.show(old)
    assert kept is not None
    assert kept.state.value == "awaiting_confirmation"


async def test_a_draft_that_was_confirmed_or_edited_before_is_not_edited(desk: Desk) -> None:
    old = await draft(desk)
    other = {**TICKET, "summary": "Other"}
    assert (await fill(desk, "E1002", "create_ticket", other, replaces=old)).accepted
    assert not (await fill(desk, "E1002", "create_ticket", other, replaces=old)).accepted
    new = last_card(desk, "E1002").action_id
    await desk.click("E1002", new, "confirm")
    assert await form(desk, "E1002", replaces=new) is None
    assert not (await fill(desk, "E1002", "create_ticket", other, replaces=new)).accepted
    assert tickets(desk) == ["ticket_created"]


async def test_two_edits_of_one_draft_at_once_leave_one_draft(desk: Desk) -> None:
    old = await draft(desk)
    address, identity = desk._where("E1002", "terminal", None)
    for number in (1, 2):
        values = {**TICKET, "summary": f"Edit {number}"}
        filled = Filled(f"terminal:local:both-{number}", identity, address, "create_ticket", values, old)
        assert (await desk.counter.desk.fill(filled)).accepted
    await desk.settle()
    person = await desk.counter.gate.waiting()
    assert len(person) == 1


async def test_a_draft_is_not_edited_into_another_tool(desk: Desk) -> None:
    old = await draft(desk)
    assert await form(desk, "E1002", tool="comment_on_ticket", replaces=old) is None
    assert not (
        await fill(desk, "E1002", "comment_on_ticket", {"ticket_id": "IT-1", "text": "x"}, replaces=old)
    ).accepted


async def test_a_request_about_an_account_has_no_edit_button(desk: Desk) -> None:
    await desk.ask_for("E1002", "reset my password")
    assert "edit" not in [button.verb.value for button in last_card(desk, "E1002").buttons]


async def test_in_a_shared_room_the_draft_goes_to_the_direct_chat(desk: Desk) -> None:
    address, identity = desk._where("E1002", "slack_channel", None)
    assert address.place is Place.SHARED
    filled = Filled("slack:TDHB:shared-1", identity, address, "create_ticket", TICKET)
    assert (await desk.counter.desk.fill(filled)).accepted
    await desk.settle()
    cards = [post for post in desk.posts() if post.reply.card]
    assert cards
    assert all(post.reply.private for post in cards)


async def _admin(desk: Desk) -> Any:
    for number in range(1, 45):
        person = await desk.counter.directory.by_id(f"E{1000 + number}")
        if person is not None and "admins" in person.groups:
            return person
    raise AssertionError("no admin")


# --- forms that admins released -----------------------------------------------------------------------------------


@pytest.fixture
async def released(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A counter at which the example forms are in force."""
    monkeypatch.setattr(shelf_file, "SECONDS", 0.05)
    async with Desk.start(documents=()) as desk:
        registry = desk.counter.registry
        way = Way(answers=KeptAnswers(desk.counter.database))
        registry._added = Shelf(desk.counter.database, way, registry.built_in)
        await desk.counter.runner.warm()
        for name in ("renew_my_pass", "book_a_slot", "survey"):
            text = (EXAMPLES / name / "form.yaml").read_text(encoding="utf-8")
            await _release(desk, read_form(text, name))
        yield desk


async def _release(desk: Desk, document: ToolDocument) -> None:
    def write(tx: Tx) -> int:
        version = versions.draft(tx, document, "employee:E1009", "test")
        key = f"release-{document.name}"
        return versions.release(tx, version, EVERYBODY, key, "system:executor").edition

    edition = await desk.counter.database.run(write)
    while desk.counter.registry.edition != edition:  # noqa: ASYNC110 - it is looked up, nobody tells
        await asyncio.sleep(0.02)


async def test_an_example_form_goes_from_words_to_a_ticket_with_its_form_or_question_by_question(
    released: Desk,
) -> None:
    desk = released
    (*_, reply) = await desk.say("E1002", "mijn toegangspas vernieuwen graag")
    assert reply.form is not None
    assert reply.form.tool == "renew_my_pass"
    assert "Waarom heb je een nieuwe nodig" in reply.text
    assert "Hij verloopt" in reply.text
    day = (desk.clock.now() + timedelta(days=7)).date().isoformat()
    values = {"reason": "lost", "building": "utrecht", "collect_from": day, "new_photo": "no"}
    assert (await fill(desk, "E1002", "renew_my_pass", values)).accepted
    card = last_card(desk, "E1002")
    assert "Ik ben hem kwijt" in str(card.facts)
    assert (await desk.click("E1002", card.action_id, "confirm")).accepted
    assert tickets(desk) == ["ticket_created"]
    await _field_by_field(desk)


async def _field_by_field(desk: Desk) -> None:
    """The same in a chat that shows no forms: one question after the other."""
    await desk.say("E1002", "mijn toegangspas vernieuwen graag")
    await desk.say("E1002", "ik ben hem kwijt")
    (*_, reply) = await desk.say("E1002", "Utrecht")
    assert "Vanaf welke dag" in reply.text
    (*_, reply) = await desk.say("E1002", "over een week")
    assert reply.card is not None, reply.text
    assert "Utrecht" in str(reply.card.facts)


async def test_a_form_with_a_stricter_rule_waits_for_its_approver(released: Desk) -> None:
    desk = released
    day = (desk.clock.now() + timedelta(days=3)).date().isoformat()
    values = {"day": day, "part_of_day": "morning", "what_for": "A laptop that is slow"}
    assert (await fill(desk, "E1002", "book_a_slot", values)).accepted
    action_id = last_card(desk, "E1002").action_id
    await desk.click("E1002", action_id, "confirm")
    assert tickets(desk) == []
    assert not (await desk.click("E1002", action_id, "approve")).accepted
    assert (await desk.click("E1003", action_id, "approve")).accepted
    assert tickets(desk) == ["ticket_created"]


async def test_a_survey_is_kept_copied_and_erased(released: Desk) -> None:
    desk = released
    values = {"visits": "daily", "mark": "8", "remarks": "More soup, kanarie-soep"}
    assert (await fill(desk, "E1002", "canteen_survey", values)).accepted
    for table in ("table inbox", "table messages"):  # what was filled in stands in the draft, and nowhere else
        assert "kanarie-soep" not in desk.sinks()[table]
    await desk.click("E1002", last_card(desk, "E1002").action_id, "confirm")
    assert tickets(desk) == []
    kept = await desk.counter.database.read(lambda tx: answers_of(tx, "canteen_survey"))
    assert [(one.employee_id, one.answers["mark"]) for one in kept] == [("E1002", 8)]
    copy = await Export(desk.counter.database, desk.counter.directory, desk.counter.home).document("E1002", "test")
    assert "kanarie-soep" in str(copy["answers_to_forms"])


async def test_where_there_are_no_forms_a_draft_is_changed_in_words(desk: Desk) -> None:
    old = await draft(desk)
    decision = await desk.click("E1002", old, "edit")
    assert not decision.accepted
    assert decision.text
    screen = io.StringIO()
    Console(file=screen, width=100).print(draw_card(last_card(desk, "E1002"), "en", SENTENCES))
    assert "/confirm" in screen.getvalue()
    assert "/edit" not in screen.getvalue()
