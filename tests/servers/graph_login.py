"""The sign-in host of a fake Entra ID: client secrets and signed assertions, checked as the real one checks them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.graph.clouds import Cloud
from tests.servers.graph_tenant import APP, SERVICE_PRINCIPAL, TENANT
from tests.servers.tls_front import Reply, Request

FORM = {"client_id", "grant_type", "scope", "client_secret", "client_assertion", "client_assertion_type", "client_info"}


@dataclass
class Login:
    """Gives tokens to one application. `roles` are its permissions, `lifetime` the seconds of a token."""

    cloud: Cloud
    roles: set[str] = field(default_factory=set)
    secret: str = "the-secret-of-the-tests"
    certificates: list[x509.Certificate] = field(default_factory=list)
    lifetime: int = 3600
    refuse_with: int = 0
    issued: dict[str, float] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0

    def accepts(self, authorization: str) -> bool:
        """Whether Graph takes this header."""
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self.issued.get(token, 0) > time.time()

    def expire_all(self) -> None:
        """Every token is void from now on, as after a key was rolled."""
        self.issued = dict.fromkeys(self.issued, 0.0)

    def answer(self, request: Request) -> Reply:
        """One request to the sign-in host."""
        self.asked += 1
        root = f"https://{self.cloud.login_host}/{TENANT}"
        if (request.method, request.path) == ("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration"):
            return _json(
                200,
                {
                    "issuer": f"{root}/v2.0",
                    "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{root}/oauth2/v2.0/token",
                },
            )
        if (request.method, request.path) == ("POST", f"/{TENANT}/oauth2/v2.0/token"):
            return self._token(request, f"{root}/oauth2/v2.0/token")
        return _json(404, {"error": "not_found"})

    def _token(self, request: Request, address: str) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii")).items()}
        self.forms.append(form)
        if self.refuse_with:
            return _refused(self.refuse_with)
        known = set(form) <= FORM and form.get("grant_type") == "client_credentials"
        if not known or form.get("scope") != f"{self.cloud.resource}/.default":
            return _refused(70011)
        if form.get("client_id") != APP:
            return _refused(700016)
        if code := self._credential(form, address):
            return _refused(code)
        return _json(200, {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": self.make_token()})

    def make_token(self) -> str:
        """A new token with the roles of this moment."""
        claims = {"aud": self.cloud.resource, "tid": TENANT, "oid": SERVICE_PRINCIPAL, "roles": sorted(self.roles)}
        parts = [{"alg": "RS256", "typ": "JWT"}, {**claims, "uti": uuid.uuid4().hex}]
        token = ".".join([*(_b64(json.dumps(part).encode()) for part in parts), _b64(b"signature")])
        self.issued[token] = time.time() + self.lifetime
        return token

    def _credential(self, form: dict[str, str], address: str) -> int:
        if "client_assertion" not in form:
            return 0 if form.get("client_secret") == self.secret else 7000215
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return 7000216
        return 0 if any(_signed(form["client_assertion"], one, address) for one in self.certificates) else 700027


def _signed(assertion: str, certificate: x509.Certificate, address: str) -> bool:
    """Whether an assertion is signed with this certificate and meant for us."""
    pieces = assertion.split(".")
    if len(pieces) != 3:
        return False
    try:
        head, claims = (json.loads(_unb64(piece)) for piece in pieces[:2])
    except ValueError:
        return False
    thumbprint = _b64(hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest())
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    try:
        key.verify(_unb64(pieces[2]), f"{pieces[0]}.{pieces[1]}".encode(), pss, hashes.SHA256())
    except InvalidSignature:
        return False
    meant = (claims.get("aud"), claims.get("iss"), claims.get("sub")) == (address, APP, APP)
    return (
        head.get("alg") == "PS256"
        and str(head.get("x5t#S256")).rstrip("=") == thumbprint
        and meant
        and claims["exp"] > time.time()
    )


def _refused(code: int) -> Reply:
    text = f"AADSTS{code}: an answer that names application '{APP}' and a canary-of-the-login-host."
    return _json(401, {"error": "invalid_client", "error_description": text, "error_codes": [code]})


def _json(status: int, body: Any) -> Reply:
    return Reply(status, json.dumps(body).encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
