"""Attaching files to a ticket that was filed: each at most once, and whoever asked hears which did not get there.

The ticket stands on its own: nothing that goes wrong here changes how its action ended. A file's own record says
`attaching` before anything leaves; an executor that finds that word afterwards looks outside, and never sends again
unless the system itself knows a repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from actions import files
from actions.attaching_told import tell_if_over
from actions.file_tables import attachment_bytes, attachment_jobs
from actions.files import SealedFile, SentFile, sealed_in
from actions.flow import note
from actions.parts import GateParts
from actions.records import Action, State
from connectors.tickets import TicketFile
from core.errors import ConnectorError, EffectUnknown
from core.file_names import is_what_it_claims, kind_of, plain_name
from storage import Tx, now
from storage.faultpoint import around_commit, reached
from storage.keys import SealBroken

PATIENCE = timedelta(minutes=5)
"""How long bytes that are not there yet are waited for, and a system that does not answer is asked again."""
AGAIN = timedelta(seconds=5)
WAITING, ATTACHING, ATTACHED, FAILED = "waiting", "attaching", "attached", "failed"
log = structlog.get_logger("attaching")


@dataclass(frozen=True, slots=True)
class _Job:
    """One file on its way, as it was read. `file` is None when its row is gone."""

    sealed: SealedFile
    number: int
    state: str
    begun_at: datetime
    file: SentFile | None


def begin(tx: Tx, action: Action) -> None:
    """The ticket is there: its files are due, in the transaction that says so."""
    moment = now(tx)
    for number, file in enumerate(sealed_in(action)):
        tx.add(
            attachment_jobs,
            file_id=file.file_id,
            action_id=action.action_id,
            number=number,
            state=WAITING,
            reason="",
            begun_at=moment,
            due_at=moment,
        )
    if sealed_in(action):
        tell_if_over(tx, action)  # a file that another ticket took has no record of its own here


def due(tx: Tx) -> list[str]:
    """The actions with a file to look after now."""
    wanted = sa.select(attachment_jobs.c.action_id).where(attachment_jobs.c.due_at <= now(tx)).distinct().limit(100)
    return list(tx.execute(wanted).scalars())


async def attach_due(parts: GateParts, action: Action) -> None:
    """Whatever files of this action are due. Safe at any time, any number of times, in several processes."""
    if action.state is not State.DONE or not sealed_in(action):
        return
    for job in await parts.database.read(lambda tx: _due_of(tx, action)):
        try:
            await _one(parts, action, job)
        except ConnectorError as error:
            log.warning("attaching_delayed", action_id=action.action_id, system=error.system)
            await parts.database.run(lambda tx, job=job: _later(tx, action, job, "refused"))  # type: ignore[misc]


async def _one(parts: GateParts, action: Action, job: _Job) -> None:
    """Raises `ConnectorError` when surely nothing happened, and it may work later."""
    if job.state == ATTACHING:
        await _look_after(parts, action, job)
        return
    refusal = await _refusal(parts, action, job)
    if refusal:
        await _end(parts, action, job, FAILED, refusal)
        return
    sealed = await parts.database.run(lambda tx: _claim(parts, tx, action, job))
    if sealed is None:
        return
    reached("attaching.claimed")
    content = _opened(parts, job, sealed)
    if content is None:
        await _end(parts, action, job, FAILED, "broken")
        return
    await _send(parts, action, job, content)


async def _send(parts: GateParts, action: Action, job: _Job, content: TicketFile) -> None:
    """Once. In doubt its record stays as it is, and a later look outside finds out."""
    tickets, key = parts.systems.changing.tickets, _key(action, job)
    try:
        async with asyncio.timeout(parts.settings.effect_seconds):
            await tickets.attach(action.reference, action.requester_id, content, key)
    except (EffectUnknown, TimeoutError):
        log.warning("attaching_unknown", action_id=action.action_id)
        await parts.database.run(lambda tx: _set(tx, job, due_at=now(tx) + AGAIN))
        return
    except ConnectorError:
        await parts.database.run(lambda tx: _unclaim(tx, job))
        raise
    except Exception as error:  # noqa: BLE001 - a connector's bug says nothing about whether the file got there
        log.error("attaching_crashed", action_id=action.action_id, error=type(error).__name__)
        await parts.database.run(lambda tx: _set(tx, job, due_at=now(tx) + AGAIN))
        return
    reached("attaching.acted")
    await _end(parts, action, job, ATTACHED, "")


async def _look_after(parts: GateParts, action: Action, job: _Job) -> None:
    """It may have got there, or whoever was attaching it is gone: is it there?"""
    tickets = parts.systems.changing.tickets
    name, size = job.sealed.name, job.sealed.size
    there = await tickets.attached(action.reference, action.requester_id, name, size, _key(action, job))
    if there:
        await _end(parts, action, job, ATTACHED, "")
    elif tickets.repeats_safely:
        await parts.database.run(lambda tx: _unclaim(tx, job))
    else:
        await _end(parts, action, job, FAILED, "doubt")


async def _refusal(parts: GateParts, action: Action, job: _Job) -> str:
    """Why this file never goes onto this ticket, if so. Nothing the agent wrote is believed: whose a file is, its row
    says, which only those who take messages in can write."""
    file = job.file
    if file is None or not action.reference:
        return "gone"
    if file.state in (files.FAILED, files.DROPPED):
        return file.reason or "gone"
    owner = await parts.systems.read.directory.by_identity(file.identity)
    if owner is None or owner.employee_id != action.requester_id:
        log.error("file_not_theirs", action_id=action.action_id)
        return "not_theirs"
    name = job.sealed.name
    if plain_name(name) != name or kind_of(name, file.media_type) is None:
        return "broken"
    if file.size != job.sealed.size or (job.sealed.sha256 and file.sha256 != job.sealed.sha256):
        return "broken"
    return ""


def _claim(parts: GateParts, tx: Tx, action: Action, job: _Job) -> Any:
    """The encrypted bytes, for this executor alone. None while they are not there yet, or when it is another's."""
    row = tx.execute(
        sa.select(attachment_jobs).where(attachment_jobs.c.file_id == job.sealed.file_id).with_for_update()
    ).first()
    moment = now(tx)
    if row is None or row.state != WAITING or row.due_at is None or row.due_at > moment:
        return None
    content = tx.execute(sa.select(attachment_bytes).where(attachment_bytes.c.file_id == job.sealed.file_id)).first()
    if content is None:
        _later(tx, action, job, "late")
        return None
    until = moment + timedelta(seconds=1.5 * parts.settings.effect_seconds)
    _set(tx, job, state=ATTACHING, due_at=until)
    around_commit(tx, "attaching.claim")
    return content


