"""The seams of the house: what one room needs of another without knowing who gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.events import Address, Click, Message
from core.feedback import Feedback
from core.replies import Reply


@dataclass(frozen=True, slots=True)
class Decision:
    """What a click led to. `accepted` is false when nothing changed; `text` is said to the person who clicked."""

    accepted: bool
    text: str
    state: str


class Desk(Protocol):
    """All that a channel may call."""

    async def receive(self, message: Message) -> None:
        """Store the event durably, then return; the same `event_id` twice has no further effect."""

    async def decide(self, click: Click) -> Decision:
        """Apply a click to the action it names, or say why not."""

    async def feedback(self, given: Feedback) -> str:
        """Keep what somebody thought of a reply; returns what is said to them."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show. Code asks this, never which channel it is."""

    updates: bool = True
    private_notices: bool = True
    modals: bool = False
    streaming: bool = False
    max_chars: int = 4000


class Channel(Protocol):
    """A place where people talk, as delivery sees it."""

    @property
    def name(self) -> str:
        """The `channel` of the addresses it serves."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can show."""

    async def send(self, address: Address, reply: Reply, key: str) -> str:
        """Post; returns the channel's own id of the post. `key` lets a channel that can drop a repeat do so."""

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """Replace an earlier post, named by what `send` returned."""

    async def direct(self, tenant: str, user: str) -> Address:
        """The direct chat of one user."""


@runtime_checkable
class Live(Protocol):
    """Somewhere an answer can be seen while it is being written.

    What it shows is a preview: only the reply that is delivered afterwards counts, and takes its place.
    """

    async def begun(self, message: Message) -> None:
        """The desk has begun to think about `message`: the first sign of life, at most once a turn."""

    async def sentence(self, message: Message, text: str) -> None:
        """The next checked sentence of the answer to `message`: Markdown, with the number of its source."""

    async def withdraw(self, message: Message) -> None:
        """What was shown of the answer to `message` no longer counts: another answer comes, or none."""


class Embedder(Protocol):
    """Texts to vectors whose dot product is their similarity (unit length)."""

    @property
    def name(self) -> str:
        """Model name and version: part of every index's identity."""

    @property
    def dimension(self) -> int:
        """Length of one vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, float32, shape (len(texts), dimension). Blocking: call it in a thread."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """One action as its requester sees it in a list."""

    action_id: str
    title: str
    state: str
    created_at: datetime
    waits_for: str = ""
    reference: str = ""


class Requests(Protocol):
    """How a read tool lists the requester's own actions without knowing the ledger."""

    async def mine(self, employee_id: str, limit: int = 10) -> Sequence[RequestSummary]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a policy with its place. `text` is the whole section around the hit; `score` orders hits only.

    `status` is `current`, `superseded` or `upcoming` on the asked date. `similarity` is the cosine of the best
    vector with the query, in -1..1. `coverage` is the share, 0..1, of the question's telling words that the section
    has, rare words counting more; a word counts as there when one that the glossary says means the same is.

    `effective_until` is the last day it holds: its own, or the day before its replacement starts. `as_of` is the
    asked date when one was asked (`in_past`: it lies before today), and `status_now` what `status` is today.
    `applies_to` holds for whom it is meant, by key (site, grade, contract), empty for everybody, and `fits` whether the
    person who asks is: `yes`, `no` or `unknown`; empty where nobody was asked for. `kind` is `answer` for an owner's
    own answer, and `outranks` says that the question is one it is the answer to; `rests_on` names the documents behind
    it that may be read.
    """

    passage_id: str
    path: str
    heading: str
    heading_path: tuple[str, ...]
    text: str
    score: float
    similarity: float
    title: str
    owner: str
    contact: str
    language: str
    collection: str
    authority: str
    audience: frozenset[str]
    address: str = ""
    status: str = "current"
    effective_from: date | None = None
    effective_until: date | None = None
    coverage: float = 0.0
    as_of: date | None = None
    in_past: bool = False
    status_now: str = "current"
    applies_to: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kind: str = "policy"
    outranks: bool = False
    rests_on: tuple[str, ...] = ()
    fits: str = ""


class PolicySearch(Protocol):
    """Search over the passages that a set of groups may read."""

    async def search(self, query: str, groups: frozenset[str], k: int = 5, on: date | None = None) -> Sequence[Passage]:
        """Best first. Rights decide which collections are searched; `on` defaults to today."""
