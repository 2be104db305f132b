"""Once only: a click or an opinion that arrives again, by retry or by replay, gets the first answer and does nothing.

The call's id is claimed before anything is done and its answer is kept beside it. A process killed in between leaves a
claim without an answer. What the gate itself takes only once is then done by the next try; of anything else nobody can
know whether it counted, and the caller is told so (409) instead of it counting twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.errors import ConnectorError
from storage import Database, Tx, now
from storage.faultpoint import reached
from web_app.responses import Failed
from web_app.tables import door_calls

Answer = Mapping[str, Any]
LEFT_BEHIND_SECONDS = 60
"""So long after its claim a call without an answer counts as left behind: longer than deciding can take."""
SAFE_SECONDS = 5
"""The same for what may be called again: it need not wait until the first is surely gone."""
WAIT_SECONDS = 10.0
"""How long a repeat waits for the answer to the first, which is being decided right now."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to do once. `about` is what it is about: the same id for something else is refused.

    `safe_again` says that what it calls takes it only once by itself, so that after a crash it may be called again.
    """

    call_id: str
    about: str
    safe_again: bool


def about(*words: str) -> str:
    """What a call is about, as one value. Give it nothing secret: a code of six digits could be guessed from it."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


async def once(database: Database, call: Call, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of `act`, called at most once for a call's id.

    Raises `Failed`: 409 when the id was used for something else, or was left behind and cannot be done again; 503 when
    the first is still being decided. Raises what `act` raises; when nothing can have happened, the id is free again.
    """
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while (known := await database.run(lambda tx: _claim(tx, call))) is not None:
        if known:
            return known
        if asyncio.get_running_loop().time() > deadline:
            raise Failed(503)
        await asyncio.sleep(LOOK_SECONDS)
    reached("door.call_claimed")
    try:
        answer = await act()
        reached("door.call_decided")
    except ConnectorError as error:
        # Only the database can fail after it did what it was asked.
        if call.safe_again or error.system != "database":
            await database.run(lambda tx: _free(tx, call))
        raise
    await database.run(lambda tx: _keep(tx, call, answer))
    return answer


async def unrepeated(database: Database, call: Call, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of `act`, given once and kept nowhere: for what only shows something, which may be personal.

    Raises `Failed` (409) for an id that was used before, and what `act` raises; then the id is free again.
    """
    if not await database.run(lambda tx: tx.add(door_calls, call_id=call.call_id, about=call.about, at=now(tx))):
        raise Failed(409)
    try:
        return await act()
    except ConnectorError:
        await database.run(lambda tx: _free(tx, call))
        raise


def _claim(tx: Tx, call: Call) -> Answer | None:
    """None when it is ours to do; else the first one's answer, empty while there is none yet."""
    if tx.add(door_calls, call_id=call.call_id, about=call.about, at=now(tx)):
        return None
    row = tx.execute(sa.select(door_calls).where(door_calls.c.call_id == call.call_id).with_for_update()).first()
    if row is None:
        return {}
    if row.about != call.about:
        raise Failed(409)
    if row.answer is not None:
        kept: Answer = row.answer
        return kept
    if row.at > now(tx) - timedelta(seconds=SAFE_SECONDS if call.safe_again else LEFT_BEHIND_SECONDS):
        return {}
    if not call.safe_again:
        raise Failed(409)
    tx.change(sa.update(door_calls).where(door_calls.c.call_id == call.call_id).values(at=now(tx)))
    return None


def _keep(tx: Tx, call: Call, answer: Answer) -> None:
    # The first answer stays: somebody has heard it. A process that was paused meanwhile comes too late with its own.
    tx.change(sa.update(door_calls).where(*_open(call)).values(answer=dict(answer)))


def _free(tx: Tx, call: Call) -> None:
    tx.change(sa.delete(door_calls).where(*_open(call)))


def _open(call: Call) -> tuple[sa.ColumnElement[bool], ...]:
    return door_calls.c.call_id == call.call_id, door_calls.c.answer.is_(sa.null())
