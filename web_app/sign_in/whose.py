"""From what the provider vouches for to the employee: by an immutable id, and by nothing that can change hands."""

from __future__ import annotations

from connectors.directory import Directory
from core.people import ChannelIdentity, Employee
from web_app.sign_in.id_token import Claims
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

CHANNEL = "oidc"


async def employee_of(claims: Claims, settings: OidcSettings, directory: Directory) -> tuple[Employee, ChannelIdentity]:
    """Who it is in the directory. Raises `NotSignedIn` for strangers, guests, service entries and people who left."""
    identity = ChannelIdentity(CHANNEL, settings.issuer, claims.subject)
    if settings.employee_claim:
        number = claims.all.get(settings.employee_claim)
        if not isinstance(number, str) or not 0 < len(number) <= 64 or not number.isprintable():
            raise NotSignedIn("no_employee_claim")
        employee = await directory.by_id(number)
        if employee is not None and employee.employee_id != number:
            raise NotSignedIn("stranger")  # a directory that forgives spelling would let two people be one
    else:
        employee = await directory.by_identity(identity)
    if employee is None or not employee.may_use_tools:
        raise NotSignedIn("stranger")
    return employee, identity


def method_of(claims: Claims, settings: OidcSettings, *, fresh: bool) -> str:
    """How they signed in: `sign_in` or `sign_in_strong`.

    A `fresh` sign-in is to prove identity: raises `NotSignedIn` when the provider does not vouch for enough.
    """
    if fresh:
        if not settings.proves:
            raise NotSignedIn("proves_nothing")
        if settings.acr_for_proof and not claims.acr & set(settings.acr_for_proof):
            raise NotSignedIn("claim_acr")
        if settings.amr_for_proof and not claims.amr & set(settings.amr_for_proof):
            raise NotSignedIn("claim_amr")
    strong = fresh and bool(claims.acr & set(settings.acr_for_strong))
    return "sign_in_strong" if strong else "sign_in"
