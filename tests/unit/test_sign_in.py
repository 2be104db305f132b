"""Signing in against a provider that answers wrongly: each test is one way in which nobody is let in."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request

from core.errors import ConnectorError
from core.sign_in import SignedIn
from tests.servers import wrong_oidc
from tests.servers.wrong_oidc import ABSENT, WrongProvider, wrong_provider
from tests.sign_in_room import PUBLIC, SignInRoom, sign_in_room
from web_app.sign_in.refusals import NotSignedIn


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def room(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[SignInRoom]:
    async with sign_in_room(tmp_path, provider.issuer) as room:
        yield room


class Browser:
    """One browser, as far as signing in is concerned: it keeps cookies, and comes back with an address."""

    def __init__(self, room: SignInRoom) -> None:
        self._room = room
        self._jar = httpx.Cookies()

    async def leaves(self, purpose: str = "pages", reference: str = "x", *, fresh: bool = True) -> str:
        """Begin; the address of the provider."""
        response = await self._room.sign_in.begin(purpose, reference, fresh=fresh)
        answer = httpx.Response(
            response.status_code, headers=response.raw_headers, request=httpx.Request("POST", f"{PUBLIC}/")
        )
        self._jar.extract_cookies(answer)
        return answer.headers["location"]

    async def returns(self, address: str) -> SignedIn:
        """Come back to an address; who it is. Raises what `SignIn.finish` raises."""
        sent = httpx.Client(cookies=self._jar).build_request("GET", address)
        scope = {
            "type": "http",
            "method": "GET",
            "path": sent.url.path,
            "query_string": sent.url.query,
            "headers": [(name.lower(), value) for name, value in sent.headers.raw],
        }
        return await self._room.sign_in.finish(Request(scope))


async def signs_in(
    room: SignInRoom, provider: WrongProvider, *, fresh: bool = True, ago: float = 0.0, subject: str = "sub-tom"
) -> SignedIn:
    """Begin, sign in, come back."""
    browser = Browser(room)
    return await browser.returns(provider.signs_in(await browser.leaves(fresh=fresh), subject, ago=ago))


async def refused(room: SignInRoom, provider: WrongProvider, **how: object) -> str:
    """Why nobody was let in."""
    with pytest.raises(NotSignedIn) as no:
        await signs_in(room, provider, **how)  # type: ignore[arg-type]
    return no.value.reason


def changed(address: str, **changes: str) -> str:
    """The same address with other parameters; an empty one is left out."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **changes}
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{said}"


# --- as it should be ----------------------------------------------------------------------------------------------


@pytest.mark.timed
async def test_who_signed_in_is_the_employee_that_the_directory_knows_by_issuer_and_sub(
    room: SignInRoom, provider: WrongProvider
) -> None:
    signed = await signs_in(room, provider)
    assert (signed.employee_id, signed.method, signed.purpose, signed.reference) == ("E1002", "sign_in", "pages", "x")
    assert str(signed.identity) == f"oidc:{provider.issuer}:sub-tom"
    assert abs(signed.at.timestamp() - time.time()) < 5


async def test_who_signed_in_may_be_known_by_an_immutable_claim(tmp_path: Path, provider: WrongProvider) -> None:
    async with sign_in_room(tmp_path, provider.issuer, employee_claim="employee_number") as room:
        provider.claims = {"employee_number": "E1001", "email": "tom.bakker@dhb.example"}
        assert (await signs_in(room, provider)).employee_id == "E1001"
        for wrong in ("e1001", "E1001 ", "", 1001, None, ["E1001"], "E9999", "E1015"):
            provider.claims = {"employee_number": wrong}
            assert await refused(room, provider) in ("stranger", "no_employee_claim")


async def test_an_ordinary_sign_in_need_not_be_fresh_and_proves_nothing_strong(
    room: SignInRoom, provider: WrongProvider
) -> None:
    provider.acr = "0"
    signed = await signs_in(room, provider, fresh=False, ago=3600)
    assert (signed.employee_id, signed.method) == ("E1002", "sign_in")
    provider.claims = {"auth_time": ABSENT}
    assert (await signs_in(room, provider, fresh=False)).employee_id == "E1002"


