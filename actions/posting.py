"""Keeping everybody's card current: each state of an action goes to its slots, in the transaction that made it."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
import structlog

from actions.cards import Background, approver_card, moment_of, requester_card
from actions.counting import sign_in_asked
from actions.escalation import asked_groups, passing_on, second_groups
from actions.parts import GateParts
from actions.proof_links import links_of
from actions.records import Action
from actions.settings import GateSettings
from actions.tables import votes
from actions.words import masked_phone, say
from core.encoding import encode
from core.errors import ConnectorError, Refused
from core.events import Address, Place
from core.outcomes import Outcome
from core.people import Employee
from core.replies import Card, Reply
from storage import OutboxItem, Tx, outbox

log = structlog.get_logger("posting")


async def background(parts: GateParts, action: Action) -> Background:
    """What the approver's card adds, fresh from the directory."""
    directory = parts.systems.read.directory
    requester = await directory.by_id(action.requester_id)
    subject = await directory.by_id(action.subject_id)
    manager = await directory.by_id(subject.manager_id) if subject and subject.manager_id else None
    contact = await directory.contact(action.subject_id) if action.proof_needed else None
    taken = await directory.by_id(action.taken_by) if action.taken_by else None
    mobile = contact.mobile if contact and contact.mobile else ""
    desk_phone = subject.phone if subject and action.proof_needed else ""
    return Background(
        requester=_named(requester),
        subject=_named(subject),
        manager=_named(manager),
        phone=masked_phone(mobile) if mobile else desk_phone,
        phone_to_ring=mobile or desk_phone,
        rule=f"rules.yaml version {action.rule_version}, {action.tool}",
        taken_by=taken.name if taken else "",
    )


async def background_or_nothing(parts: GateParts, action: Action) -> Background:
    """The same where telling matters more than the extras: a directory that is down must not hold up the ledger."""
    try:
        return await background(parts, action)
    except ConnectorError as error:
        log.warning("background_missed", action_id=action.action_id, system=error.system)
        return Background()


def drawn(tx: Tx, action: Action) -> Card:
    """The requester's card as it is now, with a link of its own to the page of proof while one helps."""
    return requester_card(action, links_of(tx, action))


def post_requester(tx: Tx, action: Action, text: str) -> None:
    """Say something about an action to its requester, with the card as it is now, in the card's slot."""
    reply = Reply(text=text, language=action.language, card=drawn(tx, action), private=True)
    _put(tx, action, "requester", action.address, reply)


def tell_requester(tx: Tx, action: Action, key: str, text: str) -> None:
    """Say something new to the requester: a message of its own, not the card."""
    reply = Reply(text=text, language=action.language, private=True)
    item = OutboxItem(f"told:{action.action_id}:{key}", "reply", encode(action.address), encode(reply))
    outbox.put(tx, item)


def post_approvers(parts: GateParts, tx: Tx, action: Action, known: Background) -> None:
    """Put the approver's card, as it is now, into the room of each approver group."""
    language = parts.settings.approvers_language
    known = completed(parts, tx, action, known)
    state = say(f"state_{action.state}", language)
    reply = Reply(text=state, language=language, card=approver_card(action, known, language))
    for group in asked_groups(parts, tx, action):
        _put(tx, action, group, room_of(parts, group), reply)


def completed(parts: GateParts, tx: Tx, action: Action, known: Background, language: str = "") -> Background:
    """The same with what the ledger and the rules know: the votes, and who may decide besides from when."""
    groups, at = passing_on(parts, tx, action)
    passed_on = f"{', '.join(groups)}, {moment_of(at)}" if at is not None else ""
    language = language or parts.settings.approvers_language
    signs_in = sign_in_asked(parts, tx, action)
    votes_so_far = _votes(tx, action, language)
    return replace(known, votes=votes_so_far, passed_on=passed_on, signs_in=signs_in, policy=_policy(parts, tx, action))


async def card_of_an_approver(parts: GateParts, action: Action, reader: Employee) -> Card:
    """The approver's card, for a reader who may decide by now. Raises `Refused` for everybody else."""
    second = await parts.database.read(lambda tx: second_groups(parts, tx, action))
    if not reader.may_use_tools or not reader.groups & {*action.approver_groups, *second}:
        raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
    fresh = await background(parts, action)
    known = await parts.database.read(lambda tx: completed(parts, tx, action, fresh, reader.language))
    return approver_card(action, known, reader.language)


def _policy(parts: GateParts, tx: Tx, action: Action) -> str:
    """What the rule carries out, in the version under which this was asked."""
    rules = parts.rules.of(tx, action.rule_version)
    rule = rules.tools.get(action.tool) if rules is not None else None
    return rule.policy if rule is not None else ""


def room_of(parts: GateParts, group: str) -> Address:
    """The room in which a group of approvers works."""
    return room_in(parts.settings, group)


def room_in(settings: GateSettings, group: str) -> Address:
    """The same, for whoever has only the settings."""
    return Address(settings.approvers_channel, settings.approvers_tenant, group, Place.SHARED)


def slot(action_id: str, reader: str) -> str:
    """The place in a chat where one reader's card of one action is kept current."""
    return f"card:{action_id}:{reader}"


def _put(tx: Tx, action: Action, reader: str, address: Address, reply: Reply) -> None:
    place = slot(action.action_id, reader)
    key = f"{place}:{action.version}"
    outbox.put(tx, OutboxItem(key, "reply", encode(address), encode(reply), slot=place))


def _votes(tx: Tx, action: Action, language: str) -> str:
    rows = tx.execute(
        sa.select(votes.c.employee_id, votes.c.verdict, votes.c.method)
        .where(votes.c.action_id == action.action_id)
        .order_by(votes.c.at)
    ).all()
    how = {True: f" ({say('vote_signed_in', language)})", False: ""}
    return ", ".join(
        f"{row.employee_id}: {say(f'vote_{row.verdict}', language)}{how[bool(row.method)]}" for row in rows
    )


def _named(person: Employee | None) -> str:
    return f"{person.name} ({person.employee_id}), {person.title}, {person.department}" if person else ""
