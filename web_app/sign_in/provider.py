"""The identity provider as it describes itself: its addresses and the keys that it signs with, read anew when due."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.fetch import Fetch
from connectors.loopback import is_loopback
from core.errors import ConnectorError
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

if TYPE_CHECKING:
    from joserfc.jwk import Key

SYSTEM = "sign-in"
KEPT_SECONDS = 3600.0
"""How long a description and keys hold without being read again."""
REFETCH_SECONDS = 60.0
"""How often keys are read again at most because a token names one that is not among them: anybody can name one."""
PAUSE_SECONDS = 3.0
"""How long a document that could not be read is not asked for again."""
MOST_KEYS = 50
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the provider does what. `device` is empty where it knows no device flow.

    `names_itself`: every answer carries the parameter `iss` (RFC 9207), so one without it is not from there.
    """

    authorization: str
    token: str
    keys: str
    device: str
    names_itself: bool


class Provider:
    """One provider. `clock` counts seconds and never goes back."""

    def __init__(self, settings: OidcSettings, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._reading = asyncio.Lock()
        self._endpoints: Endpoints | None = None
        self._described_at = 0.0
        self._keys: list[Key] | None = None
        self._keys_at = 0.0
        self._failed: dict[str, tuple[float, str]] = {}

    async def endpoints(self) -> Endpoints:
        """Its addresses. Raises `ConnectorError` when it cannot be read or describes somebody else."""
        async with self._reading:
            if self._endpoints is None or self._clock() - self._described_at > KEPT_SECONDS:
                self._endpoints = self._checked(await self.description())
                self._described_at = self._clock()
            return self._endpoints

    async def keys(self, algorithm: str) -> int:
        """How many keys it has that sign in this way. Raises `ConnectorError`."""
        return sum(_fits(key, None, algorithm) for key in await self._all_keys(again=False))

    async def key(self, key_id: str | None, algorithm: str) -> Key:
        """The public key that a token of this header must be signed with.

        Raises `NotSignedIn` when the provider has no such key, `ConnectorError` when its keys cannot be read.
        """
        for again in (False, True):
            fitting = [key for key in await self._all_keys(again=again) if _fits(key, key_id, algorithm)]
            if len(fitting) == 1:
                return fitting[0]
        raise NotSignedIn("unknown_key")

    async def _all_keys(self, *, again: bool) -> list[Key]:
        where = (await self.endpoints()).keys
        async with self._reading:
            age = self._clock() - self._keys_at
            if self._keys is None or age > KEPT_SECONDS or (again and age > REFETCH_SECONDS):
                self._keys = _signing_keys(await self._json(where))
                self._keys_at = self._clock()
            return self._keys

    async def description(self) -> Mapping[str, Any]:
        """What it says of itself at this moment, unchecked. Raises `ConnectorError`."""
        return await self._json(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")

    async def _json(self, url: str) -> Mapping[str, Any]:
        """One of its documents. Whoever waited while it failed for another does not wait for a failure of their own."""
        failed_at, why = self._failed.get(url, (0.0, ""))
        if why and self._clock() - failed_at < PAUSE_SECONDS:
            raise ConnectorError(SYSTEM, why)
        try:
            answer = await self._fetch("GET", url, headers={"Accept": "application/json"})
            if answer.status != 200:
                raise ConnectorError(SYSTEM, f"the provider answered {answer.status}")
            return as_object(answer.body)
        except ConnectorError as error:
            self._failed[url] = (self._clock(), error.detail)
            raise

    def _checked(self, described: Mapping[str, Any]) -> Endpoints:
        """OpenID Connect Discovery 1.0, section 4.3: the issuer must be the very one that was asked for."""
        if described.get("issuer") != self._settings.issuer:
            raise ConnectorError(SYSTEM, "the provider describes another issuer than LOKET_OIDC_ISSUER")
        methods = described.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            raise ConnectorError(SYSTEM, "the provider does not know PKCE with S256")
        device = described.get("device_authorization_endpoint")
        return Endpoints(
            self._address(described, "authorization_endpoint"),
            self._address(described, "token_endpoint"),
            self._address(described, "jwks_uri"),
            self._address(described, "device_authorization_endpoint") if device else "",
            described.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, described: Mapping[str, Any], name: str) -> str:
        address = described.get(name)
        parts = urlsplit(address) if isinstance(address, str) and address.isascii() else urlsplit("")
        here = urlsplit(self._settings.issuer)
        plain = parts.scheme == "http" == here.scheme and is_loopback(str(address))
        if not parts.hostname or not (parts.scheme == "https" or plain) or parts.username or parts.fragment:
            raise ConnectorError(SYSTEM, f"the provider gives no usable {name}")
        return str(address)


def as_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises `ConnectorError` for anything else."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ConnectorError(SYSTEM, "the provider did not answer with a JSON object")
    return values


def _signing_keys(document: Mapping[str, Any]) -> list[Key]:
    """The public keys of a key set; secrets and what cannot be read are left out, as RFC 7517 section 5 asks."""
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey, import_key

    found: list[Key] = []
    listed = document.get("keys")
    for one in listed[:MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("kty") not in _KINDS.values() or one.get("use", "sig") != "sig":
            continue
        try:
            public = {
                name: value for name, value in one.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "oth")
            }
            key = import_key(public)
        except (JoseError, ValueError, TypeError):
            continue
        if not isinstance(key, RSAKey) or key.public_key.key_size >= _LEAST_RSA_BITS:
            found.append(key)
    if not found:
        raise ConnectorError(SYSTEM, "the provider has no key that it signs with")
    return found


def _fits(key: Key, key_id: str | None, algorithm: str) -> bool:
    named: Any = key.as_dict(private=False)
    return (
        named["kty"] == _KINDS[algorithm[:2]]
        and named.get("alg", algorithm) == algorithm
        and (key_id is None or named.get("kid") == key_id)
    )
