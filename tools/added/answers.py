"""Keeping the answers to a form, once for each approved action, and giving them out as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from core.errors import ConnectorError
from storage import AuditEntry, Database, Tx, now
from storage.audit import record
from tools.added.answer_tables import tool_answers
from tools.added.document import ToolDocument
from tools.context import ActionContext, Effect

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Answered:
    """One form that somebody filled in, when (UTC)."""

    tool: str
    employee_id: str
    answers: Mapping[str, Any]
    at: datetime


class AnswerBook(Protocol):
    """Where answers are kept; the executor has it."""

    async def keep(self, tool: str, employee_id: str, answers: Mapping[str, Any], key: str) -> None:
        """Keep them under the action's key; the same key twice is one. Raises `ConnectorError`."""

    async def has(self, key: str) -> bool:
        """Whether something is kept under this key."""


class KeptAnswers:
    """The book in our own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, tool: str, employee_id: str, answers: Mapping[str, Any], key: str) -> None:
        """See `AnswerBook.keep`."""
        await self._database.run(lambda tx: _keep(tx, tool, employee_id, answers, key))

    async def has(self, key: str) -> bool:
        """See `AnswerBook.has`."""
        wanted = sa.select(tool_answers.c.action_id).where(tool_answers.c.action_id == key)
        return await self._database.read(lambda tx: tx.execute(wanted).first() is not None)


def _keep(tx: Tx, tool: str, employee_id: str, answers: Mapping[str, Any], key: str) -> None:
    row = {"tool": tool, "employee_id": employee_id, "answers": dict(answers), "at": now(tx)}
    if tx.add(tool_answers, action_id=key, **row):
        entry = AuditEntry("system:executor", "tool.answered", object=f"tool:{tool}", result="kept", request=key)
        record(tx, entry)


Run = Callable[..., Awaitable[Any]]


def keeping(document: ToolDocument, book: AnswerBook | None) -> tuple[Run, Run]:
    """The effect of a form whose answers are kept, and how it is found back after a doubt."""

    async def run(ctx: ActionContext, **answers: Any) -> Effect:
        if book is None:
            raise ConnectorError("answers", "this process keeps no answers")
        await book.keep(document.name, ctx.requester.employee_id, answers, ctx.key)
        return Effect(reference=ctx.key[:8])

    async def reconcile(ctx: ActionContext, **_answers: Any) -> Effect | None:
        if book is None or not await book.has(ctx.key):
            return None
        return Effect(reference=ctx.key[:8])

    return run, reconcile


def answers_of(tx: Tx, tool: str) -> list[Answered]:
    """All answers to one form, oldest first."""
    wanted = sa.select(tool_answers).where(tool_answers.c.tool == tool).order_by(tool_answers.c.at)
    return [Answered(row.tool, row.employee_id, row.answers, row.at) for row in tx.execute(wanted)]


def as_csv(document: ToolDocument, answers: list[Answered]) -> str:
    """The answers as CSV for a spreadsheet: a column a field, in the document's order; fields of earlier versions
    behind. Nothing in an answer is taken for a formula: such a value begins with an apostrophe."""
    earlier = dict.fromkeys(name for one in answers for name in one.answers)
    columns = list(dict.fromkeys((*document.properties, *earlier)))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["at", "employee_id", *columns])
    for one in answers:
        row = [one.at.isoformat(timespec="seconds"), one.employee_id, *(one.answers.get(name) for name in columns)]
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else "yes" if value is True else "no" if value is False else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int | float) else text
