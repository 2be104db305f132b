"""What this package hands out: documents as they are listed, and the report of an ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

AUTHORITIES = ("regulation", "policy", "guidance", "runbook")
DEFAULT_AUTHORITY = "policy"


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says about itself. Empty values are filled from the settings.

    `audience` holds group names: a member of any of them may read. `supersedes` holds document ids.
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


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read. `text` is Markdown without front matter; `source_hash` covers all that was read of it."""

    path: str
    header: Header
    text: str
    source_hash: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document as an admin sees it in the list. `status` is current, superseded or upcoming today."""

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
