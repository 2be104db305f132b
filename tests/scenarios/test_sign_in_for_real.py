"""Signing in at a real identity provider (npm oidc-provider): the same way, with nobody on our side answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey

from actions.records import State
from tests.servers.oidc import RealProvider, real_provider
from tests.servers.wrong_oidc import CLIENT, SECRET
from tests.sign_in_room import ACR, PUBLIC, STRONG_ACR, sign_in_room, text_of
from tests.staff import PRIYA, SANNE, TOM

pytestmark = pytest.mark.slow
KEY = RSAKey.generate_key(2048, {"kid": "loket-1", "use": "sig", "alg": "RS256"}, private=True)
REGISTERED = {
    "client_id": CLIENT,
    "redirect_uris": [f"{PUBLIC}/signed-in"],
    "response_types": ["code"],
    "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
}
PEOPLE = {"sub-tom": TOM, "sub-sanne": SANNE}


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with real_provider({**REGISTERED, "client_secret": SECRET}, PEOPLE) as provider:
        yield provider


@pytest.fixture(scope="module")
def provider_with_keys() -> Iterator[RealProvider]:
    known = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY.as_dict(private=False)]}}
    with real_provider({**REGISTERED, **known}, PEOPLE) as provider:
        yield provider


async def test_a_request_is_proved_at_a_real_provider(tmp_path: Path, provider: RealProvider) -> None:
    async with sign_in_room(tmp_path, provider.issuer) as room:
        action_id = await room.asked(TOM)
        back = await provider.signs_in(await room.sent_off(room.link(action_id)), "sub-tom", ACR)
        assert back.startswith(f"{PUBLIC}/signed-in?")
        assert "Thank you, that is proved" in text_of((await room.browser.get(back)).text)
        action = await room.action(action_id)
        assert (action.state, action.proof_method) == (State.AWAITING_APPROVAL, "sign_in")
        assert (await room.browser.get(back)).status_code == 403  # once
        await room.desk.click(PRIYA, action_id, "approve")
        await room.desk.settle()
        assert room.desk.effects() == [("credential_set", "tom.bakker")]


async def test_the_employee_is_found_by_a_claim_and_loket_signs_with_its_own_key(
    tmp_path: Path, provider_with_keys: RealProvider
) -> None:
    (tmp_path / "oidc.pem").write_bytes(KEY.as_pem(private=True))
    more = {"key_file": tmp_path / "oidc.pem", "key_id": "loket-1", "employee_claim": "employee_number"}
    async with sign_in_room(tmp_path, provider_with_keys.issuer, **more, strong_acr=STRONG_ACR) as room:
        action_id = await room.asked(TOM, "restore_access")
        back = await provider_with_keys.signs_in(await room.sent_off(room.link(action_id)), "sub-tom", STRONG_ACR)
        assert "Thank you, that is proved" in text_of((await room.browser.get(back)).text)
        assert (await room.action(action_id)).proof_method == "sign_in_strong"


@pytest.mark.parametrize(
    ("who", "acr", "says"),
    [
        ("sub-tom", "urn:dhb:password", "in a way that does not prove enough"),
        ("sub-tom", "", "in a way that does not prove enough"),
        ("sub-sanne", ACR, "Dit bewijst niets"),
        ("sub-nobody", ACR, "not as somebody the service desk knows"),
    ],
)
async def test_the_wrong_person_or_the_wrong_way_proves_nothing(
    tmp_path: Path, provider: RealProvider, who: str, acr: str, says: str
) -> None:
    async with sign_in_room(tmp_path, provider.issuer) as room:
        action_id = await room.asked(TOM)
        back = await provider.signs_in(await room.sent_off(room.link(action_id)), who, acr)
        page = await room.browser.get(back)
        assert page.status_code == 403
        assert says in text_of(page.text) or "This proves nothing" in text_of(page.text)
        assert (await room.action(action_id)).state is State.AWAITING_PROOF


async def test_a_real_provider_takes_no_code_for_anothers_sign_in(tmp_path: Path, provider: RealProvider) -> None:
    """The verifier of PKCE is another's: the provider refuses, whatever we would have found."""
    async with sign_in_room(tmp_path, provider.issuer) as room:
        action_id = await room.asked(TOM)
        path, thief = room.link(action_id), room.another_browser()
        seen = await provider.signs_in(await room.sent_off(path), "sub-tom", ACR)
        mine = await provider.signs_in(await room.sent_off(path, thief), "sub-sanne", ACR)
        query = {**dict(parse_qsl(urlsplit(mine).query)), "code": dict(parse_qsl(urlsplit(seen).query))["code"]}
        page = await thief.get(f"{PUBLIC}/signed-in?{urlencode(query)}")
        await thief.aclose()
        assert page.status_code == 403
        assert room.audited("sign_in.refused") == ["refused:provider_invalid_grant"]
        assert (await room.action(action_id)).state is State.AWAITING_PROOF
