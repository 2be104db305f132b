"""What a directory entry says about its account, whichever dialect it was read in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the entry itself says about the account; what the settings say comes on top. Times are UTC.

    `privileged` and `service`: this account is never touched.
    """

    enabled: bool
    locked: bool
    privileged: bool = False
    service: bool = False
    credential_changed_at: datetime | None = None
    unlocked_at: datetime | None = None
