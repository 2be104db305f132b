"""What this package hands out: documents as they are listed, and the report of an ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

AUTHORITIES = ("regulation", "policy", "guidance", "runbook")
DEFAULT_AUTHORITY = "policy"
POLICY, ANSWER = "policy", "answer"
KINDS = (POLICY, ANSWER)


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says about itself. Empty values are filled from the settings.

    `audience` holds group names: a member of any of them may read. `supersedes` holds document ids. `kind` is
    `answer` for an owner's own answer to its `questions`; then `rests_on` holds the ids of the documents it rests on
    and `pair` the id of the same answer in another language. `notes` are sentences about what was left out.
    """

    document_id: str = ""
    title: str = ""
    address: str = ""
    owner: str = ""
    contact: str = ""
    audience: frozenset[str] = frozenset()
    applies_to: Mapping[str, object] = field(default_factory=dict)
    language: str = ""
    effective_from: date | None = None
    effective_until: date | None = None
    supersedes: tuple[str, ...] = ()
    authority: str = DEFAULT_AUTHORITY
    questions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    kind: str = POLICY
    rests_on: tuple[str, ...] = ()
    pair: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read. `text` is Markdown without front matter; `source_hash` covers all that was read of it."""

    path: str
    header: Header
    text: str
    source_hash: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document as an admin sees it in the list. `status` is current, superseded or upcoming today.

    `effective_until` is the last day it holds: its own, or the day before its replacement starts.
    """

    collection: str
    path: str
    document_id: str
    title: str
    owner: str
    contact: str
    language: str
    audience: frozenset[str]
    authority: str
    status: str
    effective_from: date | None
    effective_until: date | None
    passages: int
    ingested_at: datetime
    kind: str = POLICY
    applies_to: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it is kept: its place in the document, its whole text and the phrases people ask it by."""

    heading_path: tuple[str, ...]
    text: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A whole document as it is kept."""

    record: DocumentRecord
    passages: tuple[StoredPassage, ...]
    supersedes: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    pair: str = ""
    questions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was left out of an ingest, and a sentence that says what to do about it."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. Counts are documents, but `passages`, which is what the collection now holds.

    `ignored` counts files of types that are not policies. `rebuilt` says why all vectors were made anew, if they were.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    ignored: int = 0
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    rebuilt: str = ""
