"""Whatever Jira does, it costs the asker seconds and nobody else anything, and no error tells what it must not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.directory.embedded import EmbeddedDirectory
from connectors.settings import OutsideSettings
from connectors.tickets import TicketDraft
from connectors.tickets.jira import JiraTickets
from core.errors import ConfigError, ConnectorError, EffectUnknown
from tests.outside import new_world
from tests.servers.jira import FakeJira, fake_jira

MONITOR = TicketDraft("IT", "Canary-summary stays black", "Canary-description.", "E1001")
SURELY_NOTHING = ("429 for ever", "403")
DOUBT = ("500 before", "500 after", "cut before", "cut after", "html", "late", "hang")


@pytest.fixture(params=["cloud", "data_center"])
async def jira(request: pytest.FixtureRequest) -> AsyncIterator[FakeJira]:
    async with fake_jira(request.param) as jira:
        yield jira
        assert jira.api.violations == []


class Room:
    """Connectors to one Jira, closed at the end."""

    def __init__(self, jira: FakeJira, folder: Path) -> None:
        self.jira = jira
        self.directory = EmbeddedDirectory(new_world(folder))
        self.made: list[JiraTickets] = []

    def tickets(self, outside: OutsideSettings | None = None, **changes: object) -> JiraTickets:
        made = JiraTickets(self.jira.settings(**changes), outside or OutsideSettings(), self.directory)
        self.made.append(made)
        return made


@pytest.fixture
async def room(jira: FakeJira, tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(jira, tmp_path)
    yield room
    for made in room.made:
        await made.close()


@pytest.mark.parametrize("how", SURELY_NOTHING)
async def test_a_refusal_is_surely_nothing(room: Room, how: str) -> None:
    room.jira.fail_next("create", how)
    with pytest.raises(ConnectorError) as caught:
        await room.tickets(write_seconds=1).create(MONITOR, "a-1")
    assert type(caught.value) is ConnectorError
    assert room.jira.state.issues == {}


@pytest.mark.slow
@pytest.mark.parametrize("how", DOUBT)
@pytest.mark.timed
async def test_what_may_have_happened_is_doubt_or_found_and_never_a_failure(room: Room, how: str) -> None:
    room.jira.slow_seconds = 0.9
    room.jira.fail_next("create", how)
    tickets = room.tickets(write_seconds=1)
    try:
        ticket = await tickets.create(MONITOR, "a-1")
    except EffectUnknown:
        assert how in ("500 before", "cut before", "late", "hang")
    else:
        assert list(room.jira.state.issues) == [ticket.ticket_id]
    await room.jira.settle()
    assert len(room.jira.state.issues) <= 1


ODD = [
    None, [], {}, 3, {"key": None}, {"key": 7}, {"key": "../IT-1"}, {"key": "OPS-1"}, {"issueKey": "IT-1"},
    {"issues": 3}, {"issues": [{}]}, {"issues": [[]]}, {"total": "x", "issues": [1]}, {"comments": 3},
    {"issues": [{"key": "IT-1", "fields": None}]}, {"permissions": []}, [{"key": "IT-1"}],
    {"issues": [{"key": "IT-1", "fields": {"summary": "x", "status": "Open"}}]}, {"accountId": 3, "name": 3},
    {"issueTypes": [{}], "values": [{}]},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.timed
async def test_a_strange_answer_is_no_answer_and_no_crash(room: Room, odd: object) -> None:
    room.jira.odd = odd
    tickets = room.tickets(write_seconds=0.4)
    room.jira.fail_next("create", "odd")
    with contextlib.suppress(EffectUnknown):
        made = await tickets.create(MONITOR, "a-1")
        assert list(room.jira.state.issues) == [made.ticket_id]
    room.jira.forgive()
    number = (await room.tickets().create(MONITOR, "a-1")).ticket_id
    for ask in (
        lambda: tickets.mine("E1001"),
        lambda: tickets.similar("IT", "black", "E1001"),
        lambda: tickets.get(number, "E1001"),
        lambda: tickets.by_key("a-1"),
        lambda: tickets.commented(number, "E1001", "c-1"),
        lambda: tickets.changes(room.jira.state.now()),
        tickets.powers,
        tickets.examine,
    ):
        for what in ("search", "other", "other"):
            room.jira.fail_next(what, "odd")
        with contextlib.suppress(ConnectorError):
            await ask()
        room.jira.forgive()
    assert len(room.jira.state.issues) == 1


async def test_too_many_calls_for_now_are_made_again(room: Room) -> None:
    for what in ("search", "create", "other"):
        room.jira.fail_next(what, "429")
    assert (await room.tickets().create(MONITOR, "a-1")).ticket_id == "IT-101"
    assert len(room.jira.state.issues) == 1


@pytest.mark.parametrize("how", ["500 before", "cut before", "cut after", "html"])
async def test_a_question_is_asked_once_more(room: Room, how: str) -> None:
    room.jira.fail_next("search", how)
    assert await room.tickets().mine("E1001") == []
    for _ in range(2):
        room.jira.fail_next("search", how)
    with pytest.raises(ConnectorError) as caught:
        await room.tickets().mine("E1001")
    assert not isinstance(caught.value, EffectUnknown)


@pytest.mark.timed
@pytest.mark.slow
async def test_a_jira_that_hangs_costs_its_askers_seconds_and_the_next_nothing(room: Room) -> None:
    tickets = room.tickets(read_seconds=1)
    for _ in range(12):
        room.jira.fail_next("search", "hang")
    began = time.monotonic()
    answers = await asyncio.gather(*(tickets.mine("E1001") for _ in range(12)), return_exceptions=True)
    assert all(type(answer).__mro__[1] is ConnectorError for answer in answers), answers
    assert time.monotonic() - began < 2.5
    room.jira.forgive()
    began = time.monotonic()
    assert await tickets.mine("E1001") == []
    assert time.monotonic() - began < 1


@pytest.mark.slow
@pytest.mark.timed
async def test_the_loop_goes_on_while_jira_hangs(room: Room) -> None:
    tickets = room.tickets(read_seconds=1)
    room.jira.fail_next("search", "hang")
    asking = asyncio.create_task(tickets.mine("E1001"))
    longest = 0.0
    while not asking.done():
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before)
    assert longest < 0.5
    with pytest.raises(ConnectorError):
        await asking


async def test_nothing_listens_is_surely_nothing(room: Room) -> None:
    with pytest.raises(ConnectorError) as caught:
        await room.tickets(url="http://127.0.0.1:9", write_seconds=2).create(MONITOR, "a-1")
    assert not isinstance(caught.value, EffectUnknown)
    assert "127.0.0.1" not in str(caught.value)


async def test_no_error_and_no_log_holds_a_credential_an_address_or_a_value(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # what libraries say below is never kept
    room.jira.state.required["customfield_10099"] = True
    said = []
    for how in (*SURELY_NOTHING, "500 after", "cut after", "html", ""):
        if how:
            room.jira.fail_next("create", how)
        with pytest.raises(ConnectorError) as caught:
            await room.tickets(write_seconds=0.4).create(MONITOR, f"a-{how}")
        said.append(f"{caught.value} {caught.value!r} {caught.value.__cause__}")
        room.jira.forgive()
    with pytest.raises(ConnectorError) as caught:
        await room.tickets(token="wrong-token-of-somebody").mine("E1001")
    said += [str(caught.value), caplog.text]
    assert "customfield_10099" in said[-3]
    assert "does not accept the token (401)" in said[-2]
    assert room.jira.api.token not in repr(room.jira.settings())
    for secret in (room.jira.api.token, "wrong-token", "Canary", room.jira.url, "sanne", "jql", "Basic ", "Bearer "):
        assert secret not in "\n".join(said), secret


async def test_no_proxy_and_no_password_of_the_environment_is_used(
    room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await room.tickets().create(MONITOR, "a-1")).ticket_id == "IT-101"


async def test_an_answer_without_end_is_not_read(room: Room) -> None:
    for number in range(60):
        values = {"summary": f"S {number}", "description": "x" * 5000, "labels": ["known-outage"]}
        if room.jira.state.kind == "cloud":
            content = [{"type": "paragraph", "content": [{"type": "text", "text": "x" * 5000}]}]
            values["description"] = {"type": "doc", "version": 1, "content": content}
        room.jira.state.add("IT", values)
    with pytest.raises(ConnectorError):
        await room.tickets(OutsideSettings(max_response_bytes=100_000)).similar("IT", "screen", "E1001")


async def test_a_redirect_is_not_followed_and_its_cause_is_named(tmp_path: Path) -> None:
    reached: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        writer.write(b"HTTP/1.1 302 X\r\nLocation: /login?from=elsewhere\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    async with fake_jira("cloud") as jira:
        room = Room(jira, tmp_path)
        tickets = room.tickets(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(ConnectorError, match="check LOKET_JIRA_URL"):
            await tickets.mine("E1001")
        await tickets.close()
    server.close()
    assert not any(path.startswith(b"/login") for path in reached)


async def test_a_certificate_file_that_is_none_stops_with_one_line(room: Room, tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    with pytest.raises(ConfigError, match="cannot be read"):
        await room.tickets(OutsideSettings(ca_file=wrong)).mine("E1001")


@pytest.mark.parametrize("how", ["500 after", "cut after", "html"])
async def test_a_comment_in_doubt_that_is_there_is_no_doubt(room: Room, how: str) -> None:
    tickets = room.tickets()
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    room.jira.fail_next("comment", how)
    await tickets.comment(number, "E1001", "Still black.", "c-1")
    assert len(room.jira.state.issues[number].comments) == 1


@pytest.mark.parametrize("how", ["500 before", "cut before"])
async def test_a_comment_in_doubt_that_is_not_there_stays_in_doubt(room: Room, how: str) -> None:
    tickets = room.tickets()
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    room.jira.fail_next("comment", how)
    with pytest.raises(EffectUnknown):
        await tickets.comment(number, "E1001", "Still black.", "c-1")
    assert not await tickets.commented(number, "E1001", "c-1")


async def test_a_comment_of_somebody_else_with_our_mark_is_not_ours(room: Room) -> None:
    from connectors.jira import marks
    from connectors.jira.adf import to_adf
    from tests.servers.jira_state import Person

    tickets = room.tickets()
    number = (await tickets.create(MONITOR, "a-1")).ticket_id
    text = marks.signed("x", "Mallory", "c-1")
    body = to_adf(text) if room.jira.state.kind == "cloud" else text
    room.jira.state.comment(number, body, Person("mallory", "mallory@dhb.example"))
    assert not await tickets.commented(number, "E1001", "c-1")


async def test_a_ticket_that_cannot_be_read_after_filing_was_filed_all_the_same(room: Room) -> None:
    tickets = room.tickets()
    await tickets.mine("E1001")  # who we are is known from now on
    for _ in range(2):
        room.jira.fail_next("other", "500 before")
    ticket = await tickets.create(MONITOR, "a-1")
    assert ticket.ticket_id == "IT-101"
    assert (ticket.summary, ticket.address) == (MONITOR.summary, f"{room.jira.url}/browse/IT-101")


async def test_hundreds_of_changes_are_read_page_by_page(room: Room) -> None:
    begun = room.jira.state.now()
    for number in range(250):
        key = room.jira.state.add("IT", {"summary": f"S {number}"}).key
        room.jira.state.move(key, "Closed")
    changes = await room.tickets().changes(begun)
    assert len({change.ticket_id for change in changes}) == 250
    assert [change.change_id for change in changes] == sorted(change.change_id for change in changes)
