"""What `loket doctor` says of a Jira, and what the account is found able to change; by reading only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from connectors.directory.embedded import EmbeddedDirectory
from connectors.examination import Seen
from connectors.settings import OutsideSettings
from connectors.tickets.jira import JiraTicketReader, JiraTickets
from core.errors import ConnectorError
from tests.outside import new_world
from tests.servers.certificates import Certificates
from tests.servers.jira import FakeJira, fake_jira
from tests.servers.scripted_ldap import scripted_ldap

DESK = "IT=IT:Task; FAC=FAC:#4/25"


@pytest.fixture(params=["cloud", "data_center"])
async def jira(request: pytest.FixtureRequest) -> AsyncIterator[FakeJira]:
    async with fake_jira(request.param) as jira:
        yield jira
        assert jira.api.violations == []
        assert {call.method for call in jira.calls} <= {"GET"}  # a look changes nothing


async def look(jira: FakeJira, folder: Path, *, reads: bool = False, **changes: object) -> list[Seen]:
    """What is seen, without what is good."""
    kind = JiraTicketReader if reads else JiraTickets
    tickets = kind(jira.settings(**changes), OutsideSettings(), EmbeddedDirectory(new_world(folder)))
    try:
        return [seen for seen in await tickets.examine() if not seen.good]
    finally:
        await tickets.close()


async def test_a_jira_that_is_ready_is_seen_to_be(jira: FakeJira, tmp_path: Path) -> None:
    assert await look(jira, tmp_path, queues=DESK, requester="reporter") == []
    jira.state.desks = {}
    assert await look(jira, tmp_path) == []


async def test_a_token_that_is_not_accepted_is_the_only_thing_said(jira: FakeJira, tmp_path: Path) -> None:
    [seen] = await look(jira, tmp_path, token="another")
    assert "(401)" in seen.detail
    assert "LOKET_JIRA_TOKEN" in seen.advice


async def test_a_jira_that_is_not_there_is_seen(jira: FakeJira, tmp_path: Path) -> None:
    [seen] = await look(jira, tmp_path, url="http://127.0.0.1:9")
    assert "cannot be reached" in seen.detail


async def test_a_jira_whose_certificate_is_not_accepted_is_told_from_one_that_is_not_there(
    jira: FakeJira, tmp_path: Path
) -> None:
    with scripted_ldap(Certificates(tmp_path / "theirs")) as other:
        [seen] = await look(jira, tmp_path, url=other.url.replace("ldaps://", "https://"))
    assert "certificate is not accepted: no authority that is trusted here signed it" in seen.detail


def _no_permission(jira: FakeJira) -> None:
    jira.state.permissions.discard("ADD_COMMENTS")


def _asks_more(jira: FakeJira) -> None:
    jira.state.required["customfield_10099"] = True


def _takes_no_labels(jira: FakeJira) -> None:
    jira.state.projects["IT"] = ("Incident",)


def _too_much(jira: FakeJira) -> None:
    jira.state.permissions |= {"DELETE_ISSUES", "ADMINISTER"}


def _no_project(jira: FakeJira) -> None:
    del jira.state.projects["HR"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_no_permission, "no permission ADD_COMMENTS"),
        (_asks_more, "asks for what Loket does not know: customfield_10099"),
        (_takes_no_labels, "no issue type 'Task'"),
        (_too_much, "more than it needs: ADMINISTER, DELETE_ISSUES"),
        (_no_project, "(404)"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(
    jira: FakeJira, tmp_path: Path, change: Callable[[FakeJira], None], words: str
) -> None:
    change(jira)
    found = await look(jira, tmp_path)
    assert any(words in seen.detail for seen in found), found
    assert all(seen.advice for seen in found)


async def test_a_field_that_the_form_does_not_take_is_named(jira: FakeJira, tmp_path: Path) -> None:
    found = await look(jira, tmp_path, requester_field="customfield_77777")
    assert any("does not take customfield_77777" in seen.detail for seen in found)


@pytest.mark.parametrize(
    "changes", [{"outage_component": "Misspelt"}, {"requester_field": "customfield_77777"}], ids=["component", "field"]
)
async def test_a_name_that_would_spoil_every_search_is_seen(
    jira: FakeJira, tmp_path: Path, changes: dict[str, str]
) -> None:
    found = await look(jira, tmp_path, **changes)
    assert any(seen.what == "Jira: search" and "(400)" in seen.detail for seen in found)


async def test_what_is_wrong_with_a_service_desk_is_said(jira: FakeJira, tmp_path: Path) -> None:
    jira.state.raises_for_others = False
    jira.state.required["customfield_10099"] = True
    said = [seen.detail for seen in await look(jira, tmp_path, queues=DESK, requester="reporter")]
    assert any("may not raise requests for others" in one for one in said)
    assert any("customfield_10099" in one for one in said)
    jira.state.desks["4"] = "OPS"
    said = [seen.detail for seen in await look(jira, tmp_path, queues=DESK)]
    assert any("does not belong to the project FAC" in one for one in said)


async def test_an_account_that_only_reads_is_enough_for_the_agent(jira: FakeJira, tmp_path: Path) -> None:
    jira.state.permissions = {"BROWSE_PROJECTS"}
    assert await look(jira, tmp_path, reads=True, filed_by="loket") == []
    [seen] = await look(jira, tmp_path, reads=True)
    assert "LOKET_JIRA_FILED_BY" in seen.advice


async def test_an_account_that_changes_things_is_too_much_for_the_agent(jira: FakeJira, tmp_path: Path) -> None:
    found = await look(jira, tmp_path, reads=True, filed_by="loket")
    assert all(seen.fatal for seen in found)
    assert any("CREATE_ISSUES" in seen.detail for seen in found)


async def test_nobody_who_hears_of_changes_is_said_but_no_reason_to_stop(jira: FakeJira, tmp_path: Path) -> None:
    [seen] = await look(jira, tmp_path, poll_seconds=0)
    assert not seen.fatal
    assert await look(jira, tmp_path, poll_seconds=0, hook_secret="kZ8q-4nT1-Wv7p-Xc2m-Rb6d-Hj3s-Lf9g") == []


async def test_powers_are_what_the_account_may_change(jira: FakeJira, tmp_path: Path) -> None:
    tickets = JiraTicketReader(jira.settings(), OutsideSettings(), EmbeddedDirectory(new_world(tmp_path)))
    assert "Jira IT: CREATE_ISSUES" in await tickets.powers()
    jira.state.permissions = {"BROWSE_PROJECTS"}
    assert await tickets.powers() == []
    jira.state.permissions = set()
    assert await tickets.powers() == []
    jira.api.token = "changed"
    with pytest.raises(ConnectorError):
        await tickets.powers()
    await tickets.close()
