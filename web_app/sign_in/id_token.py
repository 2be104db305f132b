"""The ID token: who signed in, when and how, taken for true only after every check that the standard asks for."""

from __future__ import annotations

import hmac
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from web_app.sign_in.provider import Provider
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

FRESH_SECONDS = 300
"""How old a sign-in may be that proves identity (S-06)."""
LONGEST_LIFE = 24 * 3600
"""A token that holds longer than this, in seconds, was made by something that keeps no time."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say. An empty `nonce` is one that was not asked for: the device flow has none.

    `code` and `access_token` came with it. `since` is when the browser was sent to sign in, in seconds since 1970;
    `fresh`: the person must have signed in after that, not before.
    """

    nonce: str
    code: str
    access_token: str
    since: float
    fresh: bool
    now: float


@dataclass(frozen=True, slots=True)
class Claims:
    """What was checked. `at` is in seconds since 1970."""

    subject: str
    at: float
    acr: frozenset[str]
    amr: frozenset[str]
    all: Mapping[str, Any]


async def check(token: str, provider: Provider, settings: OidcSettings, expected: Expected) -> Claims:
    """OpenID Connect Core 1.0, section 3.1.3.7. Raises `NotSignedIn`, `ConnectorError` when keys cannot be read."""
    header, claims = await _decoded(token, provider, settings.accepted_algorithms)
    _check_registered(claims, header, settings, expected)
    _check_parties(claims, settings)
    _check_hashes(claims, str(header["alg"]), expected)
    return Claims(
        claims["sub"],
        _signed_in_at(claims, settings, expected),
        frozenset(_texts(claims.get("acr"))),
        frozenset(_texts(claims.get("amr"))),
        claims,
    )


async def _decoded(
    token: str, provider: Provider, algorithms: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token whose signature is right. `jwk`, `jku` and `x5u` in it are never looked at."""
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
    except (JoseError, ValueError, TypeError, RecursionError):
        raise NotSignedIn("unreadable_token") from None
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise NotSignedIn("algorithm")
    if key_id is not None and not isinstance(key_id, str):
        raise NotSignedIn("unknown_key")
    key = await provider.key(key_id, algorithm)
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        decoded = jwt.decode(token, key, algorithms=[algorithm], registry=registry)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise NotSignedIn("signature") from None
    return dict(decoded.header), dict(decoded.claims)


def _check_registered(
    claims: dict[str, Any], header: dict[str, Any], settings: OidcSettings, expected: Expected
) -> None:
    """Issuer, audience, times and nonce, by authlib; what it leaves open is checked beside it."""
    from authlib.oidc.core import CodeIDToken
    from joserfc.errors import JoseError

    token = CodeIDToken(
        claims,
        header,
        {"iss": {"essential": True, "value": settings.issuer}, "aud": {"essential": True, "value": settings.client_id}},
        {"nonce": expected.nonce or None, "client_id": settings.client_id},
    )
    try:
        token.validate(now=int(expected.now), leeway=settings.leeway_seconds)
    except JoseError as error:
        raise NotSignedIn(_reason(error)) from None
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255 or not claims["sub"].isascii():
        raise NotSignedIn("claim_sub")
    if claims["exp"] - expected.now > LONGEST_LIFE or expected.now - claims["iat"] > LONGEST_LIFE:
        raise NotSignedIn("claim_exp")


def _reason(error: Exception) -> str:
    """Which claim it was, of those that are ours to name."""
    claim = str(getattr(error, "claim", "") or "")
    known = {"iss", "sub", "aud", "exp", "nbf", "iat", "auth_time", "nonce", "amr", "azp"}
    return f"claim_{claim}" if claim in known else "claims"


def _check_parties(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    """For Loket alone: a token that is also meant for somebody else may have been handed on by them."""
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if audience != [settings.client_id]:
        raise NotSignedIn("claim_aud")
    if claims.get("azp", settings.client_id) != settings.client_id:
        raise NotSignedIn("claim_azp")


def _check_hashes(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> None:
    """The token belongs to this code and this access token, where it says so."""
    from authlib.oidc.core.util import create_half_hash

    for claim, value in (("at_hash", expected.access_token), ("c_hash", expected.code)):
        said = claims.get(claim)
        if said is None:
            continue
        right: bytes = create_half_hash(value, algorithm) if value else b""
        if not isinstance(said, str) or not said.isascii() or not hmac.compare_digest(said.encode(), right):
            raise NotSignedIn(f"claim_{claim}")


def _signed_in_at(claims: Mapping[str, Any], settings: OidcSettings, expected: Expected) -> float:
    """When the person signed in. authlib asks for no `auth_time` when `max_age` was 0, so it is asked for here."""
    said = claims.get("auth_time")
    if said is None and not expected.fresh:
        return float(claims["iat"])
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise NotSignedIn("claim_auth_time")
    # Whole seconds at the provider: somebody who signed in at once may seem to have done so a second before.
    early = expected.since - settings.leeway_seconds - 1
    old = expected.now - FRESH_SECONDS - settings.leeway_seconds
    if expected.fresh and said < max(early, old):
        raise NotSignedIn("stale")
    if said > expected.now + settings.leeway_seconds:
        raise NotSignedIn("claim_auth_time")
    return float(said)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
