"""Stamps: who writes the ledger's rows without the gate's keys cannot forge a yes, a vote or a proof (S-17).

A stamp is the tag of AES-GCM over nothing, with what was said as its context. It says: this very sentence went
through the gate. The seal is part of every sentence, so a stamp is worth nothing on another action.
"""

from __future__ import annotations

import base64
import binascii
import json

from actions.keys import GateKeys
from storage.keys import SealBroken


def stamp(keys: GateKeys, kind: str, *said: str) -> str:
    """A stamp on a sentence, at most 120 characters. The same sentence twice gives different stamps.

    `kind` is `confirm`, `vote`, `proof` or `sign_in`: each process can make only those that its keys are for
    (`ConfigError`).
    """
    key_id, nonce, tag = keys.stamping(kind).seal(b"", _context(kind, *said))
    return f"{key_id}.{base64.b64encode(nonce).decode()}.{base64.b64encode(tag).decode()}"


def genuine(keys: GateKeys, kept: str, kind: str, *said: str) -> bool:
    """Whether `kept` was made by `stamp` for exactly this sentence. Never raises for a forged one."""
    try:
        key_id, nonce, tag = kept.split(".")
        parts = base64.b64decode(nonce, validate=True), base64.b64decode(tag, validate=True)
        keys.open(kind, key_id, *parts, _context(kind, *said))
    except (SealBroken, ValueError, binascii.Error):
        return False
    return True


def _context(*said: str) -> bytes:
    return b"loket stamp\n" + json.dumps(said).encode()
