"""The home folder: all state of the embedded form, and the lock that says which process owns it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that works on the home folder, and the command it was started with."""

    pid: int
    command: str


class Home:
    """The folder and where in it things are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def lock_file(self) -> Path:
        """Names the owning process."""
        return self.folder / "owner.json"

    @property
    def index(self) -> Path:
        """Both policy indexes."""
        return self.folder / "index"

    @property
    def world(self) -> Path:
        """The embedded outside systems and what they sent."""
        return self.folder / "world"

    @property
    def keys(self) -> Path:
        """Sealing and envelope keys; readable by the owner only."""
        return self.folder / "keys"

    @property
    def log(self) -> Path:
        """JSON lines, one event each."""
        return self.folder / "log" / "loket.jsonl"

    @property
    def queue(self) -> str:
        """The URL of the queue database."""
        return f"sqlite:///{self.folder / 'queue.sqlite'}"

    def create(self) -> None:
        """Make the folder, for its owner only. Raises `ConfigError` when that cannot be."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.log.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise ConfigError(f"LOKET_HOME={self.folder} cannot be made or written: {error.strerror}") from error

    def owner(self) -> Owner | None:
        """The live process that owns the folder, if any. A lock of a dead process counts as none."""
        try:
            values = json.loads(self.lock_file.read_text(encoding="utf-8"))
            owner = Owner(int(values["pid"]), str(values["command"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return owner if _is_alive(owner.pid) else None

    @contextmanager
    def owned(self, command: str) -> Iterator[None]:
        """Own the folder while the block runs. Raises `ConfigError` when another live process does."""
        self.create()
        self._take(command)
        try:
            yield
        finally:
            self.lock_file.unlink(missing_ok=True)

    def _take(self, command: str) -> None:
        text = json.dumps({"pid": os.getpid(), "command": command})
        for _ in range(2):
            try:
                with self.lock_file.open("x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                owner = self.owner()
                if owner is not None:
                    raise ConfigError(
                        f"{self.folder} is in use by `{owner.command}` (process {owner.pid}); "
                        "stop it first, or set LOKET_HOME to another folder"
                    ) from None
                self.lock_file.unlink(missing_ok=True)
            else:
                return
        raise ConfigError(f"{self.lock_file} could not be taken; try again")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
