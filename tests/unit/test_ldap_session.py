"""Conversations with directories that are wrong, silent, slow, half-open or hostile: what they cost, and whom."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.ldap.link import Link
from connectors.ldap.refusal import RefusedByServer, SignInRefused
from connectors.ldap.session import LdapSession
from connectors.ldap.settings import LdapSettings
from core.errors import ConfigError, ConnectorError, EffectUnknown
from tests.servers.certificates import Certificates
from tests.servers.ldap_front import ldap_front, silent_server
from tests.servers.scripted_ldap import ScriptedLdap, entry, reference, scripted_ldap

PASSWORD = "canary-password-of-the-account"
PEOPLE = "ou=people,dc=dhb,dc=example"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def server(certificates: Certificates) -> Iterator[ScriptedLdap]:
    with scripted_ldap(certificates) as found:
        yield found


@asynccontextmanager
async def session(certificates: Certificates | None, *urls: str, **changed: Any) -> AsyncIterator[LdapSession]:
    """A session with the times of the defaults."""
    usual: dict[str, Any] = {
        "urls": ",".join(urls),
        "ca_file": certificates.ca_file if certificates else None,
        "bind_dn": "cn=reader,dc=dhb,dc=example",
        "bind_password": PASSWORD,
        "people_base": PEOPLE,
        "groups_base": "ou=groups,dc=dhb,dc=example",
    }
    found = LdapSession(LdapSettings(**{**usual, **changed}))
    try:
        yield found
    finally:
        await found.close()


def everybody(link: Link) -> int:
    """A question."""
    return len(link.search(PEOPLE, "(objectClass=*)", ("cn",)))


def a_change(link: Link) -> None:
    """A change."""
    link.modify(f"uid=a,{PEOPLE}", [("replace", "title", [b"x"])])


async def failing(asking: Awaitable[Any]) -> tuple[ConnectorError, float]:
    """The error it ends with, and after how many seconds. No error says the password or a word of the server."""
    begun = time.monotonic()
    with pytest.raises(ConnectorError) as failed:
        await asking
    took = time.monotonic() - begun
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert "canary" not in told
    return failed.value, took


# --- before a password is sent -----------------------------------------------------------------------------------


async def test_without_tls_no_password_is_sent() -> None:
    for result in (2, 0):  # a server that knows no StartTLS; one that says yes and then speaks no TLS
        with scripted_ldap(None) as plain:
            plain.results["extended"] = result
            async with session(None, plain.url) as asked:
                error, took = await failing(asked.run(everybody))
            assert took < 5
            assert plain.count["bind"] == 0
            assert PASSWORD.encode() not in plain.heard
            assert plain.count["extended"] == 1, error


@pytest.mark.parametrize(
    ("names", "days", "starts", "trusted", "why"),
    [
        (["127.0.0.1"], 20, 0, False, "no authority that is trusted here signed it"),
        (["other.example"], 20, 0, True, "another address than the one in the settings"),
        (["127.0.0.1"], -1, 0, True, "it has expired, or the clock of this machine is ahead"),
        (["127.0.0.1"], 20, 1, True, "it is not valid yet: compare the clocks"),
    ],
)
async def test_with_another_certificate_than_agreed_no_password_is_sent_and_one_line_says_why(
    certificates: Certificates, tmp_path: Path, names: list[str], days: float, starts: float, trusted: bool, why: str
) -> None:
    issuer = certificates if trusted else Certificates(tmp_path, "somebody else")
    with scripted_ldap(issuer, *names, days=days, starts=starts) as wrong:
        async with session(certificates, wrong.url) as asked:
            error, took = await failing(asked.run(everybody))
            (seen,) = await asked.reach()
        assert took < 5
        assert why in error.detail
        assert why in seen.detail
        assert "\n" not in seen.detail
        assert not seen.good
        assert wrong.count["bind"] == 0


async def test_the_usual_authorities_do_not_vouch_for_a_house_of_our_own(server: ScriptedLdap) -> None:
    async with session(None, server.url) as asked:
        await failing(asked.run(everybody))
    assert server.count["bind"] == 0


def test_a_certificate_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        file = tmp_path / "ca.pem"
        if content:
            file.write_text(content)
        settings = LdapSettings(
            urls="ldaps://a", ca_file=file, bind_dn="cn=a", bind_password=PASSWORD, people_base="b", groups_base="c"
        )
        with pytest.raises(ConfigError):
            LdapSession(settings)
    with pytest.raises(ConfigError):
        LdapSession(settings, writing=True)


async def test_a_refused_sign_in_is_not_tried_again_not_even_by_ten_at_once(
    certificates: Certificates, server: ScriptedLdap
) -> None:
    server.results["bind"] = 49
    async with session(certificates, server.url, server.url) as asked:
        results = await asyncio.gather(*(asked.run(everybody) for _ in range(10)), return_exceptions=True)
        error, took = await failing(asked.run(everybody))
    assert all(isinstance(result, SignInRefused) for result in results)
    assert server.count["bind"] == 1
    assert took < 0.5
    assert "minutes" in error.detail


async def test_a_busy_server_is_left_for_the_next(certificates: Certificates, server: ScriptedLdap) -> None:
    with scripted_ldap(certificates) as busy:
        busy.results["bind"] = 51
        async with session(certificates, busy.url, server.url) as asked:
            assert await asked.run(everybody) == 0
        assert busy.count["search"] == 0


# --- time --------------------------------------------------------------------------------------------------------


@pytest.mark.timed
@pytest.mark.slow
async def test_a_silent_directory_costs_the_asker_five_seconds_and_nobody_else_anything(
    certificates: Certificates, server: ScriptedLdap
) -> None:
    with silent_server() as silent:
        async with session(certificates, silent, silent) as hanging, session(certificates, server.url) as good:
            await good.run(everybody)
            waiting = [asyncio.create_task(failing(hanging.run(everybody))) for _ in range(40)]
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            await asyncio.gather(*(good.run(everybody) for _ in range(40)))
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(40)))  # the threads that all others share
            assert time.monotonic() - begun < 1.5
            assert max([took for _, took in await asyncio.gather(*waiting)]) <= 5
            assert threading.active_count() < 60


@pytest.mark.timed
@pytest.mark.slow
async def test_the_second_server_answers_when_the_first_is_silent_and_then_at_once(
    certificates: Certificates, server: ScriptedLdap
) -> None:
    with silent_server() as silent:
        async with session(certificates, silent, server.url) as asked:
            begun = time.monotonic()
            assert await asked.run(everybody) == 0
            first = time.monotonic() - begun
            results = await asyncio.gather(*(asked.run(everybody) for _ in range(20)))
            assert first <= 5
            assert time.monotonic() - begun - first < 1
            assert results == [0] * 20


@pytest.mark.slow
@pytest.mark.parametrize("how", ["silent after", "silent before", "drip"])
@pytest.mark.parametrize("operation", ["bind", "search"])
@pytest.mark.sampled(0.1)
async def test_one_that_stops_in_the_middle_or_drips_costs_five_seconds(
    certificates: Certificates, server: ScriptedLdap, how: Any, operation: Any
) -> None:
    server.before = [entry(f"uid=a,{PEOPLE}", cn="a" * 100)] * 3
    with ldap_front(("127.0.0.1", server.port), certificates) as front:
        front.fail(operation, how)
        async with session(certificates, front.url) as asked:
            _, took = await failing(asked.run(everybody))
            assert took <= 5
            front.heal()
            await asyncio.sleep(2)
            assert await asked.run(everybody) == 3


async def test_a_refused_connection_is_said_at_once(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"ldaps://127.0.0.1:{gone.getsockname()[1]}"
    async with session(certificates, url) as asked:
        error, took = await failing(asked.run(everybody))
        assert took < 1
        assert "127.0.0.1" in error.detail
        _, took = await failing(asked.run(everybody))
        assert took < 0.1


@pytest.mark.timed
async def test_who_gives_up_gives_the_thread_back(certificates: Certificates, server: ScriptedLdap) -> None:
    with ldap_front(("127.0.0.1", server.port), certificates) as front:
        async with session(certificates, front.url, connections=1) as asked:
            await asked.run(everybody)
            front.fail("search", "silent before")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await asked.run(everybody)
            front.heal()
            begun = time.monotonic()
            assert await asked.run(everybody) == 0
            assert time.monotonic() - begun < 1


# --- results -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [3, 4, 10, 11, 12, 50, 51, 52, 53, 80])
async def test_half_a_result_is_none(certificates: Certificates, server: ScriptedLdap, code: int) -> None:
    server.before = [entry(f"uid=a,{PEOPLE}", cn="a")]
    server.results["search"] = code
    server.referral = b"ldap://attacker.example/dc=x"
    async with session(certificates, server.url) as asked:
        error, _ = await failing(asked.run(everybody))
        assert isinstance(error, RefusedByServer)
        assert error.code == code
        assert "secret-canary" in error.diagnostic


async def test_a_reference_to_another_server_is_not_followed_and_not_left_out(
    certificates: Certificates, server: ScriptedLdap
) -> None:
    with scripted_ldap(certificates) as other:
        server.before = [entry(f"uid=a,{PEOPLE}", cn="a"), reference(f"{other.url}/{PEOPLE}")]
        async with session(certificates, server.url) as asked:
            error, _ = await failing(asked.run(everybody))
            assert "referral" in error.detail
        async with session(certificates, server.url, kind="active_directory") as asked:
            assert await asked.run(everybody) == 1
        assert other.count == {}


async def test_where_the_base_is_not_there_nobody_is(certificates: Certificates, server: ScriptedLdap) -> None:
    server.results["search"] = 32
    async with session(certificates, server.url) as asked:
        assert await asked.run(everybody) == 0


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 50, b"\x30\x03\x02\x01\x01", b"\xff" * 9]
)
async def test_nonsense_is_an_error(certificates: Certificates, server: ScriptedLdap, raw: bytes) -> None:
    server.raw = raw
    async with session(certificates, server.url) as asked:
        _, took = await failing(asked.run(everybody))
        assert took <= 5


@pytest.mark.thorough
async def test_an_answer_without_end_is_cut(certificates: Certificates, server: ScriptedLdap) -> None:
    server.raw = b"\x30\x84\x7f\xff\xff\xff" + b"a" * 40_000_000
    async with session(certificates, server.url, read_seconds=30, total_seconds=30) as asked:
        await failing(asked.run(everybody))


# --- connections -------------------------------------------------------------------------------------------------


async def test_connections_are_used_again(certificates: Certificates, server: ScriptedLdap) -> None:
    async with session(certificates, server.url, connections=4) as asked:
        for _ in range(5):
            await asyncio.gather(*(asked.run(everybody) for _ in range(20)))
    assert server.count["search"] == 100
    assert server.count["bind"] <= 4


async def test_a_question_is_asked_again_over_a_new_connection_and_only_once(
    certificates: Certificates, server: ScriptedLdap
) -> None:
    with ldap_front(("127.0.0.1", server.port), certificates) as front:
        async with session(certificates, front.url) as asked:
            await asked.run(everybody)
            front.fail("search", "cut before")
            front.meanwhile("bind", front.heal)
            assert await asked.run(everybody) == 0
            front.fail("search", "cut before")
            before = front.count["search"]
            await failing(asked.run(everybody))
            assert front.count["search"] - before == 2


# --- changes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cut before", "cut after", pytest.param("silent after", marks=pytest.mark.slow)])
async def test_a_change_without_an_answer_is_in_doubt_and_never_sent_again(
    certificates: Certificates, server: ScriptedLdap, how: Any
) -> None:
    with ldap_front(("127.0.0.1", server.port), certificates) as front:
        front.fail("modify", how)
        async with session(certificates, front.url) as asked:
            error, took = await failing(asked.run(a_change))
            assert type(error) is EffectUnknown
            assert took <= 5
        assert front.count["modify"] == 1


@pytest.mark.parametrize("code", [3, 80])
async def test_some_results_of_a_change_say_nothing(
    certificates: Certificates, server: ScriptedLdap, code: int
) -> None:
    server.results["modify"] = code
    async with session(certificates, server.url) as asked:
        error, _ = await failing(asked.run(a_change))
        assert type(error) is EffectUnknown


@pytest.mark.parametrize("code", [10, 16, 19, 32, 50, 51, 53])
async def test_a_refused_change_surely_did_not_happen(
    certificates: Certificates, server: ScriptedLdap, code: int
) -> None:
    server.results["modify"] = code
    async with session(certificates, server.url) as asked:
        error, _ = await failing(asked.run(a_change))
        assert type(error) is RefusedByServer


def _then(second: Callable[[Link], object]) -> Callable[[Link], object]:
    def work(link: Link) -> object:
        a_change(link)
        return second(link)

    return work


async def test_a_failure_after_a_change_is_a_doubt(certificates: Certificates, server: ScriptedLdap) -> None:
    server.results["search"] = 50
    async with session(certificates, server.url) as asked:
        error, _ = await failing(asked.run(_then(everybody)))
        assert type(error) is EffectUnknown
    assert server.count["modify"] == 1


async def test_who_gave_up_in_the_queue_has_changed_nothing(certificates: Certificates, server: ScriptedLdap) -> None:
    with ldap_front(("127.0.0.1", server.port), certificates) as front:
        async with session(certificates, front.url, connections=1) as asked:
            await asked.run(everybody)
            front.fail("search", "silent before")
            hanging = asyncio.create_task(failing(asked.run(everybody)))
            await asyncio.sleep(0.1)
            queued = asyncio.create_task(asked.run(a_change))
            await asyncio.sleep(0.1)
            queued.cancel()
            await asyncio.gather(queued, return_exceptions=True)
            await hanging
            await asyncio.sleep(0.2)
        assert front.count["modify"] == 0


async def test_after_the_end_nothing_is_asked(certificates: Certificates, server: ScriptedLdap) -> None:
    async with session(certificates, server.url) as asked:
        await asked.run(everybody)
        await asked.close()
        await failing(asked.run(everybody))


async def test_a_password_is_sent_as_the_standard_says(certificates: Certificates, server: ScriptedLdap) -> None:
    async with session(certificates, server.url) as asked:
        await asked.run(lambda link: link.set_password(f"uid=a,{PEOPLE}", SecretStr("Tijdelijk-1")))
    assert server.count["extended"] == 1
    assert b"1.3.6.1.4.1.4203.1.11.1" in server.heard
    assert b"Tijdelijk-1" in server.heard
