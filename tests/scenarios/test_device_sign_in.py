"""Signing in at the command line with a code that is typed elsewhere: at a real provider, and at one that is wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.fetch import HttpFetch
from connectors.http import async_client
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError
from loket.command.sign_in import signed_in_operator
from tests.servers.oidc import RealProvider, real_provider
from tests.servers.wrong_oidc import ABSENT, CLIENT, SECRET, WrongProvider, wrong_provider
from tests.sign_in_room import PUBLIC, SignInRoom, oidc_settings, sign_in_room
from tests.staff import PRIYA
from web_app.sign_in.device import GRANT, DeviceSignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

REGISTERED = {
    "client_id": CLIENT,
    "client_secret": SECRET,
    "redirect_uris": [f"{PUBLIC}/signed-in"],
    "response_types": ["code"],
    "grant_types": ["authorization_code", GRANT],
}


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with real_provider(REGISTERED, {}) as provider:
        yield provider


async def operator_of(room: SignInRoom, real: RealProvider, who: str, acr: str) -> str:
    """Somebody starts a command, and somebody signs in with its code; whose command it then is."""
    told: list[str] = []
    heard = asyncio.Event()

    def tell(text: str) -> None:
        told.append(text)
        heard.set()

    command = asyncio.create_task(
        signed_in_operator(room.settings, OutsideSettings(), room.desk.directory, room.desk.database, tell)
    )
    await asyncio.wait_for(heard.wait(), 10)
    words = told[0].split()
    page = await real.types(words[1], words[4].rstrip("."), who, acr)
    assert "Success" in page or "success" in page, page[:300]
    operator = await asyncio.wait_for(command, 30)
    assert operator.identity.user == who
    return operator.employee.employee_id


@pytest.mark.slow
async def test_a_command_is_whose_who_signed_in_with_its_code(tmp_path: Path, real: RealProvider) -> None:
    async with sign_in_room(tmp_path, real.issuer) as room:
        assert await operator_of(room, real, "sub-priya", "urn:dhb:passkey") == PRIYA
        assert room.audited("sign_in.device") == ["sign_in"]


@pytest.mark.slow
async def test_the_password_alone_opens_no_command_line(tmp_path: Path, real: RealProvider) -> None:
    async with sign_in_room(tmp_path, real.issuer) as room:
        with pytest.raises(ConfigError, match="claim_acr"):
            await operator_of(room, real, "sub-priya", "urn:dhb:password")
        assert room.audited("sign_in.refused") == ["refused:claim_acr"]


# --- a provider that is wrong -------------------------------------------------------------------------------------


@pytest.fixture
def wrong() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        provider.described = {"device_authorization_endpoint": f"{provider.issuer}/device"}
        provider.answers = {"/device": given()}
        yield provider


def given(**changes: Any) -> tuple[int, dict[str, str], bytes]:
    """An answer of the device authorization endpoint."""
    whole = {
        "device_code": "d" * 40,
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://login.dhb.example/device",
        "expires_in": 300,
        "interval": 5,
        **changes,
    }
    return 200, {}, json.dumps({name: value for name, value in whole.items() if value is not ABSENT}).encode()


def no(error: str) -> tuple[int, dict[str, str], bytes]:
    """An answer of the token endpoint."""
    return 400, {}, json.dumps({"error": error}).encode()


async def waited(settings: OidcSettings, answers: list[Any], provider: WrongProvider) -> tuple[str, list[float]]:
    """Why a sign-in ended, when the token endpoint answers like this, and how long was waited in between."""
    slept: list[float] = []
    clock = itertools.count(1_000_000.0, 1.0)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        provider.answers["/token"] = answers.pop(0) if answers else no("authorization_pending")

    async with async_client(OutsideSettings(), 2) as client:
        signing = DeviceSignIn(
            settings,
            None,
            HttpFetch("sign-in", client, 2),
            lambda: next(clock) + sum(slept),
            sleep,  # type: ignore[arg-type]
        )
        with pytest.raises(NotSignedIn) as refused:
            await signing.wait(await signing.begin(), "x")
    return refused.value.reason, slept


async def test_the_provider_is_asked_no_oftener_than_it_says(wrong: WrongProvider) -> None:
    settings = oidc_settings(wrong.issuer)
    answers = [no("authorization_pending"), no("slow_down"), no("authorization_pending"), no("access_denied")]
    assert await waited(settings, answers, wrong) == ("provider_access_denied", [5.0, 5.0, 10.0, 10.0])


async def test_nobody_waits_for_ever(wrong: WrongProvider) -> None:
    wrong.answers["/device"] = given(expires_in=10**5, interval=0.01)
    reason, slept = await waited(oidc_settings(wrong.issuer), [], wrong)
    assert reason == "used_or_old"
    assert min(slept) >= 1
    assert sum(slept) <= 600


@pytest.mark.parametrize(
    "changes",
    [
        {"user_code": ABSENT},
        {"user_code": "A\x1b[2J"},
        {"user_code": "A" * 50},
        {"device_code": 7},
        {"verification_uri": "http://evil.example/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "https://login.example/\x1b]8;;x"},
        {"expires_in": ABSENT},
        {"expires_in": True},
        {"interval": -1},
    ],
)
async def test_a_code_that_nobody_should_see_is_shown_to_nobody(wrong: WrongProvider, changes: dict[str, Any]) -> None:
    wrong.answers["/device"] = given(**changes)
    async with async_client(OutsideSettings(), 2) as client:
        signing = DeviceSignIn(oidc_settings(wrong.issuer), None, HttpFetch("sign-in", client, 2))  # type: ignore[arg-type]
        with pytest.raises(ConnectorError):
            await signing.begin()


async def test_a_provider_without_the_device_flow_says_so_in_one_line(tmp_path: Path, wrong: WrongProvider) -> None:
    wrong.described = {}
    async with sign_in_room(tmp_path, wrong.issuer) as room:
        with pytest.raises(ConfigError, match="no device flow"):
            await signed_in_operator(room.settings, OutsideSettings(), room.desk.directory, room.desk.database, print)


async def test_where_no_sign_in_proves_anything_a_command_line_has_no_identities(tmp_path: Path) -> None:
    async with sign_in_room(tmp_path, "http://127.0.0.1:9", step_up_acr="") as room:
        with pytest.raises(ConfigError, match="a shell is no identity"):
            await signed_in_operator(room.settings, OutsideSettings(), room.desk.directory, room.desk.database, print)
        with pytest.raises(ConfigError, match="nobody can sign in now"):
            await signed_in_operator(
                oidc_settings("http://127.0.0.1:9"), OutsideSettings(), room.desk.directory, room.desk.database, print
            )
