"""Ending a link: taking away is safe, so whoever has a reason may; the audit says who and why."""

from __future__ import annotations

from connectors.directory import link_offers, links
from connectors.directory.links import IdentityLink
from core.people import ChannelIdentity
from storage import AuditEntry, Tx
from storage.audit import record


def end(
    tx: Tx, identity: ChannelIdentity, actor: str, why: str, *, origin: str = "loket", reason: str = ""
) -> IdentityLink | None:
    """End the link of this account and every open offer to it; None when there was no link.

    `why` is one word: `admin`, `not_me`, `departed`, `inactive`, `unused`. `reason` is an admin's own text.
    """
    link_offers.spend_all(tx, identity)
    link = links.find(tx, identity)
    if link is None or not links.remove(tx, identity):
        return None
    entry = AuditEntry(
        actor=actor[:120],
        verb="identity.unlinked",
        object=f"employee:{link.employee_id}",
        result=why,
        origin=origin,
        subject=link.employee_id,
        payload={"identity": str(identity), **({"reason": reason} if reason else {})},
    )
    record(tx, entry)
    return link