async def test_the_description_and_the_keys_are_read_once_for_many_sign_ins(
    room: SignInRoom, provider: WrongProvider
) -> None:
    for _ in range(3):
        await signs_in(room, provider)
    assert provider.asked.count("/jwks") == 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_a_new_key_of_the_provider_is_found_by_looking_once(room: SignInRoom, provider: WrongProvider) -> None:
    await signs_in(room, provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "second"}, private=True)
    provider.header = {"kid": "second"}
    assert await refused(room, provider) == "unknown_key"  # a minute has not passed since they were read
    room.sign_in.provider._keys_at -= 61
    assert (await signs_in(room, provider)).employee_id == "E1002"


async def test_unknown_keys_do_not_make_loket_ask_again_and_again(room: SignInRoom, provider: WrongProvider) -> None:
    await signs_in(room, provider)
    room.sign_in.provider._keys_at -= 61
    for number in range(5):
        provider.header = {"kid": f"made-up-{number}"}
        assert await refused(room, provider) == "unknown_key"
    assert provider.asked.count("/jwks") == 2


async def test_loket_may_sign_in_with_a_key_of_its_own(tmp_path: Path, provider: WrongProvider) -> None:
    own = RSAKey.generate_key(2048, private=True)
    (tmp_path / "oidc.pem").write_bytes(own.as_pem(private=True))
    async with sign_in_room(tmp_path, provider.issuer, key_file=tmp_path / "oidc.pem", key_id="loket-1") as room:
        assert (await signs_in(room, provider)).employee_id == "E1002"
    assertion = jwt.decode(provider.forms[0]["client_assertion"], own, algorithms=["RS256"])
    assert assertion.header["kid"] == "loket-1"
    assert assertion.claims["iss"] == assertion.claims["sub"] == "loket"
    assert assertion.claims["aud"] == f"{provider.issuer}/token"
    assert assertion.claims["exp"] - assertion.claims["iat"] <= 61
    assert "Authorization" not in provider.heard[0]


# --- a token that is not right ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromNow:
    """A moment counted from when the token is made: a suite runs for minutes after this file was read."""

    seconds: int


CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "claim_iss"),
    "no issuer": ({"iss": ABSENT}, "claim_iss"),
    "a slash at the issuer's end": ({"iss": "http://127.0.0.1/"}, "claim_iss"),
    "another audience": ({"aud": "payroll"}, "claim_aud"),
    "no audience": ({"aud": ABSENT}, "claim_aud"),
    "an audience of none": ({"aud": []}, "claim_aud"),
    "two audiences": ({"aud": ["loket", "payroll"], "azp": "loket"}, "claim_aud"),
    "another party": ({"azp": "payroll"}, "claim_azp"),
    "no subject": ({"sub": ABSENT}, "claim_sub"),
    "an empty subject": ({"sub": ""}, "claim_sub"),
    "a subject that is no text": ({"sub": 7}, "claim_sub"),
    "a wrong nonce": ({"nonce": "x" * 43}, "claim_nonce"),
    "no nonce": ({"nonce": ABSENT}, "claim_nonce"),
    "expired": ({"exp": FromNow(-120)}, "claim_exp"),
    "no expiry": ({"exp": ABSENT}, "claim_exp"),
    "an expiry that is no number": ({"exp": "never"}, "claim_exp"),
    "an expiry of NaN": ({"exp": float("nan")}, "claim_exp"),
    "an expiry in a century": ({"exp": FromNow(10**9)}, "claim_exp"),
    "issued in the future": ({"iat": FromNow(600)}, "claim_iat"),
    "issued long ago": ({"iat": FromNow(-(10**6))}, "claim_exp"),
    "not yet valid": ({"nbf": FromNow(600)}, "claim_nbf"),
    "signed in before it was asked for": ({"auth_time": FromNow(-3600)}, "stale"),
    "signed in nobody knows when": ({"auth_time": ABSENT}, "claim_auth_time"),
    "signed in in the future": ({"auth_time": FromNow(3600)}, "claim_auth_time"),
    "signed in at a time that is no number": ({"auth_time": "now"}, "claim_auth_time"),
    "signed in at true": ({"auth_time": True}, "claim_auth_time"),
    "signed in with the password alone": ({"acr": "urn:dhb:password"}, "claim_acr"),
    "signed in nobody knows how": ({"acr": ABSENT}, "claim_acr"),
    "another access token": ({"at_hash": wrong_oidc.half_hash("another")}, "claim_at_hash"),
    "an access token's hash that is no text": ({"at_hash": 1}, "claim_at_hash"),
    "another code": ({"c_hash": wrong_oidc.half_hash("another")}, "claim_c_hash"),
}


