"""The versions of added tools: drafted by an admin, checked, released through the gate, rolled back, retired.

A version is never changed. Releases are only ever added to, and what is in force follows from them in order, so that
everybody who reads them agrees. A hash binds check, release and document to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.errors import ConfigError
from storage import AuditEntry, Tx, now
from storage.audit import record
from tools.added.audience import EVERYBODY, Audience
from tools.added.document import ToolDocument, canonical, document_hash, from_canonical
from tools.added.tables import tool_checks, tool_releases, tool_versions

Act = Literal["released", "canary", "withdrawn", "retired"]
TRIES = 20


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `author` is `employee:…`, or `operator:…` for somebody at a shell; `origin` the channel."""

    name: str
    number: int
    document: str
    hash: str
    author: str
    origin: str
    drafted_at: datetime

    def read(self) -> ToolDocument:
        """The document. Raises `ConfigError` when the row is not what was drafted, or no longer fits the form."""
        if hashlib.sha256(self.document.encode(errors="replace")).hexdigest() != self.hash:
            raise ConfigError(f"version {self.number} of {self.name!r} is not what its hash says: the row was changed")
        document = from_canonical(self.document)
        if document.name != self.name:
            raise ConfigError(f"version {self.number} of {self.name!r} describes {document.name!r}")
        return document


@dataclass(frozen=True, slots=True)
class Checked:
    """What `loket tools check` said of exactly one document. `report` is the checks' own, as JSON values."""

    passed: bool
    report: Any
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """One step in the life of a tool: a version came in force (for `audience`), or something was taken away."""

    edition: int
    name: str
    number: int
    hash: str
    act: Act
    audience: Audience
    action_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force of one tool: the version for everybody and the one that some are offered first."""

    full: Release | None = None
    canary: Release | None = None

    @property
    def releases(self) -> tuple[Release, ...]:
        """Those there are; the canary first, because it goes before where it applies."""
        return tuple(one for one in (self.canary, self.full) if one is not None)


def draft(tx: Tx, document: ToolDocument, author: str, origin: str) -> Version:
    """Keep a draft as the next version. The same document twice in a row is one version.

    Raises `ConfigError` for a document that has no canonical form.
    """
    text, hash_ = canonical(document).decode(), document_hash(document)
    for _ in range(TRIES):
        last = newest(tx, document.name)
        if last is not None and last.hash == hash_:
            return last
        values: dict[str, Any] = {
            "name": document.name,
            "number": last.number + 1 if last else 1,
            "document": text,
            "hash": hash_,
        }
        values |= {"author": author[:120], "origin": origin[:60], "drafted_at": now(tx)}
        if tx.add(tool_versions, **values):
            _note(
                tx,
                "tool.drafted",
                f"{document.name}:{values['number']}",
                author,
                "draft",
                hash=hash_,
                kind=document.kind,
            )
            return Version(**values)
    raise ConfigError(f"{document.name!r} is being drafted by somebody else at this moment: try again")


def version(tx: Tx, name: str, number: int) -> Version | None:
    """One version."""
    wanted = sa.select(tool_versions).where(tool_versions.c.name == name, tool_versions.c.number == number)
    row = tx.execute(wanted).first()
    return Version(**row._mapping) if row else None


def newest(tx: Tx, name: str) -> Version | None:
    """The version with the highest number, released or not."""
    wanted = sa.select(tool_versions).where(tool_versions.c.name == name).order_by(tool_versions.c.number.desc())
    row = tx.execute(wanted.limit(1)).first()
    return Version(**row._mapping) if row else None


def versions(tx: Tx, name: str) -> list[Version]:
    """All versions that are kept, oldest first."""
    wanted = sa.select(tool_versions).where(tool_versions.c.name == name).order_by(tool_versions.c.number)
    return [Version(**row._mapping) for row in tx.execute(wanted)]


def names(tx: Tx) -> list[str]:
    """Every added tool of which a version is kept."""
    return list(tx.execute(sa.select(tool_versions.c.name).distinct().order_by(tool_versions.c.name)).scalars())


def record_check(tx: Tx, name: str, hash_: str, *, passed: bool, report: Any, by: str) -> None:
    """Keep what a check said of exactly this document; the newest result counts."""
    text = json.dumps(report, ensure_ascii=False)
    replaces = ("passed", "report", "by", "at")
    tx.put(tool_checks, replaces=replaces, name=name, hash=hash_, passed=passed, report=text, by=by[:120], at=now(tx))
    _note(tx, "tool.checked", name, by, "passed" if passed else "failed", hash=hash_)


def check_of(tx: Tx, name: str, hash_: str) -> Checked | None:
    """What the newest check of exactly this document said."""
    wanted = sa.select(tool_checks).where(tool_checks.c.name == name, tool_checks.c.hash == hash_)
    row = tx.execute(wanted).first()
    return Checked(row.passed, json.loads(row.report), row.by, row.at) if row else None


def release(tx: Tx, chosen: Version, audience: Audience, action_id: str, actor: str) -> Release:
    """Put a version in force, for everybody or first for some. Called by the executor for an approved action.

    The same action twice is one release.
    """
    act: Act = "released" if audience.is_everybody else "canary"
    return _add(tx, act, chosen.name, chosen.number, chosen.hash, audience, action_id, actor)


def retire(tx: Tx, name: str, actor: str, action_id: str) -> Release | None:
    """Take a tool away. It only takes away, so it needs no second person; to bring it back is a release."""
    now_ = in_force(tx).get(name, InForce())
    if not now_.releases:
        return None
    last = now_.releases[0]
    return _add(tx, "retired", name, last.number, last.hash, EVERYBODY, action_id, actor)


def withdraw_canary(tx: Tx, name: str, actor: str, action_id: str) -> Release | None:
    """Take the version away that only some were offered; the others' stays as it is. None when there is none."""
    canary = in_force(tx).get(name, InForce()).canary
    if canary is None:
        return None
    return _add(tx, "withdrawn", name, canary.number, canary.hash, canary.audience, action_id, actor)


