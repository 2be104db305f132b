"""Signed heads of the audit chain, in a file outside the database: who cuts or rewrites the chain cannot reach them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import rfc8785
import sqlalchemy as sa
import structlog

from core.errors import ConnectorError, LoketError, where
from core.rounds import Rounds
from storage.engine import Database, Tx, now
from storage.faultpoint import reached
from storage.keys import SigningKey
from storage.tables import audit

PREFIX = b"loket audit head\n"  # a signature over a head is a signature over nothing else
log = structlog.get_logger(__name__)
RESTORED = "ledger.restored"
"""The audit verb of a restore that was dealt with: what was open in the older copy is void."""


@dataclass(frozen=True, slots=True)
class Head:
    """Row `seq` had this hash at that moment (database time, ISO 8601). `key` is the id of the signing key."""

    seq: int
    hash: str
    at: str
    key: str


class AuditGap(LoketError):
    """Security acts: the chain no longer holds a head that was signed. It was cut, rewritten or restored."""


class AuditHeads:
    """Appends a signed head to `path` at most every `every` seconds, and a last one when it stops.

    Only a chain that has grown gets a new head. While the file or the database cannot be reached, it is logged and
    tried again; the next head covers all rows since the last.
    """

    def __init__(self, database: Database, path: Path, key: SigningKey, *, every: float = 60.0) -> None:
        self._database = database
        self._path = path
        self._key = key
        self._last: Head | None = None
        self._rounds = Rounds(self._sign, every, _failed)

    def sign_now(self) -> Head | None:
        """Sign the newest row and append it to the file; nothing when there is no new row. Blocking.

        Raises AuditGap when the chain does not hold the last signed head, ConnectorError when the file or the
        database cannot be reached.
        """
        self._last = self._last or _last_head(self._path)
        with self._database.reading() as tx:
            self._check(tx)
            head = _newest(tx, self._key.key_id)
        if head is None or (self._last is not None and head.seq == self._last.seq):
            return None
        reached("heads.before_sign")
        _append_line(self._path, head, self._key)
        reached("heads.signed")
        self._last = head
        return head

    def missing(self) -> Head | None:
        """See `missing_head`. Blocking."""
        return missing_head(self._database, self._path)

    def sign_anew(self) -> Head | None:
        """Sign the newest row though the chain lacks a signed head: somebody has seen that it is an older copy.

        The heads of before stay in the file: an auditor sees that rows are gone. Blocking. Raises ConnectorError.
        """
        with self._database.reading() as tx:
            head = _newest(tx, self._key.key_id)
        if head is not None:
            _append_line(self._path, head, self._key)
        self._last = head
        return head

    async def start(self) -> None:
        """Sign from now on, in the background."""
        self._rounds.start()

    async def stop(self) -> None:
        """Sign what is there, and end."""
        if not self._rounds.are_running:
            return
        await self._rounds.stop()
        try:
            await self._sign()
        except (AuditGap, ConnectorError) as error:
            _failed(error)

    async def _sign(self) -> None:
        await asyncio.to_thread(self.sign_now)

    def _check(self, tx: Tx) -> None:
        if self._last is not None and not _holds(tx, self._last):
            raise AuditGap(
                f"the audit chain does not hold row {self._last.seq} as it was signed at {self._last.at}: "
                "it was cut off, changed, or restored from an older backup"
            )


def missing_head(database: Database, heads_file: Path) -> Head | None:
    """The newest signed head, when the chain does not hold that row as it was signed: the database is an older copy.

    None where no head was ever signed, and where the restore was dealt with after it was signed, by a process with
    a file of heads of its own. What happened in the last `every` seconds before a kill has no head. Blocking. Raises
    ConnectorError when the file or the database cannot be read.
    """
    last = _last_head(heads_file)
    if last is None:
        return None
    with database.reading() as tx:
        return None if _holds(tx, last) else last


def _failed(error: Exception) -> None:
    if isinstance(error, AuditGap):
        log.critical("audit_gap_found", problem=str(error))
    else:
        system = error.system if isinstance(error, ConnectorError) else ""
        log.error("audit_head_failed", system=system, error=type(error).__name__, at=where(error))


def _holds(tx: Tx, head: Head) -> bool:
    """Whether the chain holds this head, or a restore that was dealt with since it was signed."""
    if tx.execute(sa.select(audit.c.hash).where(audit.c.seq == head.seq)).scalar() == head.hash:
        return True
    dealt_with = tx.execute(sa.select(sa.func.max(audit.c.at)).where(audit.c.verb == RESTORED)).scalar()
    return dealt_with is not None and dealt_with > head.at


def _newest(tx: Tx, key_id: str) -> Head | None:
    row = tx.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.hash, now(tx).isoformat(timespec="microseconds"), key_id) if row else None


def _append_line(path: Path, head: Head, key: SigningKey) -> None:
    values = asdict(head)
    signature = key.sign(PREFIX + rfc8785.dumps(values))
    line = json.dumps(values | {"signature": base64.b64encode(signature).decode("ascii")}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = not _tail(path).endswith(b"\n")
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, (b"\n" if torn else b"") + line.encode("utf-8"))  # one write: whole lines
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConnectorError("audit heads", f"{path} cannot be written: {error.strerror}") from error


def _last_head(path: Path) -> Head | None:
    """The last whole head of the file, if there is one."""
    try:
        lines = _tail(path).splitlines()
    except OSError as error:
        raise ConnectorError("audit heads", f"{path} cannot be read: {error.strerror}") from error
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            values = json.loads(line)
            return Head(int(values["seq"]), str(values["hash"]), str(values["at"]), str(values["key"]))
    return None


def _tail(path: Path) -> bytes:
    """The last few lines; the file grows for years. An empty or missing file ends well."""
    if not path.exists() or path.stat().st_size == 0:
        return b"\n"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8192))
        return file.read()
