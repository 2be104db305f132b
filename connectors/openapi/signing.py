"""How a call says who is calling: a key, a password, a bearer token, or a token that the service makes for us."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from pydantic import SecretStr

from connectors.egress import Egress, EgressRules
from connectors.egress.names import encode_query
from connectors.secret_source import SecretSource
from core.errors import ConnectorError
from core.secret_reference import SecretReference

TOKEN_SECONDS = 10.0
TOKEN_BYTES = 20_000
EARLY_SECONDS = 30.0
LONGEST_KEPT = 3_600.0
MOST_TOKENS = 500


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way in. `scheme` as in a tool's document; the secret itself is read when it is needed."""

    scheme: Literal["bearer", "basic", "header", "query", "client_credentials"]
    reference: SecretReference
    parameter: str = ""
    token_url: str = ""
    scope: str = ""


@dataclass(slots=True)
class _Token:
    value: SecretStr = field(repr=False)
    until: float = 0.0


class Signer:
    """Reads secrets and keeps tokens, in memory only, each for the one tool server it was made for."""

    def __init__(self, egress: Egress, secrets: SecretSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._egress = egress
        self._secrets = secrets
        self._clock = clock
        self._tokens: dict[tuple[SignIn, EgressRules], _Token] = {}
        self._locks: dict[tuple[SignIn, EgressRules], asyncio.Lock] = {}

    async def sign(
        self, way: SignIn, rules: EgressRules, url: str, headers: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """The address and the headers with the credential in them. Raises `ConnectorError`: nothing was sent yet."""
        host = (urlsplit(url).hostname or "").lower()
        if way.scheme == "client_credentials":
            token = await self._token(way, rules)
            return url, {**headers, "Authorization": f"Bearer {token.get_secret_value()}"}
        secret = (await self._secrets.read(way.reference, host)).get_secret_value()
        match way.scheme:
            case "bearer":
                return url, {**headers, "Authorization": f"Bearer {secret}"}
            case "basic":
                pair = base64.b64encode(secret.encode()).decode()
                return url, {**headers, "Authorization": f"Basic {pair}"}
            case "header":
                return url, {**headers, way.parameter: secret}
        joint = "&" if urlsplit(url).query else "?"
        return f"{url}{joint}{encode_query(way.parameter)}={encode_query(secret)}", headers

    def forget(self, way: SignIn, rules: EgressRules) -> None:
        """The service no longer takes the token: the next call asks for a new one."""
        self._tokens.pop((way, rules), None)

    async def _token(self, way: SignIn, rules: EgressRules) -> SecretStr:
        place = (way, rules)
        async with self._locks.setdefault(place, asyncio.Lock()):
            kept = self._tokens.get(place)
            if kept is not None and self._clock() < kept.until:
                return kept.value
            token = await self._new_token(way, rules)
            if len(self._tokens) >= MOST_TOKENS:
                self._tokens.pop(next(iter(self._tokens)))
            self._tokens[place] = token
            return token.value

    async def _new_token(self, way: SignIn, rules: EgressRules) -> _Token:
        host = (urlsplit(way.token_url).hostname or "").lower()
        secret = (await self._secrets.read(way.reference, host)).get_secret_value()
        client, colon, word = secret.partition(":")
        if not colon:
            raise ConnectorError("openapi", "the credential for tokens is not `id:secret`")
        pair = base64.b64encode(f"{quote(client, safe='')}:{quote(word, safe='')}".encode()).decode()  # RFC 6749, 2.3.1
        form = {"grant_type": "client_credentials", **({"scope": way.scope} if way.scope else {})}
        answer = await self._egress.request(
            rules,
            "POST",
            way.token_url,
            {
                "Authorization": f"Basic {pair}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            urlencode(form).encode(),
            seconds=TOKEN_SECONDS,
            most_bytes=TOKEN_BYTES,
            changes=False,
        )
        if answer.status != 200:
            raise ConnectorError("openapi", f"no token was given ({answer.status})")
        return self._read(answer.body)

    def _read(self, body: bytes) -> _Token:
        try:
            found = json.loads(body)
            value, kind = found["access_token"], str(found.get("token_type", "bearer"))
            seconds = float(found.get("expires_in", 60))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConnectorError("openapi", "the token cannot be read") from None
        plain = isinstance(value, str) and 0 < len(value) <= 8_000 and all("!" <= letter <= "~" for letter in value)
        if not plain or kind.lower() != "bearer" or not 0 <= seconds < 1e9:
            raise ConnectorError("openapi", "the token cannot be used")
        lasts = max(0.0, min(seconds, LONGEST_KEPT) - min(EARLY_SECONDS, seconds / 2))
        return _Token(SecretStr(value), self._clock() + lasts)
