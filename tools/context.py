"""What a tool is handed: who asks, about whom, and the systems it may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from connectors.accounts import Account
from core.people import Employee
from core.ports import Passage
from core.replies import Fact
from tools.systems import ChangeSystems, ReadSystems


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Reading in a turn. `requester` comes from the verified channel; no argument can change it."""

    requester: Employee
    language: str
    now: datetime
    systems: ReadSystems


@dataclass(frozen=True, slots=True)
class ActionContext:
    """Changing, in the executor, after approval. `key` is the action's id: the idempotency key of every effect.

    `account` is the subject's account where the tool is about one; `credential` the temporary one where it issues one.
    """

    key: str
    requester: Employee
    subject: Employee
    account: Account | None
    credential: SecretStr | None
    claimed_at: datetime
    systems: ChangeSystems


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action did: `reference` (a ticket id, an account id) and `address` (a link) where there are any.

    `made` is a credential that the outside system made itself, in place of the one it was given, and `made_minutes`
    how long it works (0: not known). The executor takes it out, and seals it, before anything is kept or said.
    """

    reference: str = ""
    address: str = ""
    made: SecretStr | None = field(default=None, repr=False, compare=False)
    made_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What a tool's `prepare` found out without changing anything.

    `title` says in the requester's language what will happen; `facts` are lines for the card besides the
    arguments; `notice` is said to the requester with the draft (a duplicate ticket, a known outage).
    """

    title: str
    facts: tuple[Fact, ...] = ()
    notice: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a read tool gives back: `text` for the model (data, never instructions) and lines for the person.

    `personal` marks a result that may only be shown to the requester; `empty` says nothing was found; `passages`
    are what the answer may cite.
    """

    text: str
    facts: tuple[Fact, ...] = ()
    personal: bool = False
    empty: bool = False
    passages: tuple[Passage, ...] = ()
