"""Ends the links of accounts whose employee has left, or that were not used for long. Runs once an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from actions.linking.ending import end
from connectors.directory import Directory, links
from connectors.directory.links import IdentityLink
from storage import Database, Tx, now

ACTOR = "system:linking"
UNUSED = timedelta(days=400)
CHECKED = timedelta(days=1)
BATCH = 200
"""Employees looked up in one round: 4,800 a day."""
FEW = 10
log = structlog.get_logger("loket.linking")


class LinkKeeping:
    """Safe at any time and in several processes. Give `once` to whatever runs it every hour (the executor)."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    async def once(self) -> int:
        """One round; returns how many links ended. Raises `ConnectorError` when the directory cannot be reached."""
        return await self._end_unused() + await self._end_of_those_who_left()

    async def _end_unused(self) -> int:
        old = await self._database.read(lambda tx: links.unused_since(tx, now(tx) - UNUSED, BATCH))
        return await self._end(old, "unused")

    async def _end_of_those_who_left(self) -> int:
        """A directory that suddenly knows hardly anybody is more likely set wrongly than empty: then nothing ends."""
        wanted = await self._database.read(lambda tx: links.unchecked_since(tx, now(tx) - CHECKED, BATCH))
        gone, there = list[IdentityLink](), list[IdentityLink]()
        for link in wanted:
            person = await self._directory.by_id(link.employee_id)
            (there if person is not None and person.active else gone).append(link)
        if len(gone) > max(FEW, len(wanted) // 2):
            log.error("links_in_doubt", count=len(gone))
            return 0
        await self._database.run(lambda tx: _check_off(tx, there))
        return await self._end(gone, "inactive")

    async def _end(self, ending: Sequence[IdentityLink], why: str) -> int:
        if not ending:
            return 0
        return await self._database.run(
            lambda tx: sum(end(tx, link.identity, ACTOR, why) is not None for link in ending)
        )


def _check_off(tx: Tx, there: Sequence[IdentityLink]) -> None:
    for link in there:
        links.checked(tx, link.identity)
