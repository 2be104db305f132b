"""What `loket doctor` sees of the identity provider: read-only, without signing anybody in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.examination import Seen
from connectors.fetch import Fetch, HttpFetch
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError
from web_app.sign_in.provider import Provider
from web_app.sign_in.settings import OidcSettings
from web_app.sign_in.tokens import refuse_unusable_key


class SignInExamined:
    """Implements `connectors.examination.Examined` for signing in. It opens a connection for each look."""

    def __init__(self, settings: OidcSettings, outside: OutsideSettings) -> None:
        self._settings = settings
        self._outside = outside

    @property
    def name(self) -> str:
        """See `Examined.name`."""
        return "sign-in"

    async def examine(self) -> Sequence[Seen]:
        """See `Examined.examine`. Nobody signs in: whether the secret is right shows at the first sign-in."""
        from connectors.http import async_client

        seconds = self._settings.timeout_seconds
        async with async_client(self._outside, seconds) as client:
            return [*(await self._described(HttpFetch("sign-in", client, seconds))), *_own(self._settings)]

    async def _described(self, fetch: Fetch) -> Sequence[Seen]:
        provider = Provider(self._settings, fetch)
        try:
            await provider.endpoints()
            described = await provider.description()
            keys = {algorithm: await provider.keys(algorithm) for algorithm in self._settings.accepted_algorithms}
        except ConnectorError as error:
            advice = "check LOKET_OIDC_ISSUER and the network"
            return [Seen("identity provider", good=False, detail=error.detail, advice=advice)]
        return [
            Seen("identity provider", good=True, detail="it describes itself under the issuer that is set"),
            _keys(keys),
            *_told(self._settings, described),
            *_proof(self._settings, described),
        ]


def _own(settings: OidcSettings) -> Iterator[Seen]:
    """What Loket shows there. A process without pages needs none of it."""
    what = "what Loket shows at the provider"
    if settings.key_file is None and settings.client_secret is None:
        advice = "right where no pages are served; the role web needs LOKET_OIDC_CLIENT_SECRET or LOKET_OIDC_KEY_FILE"
        yield Seen(what, good=False, detail="neither a secret nor a key", advice=advice, fatal=False)
        return
    try:
        refuse_unusable_key(settings)
    except ConfigError as error:
        yield Seen(what, good=False, detail=str(error), advice="give it a private key in PEM that Loket may read")
        return
    yield Seen(what, good=True, detail="a key of its own" if settings.key_file else "a secret")


def _keys(keys: Mapping[str, int]) -> Seen:
    counted = ", ".join(f"{algorithm}: {count}" for algorithm, count in keys.items())
    advice = "set LOKET_OIDC_ALGORITHMS to what the provider signs with" if not any(keys.values()) else ""
    return Seen("keys of the provider", good=any(keys.values()), detail=counted, advice=advice)


def _told(settings: OidcSettings, described: Mapping[str, Any]) -> Iterator[Seen]:
    """What the provider lists and Loket needs; a list that is left out says nothing."""
    how = "private_key_jwt" if settings.key_file else f"client_secret_{settings.client_auth}"
    yield from _listed(described, "token_endpoint_auth_methods_supported", how, "how Loket signs in there")
    yield from _listed(described, "response_types_supported", "code", "authorization code flow")
    if settings.employee_claim:
        yield from _listed(described, "claims_supported", settings.employee_claim, "claim with the employee number")


def _proof(settings: OidcSettings, described: Mapping[str, Any]) -> Iterator[Seen]:
    if not settings.proves:
        advice = "name what proves identity in LOKET_OIDC_STEP_UP_ACR or _AMR (docs/sign-in.md)"
        yield Seen("proof by sign-in", good=False, detail="no sign-in counts as proof", advice=advice, fatal=False)
        return
    for acr in settings.acr_for_proof:
        yield from _listed(described, "acr_values_supported", acr, "level that proves identity")
    said = "may" if settings.acr_for_strong else "may not"
    yield Seen("second factor", good=True, detail=f"a sign-in {said} prove identity where a second factor is replaced")


def _listed(described: Mapping[str, Any], name: str, wanted: str, what: str) -> Iterator[Seen]:
    listed = described.get(name)
    if isinstance(listed, list):
        there = wanted in listed
        advice = "" if there else f"the provider does not list it in {name}"
        yield Seen(what, good=there, detail=wanted, advice=advice, fatal=False)
