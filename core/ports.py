"""Protocols between packages: what one needs of another without importing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.events import Address, Click, Message, Stop
from core.feedback import Feedback
from core.fields import Filled, Filling, Form, FormWanted
from core.front_page import FrontPage, RequestSummary
from core.people import ChannelIdentity, Standing
from core.replies import Card, Link, Reply


@dataclass(frozen=True, slots=True)
class Decision:
    """What a click led to. `accepted` is false when nothing changed; `text` is said to the person who clicked.

    `links` are for that person alone: what is asked of them goes on there.
    """

    accepted: bool
    text: str
    state: str
    links: tuple[Link, ...] = ()


class Desk(Protocol):
    """All that a channel may call."""

    async def receive(self, message: Message) -> None:
        """Store the event durably, then return; the same `event_id` twice has no further effect."""

    async def decide(self, click: Click) -> Decision:
        """Apply a click to the action it names, or say why not."""

    async def feedback(self, given: Feedback) -> str:
        """Keep what somebody thought of a reply; returns what is said to them."""

    async def stop(self, stop: Stop) -> bool:
        """Let what is not answered yet end as `stopped`; false when there was nothing. The person hears of it."""

    async def front_page(self, identity: ChannelIdentity, standing: Standing = Standing.MEMBER) -> FrontPage:
        """What this person sees before they ask anything; of a stranger's, only who to turn to."""

    async def card(
        self, identity: ChannelIdentity, action_id: str, standing: Standing = Standing.MEMBER
    ) -> Card | None:
        """The card of one action as this person may see it: its requester's or an approver's; None for others."""

    async def form(self, wanted: FormWanted) -> Form | None:
        """The form of a tool that this person is offered, or of their own draft; None where there is none for them."""

    async def fill(self, filled: Filled) -> Filling:
        """Check a form that somebody sent and have a draft made of it, which follows in the chat.

        The same `event_id` twice makes one draft. What is wrong is said at its field, and nothing is kept.
        """


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

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """Post; returns the channel's own id of the post. `key` lets a channel that can drop a repeat do so.

        `again`: an earlier try may have got through without our hearing of it.
        """

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """Replace an earlier post, named by what `send` returned."""

    async def direct(self, tenant: str, user: str) -> Address:
        """The direct chat of one user."""


@runtime_checkable
class Attentive(Protocol):
    """Somewhere people see at once that what they wrote was taken in, before anybody begins to think about it."""

    async def taken(self, message: Message, busy: str = "") -> None:
        """`message` is stored and will be looked at. Told by whoever took it in, and never after its answer.

        `busy` says in the person's language how long that may take; it is empty unless it is long.
        """


@runtime_checkable
class Live(Protocol):
    """Somewhere an answer can be seen while it is being written.

    What it shows is a preview: only the reply that is delivered afterwards counts, and takes its place.
    """

    async def begun(self, message: Message) -> None:
        """The desk has begun to think about `message`: at most once a turn."""

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
