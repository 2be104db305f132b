"""A person's right to a copy: everything that is kept about one person, by source, as one document. Never a secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from actions.file_tables import attachments
from actions.tables import actions, envelopes, holds, switches, votes
from agent.tables import conversations, feedback, inbox, messages, spend, turns
from connectors.directory import Directory
from connectors.directory.tables import identity_links, link_offers
from core.errors import LoketError
from core.people import Employee
from loket.home import Home
from loket.logs import log_files
from loket.retention import rooms
from loket.retention.person import Person, find_person, in_parts, is_account
from loket.terminal.channel import NAME, file_name
from storage import AuditEntry, Database, Tx, now
from storage.audit import record
from storage.tables import audit, audit_payload, outbox
from tools.added.answer_tables import tool_answers
from web_app.tables import posts, web_sessions

VERB = "person.exported"
Rows = list[dict[str, Any]]

# What proves that an action was agreed to, opens an envelope or reports a change as unwanted: nobody gets a copy.
_SECRET = frozenset(
    {
        "nonce", "seal", "stamp", "proof_stamp", "confirm_stamp", "fencing", "tool_hash", "open_subject",
        "ciphertext", "key_id", "token_hash", "not_me_hash", "salt", "stamp_key",
    }
)  # fmt: skip


class Export:
    """Makes the document. Files (terminal rooms, logs) lie on each machine: only this one's are read."""

    def __init__(self, database: Database, directory: Directory, home: Home) -> None:
        self._database = database
        self._directory = directory
        self._home = home

    async def document(self, employee_id: str, actor: str) -> dict[str, Any]:
        """Everything about one person as JSON values; that a copy was made is kept in the audit.

        Raises `LoketError` for a number that nobody has, `ConnectorError` when the directory or the database cannot be
        reached.
        """
        person = await find_person(self._database, self._directory, employee_id)
        if not person.is_known:
            raise LoketError(f"nothing is known of {employee_id}: neither the directory nor a table has this number")
        entry = await self._directory.by_id(employee_id)
        sources = await self._database.read(lambda tx: _tables(tx, person))
        sources |= await asyncio.to_thread(self._files, person)
        counts = ", ".join(f"{name}: {len(rows)}" for name, rows in sources.items() if rows)
        moment = await self._database.run(lambda tx: _record(tx, person, actor, counts))
        return {
            "employee_id": employee_id,
            "made_at": moment.isoformat(timespec="seconds"),
            "directory": _directory_entry(entry),
            "channel_identities": sorted(str(identity) for identity in person.identities),
            **sources,
        }

    def _files(self, person: Person) -> dict[str, Rows]:
        own = {file_name(identity.user) for identity in person.identities if identity.channel == NAME}
        shown: Rows = []
        for file in rooms.room_files(self._home.rooms):
            theirs = file.stem in own
            shown += [line for line in rooms.read_lines(file) if theirs or person.caused(str(line.get("receipt", "")))]
        return {"terminal": shown, "log": list(_log_lines(self._home, person))}


def _record(tx: Tx, person: Person, actor: str, counts: str) -> datetime:
    about = f"employee:{person.employee_id}"
    payload = {"copied": counts}
    record(tx, AuditEntry(actor, VERB, about, "done", subject=person.employee_id, payload=payload))
    return now(tx)


def _tables(tx: Tx, person: Person) -> dict[str, Rows]:
    number = person.employee_id
    mine: Callable[[sa.Table], Rows] = lambda table: _rows(tx, table, table.c.employee_id == number)  # noqa: E731
    return {
        "conversations": mine(conversations),
        "messages": mine(messages),
        "turns": mine(turns),
        "opinions": mine(feedback),
        "spend": mine(spend),
        "answers_to_forms": mine(tool_answers),
        "events": _each(tx, inbox, inbox.c.event_id, person.events),
        "files_sent": _each(tx, attachments, attachments.c.event_id, person.events),
        "actions": _each(tx, actions, actions.c.action_id, person.actions),
        "votes_on_their_actions": _each(tx, votes, votes.c.action_id, person.actions),
        "votes_of_theirs": mine(votes),
        "codes_and_passwords_sent": _each(tx, envelopes, envelopes.c.action_id, person.actions),
        "holds": mine(holds),
        "signed_in_browsers": mine(web_sessions),
        "linked_accounts": mine(identity_links),
        "links_offered": [
            row
            for one in sorted(person.identities, key=str)
            for row in _rows(tx, link_offers, is_account(link_offers, one))
        ],
        "switches": _rows(tx, switches, switches.c.by == number),
        "replies": _replies(tx, person),
        "posts": _posts(tx, person),
        "audit": _audit(tx, person),
    }


def _rows(tx: Tx, table: sa.Table, where: sa.ColumnElement[bool]) -> Rows:
    keys = tuple(table.primary_key.columns)
    return [_readable(row) for row in tx.execute(sa.select(table).where(where).order_by(*keys)).mappings()]


def _each(tx: Tx, table: sa.Table, column: sa.Column[Any], ids: Iterable[str]) -> Rows:
    return [row for some in in_parts(ids) for row in _rows(tx, table, column.in_(some))]


def _replies(tx: Tx, person: Person) -> Rows:
    """What was to be delivered to them. A notice holds a code that reports a change as unwanted: its text stays out."""
    found = tx.execute(sa.select(outbox).order_by(outbox.c.outbox_id)).mappings()
    theirs = [row for row in found if person.owns(row["key"], row["destination"]) or person.caused(row["slot"])]
    return [
        _readable({**row, "payload": {**row["payload"], "text": "(left out)"}} if row["kind"] == "notify" else row)
        for row in theirs
    ]


def _posts(tx: Tx, person: Person) -> Rows:
    found = tx.execute(sa.select(posts).order_by(posts.c.post_id)).mappings()
    return [_readable(row) for row in found if person.owns(row["key"], {str(name): row[name] for name in row})]


def _audit(tx: Tx, person: Person) -> Rows:
    """The rows of what they did and of what was done about them, with the payload that is still there."""
    about = f"employee:{person.employee_id}"
    wanted = (
        sa.select(audit, audit_payload.c.payload)
        .outerjoin(audit_payload, audit_payload.c.seq == audit.c.seq)
        .where(
            sa.or_(
                audit.c.actor == about,
                audit.c.object == about,
                audit_payload.c.subject == person.employee_id,
            )
        )
        .order_by(audit.c.seq)
    )
    return [_readable(row) for row in tx.execute(wanted).mappings()]


def _log_lines(home: Home, person: Person) -> Iterable[dict[str, Any]]:
    for file in log_files(home.log):
        for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue  # torn by a crash
            if person.is_named_in(line):
                yield line


def _directory_entry(entry: Employee | None) -> dict[str, Any]:
    """What Loket reads of them; the directory itself is another system, with a desk of its own."""
    return {**asdict(entry), "groups": sorted(entry.groups)} if entry else {}


def _readable(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain(value) for name, value in row.items() if str(name) not in _SECRET}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):  # the audit's payload repeats the seal
        return _readable(value)
    return value.isoformat() if isinstance(value, datetime | date) else value
