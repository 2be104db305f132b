"""One file to one document: its header, its text as Markdown, and a hash of all that was read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from core.errors import DocumentError
from core.plain_text import visible
from policies.passages import sections
from policies.reading import frontmatter, webpage
from policies.reading.decoding import decode
from policies.reading.folder import CONVERTED, SIDECAR, SourceFile
from policies.reading.language import detect
from policies.records import ANSWER, Document, Header
from policies.settings import PolicySettings

FORMAT = "2"  # of the parser: raise it when the same file would be read differently, and all are read again


ANSWER_CHARS = 1_500  # an owner's own answer is shown whole


class Converts(Protocol):
    """Turns an office or web file into Markdown. Raises DocumentError."""

    def convert(self, file: Path, path: str) -> str:
        """The text of `file` as Markdown."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file and of its sidecar (empty without one)."""

    entry: SourceFile
    content: bytes
    sidecar: bytes
    source_hash: str


def load(entry: SourceFile, settings: PolicySettings) -> Source:
    """Read the bytes of a file that is not too large. Raises DocumentError."""
    try:
        size = entry.file.stat().st_size
        if size > settings.max_document_mb * 1_000_000:
            sentence = f"has {size / 1e6:.0f} MB, over the {settings.max_document_mb:.0f} MB allowed; split it"
            raise DocumentError(entry.path, f"{sentence}, or raise the setting max_document_mb.")
        content = entry.file.read_bytes()
        beside = entry.file.with_name(entry.file.name + SIDECAR)
        sidecar = beside.read_bytes()[: frontmatter.MAX_CHARS + 1] if _is_plain_file(beside) else b""
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise DocumentError(entry.path, f"cannot be read ({reason}); give the service the right to read it.") from error
    return Source(entry, content, sidecar, _hash(content, sidecar, settings))


def parse(source: Source, settings: PolicySettings, converter: Converts) -> Document:
    """The document in a file. Raises DocumentError with a sentence that says what to do."""
    path = source.entry.path
    if not source.content.strip():
        raise DocumentError(path, "is empty; write its text or delete the file.")
    header, text = _read(source, converter)
    if source.sidecar:
        header = frontmatter.parse(visible(decode(source.sidecar, path + SIDECAR)), path + SIDECAR, first_line=1)
    text = visible(text)
    if not text.strip():
        raise DocumentError(path, "holds no text; a scan needs text recognition first, an empty page can be deleted.")
    if len(text.split()) > settings.max_document_words:
        raise DocumentError(path, f"has over {settings.max_document_words} words; split it into several documents.")
    _check_dates(header, path)
    if header.kind == ANSWER and (len(text) > ANSWER_CHARS or len(sections(text)) != 1):
        sentence = f"is an answer, shown whole: write at most {ANSWER_CHARS} characters without headings"
        raise DocumentError(path, f"{sentence}, or make it a policy.")
    return Document(path, _filled(header, path, text, settings), text, source.source_hash)


def _read(source: Source, converter: Converts) -> tuple[Header, str]:
    path = source.entry.path
    if source.entry.suffix not in CONVERTED:
        front, body = frontmatter.split(_text(source), path)
        return (frontmatter.parse(front, path) if front else Header()), body
    if source.entry.suffix not in (".html", ".htm"):
        return Header(), converter.convert(source.entry.file, path)
    front, page = frontmatter.split(_text(source), path)
    header = frontmatter.parse(front, path) if front else webpage.header(page, path)
    return header, converter.convert(source.entry.file, path)


def _text(source: Source) -> str:
    # Front matter is found before invisible characters are dropped and after line ends are one.
    return visible(decode(source.content, source.entry.path))


def _filled(header: Header, path: str, text: str, settings: PolicySettings) -> Header:
    """Empty keys from the text or the settings."""
    return replace(
        header,
        title=header.title or _title(path, text),
        owner=header.owner or settings.default_owner,
        contact=header.contact or settings.default_contact,
        audience=header.audience or frozenset(settings.default_audience),
        language=header.language or detect(text, settings.default_language),
    )


def _title(path: str, text: str) -> str:
    first = next((section.heading_path[0] for section in sections(text) if section.heading_path), "")
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("-", " ").replace("_", " ").strip()
    return (first or name.capitalize() or path)[: frontmatter.NAME_CHARS]


def _check_dates(header: Header, path: str) -> None:
    if header.effective_from and header.effective_until and header.effective_until < header.effective_from:
        raise DocumentError(path, "ends before it starts: effective_until is earlier than effective_from.")


def _hash(content: bytes, sidecar: bytes, settings: PolicySettings) -> str:
    defaults = f"{settings.default_owner}|{settings.default_contact}|{sorted(settings.default_audience)}"
    digest = hashlib.sha256(f"{FORMAT}|{defaults}|{settings.default_language}|{len(content)}|".encode())
    digest.update(content)
    digest.update(sidecar)
    return digest.hexdigest()


def _is_plain_file(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()