@pytest.mark.parametrize(("claims", "reason"), CLAIMS.values(), ids=CLAIMS)
async def test_a_token_that_says_something_wrong_lets_nobody_in(
    room: SignInRoom, provider: WrongProvider, claims: dict[str, object], reason: str
) -> None:
    now = int(time.time())
    provider.claims = {name: now + said.seconds if isinstance(said, FromNow) else said for name, said in claims.items()}
    assert await refused(room, provider) == reason


async def test_a_way_of_signing_in_may_be_asked_for_by_amr(tmp_path: Path, provider: WrongProvider) -> None:
    async with sign_in_room(tmp_path, provider.issuer, step_up_acr="", step_up_amr="fido hwk") as room:
        provider.acr = "0"
        assert (await signs_in(room, provider)).method == "sign_in"
        for amr in (["pwd"], [], "hwk pwd", ABSENT):
            provider.claims = {"amr": amr}
            assert await refused(room, provider) == "claim_amr"


SIGNATURES: dict[str, tuple[Callable[..., str], str]] = {
    "no signature": (wrong_oidc.unsigned, "algorithm"),
    "the public key as a secret": (wrong_oidc.with_the_public_key, "algorithm"),
    "the client's secret": (wrong_oidc.with_the_client_secret, "algorithm"),
    "somebody else's key": (wrong_oidc.by_somebody_else, "signature"),
    "another kind of key": (wrong_oidc.by_another_kind_of_key, "algorithm"),
    "a payload of another token": (wrong_oidc.torn, "signature"),
}


@pytest.mark.parametrize(("signs", "reason"), SIGNATURES.values(), ids=SIGNATURES)
async def test_a_signature_that_is_not_the_providers_lets_nobody_in(
    room: SignInRoom, provider: WrongProvider, signs: Callable[..., str], reason: str
) -> None:
    provider.signs = signs
    assert await refused(room, provider) == reason


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "....", "e30.e30.", "é.e30.x", ABSENT, 7, {"a": 1}, "x" * 20_000, "a.b.c.d.e"]
)
async def test_what_is_no_token_lets_nobody_in(room: SignInRoom, provider: WrongProvider, token: object) -> None:
    provider.token = {"id_token": token}
    assert await refused(room, provider) in ("no_token", "unreadable_token", "algorithm")


async def test_a_header_that_demands_something_unknown_lets_nobody_in(
    room: SignInRoom, provider: WrongProvider
) -> None:
    def demanding(one: WrongProvider, header: dict[str, object], claims: dict[str, object]) -> str:
        _, body, tag = jwt.encode(header, claims, one.key).split(".")
        return f"{wrong_oidc._part({**header, 'crit': ['b64', 'later'], 'b64': False})}.{body}.{tag}"

    provider.signs = demanding
    assert await refused(room, provider) in ("signature", "unreadable_token")


# --- an answer that is not right ----------------------------------------------------------------------------------


async def test_an_address_counts_once(room: SignInRoom, provider: WrongProvider) -> None:
    browser = Browser(room)
    back = provider.signs_in(await browser.leaves(), "sub-tom")
    await browser.returns(back)
    with pytest.raises(NotSignedIn, match="used_or_old"):
        await browser.returns(back)
    assert len(provider.forms) == 1


async def test_an_address_that_failed_counts_no_second_time_either(room: SignInRoom, provider: WrongProvider) -> None:
    browser = Browser(room)
    back = provider.signs_in(await browser.leaves(), "sub-tom")
    provider.answers = {"/token": (500, {}, b"")}
    with pytest.raises(ConnectorError):
        await browser.returns(back)
    provider.answers = {}
    with pytest.raises(NotSignedIn, match="used_or_old"):
        await browser.returns(back)


