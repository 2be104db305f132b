"""Names and kinds of files: a name as it may stand on a card and in a ticket, and whether content is what it claims.

Only kinds that do nothing by being opened are known here: no program, no script, no page, no archive, no document
that can hold macros. Signatures: RFC 9110 has none; those below are from the formats' own specifications (PDF 32000,
PNG, JFIF, GIF89a, RIFF, ISO 14496-12, EBML, TIFF 6, PKZIP APPNOTE).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from core.plain_text import one_line

MOST_CHARACTERS = 100
MEGABYTE = 1_000_000
"""Bytes, in limits as in what people read."""
_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]+")
_FORBIDDEN = re.compile(r'[<>:"|?*`\[\]{}@&;$%!#^~]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)  # names that Windows keeps for itself
_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|script|svg|\?xml)", re.IGNORECASE)
_PLAIN = {
    "csv": "csv",
    "markdown": "md",
    "text": "txt",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/plain": "txt",
}
_UNCLEAR = frozenset({"", "application/octet-stream", "binary/octet-stream"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file may be. `media_types` are those it may claim, the first is our name for it; `fits` reads it."""

    media_types: tuple[str, ...]
    fits: Callable[[bytes], bool]


def plain_name(name: str) -> str:
    """A name without folders, unseen or turning characters, or anything that a system or a chat could act on.

    At most 100 characters, the extension kept; never empty, never hidden, never the name of a device.
    """
    line = unicodedata.normalize("NFC", one_line(name))
    last = next((part for part in reversed(_SEPARATORS.split(line)) if part.strip(" .")), "")
    clean = " ".join(_FORBIDDEN.sub(" ", last).split()).strip(" .")
    clean = re.sub(r"\s+(?=\.[^.\s]+$)", "", clean)
    if _DEVICE.match(clean):
        clean = f"_{clean}"
    stem, dot, extension = clean.rpartition(".")
    if len(clean) > MOST_CHARACTERS and dot and len(extension) < 10:
        return f"{stem[: MOST_CHARACTERS - len(extension) - 1].rstrip(' .')}.{extension}"
    return clean[:MOST_CHARACTERS].rstrip(" .") or "file"


def with_ending(name: str, said: str) -> str:
    """A name without an ending with one, where what is said of the file (`text/csv`, `markdown`) is a plain text."""
    ending = _PLAIN.get(said.partition(";")[0].strip().lower())
    return name if ending is None or "." in name else f"{name}.{ending}"


def kind_of(name: str, media_type: str) -> Kind | None:
    """What a file claims to be, when that is something we take and its name and type say the same."""
    kind = KINDS.get(plain_name(name).rpartition(".")[2].lower()) if "." in plain_name(name) else None
    claimed = media_type.partition(";")[0].strip().lower()
    if kind is None or (claimed not in _UNCLEAR and claimed not in kind.media_types):
        return None
    return kind


def is_what_it_claims(content: bytes, name: str, media_type: str) -> bool:
    """Whether the content begins as a file of this name and type does."""
    kind = kind_of(name, media_type)
    return kind is not None and kind.fits(content)


def size_in_words(size: int) -> str:
    """A size in bytes as people read it: `812 B`, `12 kB`, `3.4 MB`."""
    if size < 1000:
        return f"{size} B"
    return f"{round(size / 1000)} kB" if size < 999_500 else f"{size / MEGABYTE:.1f} MB"


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signatures)


def _is_pdf(content: bytes) -> bool:
    return b"%PDF-" in content[:1024] and not content.startswith((b"MZ", b"PK", b"\x7fELF", b"#!"))


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _is_iso_media(content: bytes) -> bool:
    return content[4:8] == b"ftyp"


def _is_text(content: bytes) -> bool:
    """Readable as UTF-8 or UTF-16, and neither a page nor a program."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
        if b"\0" in content or _PAGE.match(content[:512].removeprefix(b"\xef\xbb\xbf")) or content.startswith(b"#!"):
            return False
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace") if encoding == "utf-8-sig" else "\0"
    return "\0" not in text and sum(c < " " and c not in "\t\r\n\f\x1b" for c in text[:4096]) == 0


_ZIP = _starts(b"PK\x03\x04")
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_JPEG = Kind(("image/jpeg", "image/jpg", "image/pjpeg"), _starts(b"\xff\xd8\xff"))
_TIFF = Kind(("image/tiff",), _starts(b"II*\0", b"MM\0*"))
_TEXT = Kind(("text/plain", "text/x-log", "text/markdown", "text/x-markdown"), _is_text)

KINDS: dict[str, Kind] = {
    "pdf": Kind(("application/pdf", "application/x-pdf"), _is_pdf),
    "png": Kind(("image/png",), _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": Kind(("image/gif",), _starts(b"GIF87a", b"GIF89a")),
    "webp": Kind(("image/webp",), _is_webp),
    "heic": Kind(("image/heic", "image/heif"), _is_iso_media),
    "tif": _TIFF,
    "tiff": _TIFF,
    "txt": _TEXT,
    "log": _TEXT,
    "md": _TEXT,
    "csv": Kind(("text/csv", "text/plain", "application/csv", "application/vnd.ms-excel"), _is_text),
    "docx": Kind((f"{_OFFICE}.wordprocessingml.document",), _ZIP),
    "xlsx": Kind((f"{_OFFICE}.spreadsheetml.sheet",), _ZIP),
    "pptx": Kind((f"{_OFFICE}.presentationml.presentation",), _ZIP),
    "odt": Kind((f"{_OPEN}.text",), _ZIP),
    "ods": Kind((f"{_OPEN}.spreadsheet",), _ZIP),
    "odp": Kind((f"{_OPEN}.presentation",), _ZIP),
    "mp4": Kind(("video/mp4",), _is_iso_media),
    "mov": Kind(("video/quicktime",), _is_iso_media),
    "webm": Kind(("video/webm",), _starts(b"\x1a\x45\xdf\xa3")),
}
"""By extension, everything that is taken along."""