def is_added(tx: Tx, name: str) -> bool:
    """Was a version of a tool of this name ever released?"""
    return (
        tx.execute(sa.select(tool_releases.c.edition).where(tool_releases.c.name == name).limit(1)).first() is not None
    )


def edition(tx: Tx) -> int:
    """The number of the last release of any tool; 0 before the first. One look into an index."""
    return tx.execute(sa.select(sa.func.max(tool_releases.c.edition))).scalar() or 0


def releases(tx: Tx, name: str = "") -> list[Release]:
    """All steps, or those of one tool, in order."""
    wanted = sa.select(tool_releases).order_by(tool_releases.c.edition)
    rows = tx.execute(wanted.where(tool_releases.c.name == name) if name else wanted)
    return [Release(**{**row._mapping, "audience": Audience.of(row.audience)}) for row in rows]


def in_force(tx: Tx) -> dict[str, InForce]:
    """What is in force, by name, in the order in which the tools first came."""
    found: dict[str, InForce] = {}
    for step in releases(tx):
        before = found.get(step.name, InForce())
        found[step.name] = _after(before, step)
    return {name: one for name, one in found.items() if one.releases}


def _after(before: InForce, step: Release) -> InForce:
    match step.act:
        case "released":
            return InForce(step)
        case "canary":
            return InForce(before.full, step)
        case "withdrawn":
            return InForce(before.full)
        case _:  # retired, and whatever a later version may write: what is not understood is not in force
            return InForce()


def earlier(tx: Tx, name: str) -> Sequence[int]:
    """The numbers that were in force for everybody before, the last first, without the one that is: to roll back to."""
    present = in_force(tx).get(name, InForce()).full
    before = [step.number for step in releases(tx, name) if step.act == "released"]
    return [number for number in dict.fromkeys(reversed(before)) if present is None or number != present.number]


def _add(
    tx: Tx, act: Act, name: str, number: int, hash_: str, audience: Audience, action_id: str, actor: str
) -> Release:
    same = sa.select(tool_releases).where(tool_releases.c.action_id == action_id)
    for _ in range(TRIES):
        if (row := tx.execute(same).first()) is not None:
            return Release(**{**row._mapping, "audience": Audience.of(row.audience)})
        values: dict[str, Any] = {"edition": edition(tx) + 1, "name": name, "number": number, "hash": hash_, "act": act}
        values |= {"action_id": action_id, "at": now(tx)}
        if tx.add(tool_releases, audience=audience.encoded(), **values):
            _note(tx, f"tool.{act}", f"{name}:{number}", actor, act, request=action_id, hash=hash_, to=audience.words())
            return Release(audience=audience, **values)
    raise ConfigError("another tool is being released at this moment: try again")


def _note(tx: Tx, verb: str, what: str, actor: str, result: str, *, request: str = "", **payload: str) -> None:
    entry = AuditEntry(actor[:120], verb, object=f"tool:{what}", result=result, request=request, payload=payload)
    record(tx, entry)
