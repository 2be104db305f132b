"""An identity provider of our own on loopback that answers wrongly on demand; told nothing, it answers rightly.

`signs_in` plays browser, login page and person: an authorization request in, the address that the browser is sent back
to out. What is wrong is said by attributes: `claims` and `header` change the ID token, `signs_with` who signs it,
`answers` a whole HTTP answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "loket", "a+secret/with%odd&characters"
ABSENT = object()
"""In the place of a value: leave it out."""
Answer = tuple[int, Mapping[str, str], bytes]


@lru_cache(maxsize=1)
def _first_key() -> RSAKey:
    """One for all tests: making one takes a fifth of a second."""
    return RSAKey.generate_key(2048, {"kid": "first"}, private=True)


@dataclass
class Grant:
    """What the person granted: good for one code."""

    asked: Mapping[str, str]
    subject: str
    at: float
    acr: str
    amr: tuple[str, ...]


@dataclass
class WrongProvider:
    """The provider. `asked` are the paths it was asked for, in order."""

    issuer: str
    key: RSAKey = field(default_factory=_first_key)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    back: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    signs: Callable[[WrongProvider, dict[str, Any], dict[str, Any]], str] | None = None
    acr: str = "urn:dhb:passkey"
    amr: tuple[str, ...] = ("hwk", "user")
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    heard: list[Mapping[str, str]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)

    # --- the person at the login page -----------------------------------------------------------------------------

    def signs_in(self, address: str, subject: str, *, ago: float = 0.0) -> str:
        """Somebody signs in, `ago` seconds before now; the address that their browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(24)
        self.grants[code] = Grant(asked, subject, time.time() - ago, self.acr, self.amr)
        said = {"code": code, "state": asked["state"], "iss": self.issuer, **self.back}
        return f"{asked['redirect_uri']}?{urlencode({k: v for k, v in said.items() if v is not ABSENT})}"

    # --- the server -----------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request."""
        self.asked.append(path)
        time.sleep(self.slow.get(path, 0))
        if path in self.answers:
            return self.answers[path]
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                return _json(200, self._described())
            case "GET", "/jwks":
                return _json(200, {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]})
            case "POST", "/token":
                return self._redeemed(headers, dict(parse_qsl(body.decode())))
        return _json(404, {})

    def _described(self) -> dict[str, Any]:
        whole = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"],
            **self.described,
        }
        return {name: value for name, value in whole.items() if value is not ABSENT}

    def _redeemed(self, headers: Mapping[str, str], form: dict[str, str]) -> Answer:
        self.forms.append(form)
        self.heard.append(headers)
        grant = self.grants.pop(form.get("code", ""), None)
        if not self._is_client(headers, form):
            return _json(401, {"error": "invalid_client"})
        if grant is None or form.get("redirect_uri") != grant.asked["redirect_uri"]:
            return _json(400, {"error": "invalid_grant", "error_description": "<script>no such code</script>"})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != grant.asked["code_challenge"]:
            return _json(400, {"error": "invalid_grant"})
        access = secrets.token_urlsafe(32)
        whole = {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": 60,
            "id_token": self._signed(grant, access),
        }
        return _json(200, {name: value for name, value in {**whole, **self.token}.items() if value is not ABSENT})

    def _is_client(self, headers: Mapping[str, str], form: dict[str, str]) -> bool:
        if "client_assertion" in form:
            return True  # the test looks at it
        given = headers.get("Authorization", "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(given).decode().partition(":")
        return (unquote(name), unquote(secret)) == (CLIENT, SECRET)

    def _signed(self, grant: Grant, access: str) -> str:
        now = time.time()
        claims = {
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": CLIENT,
            "iat": int(now),
            "exp": int(now) + 300,
            "auth_time": int(grant.at),
            "nonce": grant.asked["nonce"],
            "acr": grant.acr,
            "amr": list(grant.amr),
            "at_hash": half_hash(access),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not ABSENT}
        header = {"alg": "RS256", "kid": "first", **self.header}
        header = {name: value for name, value in header.items() if value is not ABSENT}
        if self.signs is not None:
            return self.signs(self, header, claims)
        return jwt.encode(header, claims, self.key, algorithms=["RS256"])


def half_hash(value: str) -> str:
    """`at_hash` and `c_hash` for RS256."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


# --- bad signatures -----------------------------------------------------------------------------------------------


def unsigned(_: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """`alg: none`."""
    return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."


def with_the_public_key(provider: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256, with what everybody has as the secret."""
    said = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
    tag = hmac.digest(provider.key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def with_the_client_secret(_: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256 with Loket's own secret, which the provider's other clients may have guessed."""
    said = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
    tag = hmac.digest(SECRET.encode(), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def by_somebody_else(_: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Another key under the right name, and where to find it in the header."""
    other = RSAKey.generate_key(2048, private=True)
    return jwt.encode({**header, "jku": "https://evil.example/jwks"}, claims, other, algorithms=["RS256"])


def by_another_kind_of_key(_: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """An algorithm that is good, and was not agreed on."""
    return jwt.encode({**header, "alg": "ES256"}, claims, ECKey.generate_key("P-256", private=True), ["ES256"])


def torn(provider: WrongProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The payload of another token under a good signature."""
    head, _, tag = jwt.encode(header, claims, provider.key).split(".")
    return f"{head}.{_part({**claims, 'sub': 'sub-priya'})}.{tag}"


def _part(values: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def _json(status: int, values: Mapping[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json", "Set-Cookie": "who=somebody"}, json.dumps(values).encode()


@contextmanager
def wrong_provider() -> Iterator[WrongProvider]:
    """One that listens on loopback until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = provider.answer(self.command, urlsplit(self.path).path, self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _serve

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    provider = WrongProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
