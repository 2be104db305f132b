"""Asking Entra ID for a token with Microsoft's own library. Blocking: only ever called in a thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.graph.certificate import Certificate
from connectors.graph.msal_http import MsalHttp, only, only_this_machine
from connectors.graph.settings import EntraSettings
from connectors.not_accepted import behind
from connectors.settings import OutsideSettings

SECONDS = 4.0
"""How long one answer of the sign-in host may keep us waiting."""

_REASONS = {
    7000215: "the client secret is wrong: copy the secret's value, not its id",
    7000222: "the client secret has ended: make a new one",
    7000216: "the application's sign-in needs a secret or a certificate",
    700016: "the tenant has no application with this client_id",
    90002: "there is no such tenant in this cloud: check tenant and cloud",
    700027: "the certificate is not the one that was uploaded to the application, or it was removed there",
    700024: "the clock of this machine and Entra's differ by too much, or the certificate has ended",
    7000112: "the application is disabled in the tenant",
    53003: "a Conditional Access policy for workload identities blocks this machine",
    500011: "the tenant does not know Microsoft Graph in this cloud: check cloud",
}


class SignInRefused(Exception):
    """Entra ID said no to the application itself; the sentence holds nothing of its credential."""


class SignInLost(Exception):
    """The sign-in host could not be reached or did not say anything readable."""


@dataclass(frozen=True, slots=True)
class Issued:
    """One token and the seconds it lives from now."""

    token: SecretStr
    seconds: float


class SignIn:
    """Holds what msal keeps between tokens. Opening it reads the network, so it is opened in the thread, late."""

    def __init__(self, settings: EntraSettings, outside: OutsideSettings, certificate: Certificate | None) -> None:
        self._settings = settings
        self._certificate = certificate
        if settings.managed_identity:
            direct = outside.model_copy(update={"proxy": ""})  # the address exists on this machine only
            self._http = MsalHttp(direct, SECONDS, only_this_machine)
        else:
            self._http = MsalHttp(outside, SECONDS, only(settings.hosts.login_host))
        self._app: Any = None

    def issue(self, *, fresh: bool) -> Issued:
        """A token, from msal's cache unless it has to be `fresh`. Raises `SignInRefused` and `SignInLost`."""
        from msal.exceptions import MsalError

        # On an answer it cannot read msal writes that whole answer to the log, token and all.
        logging.getLogger("msal").setLevel(logging.CRITICAL + 1)
        try:
            result = self._ask(fresh)
        except (httpx.HTTPError, MsalError, ValueError, KeyError, AttributeError, RuntimeError) as error:
            if reason := behind(error):
                raise SignInLost(f"the certificate of the sign-in host is not accepted: {reason}") from None
            raise SignInLost("the sign-in host cannot be reached or answers in no known way") from None
        return _read(result)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, fresh: bool) -> Mapping[str, Any]:
        hosts = self._settings.hosts
        if self._settings.managed_identity:
            if self._app is None or fresh:
                self._app = self._managed()  # a new one has an empty cache
            result: Mapping[str, Any] = self._app.acquire_token_for_client(resource=hosts.resource)
            return result
        if self._app is None:
            self._app = self._confidential()
        if fresh:
            self._app.remove_tokens_for_client()
        result = self._app.acquire_token_for_client(scopes=[f"{hosts.resource}/.default"])
        return result

    def _confidential(self) -> Any:
        import msal

        settings = self._settings
        return msal.ConfidentialClientApplication(
            settings.client_id,
            authority=f"https://{settings.hosts.login_host}/{settings.tenant}",
            client_credential=self._credential(),
            http_client=self._http,
            instance_discovery=False,  # else it asks the global cloud about ours
        )

    def _managed(self) -> Any:
        import msal

        chosen = self._settings.client_id
        identity = (
            msal.UserAssignedManagedIdentity(client_id=chosen) if chosen else msal.SystemAssignedManagedIdentity()
        )
        return msal.ManagedIdentityClient(identity, http_client=self._http)

    def _credential(self) -> Any:
        if self._certificate is not None:
            return {
                "private_key": self._certificate.key.get_secret_value(),
                "public_certificate": self._certificate.public,
            }
        return self._settings.secret.get_secret_value() if self._settings.secret else None


def _read(result: Mapping[str, Any]) -> Issued:
    token, seconds = result.get("access_token"), result.get("expires_in")
    if isinstance(token, str) and token and isinstance(seconds, int | float):
        return Issued(SecretStr(token), float(seconds))
    codes = result.get("error_codes")
    code = codes[0] if isinstance(codes, list) and codes and isinstance(codes[0], int) else 0
    if result.get("error") in ("temporarily_unavailable", "server_error") or code in (90033, 50196):
        raise SignInLost("the sign-in host is not available at the moment")
    reason = _REASONS.get(code, "Entra ID does not let the application in")
    raise SignInRefused(f"{reason} (AADSTS{code})" if code else reason)
