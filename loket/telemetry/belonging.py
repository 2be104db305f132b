"""Finds the event that an outbox row belongs to, so that its delivery joins the right trace."""

from __future__ import annotations

import re

from actions import ledger
from storage import Tx

_ACTION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def event_of(tx: Tx, key: str) -> str:
    """The event's id, by the key that `agent/record.py` or `actions/` gave the item; empty when there is none."""
    if key.startswith("turn:"):
        return key.removeprefix("turn:").rpartition(":")[0]
    found = _ACTION.search(key)
    action = ledger.find(tx, found.group()) if found else None
    return action.event_id if action else ""
