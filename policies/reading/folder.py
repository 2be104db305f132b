"""What stands in a folder of policies: the files to read, and those left alone with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from policies.glossary import NAMES
from policies.records import Problem

TEXT = frozenset({".md", ".markdown", ".txt"})
CONVERTED = frozenset({".html", ".htm", ".pdf", ".docx", ".xlsx"})
SIDECAR = ".yaml"  # `pay-scales.pdf.yaml` is the front matter of `pay-scales.pdf`


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that may be a policy. `path` is what people see: the folder's name, then the way below it."""

    path: str
    file: Path

    @property
    def suffix(self) -> str:
        """The file ending, in lower case, with its dot."""
        return self.file.suffix.lower()


@dataclass(frozen=True, slots=True)
class Scan:
    """The content of a folder, in order of path. `ignored` counts files of other types."""

    root: Path
    name: str
    files: tuple[SourceFile, ...]
    problems: tuple[Problem, ...]
    ignored: int
    whole: bool


def scan(source: Path) -> Scan:
    """Look through a folder, or at one file. Links are never followed. Raises ConfigError when nothing is there."""
    source = source.expanduser().absolute()
    source = source.parent.resolve() / source.name if source.name not in ("", "..") else source.resolve()
    if source.is_file():
        path = f"{source.parent.name}/{source.name}"
        return Scan(source.parent, source.parent.name, (SourceFile(path, source),), (), 0, whole=False)
    if not source.is_dir():
        raise ConfigError(f"there is no folder {str(source)!r}; check the name and ingest again")
    files: list[SourceFile] = []
    problems: list[Problem] = []
    ignored = 0
    for entry in _walk(source, source, source.name, problems):
        if entry.suffix in TEXT or entry.suffix in CONVERTED:
            files.append(entry)
        elif not (entry.file.parent == source and entry.file.name in NAMES):
            ignored += 1
    files.sort(key=lambda entry: entry.path)
    return Scan(source, source.name, tuple(files), tuple(problems), ignored, whole=True)


def _walk(folder: Path, root: Path, prefix: str, problems: list[Problem]) -> Iterator[SourceFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(prefix, f"cannot be opened ({error.strerror}); give the service the right to read it."))
        return
    for entry in entries:
        path = f"{prefix}/{_printable(entry.name)}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            problems.append(_link(Path(entry.path), root, path))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), root, path, problems)
        elif entry.is_file(follow_symlinks=False):
            yield SourceFile(path, Path(entry.path))


def _link(link: Path, root: Path, path: str) -> Problem:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # Python 3.11 raises RuntimeError for a link that leads to itself
        return Problem(path, "is a link that leads nowhere or in a circle; it was not followed. Delete it.")
    where = "inside this folder" if target.is_relative_to(root.resolve()) else "out of this folder"
    return Problem(path, f"is a link {where}; links are not followed. Put the file itself here.")


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")
