"""The added tools in force, as this process has loaded them: asked at every use, read anew when a release came.

Nobody waits for it: a look is one number from an index at most every two seconds, and what changed is loaded in a
thread, together with whatever must be learned of it first; until then the tools are those of before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from core.errors import ConfigError, ConnectorError, where
from storage import Database
from tools.added import versions
from tools.added.kinds import Kinds, Way, kind_of
from tools.added.versions import InForce, Release, Version
from tools.loaded import LoadedTool
from tools.registry import Added, Shelved, refuse_name

log = structlog.get_logger(__name__)
SECONDS = 2.0
"""How old the knowledge of the last release may be. With a load of a second or two, a release holds within five."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A released version that this process cannot load: the tool is off here, and why."""

    release: Release
    why: str


@dataclass(frozen=True, slots=True)
class _Read:
    """What the tables say, in one snapshot: the versions that were not loaded yet come with their rows."""

    edition: int
    in_force: Mapping[str, InForce]
    rows: Mapping[tuple[str, int], Version] = field(default_factory=dict)


class Shelf:
    """Call it for the added tools in force.

    `taken` are the names of the built-in tools. `unusable` is told, in a thread, of each version that cannot be
    loaded: that one is left out, the others are not touched.
    """

    def __init__(
        self,
        database: Database,
        way: Way,
        taken: tuple[str, ...] = (),
        *,
        kind: Kinds = kind_of,
        unusable: Callable[[Unusable], None] | None = None,
    ) -> None:
        self._database = database
        self._way = way
        self._taken = taken
        self._kind = kind
        self._unusable = unusable
        self._added: Added | None = None
        self._looked_at = float("-inf")
        self._loaded: dict[tuple[str, int, str], LoadedTool] = {}
        self._hooks: list[Callable[[Added], None]] = []
        self._lock = threading.Lock()
        self.unusable: tuple[Unusable, ...] = ()

    def __call__(self) -> Added:
        """The tools in force, at most some seconds old. The first call loads them all.

        While the database does not answer they stay what they were. Raises `ConnectorError` only before the first.
        """
        if self._added is None:
            return self._refreshed()[0]
        if time.monotonic() - self._looked_at > SECONDS and not self._lock.locked():
            self._look(self._added)
        return self._added

    def refresh(self) -> Added:
        """Read what is in force now; wait for it, and until admins are told. Blocking, and not inside a transaction."""
        added, telling = self._refreshed()
        if telling is not None:
            telling.join()
        return added

    def _refreshed(self) -> tuple[Added, threading.Thread | None]:
        with self._lock:
            added, broken = self._load()
        return added, self._tell(broken)

    def before_change(self, hook: Callable[[Added], None]) -> None:
        """See `tools.registry.AddedTools`. Not called for what the first call finds."""
        self._hooks.append(hook)

    def _look(self, added: Added) -> None:
        self._looked_at = time.monotonic()
        try:
            with self._database.reading() as tx:
                edition = versions.edition(tx)
        except ConnectorError as error:
            log.warning("added_tools_unread", problem=error.detail)
            return
        if edition != added.edition:
            threading.Thread(target=self._catch_up, name="added tools", daemon=True).start()

    def _catch_up(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            _added, broken = self._load()
        except ConnectorError as error:
            log.warning("added_tools_unread", problem=error.detail)
            return
        finally:
            self._lock.release()
        self._tell(broken)

    def _load(self) -> tuple[Added, tuple[Unusable, ...]]:
        """Load what is new, let everybody learn it, put it in force here. Returns what could not be loaded, too."""
        self._looked_at = time.monotonic()
        read = self._read()
        found: list[Shelved] = []
        broken: list[Unusable] = []
        names: list[str] = list(self._taken)
        for name, in_force in read.in_force.items():
            some = len(found)
            for release in in_force.releases:
                loaded = self._usable(release, read, names, broken)
                if loaded is not None:
                    found.append(Shelved(loaded, release.audience))
            if len(found) > some:
                names.append(name)
        added = Added(read.edition, tuple(found))
        if self._added is not None:
            self._prepare(added)
        self._loaded = {key: one for key, one in self._loaded.items() if _is_in_force(key, read.in_force)}
        self._added, self.unusable = added, tuple(broken)
        return added, self.unusable

    def _read(self) -> _Read:
        with self._database.reading() as tx:
            edition, in_force = versions.edition(tx), versions.in_force(tx)
            rows = {
                (one.name, one.number): row
                for state in in_force.values()
                for one in state.releases
                if (one.name, one.number, one.hash) not in self._loaded
                and (row := versions.version(tx, one.name, one.number)) is not None
            }
        return _Read(edition, in_force, rows)

    def _usable(self, release: Release, read: _Read, names: list[str], broken: list[Unusable]) -> LoadedTool | None:
        """The loaded version; None, with the reason noted, for one that cannot be."""
        key = (release.name, release.number, release.hash)
        try:
            refuse_name(release.name, names)
            if key not in self._loaded:
                self._loaded[key] = self._made(release, read.rows.get(key[:2]))
            return self._loaded[key]
        except ConfigError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one document, the others go on
            why = f"its loader crashed ({type(error).__name__})"
            log.error("added_tool_crashed", tool=release.name, error=type(error).__name__, at=where(error))
        log.error("added_tool_unusable", tool=release.name, version=release.number, problem=why)
        broken.append(Unusable(release, why))
        return None

    def _made(self, release: Release, row: Version | None) -> LoadedTool:
        if row is None or row.hash != release.hash:
            raise ConfigError(f"version {release.number} of {release.name!r} is not the one that was released")
        document = row.read()
        return self._kind(document.kind).load(document, self._way)

    def _prepare(self, added: Added) -> None:
        for hook in self._hooks:
            try:
                hook(added)
            except Exception as error:  # noqa: BLE001 - what could not be learned ahead is learned at the first use
                log.warning("added_tools_unlearned", error=type(error).__name__)

    def _tell(self, broken: tuple[Unusable, ...]) -> threading.Thread | None:
        """In a thread of its own: the caller may be in the middle of a transaction."""
        if not broken or self._unusable is None:
            return None
        telling = threading.Thread(target=self._tell_each, args=(self._unusable, broken), daemon=True)
        telling.start()
        return telling

    def _tell_each(self, tell: Callable[[Unusable], None], broken: tuple[Unusable, ...]) -> None:
        for one in broken:
            try:
                tell(one)
            except Exception as error:  # noqa: BLE001 - a thread has nobody to raise it to; the tool stays off
                log.warning("added_tool_untold", tool=one.release.name, error=type(error).__name__)


def _is_in_force(key: tuple[str, int, str], in_force: Mapping[str, InForce]) -> bool:
    state = in_force.get(key[0], InForce())
    return any((one.number, one.hash) == key[1:] for one in state.releases)
