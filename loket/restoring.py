"""After a restore from a backup: void what is open in the older copy, then let the audit chain go on from there."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from storage.audit_heads import AuditHeads

log = structlog.get_logger("loket.restoring")


class Voidable(Protocol):
    """What a restore needs of the gate."""

    async def void_after_restore(self, reason: str, actor: str = "system:executor") -> int:
        """End all that is open; returns how many actions."""


async def void_if_older(gate: Voidable, heads: AuditHeads) -> int | None:
    """Void what is open when the signed heads say that this database is an older copy; None when it is not.

    Call it before anything executes. A crash in the middle does no harm: the next start does it again.
    """
    missing = await asyncio.to_thread(heads.missing)
    if missing is None:
        return None
    reason = f"row {missing.seq} of the audit chain, signed at {missing.at[:19]} UTC, is not in it"
    return await void(gate, heads, reason, "system:executor")


async def void(gate: Voidable, heads: AuditHeads, reason: str, actor: str) -> int:
    """Void what is open and sign the chain as it is now; returns how many actions were ended."""
    ended = await gate.void_after_restore(reason, actor)
    await asyncio.to_thread(heads.sign_anew)
    log.critical("restored_from_backup", count=ended)
    return ended
