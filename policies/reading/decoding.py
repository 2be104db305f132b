"""Bytes of a text file to text, whatever office program wrote them."""

from __future__ import annotations

import codecs

from core.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY_SHARE = 0.02  # control characters in a text: a page break now and then, not more


def decode(content: bytes, path: str) -> str:
    """UTF-8, UTF-16/32 by its byte order mark, else Windows-1252. Raises DocumentError for what is no text."""
    try:
        text = _decode(content)
    except UnicodeDecodeError as error:
        raise DocumentError(path, "is not readable text; save it as UTF-8 and ingest again.") from error
    if not text.strip():
        raise DocumentError(path, "is empty; write its text or delete the file.")
    controls = sum(1 for char in text if (char < " " and char not in "\t\n\r\f\v") or char == "\ufffd")
    if controls > max(3, len(text) * _BINARY_SHARE):
        raise DocumentError(path, "is not text but binary data; give it its real file ending or delete it.")
    return text


def _decode(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")
