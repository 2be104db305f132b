"""Telling whoever filed a ticket what became of its files, once, when all of them are settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from actions.file_tables import attachment_jobs
from actions.files import SealedFile, sealed_in
from actions.posting import tell_requester
from actions.records import Action
from actions.words import CATALOGUE, say
from core.plain_text import inert
from storage import Tx


def tell_if_over(tx: Tx, action: Action) -> None:
    """One message about all files, in the transaction that settled the last of them."""
    rows = tx.execute(sa.select(attachment_jobs).where(attachment_jobs.c.action_id == action.action_id)).mappings()
    jobs = {row["file_id"]: row for row in rows}
    if any(job["due_at"] is not None for job in jobs.values()):
        return
    tell_requester(tx, action, "files", _text(action, jobs))


def _text(action: Action, jobs: Mapping[str, Mapping[Any, Any]]) -> str:
    there: list[str] = []
    lines: list[str] = []
    for file in sealed_in(action):
        job = jobs.get(file.file_id)  # without one it is on another ticket already
        if job is not None and job["state"] == "attached":
            there.append(_shown(file))
            continue
        why = _why(str(job["reason"]) if job is not None else "taken", action.language)
        name, ticket = _shown(file), action.reference
        lines.append(say("file_lost", action.language, file=name, reference=ticket, why=why))
    if there:
        lines.insert(0, say("files_attached", action.language, files=", ".join(there), reference=action.reference))
    return "\n".join(lines)


def _why(reason: str, language: str) -> str:
    key = f"file_why_{reason}"
    return say(key if key in CATALOGUE.keys("en") else "file_why_gone", language)


def _shown(file: SealedFile) -> str:
    return f"`{inert(file.name)}`"
