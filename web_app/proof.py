"""Where the pages of proof are, and what a sign-in for them is called: all that a process without pages needs of it."""

from __future__ import annotations

from actions.step_up import StepUp
from web_app.sign_in.settings import OidcSettings

PURPOSE = "step_up"
"""What a sign-in for the page of proof is begun for; its reference is the hash of the link's token."""
PATH = "/proof"
APPROVE = "approve"
"""What a sign-in of an approver is begun for; its reference is the hash of their link's token."""
APPROVE_PATH = "/approve"


def step_up_of(settings: OidcSettings) -> StepUp | None:
    """What the gate must know: where the pages are, and whether the provider can vouch for more. None where a sign-in
    proves nothing."""
    if not settings.proves:
        return None
    return StepUp(f"{settings.home}{PATH}", bool(settings.acr_for_strong), f"{settings.home}{APPROVE_PATH}")