async def test_the_address_of_one_browser_means_nothing_in_another(room: SignInRoom, provider: WrongProvider) -> None:
    """Login CSRF: somebody hands a victim the end of their own sign-in."""
    mine, theirs = Browser(room), Browser(room)
    back = provider.signs_in(await mine.leaves(), "sub-tom")
    await theirs.leaves()
    with pytest.raises(NotSignedIn, match="other_browser"):
        await theirs.returns(back)
    assert (await mine.returns(back)).employee_id == "E1002"  # and it was not spoiled by that


async def test_the_code_of_one_sign_in_means_nothing_in_another(room: SignInRoom, provider: WrongProvider) -> None:
    """A code that was seen is put into a sign-in of the thief's: the verifier and the nonce are another's."""
    victim, thief = Browser(room), Browser(room)
    seen = dict(parse_qsl(urlsplit(provider.signs_in(await victim.leaves(), "sub-tom")).query))
    back = provider.signs_in(await thief.leaves(), "sub-priya")
    with pytest.raises(NotSignedIn, match="provider_invalid_grant"):
        await thief.returns(changed(back, code=seen["code"]))


async def test_a_sign_in_is_over_after_ten_minutes(room: SignInRoom, provider: WrongProvider) -> None:
    browser = Browser(room)
    back = provider.signs_in(await browser.leaves(), "sub-tom")
    room.desk.advance_clock(timedelta(minutes=10, seconds=1))
    with pytest.raises(NotSignedIn, match="used_or_old"):
        await browser.returns(back)
    assert room.rows("sign_ins") == []


async def test_an_answer_of_another_provider_is_not_taken_for_this_ones(
    room: SignInRoom, provider: WrongProvider
) -> None:
    provider.back = {"iss": "https://evil.example"}
    assert await refused(room, provider) == "mix_up"
    provider.back = {"iss": ABSENT}
    assert await refused(room, provider) == "mix_up"
    assert provider.forms == []  # the code went nowhere


async def test_a_provider_that_does_not_name_itself_may_leave_that_away(
    room: SignInRoom, provider: WrongProvider
) -> None:
    provider.described = {"authorization_response_iss_parameter_supported": ABSENT}
    provider.back = {"iss": ABSENT}
    assert (await signs_in(room, provider)).employee_id == "E1002"
    provider.back = {"iss": "https://evil.example"}
    assert await refused(room, provider) == "mix_up"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": ""}, "provider_said_no"),
        ({"code": "x" * 3000}, "provider_said_no"),
        ({"code": "é"}, "provider_said_no"),
        ({"error": "access_denied", "code": ""}, "provider_said_no"),
        ({"error": "login_required"}, "provider_said_no"),
        ({"state": ""}, "no_state"),
        ({"state": "' OR 1=1 --"}, "no_state"),
        ({"state": "A" * 43}, "other_browser"),
    ],
)
async def test_an_address_that_was_changed_lets_nobody_in(
    room: SignInRoom, provider: WrongProvider, changes: dict[str, str], reason: str
) -> None:
    browser = Browser(room)
    back = provider.signs_in(await browser.leaves(), "sub-tom")
    with pytest.raises(NotSignedIn, match=reason):
        await browser.returns(changed(back, **changes))
    assert provider.forms == []


@pytest.mark.parametrize(
    "more",
    ["&state=" + "A" * 43, "&code=another", "&iss=x", "&" + "&".join(f"a{n}=1" for n in range(30)), "&x=" + "y" * 9000],
)
async def test_an_address_that_says_something_twice_or_too_much_lets_nobody_in(
    room: SignInRoom, provider: WrongProvider, more: str
) -> None:
    browser = Browser(room)
    back = provider.signs_in(await browser.leaves(), "sub-tom")
    with pytest.raises(NotSignedIn):
        await browser.returns(back + more)
    assert provider.forms == []


# --- a provider that is not well ----------------------------------------------------------------------------------

