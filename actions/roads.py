"""Which way a secret takes. The code goes to the registered phone; the credential never by a road a code takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.notify import Road
from core.errors import Refused
from core.people import Contact


class Way(StrEnum):
    """How a credential reaches its person. The first two are roads of the notifier, the others end on a page."""

    PRIVATE_MAIL = "private_mail"
    SMS = "sms"
    REVEAL = "reveal"
    HAND_OVER = "hand_over"


class Guard(StrEnum):
    """What a page asks before it shows a credential: a code from the phone, a fresh sign-in of the requester, or one
    of an approver of this very action. Empty: there is no page."""

    NONE = ""
    CODE = "code"
    SIGN_IN = "sign_in"
    APPROVER = "approver"


DEFAULT_WAYS = (Way.PRIVATE_MAIL, Way.SMS, Way.REVEAL, Way.HAND_OVER)
"""Tried in this order where the rules name none (`delivery` of rules.yaml)."""
ON_A_PAGE = (Way.REVEAL, Way.HAND_OVER)
CHAT, IN_PERSON = "chat", "in_person"
"""Roads that the notifier does not serve: a link in the direct chat, and a hand."""
SIGN_INS = ("sign_in", "sign_in_strong")
NO_CODE = ("callback", "callback_due", *SIGN_INS)
"""Proofs in which no code travels. Every other word, the empty one and one nobody knows, counts as a code by SMS."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that people can open. `address` is what a browser calls them by (`https://desk.dhb.example`), without
    a slash at its end; empty: there are none. `sign_in`: people can sign in there."""

    address: str = ""
    sign_in: bool = False

    @property
    def are_on(self) -> bool:
        """Whether there are any."""
        return bool(self.address)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way, what its page asks, and the address that the notifier needs for it or for the code of the page."""

    way: Way
    guard: Guard = Guard.NONE
    address: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides the way: how identity was proved, the rules' order, the pages there are, and whose request it is.

    `own`: the requester is the person it is about.
    """

    proof_method: str
    own: bool
    allowed: Sequence[Way] = DEFAULT_WAYS
    pages: Pages = Pages()


def refuse_one_road(proof_method: str, chosen: Delivery) -> None:
    """Raises `Refused` (`no_second_road`) when the credential, or the link to it, travels by a road that a code takes:
    the code that proved identity, or the one that its page asks for. Asked of every delivery, at every step of it.
    """
    codes = set() if proof_method in NO_CODE else {Road.SMS.value}
    if chosen.guard is Guard.CODE:
        codes.add(Road.SMS.value)
    travels = {Way.REVEAL: CHAT, Way.HAND_OVER: IN_PERSON}.get(chosen.way, chosen.way.value)
    if travels in codes:
        raise Refused("no_second_road")


def code_road(contact: Contact) -> tuple[Road, str]:
    """Where a code goes: the registered phone, nowhere else. Raises `Refused` without one."""
    if not contact.mobile:
        raise Refused("no_phone")
    return Road.SMS, contact.mobile


def delivery_for(contact: Contact, situation: Situation) -> Delivery:
    """The first way of the rules that this person can be reached by. Raises `Refused` when there is none.

    Never the work mailbox: the person may be locked out of it, and it belongs to the account being changed.
    """
    for way in situation.allowed:
        try:
            return delivery_by(way, contact, situation)
        except Refused:
            continue
    raise Refused("no_second_road")


def delivery_by(way: Way, contact: Contact, situation: Situation) -> Delivery:
    """This very way, as it stands now. Raises `Refused` when it does not lead to the person, or not safely."""
    if way not in situation.allowed:
        raise Refused("no_second_road")
    chosen = _chosen(way, contact, situation)
    refuse_one_road(situation.proof_method, chosen)
    return chosen


def _chosen(way: Way, contact: Contact, situation: Situation) -> Delivery:
    pages, proof = situation.pages, situation.proof_method
    match way:
        case Way.PRIVATE_MAIL if contact.private_email:
            return Delivery(way, address=contact.private_email)
        case Way.SMS if contact.mobile:
            return Delivery(way, address=contact.mobile)
        # The link goes to the requester's chat: somebody else's credential must not open there.
        case Way.REVEAL if pages.are_on and situation.own and proof in SIGN_INS and pages.sign_in:
            return Delivery(way, Guard.SIGN_IN)
        case Way.REVEAL if pages.are_on and situation.own and contact.mobile:
            return Delivery(way, Guard.CODE, contact.mobile)
        case Way.HAND_OVER if pages.are_on and pages.sign_in:
            return Delivery(way, Guard.APPROVER)
    raise Refused("no_second_road")


def notice_roads(contact: Contact) -> list[tuple[Road, str]]:
    """All registered addresses: each hears of every change."""
    roads = [(Road.WORK_MAIL, contact.work_email)]
    if contact.private_email:
        roads.append((Road.PRIVATE_MAIL, contact.private_email))
    if contact.mobile:
        roads.append((Road.SMS, contact.mobile))
    return roads
