"""Why a sign-in counts for nothing."""

from __future__ import annotations

from core.errors import LoketError


class NotSignedIn(LoketError):
    """The person is told no and starts again. `reason` is for the log and the audit, one word of ours.

    What the provider or an attacker wrote is never part of it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
