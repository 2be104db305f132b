"""What an operator can set of signing in: the provider, how Loket is known there, and what it must vouch for."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors.loopback import is_loopback
from connectors.settings import Key, OptionalPath

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures that anybody can check and only the provider can make: no `none`, nothing with a shared secret."""
_CHANGEABLE = (
    "email emails mail name given_name family_name nickname preferred_username upn unique_name phone_number "
    "profile website verified_primary_email"
)
"""Claims that somebody may change, or that a later colleague may get: no proof of who a person is."""


def _web_address(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("write the whole address, such as https://login.example.org/realm")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("only https, except on this machine itself")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("leave user, password, query and fragment out of the address")
    return url


def _words(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.replace(",", " ").split()))


WebAddress = Annotated[str, AfterValidator(_web_address)]


class OidcSettings(BaseModel):
    """Signing in by OpenID Connect. With nothing set nobody can sign in: no step-up, and no page that asks for it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    issuer: WebAddress = Field(default="", max_length=250)
    """The issuer exactly as the provider writes it in its tokens, such as `https://login.example.org/realm`."""

    client_id: str = Field(default="", max_length=200)
    """How Loket is registered at the provider. The address to come back to is the public address and `/signed-in`."""

    client_secret: Key = None
    """Loket's secret at the provider. Empty where it signs with a key of its own."""

    client_auth: Literal["basic", "post"] = "basic"
    """How the secret is sent: in the header (`basic`) or in the form (`post`)."""

    key_file: OptionalPath = None
    """A PEM file with the private key that Loket signs in with (`private_key_jwt`), instead of a secret."""

    key_id: str = Field(default="", max_length=200)
    """The `kid` of that key at the provider. Empty: none is named."""

    key_algorithm: Literal["RS256", "PS256", "ES256"] = "RS256"
    """The algorithm that key signs with."""

    public_url: WebAddress = Field(default="", max_length=250)
    """The address at which browsers reach Loket's pages, such as `https://desk.example.org`."""

    scopes: str = "openid"
    """What is asked of the provider, with spaces between. `openid` is always asked."""

    employee_claim: str = Field(default="", max_length=100)
    """The claim of the ID token that is the employee number in the directory, such as `employee_number`. Empty: the
    directory maps the issuer and `sub` to the employee. Never a name or an e-mail address: these change hands."""

    algorithms: str = "RS256"
    """The signatures that are accepted, such as `RS256 ES256`."""

    step_up_acr: str = ""
    """The values of `acr`, with spaces between, any of which counts as proof of identity. With neither these nor
    `step_up_amr` a sign-in proves nothing: it might have been the password alone."""

    step_up_amr: str = ""
    """The values of `amr`, any of which must be there for proof of identity, such as `hwk fido`."""

    strong_acr: str = ""
    """The values of `acr` that may prove identity even where a second factor is replaced. Empty: no sign-in may."""

    leeway_seconds: int = Field(default=30, ge=0, le=120)
    """How far the provider's clock may differ from this machine's, in seconds."""

    timeout_seconds: float = Field(default=5, gt=0, le=30)
    """How long one request to the provider may take in all, in seconds."""

    session_minutes: int = Field(default=60, ge=5, le=720)
    """How long somebody stays signed in to the pages, in minutes; after that they sign in again."""

    @model_validator(mode="after")
    def _sound(self) -> OidcSettings:
        unknown = set(self.accepted_algorithms) - ALGORITHMS
        if unknown or not self.accepted_algorithms:
            raise ValueError(f"algorithms: choose from {' '.join(sorted(ALGORITHMS))}")
        if self.employee_claim.casefold() in _CHANGEABLE.split():
            raise ValueError(f"employee_claim: {self.employee_claim!r} can change hands; name an immutable id")
        if not self.issuer:
            return self
        missing = [name for name in ("client_id", "public_url") if not getattr(self, name)]
        if missing:
            raise ValueError(f"with an issuer, {' and '.join(missing)} must be set too")
        if self.client_secret is not None and self.key_file is not None:
            raise ValueError("set client_secret or key_file, not both")
        return self

    @property
    def is_set(self) -> bool:
        """Whether people can sign in at all."""
        return bool(self.issuer)

    @property
    def proves(self) -> bool:
        """Whether a sign-in can count as proof of identity."""
        return self.is_set and bool(self.acr_for_proof or self.amr_for_proof)

    @property
    def accepted_algorithms(self) -> tuple[str, ...]:
        """The signatures that are accepted."""
        return _words(self.algorithms)

    @property
    def acr_for_proof(self) -> tuple[str, ...]:
        """The values of `acr` that count as proof; the strong ones do as well."""
        return tuple(dict.fromkeys((*_words(self.step_up_acr), *self.acr_for_strong))) if self.step_up_acr else ()

    @property
    def amr_for_proof(self) -> tuple[str, ...]:
        """The values of `amr` of which one must be there."""
        return _words(self.step_up_amr)

    @property
    def acr_for_strong(self) -> tuple[str, ...]:
        """The values of `acr` that may stand in for the second factor."""
        return _words(self.strong_acr)

    @property
    def acr_to_ask(self) -> tuple[str, ...]:
        """The values of `acr` that the provider is asked for, where a sign-in is to prove something."""
        return self.acr_for_proof or self.acr_for_strong

    @property
    def scope(self) -> str:
        """The scopes as they are asked for."""
        return " ".join(dict.fromkeys(("openid", *self.scopes.split())))

    @property
    def home(self) -> str:
        """The public address without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to, exactly as registered there."""
        return f"{self.home}/signed-in"
