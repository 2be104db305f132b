"""People in Entra ID: the contract of every directory, and what is peculiar to this one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.directory import Directory
from connectors.directory.entra import EntraDirectory
from connectors.graph.addresses import mobile, private_mail
from connectors.graph.clouds import CLOUDS
from connectors.graph.odata import address, clause, literal, words
from core.errors import ConnectorError
from core.people import ChannelIdentity, Employee, EmployeeKind
from tests.servers.graph import READING, FakeGraph, fake_graph
from tests.servers.graph_query import Filter, Search
from tests.servers.graph_tenant import TENANT, account_of, guid

KNOWN = frozenset({"displayName", "employeeId", "mail"})


@dataclass
class Case:
    """A directory and the tenant behind it."""

    directory: EntraDirectory
    graph: FakeGraph

    def teams(self, employee_id: str) -> ChannelIdentity:
        """Who somebody is in Teams."""
        return ChannelIdentity("teams", TENANT, account_of(self.graph.tenant, employee_id))


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with fake_graph(tmp_path, READING) as graph:
        directory = EntraDirectory(graph.settings(), graph.outside)
        yield Case(directory, graph)
        await directory.close()
        assert graph.violations == []


async def must(found: Employee | None) -> Employee:
    assert found is not None
    return found


# --- what every directory promises -------------------------------------------------------------------------------


async def test_it_is_a_directory(case: Case) -> None:
    directory: Directory = case.directory
    assert await directory.by_id("E1001") is not None


async def test_a_teams_identity_is_an_employee_with_nested_groups(case: Case) -> None:
    sanne = await must(await case.directory.by_identity(case.teams("E1001")))
    priya = await must(await case.directory.by_id("E1003"))
    assert (sanne.employee_id, sanne.name, sanne.manager_id) == ("E1001", "Sanne de Wit", "E1007")
    assert (sanne.title, sanne.site, sanne.room, sanne.language) == ("Policy adviser", "Rotterdam", "R2.14", "nl")
    assert (sanne.given_name, sanne.email, sanne.kind) == ("Sanne", "sanne.dewit@dhb.example", EmployeeKind.STAFF)
    assert {"it-approvers", "it-staff", "all-staff"} <= priya.groups
    assert priya.language == "en"


@pytest.mark.parametrize(
    "identity",
    [
        ChannelIdentity("teams", guid("another tenant"), guid("sanne.dewit")),
        ChannelIdentity("teams", TENANT, guid("nobody")),
        ChannelIdentity("teams", TENANT, "sanne.dewit@dhb.example"),
        ChannelIdentity("teams", TENANT, "E1001"),
        ChannelIdentity("teams", TENANT, ""),
        ChannelIdentity("teams", TENANT, "../groups"),
        ChannelIdentity("slack", "T-OTHER", "UE1001"),
        ChannelIdentity("slack", "TDHB", "UE1001' or employeeId eq 'E1001"),
        ChannelIdentity("slack", "TDHB:UE1001", ""),
        ChannelIdentity("terminal", "local", "E1001"),
        ChannelIdentity("web", "", guid("sanne.dewit")),
    ],
    ids=str,
)
async def test_a_stranger_is_nobody(case: Case, identity: ChannelIdentity) -> None:
    assert await case.directory.by_identity(identity) is None


async def test_the_same_person_is_found_in_slack_by_an_attribute(case: Case) -> None:
    found = await must(await case.directory.by_identity(ChannelIdentity("slack", "TDHB", "UE1001")))
    assert found.employee_id == "E1001"


async def test_a_sign_in_at_the_tenant_itself_is_known_by_object_id_and_by_nothing_else(case: Case) -> None:
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    found = await must(await case.directory.by_identity(ChannelIdentity("oidc", issuer, guid("sanne.dewit"))))
    assert found.employee_id == "E1001"
    for tenant, user in (
        (issuer, "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"),
        (issuer, "sanne.dewit@dhb.example"),
        (f"https://login.microsoftonline.com/{guid('other')}/v2.0", guid("sanne.dewit")),
        (f"{issuer}/", guid("sanne.dewit")),
        (TENANT, guid("sanne.dewit")),
    ):
        assert await case.directory.by_identity(ChannelIdentity("oidc", tenant, user)) is None


async def test_all_identities_of_a_person_are_listed(case: Case) -> None:
    listed = {str(identity) for identity in await case.directory.identities("E1001")}
    assert f"teams:{TENANT}:{guid('sanne.dewit')}" in listed
    assert f"teams:{TENANT}:{guid('sanne.dewit-veld')}" in listed
    assert "slack:TDHB:UE1001" in listed
    assert list(await case.directory.identities("E9999")) == []


async def test_a_deactivated_person_is_returned_and_may_use_nothing(case: Case) -> None:
    bram = await must(await case.directory.by_identity(case.teams("E1014")))
    assert not bram.active
    assert not bram.may_use_tools


async def test_guests_and_services_are_known_as_such(case: Case) -> None:
    guest, service = await must(await case.directory.by_id("E1015")), await must(await case.directory.by_id("E1016"))
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
        ("el amrani", "E1006"),
        ("Marike Postma", "E1017"),
        ("e1009", "E1009"),
        ("Tom.Bakker@dhb.example", "E1002"),
        ("Jan de Boer", "E1020"),
        ("jan de boer-visser", "E1021"),
        ("Sorensen", "E1011"),
        ("yilmaz", "E1019"),
        ("omer", "E1036"),
    ],
)
async def test_a_colleague_is_found_however_they_are_typed(case: Case, words: str, expected: str) -> None:
    found = await case.directory.find(words)
    assert found[0].employee_id == expected


async def test_two_of_nearly_the_same_name_are_both_offered(case: Case) -> None:
    assert [person.employee_id for person in await case.directory.find("jan boer")] == ["E1020", "E1021"]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "de",
        "qqqq",
        "*",
        "%",
        "a)(uid=*",
        '" OR "displayName:a',
        "x' or employeeId ne 'y1",
        "Bram Peeters",
        "Lucía Ferreira",
        "E1016",
        "@",
        '"@"',
    ],
)
async def test_nobody_is_found_who_does_not_fit_or_is_no_active_staff(case: Case, words: str) -> None:
    assert list(await case.directory.find(words)) == []


async def test_a_search_never_lists_the_whole_house(case: Case) -> None:
    assert len(await case.directory.find("e" * 5000)) == 0
    assert len(await case.directory.find("jan", limit=1)) == 1
    assert len(await case.directory.find("a.", limit=10_000)) <= 25
    assert list(await case.directory.find("sanne", limit=-1)) == []


async def test_members_of_a_group_come_with_nested_groups_and_without_leavers(case: Case) -> None:
    case.graph.page_size = 20
    it_staff = [person.employee_id for person in await case.directory.members("it-staff")]
    everybody = {person.employee_id for person in await case.directory.members("all-staff")}
    assert {"E1003", "E1005", "E1006", "E1009"} <= set(it_staff)
    assert it_staff == sorted(it_staff)
    assert everybody.isdisjoint({"E1014", "E1015", "E1016"})
    assert len(everybody) >= 40
    assert list(await case.directory.members("no-such-group")) == []


async def test_a_changed_right_counts_at_the_next_question(case: Case) -> None:
    group = guid("group-it-approvers")
    case.graph.tenant.members[group].remove(guid("priya.raman"))
    priya = await must(await case.directory.by_id("E1003"))
    assert "it-approvers" not in priya.groups


@pytest.mark.parametrize("how", ["500 before", "garbage", "cut before", "list"])
async def test_a_directory_that_fails_says_so_and_gives_no_half_result(case: Case, how: str) -> None:
    case.graph.fail_next("GET /transitiveMemberOf", how, times=2 if "before" in how else 1)
    with pytest.raises(ConnectorError):
        await case.directory.by_id("E1001")
    assert await case.directory.by_id("E1001") is not None


# --- groups ------------------------------------------------------------------------------------------------------


async def test_a_group_that_only_looks_like_one_of_ours_gives_no_right(case: Case) -> None:
    tenant = case.graph.tenant
    fake = "5ca1ab1e-0000-4000-8000-000000000001"
    tenant.groups[fake] = {"id": fake, "displayName": "it-approvers", "securityEnabled": True}
    tenant.members[fake] = [guid("sanne.dewit")]
    sanne = await must(await case.directory.by_id("E1001"))
    assert "it-approvers" not in sanne.groups
    assert fake in sanne.groups
    assert [person.employee_id for person in await case.directory.members(fake)] == ["E1001"]


async def test_a_group_that_has_a_name_is_known_by_it_alone(case: Case) -> None:
    priya = await must(await case.directory.by_id("E1003"))
    assert guid("group-it-approvers") not in priya.groups
    assert list(await case.directory.members(guid("group-it-approvers"))) == []


async def test_a_group_people_let_each_other_into_gives_no_right(case: Case) -> None:
    case.graph.tenant.groups[guid("group-admins")]["securityEnabled"] = False
    daan = await must(await case.directory.by_id("E1009"))
    assert "admins" not in daan.groups


async def test_groups_that_may_not_be_seen_are_an_error_and_not_no_groups(tmp_path: Path) -> None:
    async with fake_graph(tmp_path, {"User.Read.All"}) as graph:
        directory = EntraDirectory(graph.settings(), graph.outside)
        with pytest.raises(ConnectorError, match="may not read groups"):
            await directory.by_id("E1001")
        await directory.close()


async def test_a_group_of_the_whole_country_is_not_listed(case: Case) -> None:
    crowd = [case.graph.tenant.add_user(f"crowd{n}", employeeId=f"C{n}") for n in range(201)]
    case.graph.tenant.add_group("crowd", crowd)
    with pytest.raises(ConnectorError, match="more than 200"):
        await case.directory.members(guid("group-crowd"))


# --- whose an account is -----------------------------------------------------------------------------------------


async def test_an_account_without_a_number_is_a_strangers(case: Case) -> None:
    nobody = case.graph.tenant.add_user("new.here", employeeId=None)
    assert await case.directory.by_identity(ChannelIdentity("teams", TENANT, nobody)) is None
    assert await case.directory.by_id("") is None


async def test_a_number_given_out_twice_makes_nobody_of_both(case: Case) -> None:
    other = case.graph.tenant.add_user("other.person", employeeId="E1003", displayName="Other Person")
    with pytest.raises(ConnectorError, match="same number"):
        await case.directory.by_identity(ChannelIdentity("teams", TENANT, other))
    with pytest.raises(ConnectorError, match="same number"):
        await case.directory.by_id("E1003")
    assert list(await case.directory.find("other person")) == []
    assert "E1003" not in {person.employee_id for person in await case.directory.members("it-approvers")}


async def test_the_old_account_of_somebody_who_came_back_does_no_harm(case: Case) -> None:
    case.graph.tenant.add_user("priya.raman-old", employeeId="E1003", accountEnabled=False)
    priya = await must(await case.directory.by_id("E1003"))
    assert priya.active
    assert "it-approvers" in priya.groups


async def test_a_further_account_is_the_same_person_with_the_persons_own_rights(case: Case) -> None:
    admin = ChannelIdentity("teams", TENANT, guid("adm-ruben.kok"))
    ruben = await must(await case.directory.by_identity(admin))
    assert ruben.employee_id == "E1012"
    assert "domain-admins" not in ruben.groups


async def test_whoever_signs_in_with_an_account_that_is_off_is_off(case: Case) -> None:
    case.graph.tenant.users[guid("sanne.dewit-veld")]["accountEnabled"] = False
    field = await must(await case.directory.by_identity(ChannelIdentity("teams", TENANT, guid("sanne.dewit-veld"))))
    assert not field.active
    assert (await must(await case.directory.by_id("E1001"))).active


@pytest.mark.parametrize("kind", ["Guest", None, "guest"])
async def test_a_guest_with_a_colleagues_number_is_a_guest(case: Case, kind: str | None) -> None:
    guest = case.graph.tenant.add_user("partner.org", employeeId="E1003", userType=kind)
    found = await must(await case.directory.by_identity(ChannelIdentity("teams", TENANT, guest)))
    assert not found.may_use_tools
    assert (await must(await case.directory.by_id("E1003"))).may_use_tools


async def test_an_index_that_lags_behind_keeps_nobody_in(case: Case) -> None:
    tenant = case.graph.tenant
    tenant.freeze_index()
    sanne, tom = tenant.users[guid("sanne.dewit")], tenant.users[guid("tom.bakker")]
    sanne["onPremisesExtensionAttributes"] = {"extensionAttribute5": None}
    tom["accountEnabled"] = False
    assert await case.directory.by_identity(ChannelIdentity("slack", "TDHB", "UE1001")) is None
    assert list(await case.directory.find("tom bakker")) == []


async def test_an_id_of_another_channel_given_to_two_says_nothing(case: Case) -> None:
    other = case.graph.tenant.users[guid("tom.bakker")]
    other["onPremisesExtensionAttributes"] = {"extensionAttribute5": "TDHB:UE1001"}
    assert await case.directory.by_identity(ChannelIdentity("slack", "TDHB", "UE1001")) is None


async def test_the_number_may_be_kept_in_another_attribute_or_be_the_account_itself(tmp_path: Path) -> None:
    async with fake_graph(tmp_path, READING) as graph:
        for user in graph.tenant.users.values():
            user["onPremisesExtensionAttributes"]["extensionAttribute3"] = user["employeeId"]
        by_extension = EntraDirectory(graph.settings(person_attribute="extensionAttribute3"), graph.outside)
        sanne = await must(await by_extension.by_id("E1001"))
        assert (sanne.employee_id, sanne.manager_id) == ("E1001", "E1007")
        by_account = EntraDirectory(graph.settings(person_attribute="id"), graph.outside)
        same = await must(await by_account.by_id(guid("sanne.dewit")))
        assert (same.name, same.manager_id) == ("Sanne de Wit", guid("ineke.smit"))
        assert (await by_account.find("sanne de wit"))[0].employee_id == guid("sanne.dewit")
        await by_extension.close()
        await by_account.close()
        assert graph.violations == []


# --- private addresses -------------------------------------------------------------------------------------------


async def test_contact_data_say_when_they_changed(case: Case) -> None:
    noor, sanne = await case.directory.contact("E1013"), await case.directory.contact("E1001")
    assert noor is not None
    assert sanne is not None
    assert sanne.mobile == "+31655501001"
    assert sanne.private_email == "sanne.dewit@mail.example"
    assert sanne.work_email == "sanne.dewit@dhb.example"
    now = datetime.now(UTC)
    assert timedelta(hours=23) < now - noor.changed_at < timedelta(hours=25)
    assert timedelta(days=6.9) < now - sanne.changed_at < timedelta(days=7.1)  # as far as the log was read
    assert await case.directory.contact("E9999") is None


@pytest.mark.parametrize("name", ["mobilePhone", "otherMails", "mail"])
async def test_each_address_that_is_changed_counts(case: Case, name: str) -> None:
    value: Any = ["thief@mail.example"] if name == "otherMails" else "+31 6 9999 9999"
    case.graph.tenant.change(guid("tom.bakker"), **{name: value})
    contact = await case.directory.contact("E1002")
    assert contact is not None
    assert datetime.now(UTC) - contact.changed_at < timedelta(minutes=1)


async def test_a_change_of_something_else_or_somebody_else_does_not_count(case: Case) -> None:
    tenant, tom = case.graph.tenant, guid("tom.bakker")
    tenant.change(tom, jobTitle="Director")
    tenant.change(guid("noor.hendriks"), mobilePhone="+31 6 1111 1111")
    tenant.log(tom, "Update user", [{"displayName": "MobilePhone", "oldValue": None, "newValue": None}])
    tenant.audits[-1]["result"] = "failure"
    contact = await case.directory.contact("E1002")
    assert contact is not None
    assert datetime.now(UTC) - contact.changed_at > timedelta(days=6)


async def test_a_change_that_does_not_say_what_it_changed_counts(case: Case) -> None:
    case.graph.tenant.log(guid("tom.bakker"), "Update user", [])
    contact = await case.directory.contact("E1002")
    assert contact is not None
    assert datetime.now(UTC) - contact.changed_at < timedelta(minutes=1)


async def test_the_last_of_many_changes_counts_on_whichever_page_it_stands(case: Case) -> None:
    case.graph.page_size, tom = 3, guid("tom.bakker")
    for hours in (5, 50, 2, 100, 3):
        at = datetime.now(UTC) - timedelta(hours=hours)
        case.graph.tenant.change(tom, at, mobilePhone="+31 6 9999 9999")
        case.graph.tenant.change(tom, at, jobTitle="x")
    contact = await case.directory.contact("E1002")
    assert contact is not None
    assert timedelta(hours=1.9) < datetime.now(UTC) - contact.changed_at < timedelta(hours=2.1)


async def test_whoever_came_today_has_addresses_of_today(case: Case) -> None:
    today = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    case.graph.tenant.users[guid("tom.bakker")]["createdDateTime"] = today
    contact = await case.directory.contact("E1002")
    assert contact is not None
    assert datetime.now(UTC) - contact.changed_at < timedelta(minutes=1)


@pytest.mark.parametrize("name", ["mobilePhone", "otherMails", "mail"])
async def test_a_number_put_in_a_moment_ago_is_noticed_before_the_log_has_it(case: Case, name: str) -> None:
    assert list(await case.directory.powers()) == []  # asked when a process starts
    case.graph.tenant.change(guid("tom.bakker"), logged=False, **{name: None if name == "mail" else []})
    case.graph.tenant.users[guid("tom.bakker")][name] = ["x@mail.example"] if name == "otherMails" else "+31699999999"
    case.graph.tenant.change(guid("noor.hendriks"), logged=False, jobTitle="Chief")
    for _ in range(2):
        tom = await case.directory.contact("E1002")
        assert tom is not None
        assert datetime.now(UTC) - tom.changed_at < timedelta(minutes=1)
    sanne, noor = await case.directory.contact("E1001"), await case.directory.contact("E1013")
    assert sanne is not None
    assert noor is not None
    assert datetime.now(UTC) - sanne.changed_at > timedelta(days=6)
    assert datetime.now(UTC) - noor.changed_at > timedelta(hours=23)


async def test_a_watch_that_was_broken_off_begins_anew(case: Case) -> None:
    await case.directory.contact("E1002")
    case.graph.tokens_expired = True
    assert await case.directory.contact("E1002") is not None
    case.graph.tokens_expired = False
    case.graph.tenant.change(guid("tom.bakker"), logged=False, mobilePhone="+31 6 9999 9999")
    tom = await case.directory.contact("E1002")
    assert tom is not None
    assert datetime.now(UTC) - tom.changed_at < timedelta(minutes=1)


async def test_a_watch_that_fails_is_an_error_and_one_that_is_refused_makes_every_address_new(case: Case) -> None:
    await case.directory.contact("E1001")
    case.graph.fail_next("GET /users/delta", "500 before", times=2)
    with pytest.raises(ConnectorError):
        await case.directory.contact("E1001")
    case.graph.fail_next("GET /users/delta", "403")
    sanne = await case.directory.contact("E1001")
    assert sanne is not None
    assert datetime.now(UTC) - sanne.changed_at < timedelta(minutes=1)


@pytest.mark.parametrize("lacking", ["AuditLog.Read.All", "Directory.Read.All"])
async def test_a_log_that_may_not_be_read_makes_every_address_a_new_one(tmp_path: Path, lacking: str) -> None:
    async with fake_graph(tmp_path, READING - {lacking}) as graph:
        directory = EntraDirectory(graph.settings(), graph.outside)
        contact = await directory.contact("E1001")
        await directory.close()
        assert contact is not None
        assert contact.mobile == "+31655501001"  # who is told of a change still is
        assert datetime.now(UTC) - contact.changed_at < timedelta(minutes=1)


async def test_a_cloud_without_a_log_is_not_asked_for_it(tmp_path: Path) -> None:
    async with fake_graph(tmp_path, READING, CLOUDS["china"]) as graph:
        directory = EntraDirectory(graph.settings(), graph.outside)
        contact = await directory.contact("E1001")
        await directory.close()
        assert contact is not None
        assert datetime.now(UTC) - contact.changed_at < timedelta(minutes=1)
        assert graph.asked("GET /auditLogs") == 0


async def test_a_log_that_fails_for_a_moment_is_an_error(case: Case) -> None:
    case.graph.fail_next("GET /auditLogs", "500 before", times=2)
    with pytest.raises(ConnectorError):
        await case.directory.contact("E1001")


async def test_missing_private_addresses_are_missing(case: Case) -> None:
    henk, aylin = await case.directory.contact("E1018"), await case.directory.contact("E1019")
    assert henk is not None
    assert aylin is not None
    assert henk.mobile is None
    assert aylin.private_email is None
    assert aylin.mobile is not None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+31 6 5550 1001", "+31655501001"),
        ("+31 (0)6-5550.1001", "+31655501001"),
        ("0031 6 55501001", "+31655501001"),
        ("06 55501001", None),
        ("+31 6", None),
        ("+31 6 5550 1001 ext 5", None),
        ("+31655501001\n+31699999999", None),
        ("", None),
    ],
)
def test_a_number_without_its_country_is_no_number(written: str, read: str | None) -> None:
    assert mobile(written) == read


def test_the_own_mailbox_is_no_private_address() -> None:
    work = ("tom@dhb.example",)
    assert private_mail(["tom2@DHB.example", "tom@mail.example", "x@other.example"], work) == "tom@mail.example"
    assert private_mail(["tom@dhb.example", 5, "", "no address", "a@b.c>, <d@e.f"], work) is None


# --- what is asked for -------------------------------------------------------------------------------------------


async def test_private_addresses_are_asked_for_by_contact_only(case: Case) -> None:
    await case.directory.by_id("E1001")
    await case.directory.find("tom bakker")
    assert all("mobilePhone" not in one.query and "otherMails" not in one.query for one in case.graph.requests)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_value_comes_back_from_a_filter_and_a_search_as_it_was_meant(text: str) -> None:
    assert Filter(f"employeeId eq {literal(text)}", KNOWN).literals == [text]
    if text.strip():
        assert Search(clause("mail", text), KNOWN).clauses == [("mail", text)]
    if found := words(text):
        expression = " AND ".join(clause("displayName", word) for word in found)
        assert Search(expression, KNOWN).clauses == [("displayName", word) for word in found]


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_a_value_stays_in_its_parameter_and_a_segment_in_its_place(text: str) -> None:
    from urllib.parse import parse_qsl, unquote, urlsplit

    parts = urlsplit(address("https://graph.microsoft.com/v1.0", ("users", text), {"$filter": text, "$top": "1"}))
    assert parts.netloc == "graph.microsoft.com"
    assert [unquote(piece) for piece in parts.path.split("/")] == ["", "v1.0", "users", text]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("$filter", text), ("$top", "1")]


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.thorough
async def test_a_directory_that_hangs_costs_the_asker_five_seconds(case: Case) -> None:
    await case.directory.by_id("E1001")
    case.graph.fail_next("GET /users", "hang before", times=50)
    for question in (case.directory.by_id("E1001"), case.directory.find("jan"), case.directory.contact("E1001")):
        begun = time.monotonic()
        with pytest.raises(ConnectorError):
            await question
        assert time.monotonic() - begun < 5.5
