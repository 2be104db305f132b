"""Removes text from rows that have to stay: actions that are over, and events whose id must be remembered."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from actions.tables import actions, envelopes, votes
from agent.tables import inbox
from core.encoding import decode, encode
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.retention.rules import COVER, OVER
from storage import Tx


def is_over() -> sa.ColumnElement[bool]:
    """The condition that nothing more can happen to an action, and that no secret of it is still on its way."""
    on_its_way = (
        sa.select(envelopes.c.envelope_id)
        .where(envelopes.c.action_id == actions.c.action_id, envelopes.c.ciphertext.is_not(None))
        .exists()
    )
    return sa.and_(actions.c.state.in_([state.value for state in OVER]), ~on_its_way)


def cover_actions(tx: Tx, action_ids: Collection[str], *, wait: bool = False) -> int:
    """Take all words out of actions that are over, and out of the votes on them; returns how many there were.

    `wait` for rows that somebody else holds; else they are passed over and come next time.

    What stays proves what happened: tool, people's ids, seal, votes, times, state, reference. The seal cannot be
    computed anew from such a row. Nothing does: it is checked at votes and at the claim, and an action that is over
    sees neither.
    """
    words = tx.execute(
        sa.select(actions.c.action_id, actions.c.address)
        .where(actions.c.action_id.in_(action_ids), is_over(), actions.c.title != COVER)
        .with_for_update(skip_locked=not wait)
    ).all()
    about_account = actions.c.account_id.is_not(None)  # its name is often the person's, and the reference repeats it
    for row in words:
        address = decode(Address, row.address)
        tx.change(
            sa.update(actions)
            .where(actions.c.action_id == row.action_id)
            .values(
                version=actions.c.version + 1,
                title=COVER,
                arguments={},
                facts=[],
                address=encode(Address(address.channel, address.tenant, COVER)),
                account_id=sa.case((about_account, COVER), else_=None),
                reference=sa.case((about_account, COVER), else_=actions.c.reference),
                proof_detail="",
                result_address="",
                reason="",
            )
        )
    covered = [row.action_id for row in words]
    tx.change(sa.update(votes).where(votes.c.action_id.in_(covered), votes.c.reason != "").values(reason=""))
    return len(covered)


def cover_events(tx: Tx, event_ids: Collection[str], *, wait: bool = False) -> int:
    """Forget who wrote what in these events; their ids stay, so that a second delivery is still known as one."""
    rows = tx.execute(
        sa.select(inbox.c.event_id, inbox.c.message)
        .where(inbox.c.event_id.in_(event_ids), inbox.c.partition != COVER)
        .with_for_update(skip_locked=not wait)
    ).all()
    for row in rows:
        blank = _blank(decode(Message, row.message))
        tx.change(
            sa.update(inbox)
            .where(inbox.c.event_id == row.event_id)
            .values(message=encode(blank), partition=COVER, state="handled")
        )
    return len(rows)


def _blank(message: Message) -> Message:
    """A message like this one, by nobody, that says nothing."""
    identity = ChannelIdentity(message.identity.channel, message.identity.tenant, COVER)
    address = Address(message.address.channel, message.address.tenant, COVER)
    return Message(message.event_id, identity, address, "", message.sent_at)
