"""`publish_policies`: a version of a collection comes in force only as a critical action of the gate, shown as a diff.

Rolling back is the same action with an earlier version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from pydantic import Field

from actions.authors import PUBLISH
from actions.outdated import void_waiting
from actions.parts import GateParts
from core.errors import ConfigError, Refused, ToolRetry
from core.people import Employee
from core.replies import Fact
from core.risk import Risk
from policies.versions import publishing, versions
from policies.versions.changes import Changes, changes, clauses_changed
from policies.versions.publishing import Changed, Order
from policies.versions.references import conflicts
from policies.versions.versions import FOUND, Content, Version
from storage import Tx
from tools.context import ActionContext, Draft, Effect, ToolContext
from tools.spec import NOBODY, Tool, tool

LONGEST = 100_000
"""Characters of a difference that a card still shows whole (in Slack a dozen posts); nobody reads more at once."""
REASON = "policies_changed"

Collection = Annotated[str, Field(min_length=1, max_length=100, description="the collection")]
Number = Annotated[int, Field(ge=1, description="the version to put in force; an earlier one rolls back")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="the hash of all that the version says")]
Base = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="the hash of what is in force before")]


def publish_policies(parts: Callable[[], GateParts], admins: frozenset[str]) -> Tool:
    """The own tool; `parts` are the gate's, once it is there."""

    async def prepare(
        ctx: ToolContext, subject: Employee, collection: str, version: int, version_hash: str, base: str
    ) -> Draft:
        del ctx, subject
        order = Order(collection, version, version_hash, base, "")
        try:
            return await parts().database.read(lambda tx: draft_of(tx, order))
        except ConfigError as error:
            raise ToolRetry(str(error)) from error

    async def reconcile(
        ctx: ActionContext, collection: str, version: int, version_hash: str, base: str
    ) -> Effect | None:
        del version_hash, base
        done = await parts().database.read(lambda tx: versions.publication_by(tx, ctx.key))
        return _effect(collection, version) if done is not None else None

    @tool(risk=Risk.CRITICAL, subject=NOBODY, groups=admins, prepare=prepare, reconcile=reconcile)
    async def publish_policies(
        ctx: ActionContext, collection: Collection, version: Number, version_hash: Hash, base: Base
    ) -> Effect:
        """Put a version of a collection of policies in force."""
        order = Order(collection, version, version_hash, base, ctx.key)
        publisher = parts().systems.publisher
        if publisher is None:
            raise Refused("no_publisher")
        try:
            await publisher.publish(order, lambda tx: _void_others(parts(), tx, order))
        except Changed as error:
            raise Refused(REASON) from error
        except ConfigError as error:
            raise Refused("policy_draft_changed") from error
        return _effect(collection, version)

    return publish_policies


def draft_of(tx: Tx, order: Order) -> Draft:
    """What others are shown. Raises `ConfigError` for whatever could not be published."""
    chosen, after, before = publishing.look(tx, order)
    if after.hash == before.hash:
        raise ConfigError(f"version {order.number} of {order.collection!r} says what is in force: nothing to publish")
    draft = difference(tx, chosen, after, before)
    if (size := len(draft.facts[-1].value)) > LONGEST:
        raise ConfigError(
            f"the difference has {size:,} characters and a card shows {LONGEST:,}: publish it in parts, "
            "drafted with `loket policies draft DIR --only PATH`"
        )
    return draft


def difference(tx: Tx, chosen: Version, after: Content, before: Content) -> Draft:
    """What would change, however long that is; the last fact is the diff."""
    others = publishing.others(tx, chosen.collection)
    found = changes(before, after, tuple(others.values()))
    clashes = conflicts({**others, chosen.collection: after}, chosen.collection)
    same = versions.with_hash(tx, chosen.collection, before.hash)
    numbers = f"{same.number if same else '-'} → {chosen.number}"
    facts = [
        *_summary(found, clashes, chosen),
        Fact("version", numbers),
        Fact("drafted by", f"{chosen.author}, {chosen.drafted_at:%Y-%m-%d %H:%M} UTC, {chosen.origin}"),
        *_warnings(tx, chosen, before.hash),
        Fact("diff", "\n".join(found.lines())),
    ]
    return Draft(title=f"{chosen.collection}: version {numbers}", facts=tuple(facts))


def _summary(found: Changes, clashes: list[str], chosen: Version) -> Iterator[Fact]:
    """What is dangerous first: who may read more, what goes; then the rest."""
    rows = {
        "⚠ MORE people may read": found.wider(),
        "fewer people may read": found.narrower(),
        "removed": [one.path for one in found.removed],
        "added": [f"{one.path}: for {', '.join(sorted(one.readers[1]))}" for one in found.added],
        "changed": [f"{one.path}: {'; '.join(clauses_changed(one)) or 'its front matter'}" for one in found.changed],
        "when it holds": found.terms(),
        "conflicts": clashes,
        "characters that nobody sees, left out": list(chosen.unseen),
        "glossary": [f"{len(found.words)} lines of difference"] if found.words else [],
    }
    yield from (Fact(label, "\n".join(lines)) for label, lines in rows.items() if lines)


def _warnings(tx: Tx, chosen: Version, base: str) -> Iterator[Fact]:
    """A draft that was made beside something else would take back what came in force since: the diff shows it."""
    was = [one for one in versions.published(tx, chosen.collection) if one.number == chosen.number]
    if was or chosen.origin == FOUND:
        yield Fact("rolls back", "this version was in force before")
    elif chosen.base != base:
        yield Fact(
            "⚠ drafted beside another version",
            "something else has come in force since it was drafted: what that changed is in the diff, taken back",
        )


def _void_others(parts: GateParts, tx: Tx, order: Order) -> None:
    """Whatever else waits for this collection was shown against what is no longer in force."""
    void_waiting(
        parts,
        tx,
        PUBLISH,
        REASON,
        lambda action: action.action_id != order.action_id and action.arguments.get("collection") == order.collection,
    )


def _effect(collection: str, version: int) -> Effect:
    return Effect(reference=f"{collection} version {version}")
