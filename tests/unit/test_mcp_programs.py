"""MCP servers that are programs on this machine: what they may not do to us, to each other, and to the machine."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.mcp import Answer, Endpoint, Limits, McpServers, ToolChanged
from connectors.secret_source import SecretPlaces, SecretSource
from core.errors import ConnectorError, EffectUnknown, ToolFailed
from core.secret_reference import SecretReference
from tests.servers import mcp_program

PROGRAM = str(Path(mcp_program.__file__))
PATIENT = Limits(call_seconds=10, start_seconds=10, end_seconds=0.3, first_pause=30.0)
QUICK = Limits(call_seconds=0.5, start_seconds=0.3, end_seconds=0.2, first_pause=30.0)
"""For what is to time out."""
PINNED = mcp_program.TOOL
NUMBER = {"number": 3}


def server(what: str = "good", argument: str = "", **more: object) -> Endpoint:
    return Endpoint(f"server_{what}", command=(sys.executable, "-I", "-S", PROGRAM, what, argument), **more)  # type: ignore[arg-type]


@asynccontextmanager
async def servers(limits: Limits = PATIENT, secrets: SecretSource | None = None) -> AsyncIterator[McpServers]:
    some = McpServers(None, secrets, limits=limits)
    try:
        yield some
    finally:
        await some.close()


async def read(some: McpServers, what: str, argument: str = "") -> Answer:
    return await some.call(server(what, argument), PINNED, NUMBER, reads=True)


async def act(some: McpServers, what: str, argument: str = "") -> Answer:
    return await some.call(server(what, argument), PINNED, NUMBER, reads=False, key="act-1")


async def test_a_good_server_is_listed_and_called_and_its_session_is_kept() -> None:
    async with servers() as some:
        listing = await some.look(server())
        assert [tool["name"] for tool in listing.tools] == ["get_note"]
        assert (listing.protocol, listing.server_info) == ("2025-11-25", {"name": "bad", "version": "1"})
        assert (await read(some, "good")).text == "note 3 null"
        assert (await act(some, "good")).text == 'note 3 {"loket/idempotency-key": "act-1"}'
        assert some.counts(server()).started == 1


async def test_the_environment_is_empty_but_for_what_is_declared() -> None:
    os.environ["LOKET_TEST_CANARY"] = "ours"
    secrets = SecretSource(SecretPlaces({"LOKET_TOOL_NOTES": "its-own-key"}))
    reference = SecretReference.model_validate({"from": "env", "name": "LOKET_TOOL_NOTES"})
    try:
        async with servers(secrets=secrets) as some:
            endpoint = server("environment", environment=(("NOTES_KEY", reference),))
            answer = await some.call(endpoint, PINNED, NUMBER, reads=True)
    finally:
        del os.environ["LOKET_TEST_CANARY"]
    assert "its-own-key" in answer.text
    assert "ours" not in answer.text
    assert not {"PATH", "HOME", "USER"} & set(answer.text.split('"'))


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    async with servers() as some:
        endpoint = Endpoint("shell", command=(f"{sys.executable} -c pass; touch {tmp_path}/made",))
        with pytest.raises(ConnectorError, match="cannot be started"):
            await some.look(endpoint)
    assert not (tmp_path / "made").exists()


async def test_only_the_programs_that_the_operator_allows_are_started() -> None:
    some = McpServers(None, None, limits=PATIENT, programs={"/usr/bin/other"})
    with pytest.raises(ConnectorError, match="operator allows"):
        await some.look(server())
    await some.close()


@pytest.mark.timed
async def test_what_forks_and_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with servers() as some:
        await some.look(server("fork", str(pids)))
        started = [int(pid) for pid in pids.read_text().split()]
        assert all(_runs(pid) for pid in started)
        began = time.monotonic()
        await some.close()
        assert time.monotonic() - began < 2
    await _until(lambda: not any(_runs(pid) for pid in started))


@pytest.mark.timed
async def test_a_server_that_never_greets_is_given_up_and_then_left_alone() -> None:
    async with servers(QUICK) as some:
        with pytest.raises(ConnectorError, match="did not answer in time"):
            await some.look(server("hangs"))
        with pytest.raises(ConnectorError):
            await some.look(server("hangs"))
        began = time.monotonic()
        with pytest.raises(ConnectorError, match="tried again in"):
            await some.look(server("hangs"))
        assert time.monotonic() - began < 0.1
        assert some.counts(server("hangs")).failed == 2


@pytest.mark.parametrize("what", ["flood", "floods_answers", "deaf", "silent", "hangs"])
@pytest.mark.timed
async def test_a_bad_server_does_not_slow_another(what: str) -> None:
    async with servers(replace(QUICK, call_seconds=1.5)) as some:
        await some.look(server())
        bad = [asyncio.create_task(read(some, what)) for _ in range(6)]
        slowest = 0.0
        for _ in range(30):
            began = time.monotonic()
            await read(some, "good")
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1.0
        found = await asyncio.gather(*bad, return_exceptions=True)
        assert all(isinstance(one, ConnectorError) for one in found)


async def test_a_flood_ends_the_session() -> None:
    async with servers() as some:
        with pytest.raises(ConnectorError):
            await read(some, "flood")
        await _until(lambda: some.counts(server("flood")).said >= 100)
        with pytest.raises(ConnectorError):
            await read(some, "flood")
        assert some.counts(server("flood")).said <= 2.5 * PATIENT.burst


async def test_more_calls_than_the_line_holds_are_refused_at_once() -> None:
    async with servers(QUICK) as some:
        calls = [asyncio.create_task(act(some, "silent")) for _ in range(QUICK.at_once + QUICK.waiting + 5)]
        found = await asyncio.gather(*calls, return_exceptions=True)
    assert sum("too many calls" in str(one) for one in found) == 5
    assert not any(isinstance(one, EffectUnknown) for one in found if "too many" in str(one))


async def test_an_answer_that_does_not_come_leaves_a_doubt_for_what_changes_and_none_for_what_reads() -> None:
    async with servers(QUICK) as some:
        with pytest.raises(EffectUnknown):
            await act(some, "silent")
        with pytest.raises(ConnectorError) as caught:
            await read(some, "silent")
        assert not isinstance(caught.value, EffectUnknown)


async def test_a_server_that_dies_in_the_call_leaves_a_doubt() -> None:
    async with servers() as some:
        with pytest.raises(EffectUnknown):
            await act(some, "exits")
        with pytest.raises(ConnectorError):
            await read(some, "exits")


async def test_a_server_that_dies_in_every_call_is_not_started_for_every_call() -> None:
    async with servers() as some:
        for _ in range(6):
            with pytest.raises(ConnectorError):
                await act(some, "exits")
        assert some.counts(server("exits")).started == 2


async def test_a_server_that_does_not_start_did_nothing() -> None:
    async with servers() as some:
        for _ in range(2):
            with pytest.raises(ConnectorError) as caught:
                await act(some, "dies")
            assert not isinstance(caught.value, EffectUnknown)


async def test_a_hundred_megabytes_end_the_session_and_not_the_process() -> None:
    async with servers() as some:
        with pytest.raises(EffectUnknown):
            await act(some, "huge")
        assert (await read(some, "good")).text.startswith("note 3")


async def test_an_answer_to_another_s_request_is_nobody_s() -> None:
    async with servers(QUICK) as some:
        with pytest.raises(ConnectorError, match="no answer within"):
            await read(some, "wrong_id")


async def test_whoever_asks_for_sampling_elicitation_or_roots_is_refused_and_counted() -> None:
    async with servers() as some:
        answer = await read(some, "asks")
        counts = some.counts(server("asks"))
    assert answer.text == "refused [-32601, -32601, -32601]"
    assert counts.asked == 3
    assert set(counts.methods) == {"sampling/createMessage", "elicitation/create", "roots/list"}


async def test_a_server_of_the_newest_protocol_alone_is_understood() -> None:
    async with servers() as some:
        listing = await some.look(server("modern"))
        assert (listing.protocol, listing.server_info) == ("2026-07-28", {"name": "bad", "version": "1"})
        assert (await read(some, "modern")).text == "in the new way"


async def test_a_tool_that_wants_an_answer_of_a_person_first_never_gets_one() -> None:
    async with servers() as some:
        with pytest.raises(ToolFailed, match="never gets"):
            await read(some, "modern_asks")
        with pytest.raises(EffectUnknown):
            await act(some, "modern_asks")


@pytest.mark.parametrize("what", ["many", "pages", "deep", "old"])
async def test_a_list_that_is_too_much_is_refused(what: str) -> None:
    async with servers(replace(PATIENT, call_seconds=1.5)) as some:
        with pytest.raises(ConnectorError):
            await some.look(server(what))
        assert (await read(some, "good")).text.startswith("note 3")


async def test_noise_between_messages_is_counted_and_let_go() -> None:
    async with servers() as some:
        assert (await read(some, "no_json")).text == "after noise"
        assert some.counts(server("no_json")).said == 3


async def test_stderr_is_counted_and_thrown_away() -> None:
    async with servers() as some:
        await read(some, "stderr")
        await _until(lambda: some.counts(server("stderr")).stderr_bytes == 300_000)


async def test_a_long_answer_is_cut() -> None:
    async with servers() as some:
        answer = await read(some, "long")
    assert answer.cut
    assert len(answer.text.encode()) <= PATIENT.output_bytes


async def test_what_the_server_says_went_wrong_is_told() -> None:
    async with servers() as some:
        for use in (read, act):
            with pytest.raises(ToolFailed, match="no such note"):
                await use(some, "fails", "no such note")


@pytest.mark.parametrize(("code", "error"), [("-32602", ToolFailed), ("-32603", EffectUnknown), ("-1", EffectUnknown)])
async def test_a_call_that_the_server_does_not_take_did_nothing_and_any_other_error_leaves_a_doubt(
    code: str, error: type[Exception]
) -> None:
    async with servers() as some:
        with pytest.raises(error):
            await act(some, "error", code)


async def test_a_tool_that_changed_since_the_last_look_is_not_called() -> None:
    changed: list[Endpoint] = []
    some = McpServers(None, None, limits=Limits(fresh_seconds=0.0), on_change=changed.append)
    try:
        await some.look(server("rug"))
        with pytest.raises(ToolChanged, match="changed description of its tool 'get_note'"):
            await act(some, "rug")
        assert changed == [server("rug")]
        await some.look(server("forks_list"))
        with pytest.raises(ToolChanged, match="2 tools named"):
            await act(some, "forks_list")
    finally:
        await some.close()


async def test_a_server_that_says_its_tools_changed_is_looked_at_before_the_next_call() -> None:
    changed: list[Endpoint] = []
    some = McpServers(None, None, limits=PATIENT, on_change=changed.append)
    try:
        for _ in range(3):
            assert (await read(some, "announces")).text == "one note"
        assert changed == [server("announces")], "told once, however often it is announced"
    finally:
        await some.close()


async def test_an_idle_session_is_closed_and_opened_again() -> None:
    async with servers(Limits(idle_seconds=0.1, end_seconds=0.3)) as some:
        await read(some, "good")
        await asyncio.sleep(0.3)
        await read(some, "good")
        assert some.counts(server()).started == 2
        assert some.counts(server()).failed == 0


async def test_no_secret_stands_in_an_error() -> None:
    secrets = SecretSource(SecretPlaces({"LOKET_TOOL_NOTES": "canary-key"}))
    reference = SecretReference.model_validate({"from": "env", "name": "LOKET_TOOL_NOTES"})
    async with servers(secrets=secrets) as some:
        endpoint = server("dies", environment=(("NOTES_KEY", reference),))
        with pytest.raises(ConnectorError) as caught:
            await some.look(endpoint)
        assert "canary-key" not in repr(caught.value) + repr(endpoint)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def _until(true: object, seconds: float = 2.0) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not come to that in time"
        await asyncio.sleep(0.01)
