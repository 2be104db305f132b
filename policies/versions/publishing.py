"""A version comes in force: indexed first, then swapped in within one transaction, so that nobody sees a mix."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import ConfigError
from policies import shelf
from policies.reading.ingest import Ingest, Progress, Swap
from policies.versions import versions
from policies.versions.references import taken_twice
from policies.versions.versions import Content, Publication, Version
from storage.engine import Database, Tx

ACTOR = "system:executor"


class Changed(ConfigError):
    """What is in force is no longer what the difference was shown against."""


class Abandoned(ConfigError):
    """Nobody waits for the result any more, so nothing was published."""


@dataclass(frozen=True, slots=True)
class Order:
    """Exactly what was agreed to: this content (`hash`) in the place of that one (`base`), by this action."""

    collection: str
    number: int
    hash: str
    base: str
    action_id: str


def look(tx: Tx, order: Order) -> tuple[Version, Content, Content]:
    """The version, its content and what is in force, if it may come in force as things are now.

    Raises `Changed` when something else is in force by now, `ConfigError` for whatever else is in the way.
    """
    chosen = versions.version(tx, order.collection, order.number)
    if chosen is None or chosen.hash != order.hash:
        raise ConfigError(
            f"{order.collection!r} has no version {order.number} with that hash: look at `loket policies versions`"
        )
    after, before = versions.content(tx, chosen), versions.in_force(tx, order.collection)
    if before.hash != order.base:
        raise Changed(f"{order.collection!r} has changed since: look at the difference again and propose it anew")
    if taken := taken_twice({**others(tx, order.collection), order.collection: after}):
        raise ConfigError(f"two documents would have the id {taken[0]!r}: change one of them and draft again")
    return chosen, after, before


def others(tx: Tx, collection: str) -> dict[str, Content]:
    """What is in force of all other collections."""
    return {name: versions.in_force(tx, name) for name in shelf.collections(tx) if name != collection}


def exchange(before: Content, after: Content, collection: str) -> Swap:
    """What has to change in the tables so that one content takes the place of the other."""
    put = [
        (collection, one.document, one.entries)
        for key, one in after.documents.items()
        if key not in before.documents or before.documents[key].revision != one.revision
    ]
    removed = [key for key in before.documents if key not in after.documents]
    words = {} if dict(before.glossary) == dict(after.glossary) else {collection: after.glossary}
    return Swap(put, removed, words)


class Publishing:
    """Brings contents in force. One at a time, by whoever holds the locks; blocking."""

    def __init__(self, database: Database, ingest: Ingest) -> None:
        self._database = database
        self._ingest = ingest

    def run(self, order: Order, also: Callable[[Tx], None], until: float, progress: Progress) -> Publication:
        """Put a version in force. The same action twice is one publication.

        `also` writes in the same transaction. After `until` (`time.monotonic`) nobody looks any more: nothing happens.
        Raises `ConfigError` as `look` does, and `Abandoned`; nothing has changed then.
        """
        with self._database.reading() as tx:
            done = versions.publication_by(tx, order.action_id)
        if done is not None:
            self._ingest.repair(progress)
            return done
        self._ingest.rebuild_if_needed(progress)
        with self._database.reading() as tx:
            chosen, after, before = look(tx, order)
        made: list[Publication] = []

        def may(tx: Tx) -> None:
            if time.monotonic() > until:
                raise Abandoned("it took too long: nothing was published")
            look(tx, order)
            versions.keep_in_force(tx, order.collection)

        def note(tx: Tx) -> None:
            made[:] = [versions.publish(tx, chosen, order.action_id, ACTOR)]
            also(tx)

        change = exchange(before, after, order.collection)
        try:
            self._ingest.swap(Swap(change.put, change.removed, change.words, may, note), progress)
        finally:
            self._ingest.repair(progress)
        return made[0]

    def bring(self, wanted: Mapping[str, Content], progress: Progress) -> None:
        """Make the tables and indexes hold exactly this: for a copy beside the one that answers come from."""
        self._ingest.rebuild_if_needed(progress)
        with self._database.reading() as tx:
            have = {name: versions.in_force(tx, name) for name in shelf.collections(tx)}
        nothing = Content({}, {})
        for name in {**have, **wanted}:
            change = exchange(have.get(name, nothing), wanted.get(name, nothing), name)
            if change.put or change.removed or change.words:
                self._ingest.swap(change, progress)
        self._ingest.repair(progress)