def _opened(parts: GateParts, job: _Job, row: Any) -> TicketFile | None:
    """The bytes, if they are still what was sealed and what they claim to be."""
    file = job.file
    try:
        content = parts.keys.open("file", row.key_id, row.nonce, row.ciphertext, file_context(row.file_id))
    except SealBroken:
        return None
    if file is None or len(content) != job.sealed.size or hashlib.sha256(content).hexdigest() != file.sha256:
        return None
    if not is_what_it_claims(content, file.name, file.media_type):
        return None
    return TicketFile(job.sealed.name, file.media_type, content)


def file_context(file_id: str) -> bytes:
    """The place that the bytes of a file are sealed for."""
    return f"attachment_bytes:{file_id}".encode()


async def _end(parts: GateParts, action: Action, job: _Job, state: str, reason: str) -> None:
    await parts.database.run(lambda tx: _settle(tx, action, job, state, reason))


def _settle(tx: Tx, action: Action, job: _Job, state: str, reason: str) -> None:
    """Keep what became of a file; its bytes are not needed any more. The last one makes the person hear of all."""
    if not _set(tx, job, state=state, reason=reason, due_at=None):
        return
    tx.change(sa.delete(attachment_bytes).where(attachment_bytes.c.file_id == job.sealed.file_id))
    verb = "file.attached" if state == ATTACHED else "file.lost"
    note(tx, action, verb, actor="system:executor", result=reason or "done", file=job.sealed.file_id)
    tell_if_over(tx, action)
    around_commit(tx, "attaching.end")


def _later(tx: Tx, action: Action, job: _Job, reason: str) -> None:
    """Once more in a while; not for ever: then for this reason."""
    moment = now(tx)
    if moment - job.begun_at < PATIENCE:
        _set(tx, job, due_at=moment + AGAIN)
        return
    _settle(tx, action, job, FAILED, "doubt" if job.state == ATTACHING else reason)


def _unclaim(tx: Tx, job: _Job) -> None:
    _set(tx, job, state=WAITING, due_at=now(tx))


def _set(tx: Tx, job: _Job, **values: Any) -> bool:
    """Change a record that is not over; says whether it was not."""
    mine = (attachment_jobs.c.file_id == job.sealed.file_id, attachment_jobs.c.due_at.is_not(None))
    return tx.change(sa.update(attachment_jobs).where(*mine).values(**values)) == 1


def _due_of(tx: Tx, action: Action) -> list[_Job]:
    wanted = sa.select(attachment_jobs).where(
        attachment_jobs.c.action_id == action.action_id, attachment_jobs.c.due_at <= now(tx)
    )
    sealed = {file.file_id: file for file in sealed_in(action)}
    rows = tx.execute(wanted.order_by(attachment_jobs.c.number)).all()
    known = files.of_ids(tx, [row.file_id for row in rows])
    return [
        _Job(sealed[row.file_id], row.number, row.state, row.begun_at, known.get(row.file_id))
        for row in rows
        if row.file_id in sealed
    ]


def _key(action: Action, job: _Job) -> str:
    """The idempotency key of one file of one action."""
    return f"{action.action_id}:{job.number}"
