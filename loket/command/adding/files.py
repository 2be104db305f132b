"""Files that an admin brings: read within bounds, and only the file that was named."""

from __future__ import annotations

import stat
from pathlib import Path

from core.errors import ConfigError
from tools.added.document import ToolDocument, read_document
from tools.added.form_reading import read_form

LARGEST_DOCUMENT = 400_000
"""Bytes of a tool document in YAML; its canonical form may have half."""
LARGEST_SOURCE = 5_000_000
"""Bytes of a description of an interface."""
DEEPEST = 60
"""How far brackets may be nested, before any YAML reader sees them."""


def read_text(path: Path, most: int) -> str:
    """The text of one ordinary file. Raises `ConfigError` for one that is none, too large, or no UTF-8 text."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path} is no file")
        if found.st_size > most:
            raise ConfigError(f"{path} is larger than {most // 1000} kB: that is no such document")
        with path.open("rb") as file:
            text = file.read(most + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: {getattr(error, 'strerror', None) or 'no UTF-8'}") from error
    refuse_deep(text, str(path))
    return text


def refuse_deep(text: str, name: str) -> None:
    """Raises `ConfigError` for brackets within brackets without end, and for indentation as deep."""
    depth = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ConfigError(f"{name} is nested too deeply")
        elif letter in "]}":
            depth = max(0, depth - 1)
    if any(line.startswith(" " * 4 * DEEPEST) and line.strip() for line in text.splitlines()):
        raise ConfigError(f"{name} is nested too deeply")


def document_in(path: Path) -> ToolDocument:
    """The tool document, or the form, in a YAML file. Raises `ConfigError` that names the line and the fix."""
    return document_of_text(read_text(path, LARGEST_DOCUMENT), path.name)


def document_of_text(text: str, name: str) -> ToolDocument:
    """The same for a text. A form may leave out its arguments and labels: they are made from its fields."""
    if "kind: form" in text and "\narguments:" not in text:
        return read_form(text, name)
    return read_document(text, name)
