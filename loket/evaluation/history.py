"""Earlier runs, kept as JSON in the home folder: `eval/NAME-TIME.json`, the newest twenty of each set of files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from core.errors import ConfigError
from loket.evaluation.report import Run, as_json, from_json

KEPT = 20
LAST = "last"


class History:
    """The runs below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, run: Run) -> Path:
        """Keep a run and drop the oldest. Raises `ConfigError` when the folder cannot be written."""
        file = self._folder / f"{_name(run.files)}-{run.at:%Y%m%dT%H%M%S%f}.json"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            half = file.with_suffix(".part")
            half.write_text(json.dumps(as_json(run), ensure_ascii=False, indent=1), encoding="utf-8")
            half.replace(file)
            for old in self._runs(run.files)[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"the run cannot be kept in {self._folder}: {error.strerror}") from error
        return file

    def find(self, against: str, files: Iterable[str]) -> Run | None:
        """The run to compare with: the newest of these files for `last` (None when there is none), else a file.

        Raises `ConfigError` for a file that holds no run.
        """
        if against != LAST:
            return _read(Path(against))
        kept = self._runs(files)
        return _read(kept[-1]) if kept else None

    def _runs(self, files: Iterable[str]) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob(f"{_name(files)}-*.json"))


def _name(files: Iterable[str]) -> str:
    """One readable name for a set of files, whatever their order."""
    names = sorted(files)
    whole = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
    first = "".join(letter for letter in Path(names[0]).stem if letter.isalnum() or letter in "-_")[:40]
    return f"{first}-{len(names)}-{whole}"


def _read(file: Path) -> Run:
    try:
        return from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; --against takes `last` or a kept run") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file} holds no run; --against takes `last` or a file that --save wrote") from error
