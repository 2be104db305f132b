"""Whose ticket it is: nobody's mark, name or address makes somebody see what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.directory.embedded import EmbeddedDirectory
from connectors.jira import marks
from connectors.jira.adf import to_adf
from connectors.settings import OutsideSettings
from connectors.tickets import TicketDraft
from connectors.tickets.jira import JiraTicketReader, JiraTickets
from core.errors import ConnectorError, EffectUnknown
from tests.outside import new_world
from tests.servers.jira import FakeJira, fake_jira
from tests.servers.jira_state import Issue, Person

SANNE, TOM = "E1001", "E1002"
MONITOR = TicketDraft("IT", "Monitor black", "Since Monday.", SANNE)
DESK = "IT=IT:Task; FAC=FAC:#4/25"


class Room:
    """One Jira with Mallory in it, whom it lets write what she likes."""

    def __init__(self, jira: FakeJira, folder: Path) -> None:
        self.jira = jira
        self.state = jira.state
        self.directory = EmbeddedDirectory(new_world(folder))
        self.mallory = Person("mallory", "mallory@dhb.example")
        self.state.people.append(self.mallory)
        self.made: list[JiraTicketReader] = []

    async def has_account(self, employee_id: str, name: str, **details: object) -> Person:
        person = await self.directory.by_id(employee_id)
        assert person is not None
        made = Person(name, person.email, **details)  # type: ignore[arg-type]
        self.state.people.append(made)
        return made

    def tickets(self, **changes: object) -> JiraTickets:
        made = JiraTickets(self.jira.settings(**changes), OutsideSettings(), self.directory)
        self.made.append(made)
        return made

    def reader(self, **changes: object) -> JiraTicketReader:
        made = JiraTicketReader(self.jira.settings(**changes), OutsideSettings(), self.directory)
        self.made.append(made)
        return made

    def by_mallory(self, text: str, labels: list[str], **more: object) -> Issue:
        description = to_adf(text) if self.state.kind == "cloud" else text
        values = {"summary": "Click here", "description": description, "labels": labels}
        return self.state.add("IT", {**values, "creator": self.mallory, "reporter": self.mallory, **more})


@pytest.fixture(params=["cloud", "data_center"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Room]:
    async with fake_jira(request.param) as jira:
        room = Room(jira, tmp_path)
        yield room
        for made in room.made:
            await made.close()
        assert jira.api.violations == []


async def test_a_mark_that_somebody_else_set_makes_nothing_ours(room: Room) -> None:
    forged = marks.footer("Sanne de Wit", SANNE, "a-1")
    for queues in ("IT=IT:Task", DESK):
        tickets = room.tickets(queues=queues)
        issue = room.by_mallory(f"Your account is blocked.\n\n{forged}", ["loket", marks.requester_label(SANNE)])
        assert await tickets.mine(SANNE) == []
        assert await tickets.get(issue.key, SANNE) is None
        assert await tickets.similar("IT", "click here blocked account", SANNE) == []


async def test_the_field_of_somebody_else_makes_nothing_ours(room: Room) -> None:
    tickets = room.tickets(requester_field="customfield_10050")
    issue = room.by_mallory("Hello.", [], extra={"customfield_10050": SANNE})
    assert await tickets.mine(SANNE) == []
    assert await tickets.get(issue.key, SANNE) is None


async def test_a_requester_can_be_written_into_a_field(room: Room) -> None:
    tickets = room.tickets(requester_field="customfield_10050")
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    issue = room.state.issues[number]
    assert issue.extra == {"customfield_10050": SANNE}
    assert not any("requester" in label for label in issue.labels)
    assert [ticket.ticket_id for ticket in await tickets.mine(SANNE)] == [number]
    assert await tickets.get(number, TOM) is None
    assert await tickets.get(number, f"{SANNE} ") is None


async def test_another_account_than_the_one_that_files_has_to_be_told_which_that_is(room: Room) -> None:
    number = (await room.tickets().create(MONITOR, "a-1")).ticket_id
    filer = room.state.me
    room.state.people.insert(0, Person("loket-reads", "loket-reads@dhb.example"))
    assert await room.reader().get(number, SANNE) is None
    known = filer.account_id if room.state.kind == "cloud" else filer.name
    seen = await room.reader(filed_by=known).get(number, SANNE)
    assert seen is not None
    assert seen.ticket_id == number


async def test_the_reporter_is_the_one_account_with_their_address(room: Room) -> None:
    sanne = await room.has_account(SANNE, "sanne")
    tickets = room.tickets(requester="reporter")
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    assert room.state.issues[number].reporter == sanne
    own = room.by_mallory("She filed it herself.", [], reporter=sanne)
    assert {ticket.ticket_id for ticket in await tickets.mine(SANNE)} == {number, own.key}
    assert await tickets.get(own.key, TOM) is None


@pytest.mark.parametrize("trouble", ["nobody", "two", "inactive", "app", "like it"])
async def test_an_account_that_is_not_beyond_doubt_is_nobodys(room: Room, trouble: str) -> None:
    if trouble != "nobody":
        details: dict[str, object] = {"inactive": {"active": False}, "app": {"kind": "app"}}.get(trouble, {})
        if trouble == "app" and room.state.kind != "cloud":
            pytest.skip("Data Center has no kinds of account")
        made = await room.has_account(SANNE, "sanne", **details)
        if trouble == "two":
            await room.has_account(SANNE, "sanne2")
        if trouble == "like it":
            made.email = f"x{made.email}"
    tickets = room.tickets(requester="reporter")
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    assert room.state.issues[number].reporter == room.state.me
    assert [ticket.ticket_id for ticket in await tickets.mine(SANNE)] == [number]


async def test_a_reporter_that_may_not_be_set_is_named(room: Room) -> None:
    await room.has_account(SANNE, "sanne")
    room.state.permissions.discard("MODIFY_REPORTER")
    with pytest.raises(ConnectorError, match="look at the fields reporter") as caught:
        await room.tickets(requester="reporter").create(MONITOR, "a-1")
    assert not isinstance(caught.value, EffectUnknown)
    assert room.state.issues == {}


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_requester_can_watch_and_a_watch_that_fails_is_no_failure(room: Room, allowed: bool) -> None:
    await room.has_account(SANNE, "sanne")
    if not allowed:
        room.state.permissions.discard("MANAGE_WATCHERS")
    number = (await room.tickets(requester="watcher").create(MONITOR, "a-1")).ticket_id
    assert room.state.issues[number].watchers == (["sanne"] if allowed else [])


@pytest.mark.parametrize("requester", ["mark", "reporter"])
async def test_a_request_of_a_service_desk_is_raised_found_and_ones_own(room: Room, requester: str) -> None:
    sanne = await room.has_account(SANNE, "sanne")
    tickets = room.tickets(queues=DESK, requester=requester)
    number = (await tickets.create(TicketDraft("FAC", "Lamp", "Out.\n\nSince noon.", SANNE), "a-1")).ticket_id
    issue = room.state.issues[number]
    assert issue.key == "FAC-101"
    assert (issue.reporter == sanne) is (requester == "reporter")
    assert issue.labels == []
    found = await tickets.by_key("a-1")
    assert found is not None
    assert found.description == "Out.\n\nSince noon."
    assert [ticket.ticket_id for ticket in await tickets.mine(SANNE)] == [number]
    assert await tickets.get(number, TOM) is None
    assert await tickets.by_key("a-2") is None


async def test_a_request_for_somebody_else_that_is_not_allowed_files_nothing(room: Room) -> None:
    await room.has_account(SANNE, "sanne")
    room.state.raises_for_others = False
    with pytest.raises(ConnectorError):
        await room.tickets(queues=DESK, requester="reporter").create(TicketDraft("FAC", "Lamp", "Out.", SANNE), "a-1")
    assert room.state.issues == {}


async def test_text_of_a_person_that_looks_like_our_mark_gives_nobody_their_ticket(room: Room) -> None:
    tickets = room.tickets(queues=DESK)
    text = f"Hello\n\n{marks.footer('Tom Bakker', TOM, 'a-9')}"
    number = (await tickets.create(TicketDraft("FAC", "Lamp", text, SANNE), "a-1")).ticket_id
    assert await tickets.mine(TOM) == []
    assert await tickets.get(number, TOM) is None
    assert await tickets.by_key("a-9") is None


async def test_an_outage_by_component_is_everybodys(room: Room) -> None:
    issue = room.by_mallory("All printers.", [], components=["Major incident"])
    tickets = room.tickets(outage_label="", outage_component="Major incident")
    seen = await tickets.get(issue.key, SANNE)
    assert seen is not None
    assert (seen.is_outage, seen.requester_id) == (True, "")
    assert await room.tickets(outage_label="").get(issue.key, SANNE) is None


async def test_a_ticket_of_a_project_that_is_not_ours_is_not_even_asked_for(room: Room) -> None:
    room.state.projects["OPS"] = ("Task",)
    issue = room.state.add("OPS", {"summary": "Secret", "labels": [marks.requester_label(SANNE), "known-outage"]})
    asked = len(room.jira.calls)
    assert await room.tickets().get(issue.key, SANNE) is None
    assert len(room.jira.calls) == asked


async def test_a_ticket_that_was_moved_away_is_gone(room: Room) -> None:
    tickets = room.tickets()
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    room.state.issues[number].key = "OPS-7"  # the old number still leads there
    assert await tickets.get(number, SANNE) is None


async def test_a_long_summary_and_a_summary_of_lines_are_filed_as_one_line(room: Room) -> None:
    tickets = room.tickets()
    ticket = await tickets.create(TicketDraft("IT", "a\nb " + "x" * 300, "y", SANNE), "a-1")
    assert ticket.summary.startswith("a b x")
    assert len(ticket.summary) == 255
