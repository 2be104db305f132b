"""Added tools in a running process: the shelf it asks, the admins who are told, and the watch over what was pinned."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from actions.posting import room_in
from actions.rules import RuleBook
from actions.settings import GateSettings
from actions.switches import EVERYTHING, switch_off, switched_off
from actions.words import say
from core.encoding import encode
from core.errors import ConfigError, ConnectorError, where
from core.plain_text import inert, one_line
from core.replies import Reply
from core.rounds import Rounds
from storage import Database, OutboxItem, Tx, now, outbox
from tools.added import versions
from tools.added.document import ToolDocument
from tools.added.kinds import Kinds, Way, kind_of
from tools.added.shelf import Shelf, Unusable
from tools.added.versions import InForce, Release

if TYPE_CHECKING:
    from loket.counter import Counter
    from loket.service.bus import PostgresBus
    from loket.settings import Settings

log = structlog.get_logger(__name__)
DRIFT = "drift"
"""The topic of the bus that says: a source may have changed. Which one, nobody is told or believed."""
EVERY_SECONDS = 600.0
"""Between two looks at the sources."""
SOONEST_SECONDS = 5.0
"""The least time between two looks, whatever a server says of itself."""
LONGEST_SECONDS = 60.0
"""How long one source may take to show what it is: a slow one keeps nobody else waiting."""
AT_ONCE = 8


class Admins:
    """Who hears that a tool went off: the room of the admins, and whom the rules alert."""

    def __init__(self, database: Database, rules: RuleBook, settings: GateSettings) -> None:
        self._database = database
        self._rules = rules
        self._settings = settings

    def unusable(self, one: Unusable) -> None:
        """Told once for each version and reason, whichever process found it. Blocking. Raises `ConnectorError`."""
        with self._database.transaction() as tx:
            self.tell(tx, "alert_tool_unusable", one.release, one.why, _mark(one.release.hash, one.why))

    def tell(self, tx: Tx, key: str, release: Release, why: str, once: str) -> None:
        """Put the sentence into each room; `once` tells two occasions apart."""
        _version, rules = self._rules.current(tx)
        language = self._settings.approvers_language
        text = say(key, language, name=release.name, number=release.number, why=inert(one_line(why))[:400])
        encoded = encode(Reply(text=text, language=language))
        for group in dict.fromkeys(("admins", *rules.alerts)):
            room = encode(room_in(self._settings, group))
            outbox.put(tx, OutboxItem(f"{key}:{release.name}:{once}:{group}", "reply", room, encoded))


def shelf_of(database: Database, way: Way, admins: Admins) -> Shelf:
    """The shelf of a process, for its registry: `load_builtin(Switchboard(database), shelf)`."""
    from tools.builtin import all_tools

    return Shelf(database, way, tuple(tool.name for tool in all_tools()), unusable=admins.unusable)


def drift_watch_of(settings: Settings, counter: Counter, bus: PostgresBus | None = None) -> DriftWatch:
    """The watch of a process that carries actions out.

    A server that says it changed makes it look at once, whether it said so here or to a process that `tells_of_drift`.
    """
    admins = Admins(counter.database, counter.gate.parts.rules, settings.gate)
    watch = DriftWatch(counter.database, counter.way, admins)
    if counter.way.mcp is not None:
        counter.way.mcp.on_change = lambda _endpoint: watch.look_soon()
    if bus is not None:
        bus.hear(DRIFT, watch.heard)
    return watch


def tells_of_drift(counter: Counter) -> None:
    """For a process that may switch nothing off: what its sessions see of a change, it tells to whoever may.

    Only that there is something to look at: the watch asks the source itself, and believes nobody.
    """
    if counter.way.mcp is not None:
        counter.way.mcp.on_change = lambda _endpoint: counter.bus.tell(DRIFT)


class DriftWatch:
    """Looks at the source of every released tool, at the start and every ten minutes; for the executor.

    A source that is no longer what was pinned switches its tool off, for everybody, and admins are told; no other
    tool is touched. A source that cannot be reached, or is slow, is not drift: nothing happens but a line in the log.
    """

    def __init__(
        self,
        database: Database,
        way: Way,
        admins: Admins,
        *,
        kind: Kinds = kind_of,
        seconds: float = EVERY_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._database = database
        self._way = way
        self._admins = admins
        self._kind = kind
        self._longest = longest
        self._rounds = Rounds(self.once, seconds, _failed, soonest=SOONEST_SECONDS)

    def look_soon(self) -> None:
        """Something hints that a source has changed (a server that said so): look before the ten minutes are over.

        However often it is called, there are some seconds between two looks. Never waits.
        """
        self._rounds.soon()

    async def heard(self, _news: str) -> None:
        """Another process saw a change. However often it says so, it has no more say than `look_soon`."""
        self.look_soon()

    async def start(self) -> None:
        """Look now and then every ten minutes, until `stop`."""
        self._rounds.start()

    async def stop(self) -> None:
        """Look no more; a look under way is given up."""
        await self._rounds.give_up()

    async def once(self) -> list[str]:
        """Look at every tool that is on. Returns the names of those that were switched off for drift."""
        places = asyncio.Semaphore(AT_ONCE)

        async def look(release: Release, document: ToolDocument) -> str:
            async with places:
                return release.name if await self._look(release, document) else ""

        watched = await self._database.read(_watched)
        found = await asyncio.gather(*(look(*one) for one in watched))
        return sorted({name for name in found if name})

    async def _look(self, release: Release, document: ToolDocument) -> bool:
        try:
            async with asyncio.timeout(self._longest):
                why = await self._kind(document.kind).drifted(document, self._way)
        except (ConnectorError, ConfigError, TimeoutError) as error:
            log.warning("drift_unseen", tool=release.name, error=type(error).__name__)
            return False
        except Exception as error:  # noqa: BLE001 - one kind's bug says nothing about the source, nor about others
            log.error("drift_crashed", tool=release.name, error=type(error).__name__, at=where(error))
            return False
        return bool(why) and await self._database.run(lambda tx: self._drifted(tx, release, why))

    def _drifted(self, tx: Tx, release: Release, why: str) -> bool:
        """Off, if that version is still in force and on."""
        state = versions.in_force(tx).get(release.name, InForce())
        if release not in state.releases or not switch_off(tx, "system:drift", release.name, f"drift: {why}"):
            return False
        self._admins.tell(tx, "alert_tool_drifted", release, why, _mark(release.hash, why, now(tx).isoformat()))
        log.error("tool_drifted", tool=release.name, version=release.number)
        return True


def _failed(error: Exception) -> None:
    log.error("drift_watch_failed", error=type(error).__name__, at=where(error))


def _watched(tx: Tx) -> list[tuple[Release, ToolDocument]]:
    """Every version in force of a tool that is on, with its document; what cannot be read the shelf leaves out."""
    off: Mapping[str, str] = switched_off(tx)
    found: list[tuple[Release, ToolDocument]] = []
    for name, state in versions.in_force(tx).items():
        for release in state.releases:
            row = versions.version(tx, name, release.number)
            if row is None or row.hash != release.hash or {name, EVERYTHING} & off.keys():
                continue
            try:
                found.append((release, row.read()))
            except ConfigError:
                continue
    return found


def _mark(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
