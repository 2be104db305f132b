"""Keeping the bytes of a file, encrypted, beside the row that says whose it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from actions.file_tables import attachment_bytes, attachments
from actions.files import KEPT, WANTED
from storage import Tx, now

FORGOTTEN: Mapping[str, Any] = {"due_at": None, "name": "", "locator": "", "media_type": "", "size": 0}
"""What is left of a file whose message was not kept."""


def keep(tx: Tx, file_id: str, content: bytes, sealed: tuple[str, bytes, bytes], *only: sa.ColumnElement[bool]) -> bool:
    """Its bytes as they were `sealed` (key id, nonce, ciphertext); false where it is not wanted any more."""
    mine = (attachments.c.file_id == file_id, attachments.c.state == WANTED, *only)
    kept = {"state": KEPT, "sha256": hashlib.sha256(content).hexdigest(), "due_at": None, "locator": ""}
    if tx.change(sa.update(attachments).where(*mine).values(**kept)) != 1:
        return False
    key_id, nonce, ciphertext = sealed
    row = {"file_id": file_id, "key_id": key_id, "nonce": nonce, "ciphertext": ciphertext, "at": now(tx)}
    tx.execute(sa.insert(attachment_bytes).values(**row))
    return True
