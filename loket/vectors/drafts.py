"""Drafts of policies that wait for approval are embedded ahead, so that the approved one comes in force in seconds.

A handbook takes minutes to embed and an effect has half a minute; people take longer than that to read a card.
"""

from __future__ import annotations

import structlog

from actions import ledger
from actions.authors import PUBLISH
from actions.gate import Gate
from actions.records import State
from actions.tables import actions
from core.errors import ConfigError, LoketError, where
from core.rounds import Rounds
from policies.library import Library
from policies.versions import versions
from policies.versions.versions import Content
from storage import Database, Tx

log = structlog.get_logger(__name__)
EVERY_SECONDS = 10.0
_COMING = (State.AWAITING_CONFIRMATION, State.AWAITING_APPROVAL, State.APPROVED)


class DraftsAhead:
    """Looks every ten seconds for a version that is proposed; for the process that publishes."""

    def __init__(self, database: Database, library: Library, seconds: float = EVERY_SECONDS) -> None:
        self._database = database
        self._library = library
        self._known: set[str] = set()
        self._rounds = Rounds(self.once, seconds, _failed)

    async def start(self) -> None:
        """Look now, and again until `stop`."""
        self._rounds.start()

    async def stop(self) -> None:
        """Look no more; what is half embedded is remembered as far as it came."""
        await self._rounds.give_up()

    async def once(self) -> int:
        """Embed what is new in the versions that are proposed; returns how many versions that were."""
        found = await self._database.read(lambda tx: _proposed(tx, frozenset(self._known)))
        for hash_, content in found.items():
            await self._library.learn(content)
            self._known.add(hash_)
        return len(found)


def ahead_of(gate: Gate, database: Database, library: Library) -> DraftsAhead | None:
    """For a process that publishes policies; None for any other."""
    return DraftsAhead(database, library) if gate.parts.systems.publisher is not None else None


def _proposed(tx: Tx, known: frozenset[str]) -> dict[str, Content]:
    """By hash: of each version that waits the documents that are not in force. One that is damaged is left to the
    gate, which refuses it."""
    found: dict[str, Content] = {}
    for action in ledger.select(tx, actions.c.tool == PUBLISH, ledger.in_states(_COMING)):
        collection, number = str(action.arguments.get("collection")), action.arguments.get("version")
        chosen = versions.version(tx, collection, number) if isinstance(number, int) else None
        if chosen is None or chosen.hash in known | found.keys():
            continue
        try:
            after = versions.content(tx, chosen)
        except ConfigError:
            continue
        there = {one.revision for one in versions.in_force(tx, collection).documents.values()}
        news = {key: one for key, one in after.documents.items() if one.revision not in there}
        found[chosen.hash] = Content(news, {})
    return found


def _failed(error: Exception) -> None:
    detail = str(error) if isinstance(error, LoketError) else ""
    log.warning("drafts_unlearned", error=type(error).__name__, detail=detail, at=where(error))
