"""The settings of signing in: what stops a start, with one line that says what to change; and what doctor sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.examination import Seen
from connectors.settings import OutsideSettings
from core.errors import ConfigError
from tests.servers.wrong_oidc import ABSENT, WrongProvider, wrong_provider
from tests.sign_in_room import oidc_settings
from web_app.proof import step_up_of
from web_app.sign_in.examining import SignInExamined
from web_app.sign_in.flow import SignIn
from web_app.sign_in.settings import OidcSettings

ISSUER = "https://login.dhb.example/realms/dhb/"


def test_with_nothing_set_nobody_can_sign_in() -> None:
    nothing = OidcSettings()
    assert not nothing.is_set
    assert not nothing.proves
    assert step_up_of(nothing) is None


def test_an_issuer_is_kept_to_the_letter() -> None:
    assert oidc_settings(ISSUER).issuer == ISSUER


def test_a_sign_in_proves_something_only_with_words_about_how() -> None:
    assert not oidc_settings(ISSUER, step_up_acr="").proves
    assert oidc_settings(ISSUER, step_up_acr="", step_up_amr="fido").proves
    assert not oidc_settings(ISSUER, step_up_acr="", strong_acr="strong").proves
    strong = oidc_settings(ISSUER, strong_acr="strong")
    assert strong.acr_for_proof == ("urn:dhb:passkey", "strong")
    step_up = step_up_of(strong)
    assert step_up is not None
    assert (step_up.page, step_up.strong) == ("https://desk.dhb.example/proof", True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"issuer": "http://login.dhb.example"}, "only https"),
        ({"issuer": "http://127.evil.example"}, "only https"),
        ({"issuer": "https://user:pw@login.dhb.example"}, "leave user, password"),
        ({"issuer": "login.dhb.example"}, "write the whole address"),
        ({"issuer": "https://login.dhb.example/?x=1"}, "leave user, password"),
        ({"public_url": ""}, "public_url must be set"),
        ({"public_url": "http://desk.dhb.example"}, "only https"),
        ({"client_id": ""}, "client_id"),
        ({"key_file": Path("x.pem"), "client_secret": "y"}, "not both"),
        ({"algorithms": "none"}, "choose from"),
        ({"algorithms": "RS256 HS256"}, "choose from"),
        ({"algorithms": ""}, "choose from"),
        ({"employee_claim": "email"}, "can change hands"),
        ({"employee_claim": "Preferred_Username"}, "can change hands"),
        ({"client_secret": "with space"}, "a key has no spaces"),
        ({"leeway_seconds": 3600}, "less than or equal to 120"),
        ({"redirect_uri": "https://evil.example"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        oidc_settings(**{"issuer": ISSUER, **changes})


def test_a_secret_is_in_no_representation() -> None:
    assert "odd" not in repr(oidc_settings(ISSUER))
    assert "odd" not in str(oidc_settings(ISSUER).model_dump())


@pytest.mark.parametrize("content", [None, "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "é"])
def test_a_key_file_that_is_none_stops_the_start_with_one_line(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "oidc.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"LOKET_OIDC_KEY_FILE: oidc\.pem") as stopped:
        SignIn(oidc_settings(ISSUER, key_file=file), None, None, None)  # type: ignore[arg-type]
    assert "\n" not in str(stopped.value)
    assert str(tmp_path) not in str(stopped.value)


def test_a_process_with_pages_needs_a_secret_or_a_key() -> None:
    with pytest.raises(ConfigError, match="LOKET_OIDC_CLIENT_SECRET or LOKET_OIDC_KEY_FILE"):
        SignIn(oidc_settings(ISSUER, client_secret=None), None, None, None)  # type: ignore[arg-type]


# --- doctor -------------------------------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


async def seen(provider: WrongProvider, **changes: Any) -> dict[str, Seen]:
    """What doctor sees."""
    found = await SignInExamined(oidc_settings(provider.issuer, **changes), OutsideSettings()).examine()
    return {one.what: one for one in found}


async def test_doctor_sees_a_provider_that_is_as_it_should_be(provider: WrongProvider) -> None:
    provider.described = {
        "acr_values_supported": ["urn:dhb:passkey"],
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
    found = await seen(provider)
    assert all(one.good for one in found.values()), found
    assert found["keys of the provider"].detail == "RS256: 1"
    assert provider.forms == []


async def test_doctor_names_what_the_provider_does_not_do(provider: WrongProvider) -> None:
    provider.described = {
        "acr_values_supported": ["0"],
        "claims_supported": ["sub"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }
    found = await seen(provider, employee_claim="employee_number", algorithms="ES256")
    bad = {what for what, one in found.items() if not one.good}
    assert bad == {
        "how Loket signs in there",
        "level that proves identity",
        "claim with the employee number",
        "keys of the provider",
    }
    assert all(found[what].advice for what in bad)


@pytest.mark.parametrize("described", [{"issuer": "https://evil.example"}, {"jwks_uri": ABSENT}])
async def test_doctor_says_in_one_line_why_nobody_can_sign_in(
    provider: WrongProvider, described: dict[str, Any]
) -> None:
    provider.described = described
    found = await seen(provider)
    assert [one.good for one in found.values()] == [False, True]
    assert "\n" not in found["identity provider"].detail


async def test_doctor_sees_what_loket_shows_there(provider: WrongProvider, tmp_path: Path) -> None:
    what = "what Loket shows at the provider"
    none = (await seen(provider, client_secret=None))[what]
    assert (none.good, none.fatal) == (False, False)
    bad = (await seen(provider, key_file=tmp_path / "none.pem"))[what]
    assert (bad.good, bad.fatal) == (False, True)


async def test_doctor_says_that_no_sign_in_counts_as_proof(provider: WrongProvider) -> None:
    found = await seen(provider, step_up_acr="")
    assert not found["proof by sign-in"].good
    assert not found["proof by sign-in"].fatal
