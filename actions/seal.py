"""The seal: the hash over exactly what will run. Votes are cast on it; any drift voids them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

import rfc8785

from actions.records import Action
from core.errors import ToolRetry
from core.replies import Fact


def new_nonce() -> str:
    """128 random bits, as hex."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Exactly what will run, for whom, under which rules and until when; and what cards say of it besides."""

    tool: str
    tool_hash: str
    arguments: dict[str, Any]
    requester_id: str
    subject_id: str
    account_id: str | None
    rule_version: int
    nonce: str
    expires_at: datetime
    title: str
    facts: tuple[Fact, ...]

    def row(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {**asdict(self), "facts": as_lists(self.facts)}

    def hash(self) -> str:
        """SHA-256 over canonical JSON (RFC 8785). Arguments have passed the tool's strict model before."""
        sealed = {**self.row(), "expires_at": self.expires_at.astimezone(UTC).isoformat(timespec="microseconds")}
        return hashlib.sha256(rfc8785.dumps(sealed)).hexdigest()


def as_lists(facts: Sequence[Fact]) -> list[list[str]]:
    """Labels and values, as JSON keeps them."""
    return [[fact.label, fact.value] for fact in facts]


def sealable(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, if they have one canonical form. Raises `ToolRetry` for numbers and text that have none."""
    try:
        rfc8785.dumps(arguments)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ToolRetry("an argument holds a number or a character that cannot be kept exactly") from error
    return arguments


def seal_of(action: Action) -> str:
    """The seal computed anew from the stored row: must equal `action.seal` and the seal of every vote."""
    return Sealed(**{part.name: getattr(action, part.name) for part in fields(Sealed)}).hash()
