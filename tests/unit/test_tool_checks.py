"""What `loket tools check` looks at besides words: arguments, risk, hosts, credentials, recorded examples, examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.secret_source import SecretPlaces, SecretSource
from core.errors import ConnectorError, ToolFailed
from tests.added_room import changing, reading
from tests.tool_room import ToolRoom
from tools.added.checks.arguments import check_arguments, wire_names
from tools.added.checks.contract import check_contract, differences
from tools.added.checks.examples import Nearness, check_examples
from tools.added.checks.findings import Finding, Report, Verdict, failed, passed, unseen
from tools.added.checks.reach import check_credentials, check_hosts
from tools.added.checks.risk import check_risk
from tools.added.loading import made
from tools.context import Found, ToolContext

SECRET = "canary-4471-harbour"


def verdicts(findings: Sequence[Finding]) -> set[Verdict]:
    return {one.verdict for one in findings}


# --- the report ----------------------------------------------------------------------------------------------------


def test_what_was_not_looked_at_is_no_pass_and_neither_is_nothing() -> None:
    assert not Report("a", "b", ()).passed
    assert not Report("a", "b", (passed("x", "y"), unseen("x", "y", "z"))).passed
    assert not Report("a", "b", (passed("x", "y"), failed("x", "y", "z"))).passed
    assert Report("a", "b", (passed("x", "y"),)).passed


def test_a_report_is_read_back_as_it_was_kept() -> None:
    report = Report("a", "b", (passed("x", "y"), unseen("x", "y", "z"), failed("x", "y", "z")))
    assert Report.of(report.encoded()) == report


# --- arguments -----------------------------------------------------------------------------------------------------


def arguments(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


@pytest.mark.parametrize(
    "name",
    ["employee_id", "employee", "user", "user_id", "on_behalf_of", "approved_by", "subject", "role", "namens", "bsn"],
)
def test_no_argument_says_who_somebody_is_or_who_approved(name: str) -> None:
    one = reading(arguments=arguments(**{name: {"type": "string"}}), contract=())
    assert verdicts(check_arguments(one)) == {Verdict.FAILED}


@pytest.mark.parametrize(
    "text",
    [
        "The employee number of the person", "User id", "the staff-no", "Acts on behalf of this colleague",
        "Who approved this", "approved by", "Personeelsnummer", "gebruikersnaam", "BSN", "Goedgekeurd door",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["description", "title", "label"])
def test_a_harmless_name_does_not_hide_what_is_asked_for(text: str, where: str) -> None:
    shape = {"type": "string"} if where == "label" else {"type": "string", where: text}
    labels = {"ref": {"en": text, "nl": "Kenmerk"}} if where == "label" else {}
    one = reading(arguments=arguments(ref=shape), labels=labels, contract=())
    assert verdicts(check_arguments(one)) == {Verdict.FAILED}


@pytest.mark.parametrize(
    "source",
    [
        {"places": {"ref": {"in": "path", "name": "employeeId"}}}, {"names": {"ref": "on_behalf_of"}},
        {"map": {"employeeId": "ref"}}, {"parameters": [{"argument": "ref", "name": "userId"}]},
    ],
)  # fmt: skip
def test_a_harmless_name_is_not_sent_as_an_identity(source: dict[str, Any]) -> None:
    one = reading(arguments=arguments(ref={"type": "string"}), source=source, contract=())
    assert verdicts(check_arguments(one)) == {Verdict.FAILED}


def test_plain_arguments_and_bound_identities_pass() -> None:
    assert verdicts(check_arguments(reading())) == {Verdict.PASSED}
    assert verdicts(check_arguments(changing())) == {Verdict.PASSED}


@given(st.recursive(st.text() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_source_can_be_looked_through(source: Any) -> None:
    assert isinstance(wire_names({"x": source}, "ref"), set)


# --- risk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "/leave"), ("delete", "/leave"), ("put", "/leave"), ("get", "/password/reset"), ("", "/leave")],
)
def test_what_may_change_something_is_not_called_reading(method: str, path: str) -> None:
    one = reading(source={"method": method, "path": path, "operation": {}})
    assert verdicts(check_risk(one)) == {Verdict.FAILED}


def test_what_only_reads_may_be_called_so_and_a_servers_hint_does_not_help() -> None:
    assert verdicts(check_risk(reading(source={"method": "get", "path": "/leave", "operation": {}}))) == {
        Verdict.PASSED
    }
    hinted = {"tool": {"name": "drop_table", "annotations": {"readOnlyHint": True}, "inputSchema": {}}}
    assert verdicts(check_risk(reading(kind="mcp", source=hinted))) == {Verdict.FAILED}


# --- hosts and credentials -----------------------------------------------------------------------------------------


class Names:
    """A name server of the test's own."""

    def __init__(self, **known: str) -> None:
        self._known = known

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if host not in self._known:
            raise OSError("no such name")
        return [self._known[host]]


async def test_a_host_with_a_public_address_passes() -> None:
    names = Names(**{"hr.example.gov": "93.184.216.34"})
    assert verdicts(await check_hosts(reading(source={}), names)) == {Verdict.PASSED}


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "0.0.0.0"])
async def test_a_name_that_leads_inside_fails(address: str) -> None:
    assert verdicts(await check_hosts(reading(source={}), Names(**{"hr.example.gov": address}))) == {Verdict.FAILED}


