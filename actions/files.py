"""Files that people sent along, as rows: which are taken, whose they are, and which still wait for a ticket."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from actions import ledger
from actions.file_tables import attachments
from actions.records import Action, State
from actions.tables import actions
from actions.ticket_news import FILING_TOOLS
from core.attachments import UNWANTED_COUNT, UNWANTED_SIZE, UNWANTED_TYPE, Attachment
from core.events import Message
from core.file_names import MEGABYTE, kind_of, plain_name, with_ending
from core.people import ChannelIdentity
from storage import Tx, now

ARGUMENT = "attachments"
"""The name under which an action seals its files, besides what its tool takes: nothing that a model could fill in."""
MOST_FILES = 10
"""Files of one message, and of one ticket."""
MOST_BYTES = 100 * MEGABYTE
"""No channel's setting allows more."""
WAITS = timedelta(minutes=30)
"""How long a file waits for a ticket draft of its conversation."""
WANTED, KEPT, FAILED, DROPPED = "wanted", "kept", "failed", "dropped"
_IN_ORDER = (attachments.c.at, attachments.c.event_id, attachments.c.number)
_OVER = frozenset({State.REFUSED, State.DENIED, State.EXPIRED, State.CANCELLED, State.FAILED})


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file that was taken. `sha256` is empty until its bytes are here. `name` is clean and still its sender's."""

    file_id: str
    event_id: str
    identity: ChannelIdentity
    name: str
    media_type: str
    size: int
    state: str
    reason: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file as an action holds it. `name` is unique among the files of its action."""

    file_id: str
    name: str
    size: int
    sha256: str


def looked_at(message: Message) -> Message:
    """The message with its files judged: names cleaned, and marked unwanted what is not taken. An edit brings none:
    what it shows was there before."""
    if not message.files:
        return message
    if message.edits:
        return replace(message, files=())
    judged = [_judged(file) for file in message.files]
    wanted = [file for file in judged if not file.unwanted]
    too_many = {id(file) for file in wanted[MOST_FILES:]}
    return replace(
        message,
        files=tuple(
            replace(file, unwanted=UNWANTED_COUNT, locator="") if id(file) in too_many else file for file in judged
        ),
    )


def without_places(message: Message) -> Message:
    """The message without where its files lie: the turn needs their names, types and sizes only."""
    return replace(message, files=tuple(replace(file, locator="") for file in message.files))


def put(tx: Tx, message: Message) -> None:
    """A row for each file that is taken, in the transaction that stores its message."""
    moment = now(tx)
    identity = message.identity
    for number, file in enumerate(message.files):
        if file.unwanted:
            continue
        tx.add(
            attachments,
            file_id=file_id_of(message.event_id, file.attachment_id),
            event_id=message.event_id,
            number=number,
            partition=message.partition,
            channel=identity.channel,
            tenant=identity.tenant,
            user=identity.user,
            attachment_id=file.attachment_id,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            locator=file.locator,
            state=WANTED,
            reason="",
            sha256="",
            tries=0,
            at=moment,
            due_at=moment if file.locator else None,  # without a place its bytes are brought, and never fetched
        )


def file_id_of(event_id: str, attachment_id: str) -> str:
    """One file of one message. The same file sent by another person, or once more, is another one."""
    return hashlib.sha256(f"{event_id}\0{attachment_id}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def of_ids(tx: Tx, file_ids: Collection[str]) -> dict[str, SentFile]:
    """Files by their id."""
    return {file.file_id: file for file in _files(tx, attachments.c.file_id.in_(file_ids))}


def free(tx: Tx, message: Message, conversation_id: str, requester_id: str) -> list[SentFile]:
    """What this person sent in this room or thread in the last half hour and what no ticket has taken, oldest first."""
    found = _files(
        tx,
        attachments.c.partition == message.partition,
        attachments.c.channel == message.identity.channel,
        attachments.c.tenant == message.identity.tenant,
        attachments.c.user == message.identity.user,
        attachments.c.state.in_((WANTED, KEPT)),
        attachments.c.at > now(tx) - WAITS,
    )
    if not found:
        return []
    theirs = ledger.select(
        tx,
        actions.c.requester_id == requester_id,
        actions.c.tool.in_(sorted(FILING_TOOLS)),
        actions.c.created_at > now(tx) - 2 * WAITS,
        limit=100,
    )
    taken = {file.file_id for action in theirs if action.state not in _OVER for file in sealed_in(action)}
    return [file for file in found if file.file_id not in taken]


def sealed_in(action: Action) -> tuple[SealedFile, ...]:
    """The files of an action, as they were sealed; none where something else stands in their place."""
    if action.tool not in FILING_TOOLS:
        return ()
    try:
        listed = action.arguments.get(ARGUMENT) or ()
        found = [SealedFile(str(one["id"]), str(one["name"]), int(one["size"]), str(one["sha256"])) for one in listed]
    except (KeyError, TypeError, ValueError):
        return ()
    return tuple({file.file_id: file for file in found[:MOST_FILES]}.values())


def as_argument(files: Sequence[SealedFile]) -> list[dict[str, Any]]:
    """The files as they are sealed."""
    return [{"id": file.file_id, "name": file.name, "size": file.size, "sha256": file.sha256} for file in files]


def for_the_tool(action: Action) -> dict[str, Any]:
    """The arguments that the action's tool takes: its files are attached afterwards, by the executor."""
    if action.tool not in FILING_TOOLS:
        return action.arguments
    return {name: value for name, value in action.arguments.items() if name != ARGUMENT}


def _judged(file: Attachment) -> Attachment:
    """The name clean, the type our own word for it, and why it is not taken, if it is not."""
    name = with_ending(plain_name(file.name), file.media_type)  # a snippet often has none
    kind = kind_of(name, file.media_type)
    unwanted = file.unwanted
    if not unwanted and kind is None:
        unwanted = UNWANTED_TYPE
    if not unwanted and not 0 < file.size <= MOST_BYTES:
        unwanted = UNWANTED_SIZE if file.size > 0 else UNWANTED_TYPE
    attachment_id = file.attachment_id.replace("\0", "")[:200]
    size = min(max(file.size, 0), 2**31 - 1)
    return Attachment(
        attachment_id,
        name,
        kind.media_types[0] if kind else "",
        size,
        unwanted,
        "" if unwanted else file.locator.replace("\0", ""),
    )


def _files(tx: Tx, *conditions: sa.ColumnElement[bool]) -> list[SentFile]:
    names = ("file_id", "event_id", "channel", "tenant", "user", "name", "media_type", "size", "state", "reason")
    columns = (*(attachments.c[name] for name in names), attachments.c.sha256)
    rows = tx.execute(sa.select(*columns).where(*conditions).order_by(*_IN_ORDER))
    return [
        SentFile(
            row.file_id,
            row.event_id,
            ChannelIdentity(row.channel, row.tenant, row.user),
            row.name,
            row.media_type,
            row.size,
            row.state,
            row.reason,
            row.sha256,
        )
        for row in rows
    ]
