"""Which road a secret takes. The code goes to the registered phone; the credential never by the same road."""

from __future__ import annotations

from connectors.notify import Road
from core.errors import Refused
from core.people import Contact


def code_road(contact: Contact) -> tuple[Road, str]:
    """Where a code goes: the registered phone, nowhere else. Raises `Refused` without one."""
    if not contact.mobile:
        raise Refused("no_phone")
    return Road.SMS, contact.mobile


def credential_road(contact: Contact, proof_method: str) -> tuple[Road, str]:
    """Where a credential goes: private mail; by phone only when no code travelled there (a call-back was the proof).

    Never the work mailbox: the person may be locked out of it, and it belongs to the account being changed.
    """
    if contact.private_email:
        return Road.PRIVATE_MAIL, contact.private_email
    if contact.mobile and proof_method.startswith("callback"):
        return Road.SMS, contact.mobile
    raise Refused("no_second_road")


def notice_roads(contact: Contact) -> list[tuple[Road, str]]:
    """All registered addresses: each hears of every change."""
    roads = [(Road.WORK_MAIL, contact.work_email)]
    if contact.private_email:
        roads.append((Road.PRIVATE_MAIL, contact.private_email))
    if contact.mobile:
        roads.append((Road.SMS, contact.mobile))
    return roads
