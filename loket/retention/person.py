"""Which rows, posts and lines are about one person: found by number, by channel identity, by event and by action."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from actions.tables import actions, votes
from agent.tables import feedback, inbox, messages, turns
from connectors.directory import Directory
from core.encoding import decode
from core.events import Message
from core.people import ChannelIdentity
from loket.retention.rules import COVER
from storage import Database, Tx

SHORTEST = 12
"""Characters: a shorter text of theirs, such as "ok thanks", would be found everywhere."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the tables know them.

    `actions` are those they asked for or that were about them; `decided` those of others on which they gave a reason,
    and `reasons` those reasons. `texts` are what they wrote, without the very short.
    """

    employee_id: str
    name: str
    identities: frozenset[ChannelIdentity]
    events: frozenset[str]
    actions: frozenset[str]
    decided: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether the directory or a table has this number at all."""
        return bool(self.name or self.identities or self.events or self.actions)

    @property
    def users(self) -> frozenset[str]:
        """Their ids in all channels, and their number."""
        return frozenset({self.employee_id, *(identity.user for identity in self.identities)})

    def owns(self, key: str, where: Mapping[str, Any]) -> bool:
        """Whether a post with this outbox key, to this address, is to them or about what they asked."""
        return self._is_addressed(where) or self.caused(key)

    def caused(self, key: str) -> bool:
        """Whether a post with this outbox key came of a turn or an action of theirs."""
        kind, _, rest = key.partition(":")
        if kind == "turn":
            return rest.rpartition(":")[0] in self.events
        return not self.actions.isdisjoint(rest.split(":"))

    def is_named_in(self, held: object) -> bool:
        """Whether a line of the log (its fields, or its text when it is torn) holds an id or the name of theirs."""
        if not isinstance(held, dict):
            return any(mark in str(held) for mark in (*self.users, *self.events, *self.actions))
        values = [value for value in held.values() if isinstance(value, str)]
        return any(value in self.events or not self._marks.isdisjoint(value.split(":")) for value in values) or any(
            self.name and self.name in value for value in values
        )

    def covered(self, key: str, value: Any) -> Any:
        """What the gate wrote to others, with this person's name and reasons taken out; answers stay as they are."""
        kind, _, rest = key.partition(":")
        if kind == "turn":
            return value
        reasons = self.reasons if not self.decided.isdisjoint(rest.split(":")) else frozenset()
        return _without(value, self.name, self.employee_id, reasons)

    @property
    def _marks(self) -> frozenset[str]:
        return self.users | self.actions

    def _is_addressed(self, where: Mapping[str, Any]) -> bool:
        if where.get("employee_id") == self.employee_id:
            return True
        places = {(identity.channel, identity.tenant, identity.user) for identity in self.identities}
        channel, tenant = where.get("channel"), where.get("tenant")
        return any((channel, tenant, where.get(name)) in places for name in ("user", "room", "reader"))


async def find_person(database: Database, directory: Directory, employee_id: str) -> Person:
    """Everything that leads to this person's data. Raises `ConnectorError` when the directory cannot be read.

    Somebody who has left the directory is found by what the tables say of them.
    """
    known = await directory.by_id(employee_id)
    identities = frozenset(await directory.identities(employee_id))
    return await database.read(lambda tx: _found(tx, employee_id, known.name if known else "", identities))


def in_parts(ids: Iterable[str], size: int = 1000) -> Iterator[list[str]]:
    """The ids in lists that fit into one statement."""
    rest = iter(sorted(ids))
    while some := list(itertools.islice(rest, size)):
        yield some


def is_account(table: sa.Table, identity: ChannelIdentity) -> sa.ColumnElement[bool]:
    """The condition that a row of a table with these three columns is about an account of a channel."""
    return sa.and_(
        table.c.channel == identity.channel, table.c.tenant == identity.tenant, table.c.user == identity.user
    )


def _found(tx: Tx, employee_id: str, name: str, identities: frozenset[ChannelIdentity]) -> Person:
    events = _strings(
        tx,
        *(
            sa.select(table.c.event_id).where(table.c.employee_id == employee_id)
            for table in (turns, messages, feedback)
        ),
    )
    own = inbox.c.event_id.in_(sa.select(turns.c.event_id).where(turns.c.employee_id == employee_id))
    seen = {decode(Message, row).identity for row in tx.execute(sa.select(inbox.c.message).where(own)).scalars()}
    identities |= {identity for identity in seen if identity.user != COVER}
    for identity in identities:
        events |= _strings(tx, sa.select(inbox.c.event_id).where(*_by(identity)))
    own_votes = sa.select(votes.c.action_id, votes.c.reason).where(
        votes.c.employee_id == employee_id, votes.c.reason != ""
    )
    decided = tx.execute(own_votes).all()
    return Person(
        employee_id=employee_id,
        name=name,
        identities=identities,
        events=events,
        actions=_strings(
            tx,
            sa.select(actions.c.action_id).where(
                sa.or_(actions.c.requester_id == employee_id, actions.c.subject_id == employee_id)
            ),
        ),
        decided=frozenset(row.action_id for row in decided),
        reasons=frozenset(row.reason for row in decided),
        texts=_texts(tx, employee_id, events),
    )


def _texts(tx: Tx, employee_id: str, events: frozenset[str]) -> frozenset[str]:
    said = _strings(
        tx,
        sa.select(messages.c.text).where(messages.c.employee_id == employee_id, messages.c.role == "user"),
        sa.select(feedback.c.comment).where(feedback.c.employee_id == employee_id),
    )
    sent = frozenset(
        decode(Message, row).text
        for some in in_parts(events)
        for row in tx.execute(sa.select(inbox.c.message).where(inbox.c.event_id.in_(some))).scalars()
    )
    return frozenset(text.strip() for text in said | sent if len(text.strip()) >= SHORTEST)


def _by(identity: ChannelIdentity) -> list[sa.ColumnElement[bool]]:
    path = inbox.c.message["identity"]
    return [
        path["channel"].as_string() == identity.channel,
        path["tenant"].as_string() == identity.tenant,
        path["user"].as_string() == identity.user,
    ]


def _strings(tx: Tx, *wanted: sa.Select[tuple[Any]]) -> frozenset[str]:
    return frozenset(str(value) for one in wanted for value in tx.execute(one).scalars())


def _without(value: Any, name: str, number: str, reasons: Iterable[str]) -> Any:
    if isinstance(value, str):
        if any(reason in value for reason in reasons):
            return COVER
        return value.replace(name, number) if name else value
    if isinstance(value, Mapping):
        return {key: _without(inner, name, number, reasons) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(inner, name, number, reasons) for inner in value]
    return value