async def test_a_name_that_cannot_be_looked_up_was_not_looked_at() -> None:
    assert verdicts(await check_hosts(reading(source={}), Names())) == {Verdict.UNSEEN}


async def test_a_source_that_goes_to_a_host_nobody_declared_fails() -> None:
    one = reading(source={"server": "https://evil.example.com/api"})
    assert Verdict.FAILED in verdicts(await check_hosts(one, Names(**{"hr.example.gov": "93.184.216.34"})))


async def test_a_credential_is_read_and_never_said(tmp_path: Path) -> None:
    one = reading(credential={"read": {"from": "env", "name": "LOKET_TOOL_HR"}})
    there = SecretSource(SecretPlaces({"LOKET_TOOL_HR": SECRET}))
    rows = [*await check_credentials(one, there), *await check_credentials(one, SecretSource(SecretPlaces()))]
    assert [row.verdict for row in rows] == [Verdict.PASSED, Verdict.FAILED]
    assert SECRET not in repr(rows)
    assert verdicts(await check_credentials(one, None)) == {Verdict.UNSEEN}


# --- recorded examples ---------------------------------------------------------------------------------------------


async def contract(tmp_path: Path, answer: str | Exception, recorded: Any, **changes: Any) -> set[Verdict]:
    async def run(ctx: ToolContext, **arguments: Any) -> Found:
        if isinstance(answer, Exception):
            raise answer
        return Found(answer)

    one = reading(contract=({"arguments": {"year": 2026}, "answer": recorded},), **changes)
    context = await ToolRoom(tmp_path)._reading("E1002", "en")
    return verdicts(await check_contract(one, made(one, run), context))


async def test_an_answer_of_the_recorded_shape_passes_and_one_that_lost_something_fails(tmp_path: Path) -> None:
    assert await contract(tmp_path, "Hours: 80\nUnit: hours", {"hours": 120}) == {Verdict.PASSED}
    assert await contract(tmp_path, "Days: 10", {"hours": 120}) == {Verdict.FAILED}
    assert await contract(tmp_path, '{"hours": "many"}', {"hours": 120}) == {Verdict.FAILED}
    assert await contract(tmp_path, ToolFailed("no"), {"hours": 120}) == {Verdict.FAILED}
    assert await contract(tmp_path, ConnectorError("hr", "no answer"), {"hours": 120}) == {Verdict.UNSEEN}


async def test_without_an_example_or_somebody_to_ask_for_it_is_no_pass(tmp_path: Path) -> None:
    async def run(ctx: ToolContext, **arguments: Any) -> Found:
        raise AssertionError("never asked")

    for one, expected in ((reading(contract=()), Verdict.FAILED), (reading(), Verdict.UNSEEN)):
        assert verdicts(await check_contract(one, made(one, run), None)) == {expected}


async def test_what_changes_something_is_never_run_by_a_check(tmp_path: Path) -> None:
    async def run(ctx: Any, **arguments: Any) -> Any:
        raise AssertionError("never run")

    for arguments_, expected in (({"what": "a"}, Verdict.PASSED), ({"where": "b"}, Verdict.FAILED)):
        one = changing(contract=({"arguments": arguments_},))
        context = await ToolRoom(tmp_path)._reading("E1002", "en")
        assert verdicts(await check_contract(one, made(one, run), context)) == {expected}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, JSON)
def test_shapes_of_anything_can_be_compared(one: Any, other: Any) -> None:
    assert list(differences(one, None)) == []
    assert isinstance(list(differences(one, other)), list)


# --- examples ------------------------------------------------------------------------------------------------------

ENGLISH = ("is my permit valid", "car park", "until when may I park", "permit please", "my parking permit")
DUTCH = ("is mijn vergunning geldig", "parkeren", "tot wanneer mag ik parkeren", "vergunning graag", "mijn vergunning")


def examples(own: float = 0.9, others: float = 0.1, **changes: Any) -> set[Verdict]:
    one = reading(**{"examples": {"en": ENGLISH, "nl": DUTCH}, **changes})

    def measure(document: Any, known: Any) -> list[Nearness]:
        return [Nearness(line, own, "search_policies", others) for line in document.examples.en]

    return verdicts(check_examples(one, {"search_policies": ("what are the rules",)}, measure))


def test_examples_that_mean_this_tool_pass_and_those_of_another_fail() -> None:
    assert examples() == {Verdict.PASSED}
    assert examples(own=0.0, others=0.1) == {Verdict.PASSED}
    assert examples(own=0.3, others=0.8) == {Verdict.FAILED}


def test_too_few_examples_or_those_of_another_tool_fail() -> None:
    assert examples(examples={"en": ENGLISH[:4], "nl": DUTCH}) == {Verdict.FAILED}
    assert examples(examples={"en": ENGLISH, "nl": DUTCH[:3]}) == {Verdict.FAILED}
    assert examples(examples={"en": (*ENGLISH, "What are the rules?"), "nl": DUTCH}) == {Verdict.FAILED}
    assert examples(examples={"en": ENGLISH, "nl": (*DUTCH, ENGLISH[0])}) == {Verdict.FAILED}
