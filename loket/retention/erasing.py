"""Erasing one person from the tables, in one transaction; and first of all what stands in the way of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from actions import ledger
from actions.file_tables import attachment_bytes, attachment_jobs, attachments
from actions.flow import HOLDS_SUBJECT
from actions.records import Action
from actions.tables import actions, envelopes, holds, switches, votes
from agent.tables import conversations, feedback, inbox, messages, spend, turns
from connectors.directory.tables import identity_links, link_offers
from loket.retention.covering import cover_actions, cover_events
from loket.retention.person import Person, in_parts, is_account
from loket.retention.rules import COVER
from slack_app.guard import CHANNEL as SLACK
from slack_app.tables import slack_threads
from storage import AuditEntry, Tx, now
from storage.audit import record
from storage.erase import erase_payload
from storage.tables import outbox
from tools.added.answer_tables import tool_answers
from web_app.tables import posts, web_sessions

VERB = "person.erased"
AT_ONCE = 1000
"""How many posts are read at once: what they hold can be large."""

Step = Callable[[Tx, Person], int]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken away, and how many of it."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What must be over first: open actions by or about the person, and messages that have no answer yet."""

    actions: tuple[Action, ...]
    secrets: int
    messages: int

    def __bool__(self) -> bool:
        return bool(self.actions or self.secrets or self.messages)


def in_the_way(tx: Tx, person: Person) -> InTheWay:
    """What may not be cut off in the middle."""
    concerned = sa.or_(actions.c.requester_id == person.employee_id, actions.c.subject_id == person.employee_id)
    unfinished = ledger.select(tx, concerned, ledger.in_states(HOLDS_SUBJECT))
    secrets = (
        sa.select(sa.func.count())
        .select_from(envelopes.join(actions))
        .where(
            concerned,
            envelopes.c.ciphertext.is_not(None),
            actions.c.state.not_in([state.value for state in HOLDS_SUBJECT]),
        )
    )
    waiting = sum(
        tx.execute(
            sa.select(sa.func.count()).where(inbox.c.event_id.in_(some), inbox.c.state != "handled")
        ).scalar_one()
        for some in in_parts(person.events)
    )
    return InTheWay(tuple(unfinished), tx.execute(secrets).scalar_one(), waiting)


def erase_rows_of(tx: Tx, person: Person, actor: str, reason: str) -> list[Removed]:
    """Take the person out of all tables; what stays is named in docs/privacy.md. The caller has looked `in_the_way`.

    The erasure has its audit row: who did it to which number, why, and how much there was.
    """
    done = [Removed(what, step(tx, person)) for what, step in _STEPS.items()]
    payload = erase_payload(tx, person.employee_id, actor, written_by=f"employee:{person.employee_id}")
    done.append(Removed("personal payload of the audit", payload))
    counts = ", ".join(f"{one.what}: {one.count}" for one in done if one.count)
    entry = AuditEntry(
        actor=actor,
        verb=VERB,
        object=f"employee:{person.employee_id}",
        result="done",
        subject=person.employee_id,
        payload={"reason": reason, "removed": counts},
    )
    record(tx, entry)
    return done


def _delete_theirs(table: sa.Table) -> Step:
    return lambda tx, person: tx.change(sa.delete(table).where(table.c.employee_id == person.employee_id))


def _offers(tx: Tx, person: Person) -> int:
    return sum(tx.change(sa.delete(link_offers).where(is_account(link_offers, one))) for one in person.identities)


def _threads(tx: Tx, person: Person) -> int:
    """The threads of Slack in which they talked. Of an organisation's person, those in all of its workspaces."""
    gone = 0
    for account in person.identities:
        if account.channel == SLACK:
            wide = not account.tenant.startswith("T")
            where = () if wide else (slack_threads.c.tenant == account.tenant,)
            gone += tx.change(sa.delete(slack_threads).where(slack_threads.c.user == account.user, *where))
    return gone


def _events(tx: Tx, person: Person) -> int:
    return sum(cover_events(tx, some, wait=True) for some in in_parts(person.events))


def _turns(tx: Tx, person: Person) -> int:
    """How turns ended still counts, as nobody's."""
    theirs = turns.c.employee_id == person.employee_id
    return tx.change(sa.update(turns).where(theirs).values(employee_id=COVER, conversation_id=COVER))


