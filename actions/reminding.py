"""Who is reminded of an action that waits: whoever took its card, else the members of the group, each in private.

Only where nobody of a group can be reached that way is it said in the group's room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from actions.escalation import asked_groups, reminding
from actions.parts import GateParts
from actions.posting import room_of
from actions.records import Action
from core.errors import ConnectorError
from core.events import Address
from core.people import Employee
from storage import Tx, now

log = structlog.get_logger("reminding")

MOST = 20
"""Members of one group that are written to: more are not asked by name."""


async def where_to_remind(parts: GateParts, action: Action) -> dict[str, Address]:
    """Where a reminder that is due goes, each place by a name of its own: the private ones are marked by their user.

    Empty when none is due, or when the directory is down: then it is for the rooms of the groups.
    """
    groups = await parts.database.read(lambda tx: _groups(parts, tx, action))
    try:
        return await _places(parts, action, groups) if groups else {}
    except ConnectorError as error:
        log.warning("members_unread", action_id=action.action_id, system=error.system)
        return {}


def rooms(parts: GateParts, tx: Tx, action: Action) -> dict[str, Address]:
    """The rooms of the groups that were asked."""
    return {group: room_of(parts, group) for group in asked_groups(parts, tx, action)}


async def _places(parts: GateParts, action: Action, groups: Sequence[str]) -> dict[str, Address]:
    taker = await _taker(parts, action, groups)
    if taker:
        return {user: replace(room_of(parts, groups[0]), user=user) for user in taker}
    found: dict[str, Address] = {}
    for group in groups:
        room, users = room_of(parts, group), await _members(parts, action, group)
        found |= {user: replace(room, user=user) for user in users} or {group: room}
    return found


def _groups(parts: GateParts, tx: Tx, action: Action) -> tuple[str, ...]:
    due = reminding(parts, tx, action)
    return asked_groups(parts, tx, action) if due is not None and due <= now(tx) else ()


async def _taker(parts: GateParts, action: Action, groups: Sequence[str]) -> tuple[str, ...]:
    if not action.taken_by:
        return ()
    person = await parts.systems.read.directory.by_id(action.taken_by)
    may = person is not None and person.may_use_tools and not person.groups.isdisjoint(groups)
    return await _users(parts, person) if may and person is not None else ()


async def _members(parts: GateParts, action: Action, group: str) -> tuple[str, ...]:
    """Those who may decide: not who asked, and not whom it is about."""
    members = await parts.systems.read.directory.members(group)
    others = [one for one in members if one.employee_id not in (action.requester_id, action.subject_id)]
    found = [user for one in others[:MOST] for user in await _users(parts, one)]
    return tuple(dict.fromkeys(found))


async def _users(parts: GateParts, person: Employee) -> tuple[str, ...]:
    channel, tenant = parts.settings.approvers_channel, parts.settings.approvers_tenant
    known = await parts.systems.read.directory.identities(person.employee_id)
    return tuple(one.user for one in known if (one.channel, one.tenant) == (channel, tenant))
