"""What must be in the database before the first process starts: our tables, the queue's, the first rules."""

from __future__ import annotations

import asyncio

from actions.rules import RuleBook
from loket import migrate
from loket.engine.dbos_runtime import DbosRuntime
from loket.settings import Settings
from storage import Database


async def prepare(settings: Settings) -> str:
    """Bring everything to this version; returns the revision. Raises `ConfigError`, `ConnectorError`."""
    database = Database(settings.database, pool_size=2)
    try:
        await asyncio.to_thread(migrate.upgrade, database)
        await database.run(RuleBook().open)
        if not settings.is_embedded:  # the embedded queue is a file that its process makes
            await _prepare_queue(settings.database)
    finally:
        await asyncio.to_thread(database.close)
    return migrate.head()


async def _prepare_queue(url: str) -> None:
    async def nothing(*_: str) -> None:
        raise RuntimeError("a process that prepares the queue works on none")

    runtime = DbosRuntime(url, "migrate", nothing)
    await runtime.start(migrates=True)
    await runtime.stop()
