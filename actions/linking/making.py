"""Linking an account of a channel to an employee: one transaction with its audit row and with telling the employee."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from actions.linking.words import channel_name, say
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.posting import room_of
from actions.roads import notice_roads
from connectors.directory import link_offers, links
from connectors.directory.link_offers import Offer
from connectors.notify import Road
from core.encoding import encode
from core.linking import Profile
from core.people import ChannelIdentity, Contact, Employee
from core.replies import Reply
from storage import AuditEntry, OutboxItem, Tx, outbox
from storage.audit import record


class Made(StrEnum):
    """How an attempt to link ended. `taken`: it is somebody else's. `untold`: nobody could tell the employee.
    `not_mine`: whoever signed in says it is not theirs."""

    LINKED = "linked"
    ALREADY = "already"
    TAKEN = "taken"
    OTHER_ADDRESS = "other_address"
    UNTOLD = "untold"
    NOT_MINE = "not_mine"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Tie:
    """One account, whose it becomes, how, and what the channel says of it. `actor` is for the audit."""

    identity: ChannelIdentity
    employee: Employee
    way: str
    actor: str
    profile: Profile


async def link_by_sign_in(parts: GateParts, person: Employee, token_hash: str, *, must_match: bool) -> Made:
    """Whoever holds an offer has signed in as `person`, seen whom it would link, and said yes.

    `must_match`: where the channel vouches for an address, it must be the employee's work address. Raises
    `ConnectorError` when the directory is away.
    """
    directory = parts.systems.read.directory
    offer = await parts.database.read(lambda tx: link_offers.find(tx, token_hash))
    if offer is None or not person.may_use_tools:
        return Made.GONE
    contact = await directory.contact(person.employee_id)
    known = await directory.by_identity(offer.identity)

    def write(tx: Tx) -> Made:
        one_at_a_time(tx, "subject", f"identity:{offer.identity}")
        if not link_offers.spend(tx, token_hash):
            return Made.GONE
        tie = Tie(offer.identity, person, "sign_in", f"employee:{person.employee_id}", offer.profile)
        made = _refused(offer, person, known, must_match=must_match) or make(tx, tie, contact)
        if made not in (Made.LINKED, Made.ALREADY):
            _note_refused(tx, tie, made)
        if made is Made.OTHER_ADDRESS:
            _alert(parts, tx, tie, "alert_other_address")
        return made

    return await parts.database.run(write)


async def disown(parts: GateParts, person: Employee, token_hash: str) -> Made:
    """Whoever holds an offer has signed in as `person` and says that the account is not theirs: it is spent, and
    security hears of it."""

    def write(tx: Tx) -> Made:
        offer = link_offers.find(tx, token_hash)
        if offer is None or not link_offers.spend(tx, token_hash):
            return Made.GONE
        tie = Tie(offer.identity, person, "sign_in", f"employee:{person.employee_id}", offer.profile)
        _note_refused(tx, tie, Made.NOT_MINE)
        _alert(parts, tx, tie, "alert_not_mine")
        return Made.NOT_MINE

    return await parts.database.run(write)


def make(tx: Tx, tie: Tie, contact: Contact | None) -> Made:
    """Link it, record it, tell the employee on every registered address. Never takes an account over."""
    there = links.employee_of(tx, tie.identity)
    if there is not None:
        return Made.ALREADY if there == tie.employee.employee_id else Made.TAKEN
    roads = _roads(tie.employee, contact)
    if not roads:
        return Made.UNTOLD
    code = secrets.token_hex(6).upper()
    if not links.add(tx, tie.identity, tie.employee, tie.way, _shown_as(tie.profile), code):
        return Made.TAKEN
    link_offers.spend_all(tx, tie.identity)
    payload = {"name": tie.profile.name, "address": tie.profile.address}
    _note(tx, tie, "identity.linked", tie.way, payload)
    _tell(tx, tie, roads, code)
    return Made.LINKED


def _refused(offer: Offer, person: Employee, known: Employee | None, *, must_match: bool) -> Made | None:
    if known is not None:
        return Made.ALREADY if known.employee_id == person.employee_id else Made.TAKEN
    said = offer.profile.address
    if must_match and said and said.casefold() != person.email.casefold():
        return Made.OTHER_ADDRESS
    return None


def _roads(person: Employee, contact: Contact | None) -> Sequence[tuple[Road, str]]:
    if contact is not None:
        return [(road, address) for road, address in notice_roads(contact) if address]
    return [(Road.WORK_MAIL, person.email)] if person.email else []


def _tell(tx: Tx, tie: Tie, roads: Sequence[tuple[Road, str]], code: str) -> None:
    """S-28. What the account calls itself is left out: whoever made it could write anything there."""
    language, identity, name = tie.employee.language, tie.identity, uuid4().hex
    where = {"channel": channel_name(identity.channel), "user": identity.user, "tenant": identity.tenant}
    payload = {"subject": say("told_subject", language), "text": say("told_text", language, code=code, **where)}
    for road, address in roads:
        destination = {"road": road.value, "address": address, "employee_id": tie.employee.employee_id}
        outbox.put(tx, OutboxItem(f"linked:{name}:{road}", "notify", destination, payload))


def _note_refused(tx: Tx, tie: Tie, made: Made) -> None:
    _note(tx, tie, "identity.link_refused", f"refused:{made}", {})


def _note(tx: Tx, tie: Tie, verb: str, result: str, payload: dict[str, str]) -> None:
    entry = AuditEntry(  # the account's ids stand in the payload: that can be erased, the chain cannot
        actor=tie.actor[:120],
        verb=verb,
        object=f"employee:{tie.employee.employee_id}",
        result=result,
        origin=tie.identity.channel,
        subject=tie.employee.employee_id,
        payload={"identity": str(tie.identity), **payload},
    )
    record(tx, entry)


def _alert(parts: GateParts, tx: Tx, tie: Tie, key: str) -> None:
    """Somebody signed in for an account that is not theirs: a mistake, or they were talked into it."""
    _version, rules = parts.rules.current(tx)
    language = parts.settings.approvers_language
    channel = channel_name(tie.identity.channel)
    text = say(key, language, person=tie.employee.employee_id, channel=channel, identity=tie.identity)
    for group in rules.alerts:
        name = f"alert:link:{uuid4().hex}:{group}"
        outbox.put(tx, OutboxItem(name, "reply", encode(room_of(parts, group)), encode(Reply(text, language))))


def _shown_as(profile: Profile) -> str:
    return " ".join(part for part in (profile.name, f"<{profile.address}>" if profile.address else "") if part)
