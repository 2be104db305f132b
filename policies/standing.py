"""What a text's standing is worth when two match alike: its authority, its age, and whether it is in force."""

from __future__ import annotations

from datetime import date

from policies.records import AUTHORITIES
from policies.settings import PolicySettings
from policies.validity import CURRENT

_HALF_LIFE = 2 * 365.25  # days in which the gain of a new text halves


def standing(authority: str, since: date | None, state: str, on: date, settings: PolicySettings) -> float:
    """The factor for the score of a text that holds since a day, in some state on the day asked about.

    A rule outweighs a guide and a new text an old one only when they match about equally well.
    """
    if state != CURRENT:
        return settings.not_in_force_factor
    steps = AUTHORITIES.index(authority) if authority in AUTHORITIES else len(AUTHORITIES)
    age = max(0, (on - since).days) if since else None
    gain = settings.recency_margin * 0.5 ** (age / _HALF_LIFE) if age is not None else 0.0
    return (1 - settings.authority_margin * steps) * (1 + gain)
