"""What waits for one person, at a glance: their own open requests, what they may vote on, and what slows them down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from actions import ledger
from actions.brake import approver_is_numb
from actions.escalation import second_groups
from actions.flow import OPEN
from actions.overview import summary_of
from actions.parts import GateParts
from actions.records import Action, State
from actions.tables import actions
from actions.words import say
from core.front_page import RequestSummary, WaitsForYou
from core.people import Employee
from core.plain_text import reveal
from storage import Tx

MOST_OWN = 20
MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class Glance:
    """`requests`: the person's own that are not over, newest first. `waiting`: what they may vote on, oldest first.

    `brake` is a sentence when their next yes needs another one beside it, else empty.
    """

    requests: tuple[RequestSummary, ...]
    waiting: tuple[WaitsForYou, ...]
    is_approver: bool
    brake: str


async def glance(parts: GateParts, person: Employee) -> Glance:
    """One read of the ledger, then the names of those who ask. Raises `ConnectorError` when the directory is away."""
    own, to_vote_on, is_approver, brake = await parts.database.read(lambda tx: _look(parts, tx, person))
    names = await _names(parts, to_vote_on)
    return Glance(
        tuple(summary_of(action, person.language) for action in own),
        tuple(_waits(action, names) for action in to_vote_on),
        is_approver=is_approver,
        brake=say(f"brake_{brake}", person.language) if brake else "",
    )


def may_vote_on(parts: GateParts, tx: Tx, action: Action, person: Employee) -> bool:
    """Whether a card of this action is of use to this person. What counts is asked again at the click."""
    if person.employee_id in (action.requester_id, action.subject_id) or not person.may_use_tools:
        return False
    return bool(person.groups & {*action.approver_groups, *second_groups(parts, tx, action)})


def _look(parts: GateParts, tx: Tx, person: Employee) -> tuple[list[Action], list[Action], bool, str]:
    mine = ledger.select(
        tx, actions.c.requester_id == person.employee_id, ledger.in_states([*OPEN, State.UNKNOWN]), limit=MOST_OWN
    )
    asked = ledger.select(tx, ledger.in_states([State.AWAITING_APPROVAL]))[::-1]
    to_vote_on = [action for action in asked if may_vote_on(parts, tx, action, person)][:MOST_WAITING]
    _version, rules = parts.rules.current(tx)
    approving = {group for rule in rules.tools.values() for group in (*rule.approvers, *rule.escalate_to)}
    is_approver = bool(to_vote_on) or not approving.isdisjoint(person.groups)
    return mine, to_vote_on, is_approver, approver_is_numb(tx, rules, person.employee_id, math.inf)


async def _names(parts: GateParts, waiting: Sequence[Action]) -> dict[str, str]:
    wanted = {who for action in waiting for who in (action.requester_id, action.taken_by) if who}
    people = [await parts.systems.read.directory.by_id(employee_id) for employee_id in sorted(wanted)]
    return {person.employee_id: person.name for person in people if person is not None}


def _waits(action: Action, names: dict[str, str]) -> WaitsForYou:
    return WaitsForYou(
        action_id=action.action_id,
        title=reveal(action.title),
        requester=reveal(names.get(action.requester_id, action.requester_id)),
        asked_at=action.asked_at or action.created_at,
        expires_at=action.expires_at,
        taken_by=reveal(names.get(action.taken_by, action.taken_by)) if action.taken_by else "",
    )
