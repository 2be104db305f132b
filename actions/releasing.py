"""`release_tool`: a version of an added tool comes in force only as a critical action of the gate, shown as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from actions.authors import RELEASE
from actions.outdated import void_outdated
from actions.parts import GateParts
from actions.rules import Rules, rule_of_document
from core.errors import ConfigError, Refused, ToolRetry
from core.people import Employee
from core.replies import Fact
from core.risk import Risk
from storage import Tx
from tools.added import versions
from tools.added.audience import Audience
from tools.added.document import ToolDocument, write_document
from tools.added.kinds import Way, kind_of
from tools.added.versions import InForce, Release, Version
from tools.context import ActionContext, Draft, Effect, ToolContext
from tools.registry import Registry, refuse_name
from tools.spec import NOBODY, Tool, tool

WHOLE = 10_000
"""Lines of context in a diff: the whole document, so that nobody approves a part of it."""

Name = Annotated[str, Field(max_length=64, description="the tool")]
Number = Annotated[int, Field(ge=1, description="the version to put in force; an earlier one rolls back")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="the hash of that version's document")]
Groups = Annotated[
    list[Annotated[str, Field(max_length=100)]], Field(max_length=20, description="offered to these first")
]
Places = Annotated[
    list[Annotated[str, Field(max_length=300, pattern=r"^[a-z]+(:[^/]+/.+)?$")]],
    Field(max_length=20, description="offered in these first: a channel (slack), or a room of it (slack:TENANT/ROOM)"),
]


def release_tool(parts: Callable[[], GateParts], admins: frozenset[str]) -> Tool:
    """The own tool; `parts` are the gate's, once it is there."""

    async def prepare(
        ctx: ToolContext,
        subject: Employee,
        name: str,
        version: int,
        document_hash: str,
        groups: list[str],
        places: list[str],
    ) -> Draft:
        del ctx, subject
        audience = Audience(frozenset(groups), frozenset(places))
        try:
            return await parts().database.read(lambda tx: _draft(parts(), tx, name, version, document_hash, audience))
        except ConfigError as error:
            raise ToolRetry(str(error)) from error

    @tool(risk=Risk.CRITICAL, subject=NOBODY, groups=admins, prepare=prepare)
    async def release_tool(
        ctx: ActionContext, name: Name, version: Number, document_hash: Hash, groups: Groups, places: Places
    ) -> Effect:
        """Put a version of an added tool in force, for everybody or first for some."""
        audience = Audience(frozenset(groups), frozenset(places))
        await parts().database.run(lambda tx: _release(parts(), tx, ctx.key, name, version, document_hash, audience))
        return Effect(reference=f"{name} version {version}")

    return release_tool


def _draft(parts: GateParts, tx: Tx, name: str, number: int, hash_: str, audience: Audience) -> Draft:
    """What two other admins are shown. Raises `ConfigError` for whatever could not be released."""
    chosen, document = _releasable(parts, tx, name, number, hash_, audience)
    state = versions.in_force(tx).get(name, InForce())
    before = state.canary or state.full
    if before is not None and (before.hash, before.audience) == (chosen.hash, audience):
        raise ConfigError(f"version {number} of {name!r} is in force: there is nothing to release")
    checked = versions.check_of(tx, name, hash_)
    facts = [
        Fact("version", f"{before.number if before else '-'} → {number}"),
        Fact("drafted by", f"{chosen.author}, {chosen.drafted_at:%Y-%m-%d %H:%M} UTC, {chosen.origin}"),
        Fact("checked", f"passed, {checked.by}, {checked.at:%Y-%m-%d %H:%M} UTC" if checked else "-"),
        Fact("offered to", audience.words() or "everybody"),
        Fact("diff", _diff(tx, document, chosen, before)),
    ]
    if before is not None and not before.audience.is_everybody:
        facts.insert(4, Fact("was offered to", before.audience.words()))
    return Draft(title=f"{name}: version {number} → {audience.words() or 'everybody'}", facts=tuple(facts))


def _diff(tx: Tx, document: ToolDocument, chosen: Version, before: Release | None) -> str:
    if before is None:
        return _lines("", write_document(document))
    if before.hash == chosen.hash:
        return "the document is the same; only who is offered it changes"
    row = versions.version(tx, before.name, before.number)
    return _lines(_readable(row), write_document(document))


def _readable(row: Version | None) -> str:
    """The document in force, for a diff; one that was tampered with shows as such and blocks no better version."""
    try:
        return write_document(row.read()) if row else ""
    except ConfigError as error:
        return f"# {error}\n"


def _lines(before: str, after: str) -> str:
    both = (before.splitlines(), after.splitlines())
    return "\n".join(difflib.unified_diff(*both, "in force", "new", n=WHOLE, lineterm=""))


def _release(parts: GateParts, tx: Tx, action_id: str, name: str, number: int, hash_: str, audience: Audience) -> None:
    """The effect: one transaction in which the version comes in force and what waits on older ones is voided."""
    try:
        chosen, _document = _releasable(parts, tx, name, number, hash_, audience)
        versions.release(tx, chosen, audience, action_id, "system:executor")
    except ConfigError as error:
        raise Refused("draft_changed") from error
    void_outdated(parts, tx, name)


def _releasable(
    parts: GateParts, tx: Tx, name: str, number: int, hash_: str, audience: Audience
) -> tuple[Version, ToolDocument]:
    """The version and its document, if it may come in force as things are now. Raises `ConfigError`."""
    chosen = versions.version(tx, name, number)
    if chosen is None or chosen.hash != hash_:
        raise ConfigError(f"{name!r} has no version {number} with that hash: look at `loket tools show {name}`")
    document = chosen.read()
    checked = versions.check_of(tx, name, hash_)
    if checked is None or not checked.passed:
        raise ConfigError(f"version {number} of {name!r} has not passed: run `loket tools check {name}` first")
    refuse_name(name, _other_names(parts, tx, name))
    _version, rules = parts.rules.current(tx)
    if document.risk is not Risk.READ:
        rule_of_document(rules, document)
    kind_of(document.kind).load(document, Way(role="web"))
    _refuse_another_rule(tx, document, audience, rules)
    return chosen, document


def _other_names(parts: GateParts, tx: Tx, name: str) -> list[str]:
    built_in = parts.registry.built_in if isinstance(parts.registry, Registry) else ()
    return [*built_in, *(other for other in versions.in_force(tx) if other != name)]


def _refuse_another_rule(tx: Tx, document: ToolDocument, audience: Audience, rules: Rules) -> None:
    """While some are offered a new version and the others the old, one rule holds for both: that of everybody's."""
    full = versions.in_force(tx).get(document.name, InForce()).full
    if audience.is_everybody or full is None:
        return
    row = versions.version(tx, full.name, full.number)
    if row is not None and _rule(rules, row.read()) != _rule(rules, document):
        raise ConfigError(f"the rule of {document.name!r} changes with this version: release it for everybody")


def _rule(rules: Rules, document: ToolDocument) -> object:
    return rule_of_document(rules, document) if document.risk is not Risk.READ else None


__all__ = ["RELEASE", "release_tool"]
