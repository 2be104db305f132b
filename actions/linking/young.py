"""A chat account that was linked only just now changes nothing that needs approval: its employee must hear of it first.

The same thought as with a phone number that was changed only just now (`contact_quiet_hours`).
"""

from __future__ import annotations

from datetime import timedelta

from actions.rules import Rules
from connectors.directory import links
from core.errors import Refused
from core.people import ChannelIdentity
from core.risk import Risk
from storage import Tx, now

QUIET_TIERS = (Risk.SENSITIVE, Risk.CRITICAL)


def quiet_hours(rules: Rules, *, about_account: bool) -> int:
    """How long an account that was just linked keeps still: for what is done to somebody's account as long as after a
    change of their phone number (S-07), for the rest of what needs approval `link_quiet_hours`."""
    brake = rules.brake
    return max(brake.link_quiet_hours, brake.contact_quiet_hours) if about_account else brake.link_quiet_hours


def refuse_if_young(tx: Tx, identity: ChannelIdentity, tier: Risk, hours: int) -> None:
    """Raises `Refused` for an action of such a tier by an account that was linked less than `hours` hours ago."""
    if tier not in QUIET_TIERS or identity.channel not in links.LINKABLE:
        return
    link = links.find(tx, identity)
    if link is not None and link.made_at > now(tx) - timedelta(hours=hours):
        raise Refused("link_young", hours=str(hours))
