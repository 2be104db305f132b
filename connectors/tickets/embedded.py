"""The ticket system of the embedded form: three queues, known outages, and a unique key for each ticket."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from connectors.embedded import World
from connectors.tickets import Ticket, TicketChange, TicketDraft, TicketFile
from connectors.tickets.likeness import likeness
from core.errors import ConnectorError

SYSTEM = "tickets"
QUEUES = ("IT", "HR", "FAC")
ADDRESS = "https://desk.dhb.example/"
CLOSED = "Closed"


class EmbeddedTickets:
    """Implements `Tickets` (and so `TicketReader`). A person sees their own tickets, and everybody sees outages."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def queues(self) -> Sequence[str]:
        """IT, HR and FAC (facilities)."""
        return QUEUES

    @property
    def repeats_safely(self) -> bool:
        """Yes: the key of a ticket, of a comment and of a file is unique."""
        return True

    async def get(self, ticket_id: str, requester_id: str) -> Ticket | None:
        """One ticket, if it is this person's or an outage."""
        return await self._world.faults.around(
            "tickets.read", lambda: self._world.read(lambda c: _visible(c, ticket_id, requester_id))
        )

    async def mine(self, requester_id: str, limit: int = 10) -> Sequence[Ticket]:
        """The person's own tickets, newest first."""

        def work(connection: sqlite3.Connection) -> Sequence[Ticket]:
            rows = connection.execute(
                "SELECT * FROM tickets WHERE requester_id = ? AND NOT is_outage"
                " ORDER BY created_at DESC, number DESC LIMIT ?",
                (requester_id, limit),
            )
            return [_ticket(row) for row in rows]

        return await self._world.faults.around("tickets.read", lambda: self._world.read(work))

    async def similar(self, queue: str, words: str, requester_id: str, limit: int = 3) -> Sequence[Ticket]:
        """Open outages of the queue and own open tickets that resemble `words`, best first."""

        def work(connection: sqlite3.Connection) -> Sequence[Ticket]:
            rows = connection.execute(
                "SELECT * FROM tickets WHERE status != ? AND (is_outage OR (queue = ? AND requester_id = ?))",
                (CLOSED, queue, requester_id),
            )
            scored = [(likeness(words, row["summary"], row["description"]), _ticket(row)) for row in rows]
            fitting = [pair for pair in scored if pair[0] > 0]
            fitting.sort(key=lambda pair: (-pair[0], not pair[1].is_outage, pair[1].ticket_id))
            return [ticket for _, ticket in fitting[:limit]]

        return await self._world.faults.around("tickets.read", lambda: self._world.read(work))

    async def by_key(self, key: str) -> Ticket | None:
        """The ticket filed under this key."""
        return await self._world.faults.around(
            "tickets.read", lambda: self._world.read(lambda connection: _filed(connection, key))
        )

    async def commented(self, ticket_id: str, requester_id: str, key: str) -> bool:
        """Whether the comment of this key is there."""

        def work(connection: sqlite3.Connection) -> bool:
            found = connection.execute("SELECT 1 FROM comments WHERE ticket_id = ? AND key = ?", (ticket_id, key))
            return _visible(connection, ticket_id, requester_id) is not None and found.fetchone() is not None

        return await self._world.faults.around("tickets.read", lambda: self._world.read(work))

    async def changes(self, since: datetime) -> Sequence[TicketChange]:
        """The last change of status of each ticket since then."""

        def work(connection: sqlite3.Connection) -> Sequence[TicketChange]:
            rows = connection.execute(
                "SELECT object_id, status, max(seq) AS seq, at FROM effects JOIN tickets ON object_id = ticket_id"
                " WHERE kind = 'ticket_moved' AND at >= ? GROUP BY object_id ORDER BY seq",
                (since.isoformat(),),
            )
            return [_change(row) for row in rows]

        return await self._world.faults.around("tickets.read", lambda: self._world.read(work))

    async def move(self, ticket_id: str, status: str) -> None:
        """What a colleague does at the other side of the counter: give a ticket another status (tests, the demo)."""

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute("UPDATE tickets SET status = ? WHERE ticket_id = ?", (status, ticket_id)).rowcount:
                self._world.record(connection, "ticket_moved", ticket_id, "")

        await self._world.faults.around(SYSTEM, lambda: self._world.change(work))

    async def create(self, draft: TicketDraft, key: str) -> Ticket:
        """File a ticket; the same key again gives the first one back. `ConnectorError` for an unknown queue."""
        if draft.queue not in QUEUES:
            raise ConnectorError(SYSTEM, f"there is no queue {draft.queue!r}; there are {', '.join(QUEUES)}")

        def work(connection: sqlite3.Connection) -> Ticket:
            return _filed(connection, key) or self._file(connection, draft, key)

        return await self._world.faults.around(SYSTEM, lambda: self._world.change(work))

    async def comment(self, ticket_id: str, requester_id: str, text: str, key: str) -> None:
        """Add a comment; the same key again adds nothing. `ConnectorError` for a ticket this person cannot see."""

        def work(connection: sqlite3.Connection) -> None:
            if _visible(connection, ticket_id, requester_id) is None:
                raise ConnectorError(SYSTEM, f"there is no ticket {ticket_id!r} for this person")
            added = connection.execute(
                "INSERT OR IGNORE INTO comments (ticket_id, author_id, text, key, created_at) VALUES (?, ?, ?, ?, ?)",
                (ticket_id, requester_id, text, key, self._world.clock().isoformat()),
            )
            if added.rowcount == 1:
                self._world.record(connection, "comment_added", ticket_id, key)

        await self._world.faults.around(SYSTEM, lambda: self._world.change(work))

    async def attach(self, ticket_id: str, requester_id: str, file: TicketFile, key: str) -> None:
        """Keep a file with a ticket; the same key again adds nothing. `ConnectorError` for one they cannot see."""

        def work(connection: sqlite3.Connection) -> None:
            if _visible(connection, ticket_id, requester_id) is None:
                raise ConnectorError(SYSTEM, f"there is no ticket {ticket_id!r} for this person")
            added = connection.execute(
                "INSERT OR IGNORE INTO ticket_files (ticket_id, name, media_type, content, key, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (ticket_id, file.name, file.media_type, file.content, key, self._world.clock().isoformat()),
            )
            if added.rowcount == 1:
                self._world.record(connection, "file_attached", ticket_id, key)

        await self._world.faults.around(SYSTEM, lambda: self._world.change(work))

    async def attached(self, ticket_id: str, requester_id: str, name: str, size: int, key: str) -> bool:
        """Whether the file of this key is there."""

        def work(connection: sqlite3.Connection) -> bool:
            found = connection.execute("SELECT 1 FROM ticket_files WHERE ticket_id = ? AND key = ?", (ticket_id, key))
            return _visible(connection, ticket_id, requester_id) is not None and found.fetchone() is not None

        return await self._world.faults.around("tickets.read", lambda: self._world.read(work))

    def files(self, ticket_id: str) -> Sequence[TicketFile]:
        """What lies with a ticket, as a colleague at the other side of the counter sees it (tests, the demo)."""

        def work(connection: sqlite3.Connection) -> Sequence[TicketFile]:
            rows = connection.execute("SELECT * FROM ticket_files WHERE ticket_id = ? ORDER BY file_id", (ticket_id,))
            return [TicketFile(row["name"], row["media_type"], row["content"]) for row in rows]

        return self._world.read(work)

    def _file(self, connection: sqlite3.Connection, draft: TicketDraft, key: str) -> Ticket:
        highest = connection.execute("SELECT max(number) FROM tickets WHERE queue = ?", (draft.queue,)).fetchone()[0]
        number = (highest or 100) + 1
        ticket_id = f"{draft.queue}-{number}"
        description = f"{draft.description}\n\n{draft.link}" if draft.link else draft.description
        connection.execute(
            "INSERT INTO tickets (ticket_id, queue, number, summary, description, requester_id, status, created_at,"
            " key) VALUES (?, ?, ?, ?, ?, ?, 'Open', ?, ?)",
            (
                ticket_id,
                draft.queue,
                number,
                draft.summary,
                description,
                draft.requester_id,
                self._world.clock().isoformat(),
                key,
            ),
        )
        self._world.record(connection, "ticket_created", ticket_id, key)
        row = connection.execute("SELECT * FROM tickets WHERE ticket_id = ?", (ticket_id,)).fetchone()
        return _ticket(row)


def _visible(connection: sqlite3.Connection, ticket_id: str, requester_id: str) -> Ticket | None:
    row = connection.execute(
        "SELECT * FROM tickets WHERE ticket_id = ? AND (is_outage OR requester_id = ?)", (ticket_id, requester_id)
    ).fetchone()
    return _ticket(row) if row else None


def _filed(connection: sqlite3.Connection, key: str) -> Ticket | None:
    row = connection.execute("SELECT * FROM tickets WHERE key = ?", (key,)).fetchone()
    return _ticket(row) if row else None


def _change(row: sqlite3.Row) -> TicketChange:
    at = datetime.fromisoformat(row["at"])
    return TicketChange(row["object_id"], row["status"], row["status"] == CLOSED, row["seq"], at)


def _ticket(row: sqlite3.Row) -> Ticket:
    return Ticket(
        ticket_id=row["ticket_id"],
        queue=row["queue"],
        summary=row["summary"],
        description=row["description"],
        requester_id=row["requester_id"],
        status=row["status"],
        created_at=datetime.fromisoformat(row["created_at"]),
        address=f"{ADDRESS}{row['ticket_id']}",
        is_outage=bool(row["is_outage"]),
    )