def _actions(tx: Tx, person: Person) -> int:
    return sum(cover_actions(tx, some, wait=True) for some in in_parts(person.actions))


def _envelopes(tx: Tx, person: Person) -> int:
    return sum(
        tx.change(sa.delete(envelopes).where(envelopes.c.action_id.in_(some))) for some in in_parts(person.actions)
    )


def _sent_files(tx: Tx, person: Person) -> int:
    """What they sent along, with its content. What lies with a ticket already has to be erased there."""
    gone = 0
    for some in in_parts(person.events):
        theirs = sa.select(attachments.c.file_id).where(attachments.c.event_id.in_(some))
        for table in (attachment_bytes, attachment_jobs):
            tx.change(sa.delete(table).where(table.c.file_id.in_(theirs)))
        gone += tx.change(sa.delete(attachments).where(attachments.c.event_id.in_(some)))
    return gone


def _reasons(tx: Tx, person: Person) -> int:
    """The reasons they gave as an approver, also where they stand in the action that they decided."""
    given = (votes.c.employee_id == person.employee_id, votes.c.reason != "")
    for some in in_parts(person.decided):
        copied = (actions.c.action_id.in_(some), actions.c.reason.in_(person.reasons))
        tx.change(sa.update(actions).where(*copied).values(reason=""))
    return tx.change(sa.update(votes).where(*given).values(reason=""))


def _holds(tx: Tx, person: Person) -> int:
    """A hold that still protects their account stays until it ends."""
    return tx.change(sa.delete(holds).where(holds.c.employee_id == person.employee_id, holds.c.until <= now(tx)))


def _switches(tx: Tx, person: Person) -> int:
    theirs = (switches.c.by == person.employee_id, switches.c.reason != COVER)
    return tx.change(sa.update(switches).where(*theirs).values(reason=COVER))


def _outbox(tx: Tx, person: Person) -> int:
    key = outbox.c.outbox_id
    wanted = sa.select(key, outbox.c.key, outbox.c.destination, outbox.c.payload, outbox.c.slot).order_by(key)
    changed = 0
    for row in _pages(tx, wanted, key):
        if person.owns(row.key, row.destination) or person.caused(row.slot):
            changed += tx.change(sa.delete(outbox).where(key == row.outbox_id))
        elif (kept := person.covered(row.key, row.payload)) != row.payload:
            changed += tx.change(sa.update(outbox).where(key == row.outbox_id).values(payload=kept))
    return changed


def _posts(tx: Tx, person: Person) -> int:
    key = posts.c.post_id
    columns = (key, posts.c.key, posts.c.channel, posts.c.tenant, posts.c.room, posts.c.reader, posts.c.reply)
    changed = 0
    for row in _pages(tx, sa.select(*columns).order_by(key), key):
        where = {"channel": row.channel, "tenant": row.tenant, "room": row.room, "reader": row.reader}
        if person.owns(row.key, where):
            changed += tx.change(sa.delete(posts).where(key == row.post_id))
        elif (kept := person.covered(row.key, row.reply)) != row.reply:
            changed += tx.change(sa.update(posts).where(key == row.post_id).values(reply=kept))
    return changed


def _pages(tx: Tx, wanted: sa.Select[Any], key: sa.Column[Any]) -> Iterator[sa.Row[Any]]:
    """All rows in the order of their numbers, some at a time: they may be changed on the way."""
    after = -1
    while page := tx.execute(wanted.where(key > after).limit(AT_ONCE)).all():
        yield from page
        after = page[-1][0]


_STEPS: dict[str, Step] = {
    "messages": _delete_theirs(messages),
    "conversations": _delete_theirs(conversations),
    "opinions": _delete_theirs(feedback),
    "days of spend": _delete_theirs(spend),
    "answers to forms": _delete_theirs(tool_answers),
    "signed-in browsers": _delete_theirs(web_sessions),
    "linked accounts": _delete_theirs(identity_links),
    "links offered to them": _offers,
    "threads in Slack": _threads,
    "files sent along": _sent_files,
    "events": _events,
    "turns": _turns,
    "actions": _actions,
    "secrets that left": _envelopes,
    "reasons of votes": _reasons,
    "holds that ended": _holds,
    "reasons of switches": _switches,
    "replies and cards": _outbox,
    "posts": _posts,
}