BIG = b'{"x": "' + b"y" * 300_000 + b'"}'
AWAY = {"Location": "https://evil.example/token"}
DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token"])
@pytest.mark.parametrize(
    "answer",
    [
        (302, AWAY, b""),
        (307, AWAY, b""),
        (500, {}, b"oops"),
        (404, {}, b"{}"),
        (200, {}, b"<html>hello</html>"),
        (200, {}, b"[]"),
        (200, {}, b"\xff\xfe"),
        (200, {}, b"[" * 100_000),
        (200, {}, BIG),
        (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
    ],
    ids=["redirect", "redirect of a POST", "500", "404", "html", "list", "binary", "deep", "large", "compressed"],
)
async def test_a_provider_that_answers_nonsense_is_away(
    room: SignInRoom, provider: WrongProvider, path: str, answer: wrong_oidc.Answer
) -> None:
    provider.answers = {path: answer}
    with pytest.raises(ConnectorError) as away:
        await signs_in(room, provider)
    assert "evil" not in str(away.value)
    assert "127.0.0.1" not in str(away.value)


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nobody_is_followed_anywhere_not_even_on_the_same_host(
    room: SignInRoom, provider: WrongProvider, path: str, status: int
) -> None:
    provider.answers = {path: (status, {"Location": "/elsewhere"}, b"")}
    with pytest.raises(ConnectorError):
        await signs_in(room, provider)
    assert "/elsewhere" not in provider.asked


@pytest.mark.timed
async def test_a_provider_that_hangs_costs_as_long_as_was_set(tmp_path: Path, provider: WrongProvider) -> None:
    async with sign_in_room(tmp_path, provider.issuer, timeout_seconds=0.3) as room:
        provider.slow = {DISCOVERY: 1.5}
        began = time.monotonic()
        with pytest.raises(ConnectorError, match="no answer in time"):
            await signs_in(room, provider)
        assert time.monotonic() - began < 1


@pytest.mark.timed
async def test_a_provider_that_hangs_costs_everybody_that_time_once(tmp_path: Path, provider: WrongProvider) -> None:
    async with sign_in_room(tmp_path, provider.issuer, timeout_seconds=0.5) as room:
        provider.slow = {DISCOVERY: 1.5}
        began = time.monotonic()
        found = await asyncio.gather(*(signs_in(room, provider) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(one, ConnectorError) for one in found)
        assert time.monotonic() - began < 1.5
        assert provider.asked.count(DISCOVERY) == 1


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ABSENT},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "https://user:password@evil.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
        {"jwks_uri": ABSENT},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
async def test_a_description_that_leads_elsewhere_is_not_followed(
    room: SignInRoom, provider: WrongProvider, described: dict[str, object]
) -> None:
    provider.described = described
    with pytest.raises(ConnectorError):
        await signs_in(room, provider)
    assert provider.forms == []


@pytest.mark.parametrize(
    "keys",
    [
        [],
        "none",
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}],
        [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "first"}],
        [{"kty": "RSA", "n": base64.urlsafe_b64encode(b"\x81" * 129).decode(), "e": "AQAB", "kid": "first"}],
        [{**RSAKey.generate_key(2048, {"kid": "first"}, private=True).as_dict(private=False), "use": "enc"}],
        [7, None, {}, {"kty": "RSA"}],
    ],
    ids=["none", "text", "a secret", "tiny", "short", "for encryption", "rubbish"],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_keys_that_cannot_be_trusted_are_no_keys(room: SignInRoom, provider: WrongProvider, keys: object) -> None:
    provider.answers = {"/jwks": (200, {}, json.dumps({"keys": keys}).encode())}
    with pytest.raises(ConnectorError, match="no key"):
        await signs_in(room, provider)


async def test_what_a_provider_says_about_an_error_is_shown_to_nobody(
    room: SignInRoom, provider: WrongProvider
) -> None:
    browser = Browser(room)
    back = changed(provider.signs_in(await browser.leaves(), "sub-tom"), code="unknown")
    with pytest.raises(NotSignedIn) as no:
        await browser.returns(back)
    assert no.value.reason == "provider_invalid_grant"
    shown = await room.browser.get(changed(back, error="<script>", error_description="call 0900-evil"))
    assert shown.status_code == 403
    assert "evil" not in shown.text
    assert "<script" not in shown.text


async def test_one_persons_cookies_at_the_provider_do_not_ride_on_anothers_sign_in(
    room: SignInRoom, provider: WrongProvider
) -> None:
    await signs_in(room, provider)
    await signs_in(room, provider, subject="sub-priya")
    assert all("Cookie" not in headers for headers in provider.heard)
