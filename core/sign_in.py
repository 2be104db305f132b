"""What is known of somebody who has signed in at the organisation's identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.people import ChannelIdentity


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One sign-in that was checked and is over. Made by `web_app.sign_in` and by nothing else.

    `identity` is channel `oidc`, the issuer and the immutable `sub` there. `method` is `sign_in`, or `sign_in_strong`
    when the provider vouched for a way of signing in that may stand in for the second factor itself. `at` is when the
    person signed in, by the provider's clock (UTC). `purpose` and `reference` are what the sign-in was begun for and
    nothing else: whoever uses it compares both. `acr` is the provider's word for how they signed in, for the audit.
    `language` is the person's own, for what they are shown next.
    """

    employee_id: str
    identity: ChannelIdentity
    method: str
    at: datetime
    purpose: str
    reference: str
    acr: str = ""
    language: str = ""
