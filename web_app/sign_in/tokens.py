"""The token endpoint: a code against tokens, once, with Loket's own proof of who it is there."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from connectors.fetch import Fetch
from core.errors import ConfigError, ConnectorError
from web_app.sign_in.provider import SYSTEM, Provider, as_object
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

LONGEST_TOKEN = 16_000
ASSERTION_SECONDS = 60
"""How long a signed proof of who Loket is holds."""
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What came for a code. The access token is used for nothing but its hash, and kept nowhere."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


class TokenEndpoint:
    """Redeems codes at one provider. Raises `ConfigError` at once without a secret and a key that can be used."""

    def __init__(self, settings: OidcSettings, provider: Provider, fetch: Fetch) -> None:
        if settings.client_secret is None and settings.key_file is None:
            raise ConfigError("set LOKET_OIDC_CLIENT_SECRET or LOKET_OIDC_KEY_FILE in the process with the pages")
        self._settings = settings
        self._provider = provider
        self._fetch = fetch
        self._key = _private_key(settings.key_file) if settings.key_file else None

    async def redeem(self, code: str, verifier: str) -> Tokens:
        """The tokens for an authorization code. Raises `NotSignedIn` when the provider refuses it, `ConnectorError`."""
        form = {"code": code, "redirect_uri": self._settings.redirect_uri, "code_verifier": verifier}
        return tokens_of(await self.ask("authorization_code", form))

    async def ask(self, grant: str, form: Mapping[str, str]) -> dict[str, Any]:
        """One request for tokens. Raises `NotSignedIn` with the provider's error code behind `provider_`."""
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        url = (await self._provider.endpoints()).token
        return await self.post(url, prepare_token_request(grant, "", **form))

    async def post(self, url: str, body: str) -> dict[str, Any]:
        """A form to one of the provider's addresses, as Loket; its JSON answer."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        _, headers, body = self._signed("POST", url, headers, body)
        answer = await self._fetch("POST", url, headers=headers, content=body.encode("ascii"))
        if answer.status in (400, 401, 403):
            error = as_object(answer.body).get("error")
            known = isinstance(error, str) and _ERROR.fullmatch(error)
            raise NotSignedIn(f"provider_{error}" if known else "provider_error")
        if answer.status != 200:
            raise ConnectorError(SYSTEM, f"the provider answered {answer.status} for a code")
        return as_object(answer.body)

    def _signed(self, method: str, url: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
        """The request with Loket's proof of itself, as authlib writes it."""
        from authlib.oauth2.auth import ClientAuth
        from authlib.oauth2.rfc7523 import PrivateKeyJWT

        settings = self._settings
        if self._key is not None:
            named = {"kid": settings.key_id} if settings.key_id else {}
            brief = {"exp": int(time.time()) + ASSERTION_SECONDS}  # authlib's own would hold for an hour
            how: Any = PrivateKeyJWT(url, claims=brief, headers=named, alg=settings.key_algorithm)
            auth = ClientAuth(settings.client_id, self._key, how)
        else:
            secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
            how = f"client_secret_{settings.client_auth}"
            # RFC 6749 section 2.3.1: what goes into the header is form-encoded first, which authlib leaves out.
            encoded = [
                quote(value, safe="") if settings.client_auth == "basic" else value
                for value in (settings.client_id, secret)
            ]
            auth = ClientAuth(*encoded, how)
        signed: tuple[str, dict[str, str], str] = auth.prepare(method, url, headers, body)
        return signed


def refuse_unusable_key(settings: OidcSettings) -> None:
    """Raises `ConfigError` for a key file that holds no key to sign with."""
    if settings.key_file is not None:
        _private_key(settings.key_file)


def tokens_of(values: Mapping[str, Any]) -> Tokens:
    """The tokens in an answer. Raises `NotSignedIn` for one without them, or with something else in their place."""
    token, access = values.get("id_token"), values.get("access_token", "")
    if not isinstance(token, str) or not token.isascii() or not 0 < len(token) <= LONGEST_TOKEN:
        raise NotSignedIn("no_token")
    if not isinstance(access, str) or not access.isascii() or str(values.get("token_type", "")).lower() != "bearer":
        raise NotSignedIn("no_token")
    return Tokens(token, access)


def _private_key(file: Path) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    try:
        text = file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ConfigError(f"LOKET_OIDC_KEY_FILE: {file.name} cannot be read") from error
    for kind in (RSAKey, ECKey):
        try:
            key: Any = kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private:
            return key
    raise ConfigError(f"LOKET_OIDC_KEY_FILE: {file.name} holds no private key in PEM, RSA or EC")
