"""The home folder: all state of the embedded form, and the lock that says which process owns it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that works on the home folder, and the command it was started with."""

    pid: int
    command: str


class Home:
    """The folder and where in it things are."""

    def __init__(self, folder: Path, *, keys: Path | None = None, world: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.keys = keys.absolute() if keys else self.folder / "keys"
        """Sealing, stamping and signing keys; readable by the owner only."""
        self.world = world.absolute() if world else self.folder / "world"
        """The embedded outside systems and what they sent."""

    @property
    def lock_file(self) -> Path:
        """Names the owning process."""
        return self.folder / "owner.json"

    @property
    def index(self) -> Path:
        """Both policy indexes."""
        return self.folder / "index"

    @property
    def audit_heads(self) -> Path:
        """Signed heads of the audit chain. Keep a copy on another machine: this one proves nothing about itself."""
        return self.folder / "audit" / "heads.jsonl"

    @property
    def audit_public_key(self) -> Path:
        """What the heads are checked with."""
        return self.folder / "audit" / "public-key.pem"

    @property
    def log(self) -> Path:
        """JSON lines, one event each; the day stands in the names: `loket-2026-11-26.jsonl`."""
        return self.folder / "log" / "loket.jsonl"

    @property
    def rooms(self) -> Path:
        """What was said in the rooms of the terminal."""
        return self.folder / "rooms"

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
        """The live process that owns the folder, if any. A dead one owns nothing: the kernel gave its lock back."""
        try:
            with self.lock_file.open("r+", encoding="utf-8") as file:
                if _lock(file):
                    return None
                values = json.loads(file.read() or "{}")
        except (FileNotFoundError, ValueError):
            return None
        return Owner(int(values.get("pid", 0)), str(values.get("command", "another command")))

    @contextmanager
    def owned(self, command: str) -> Iterator[None]:
        """Own the folder while the block runs. Raises `ConfigError` when another live process does."""
        self.create()
        with self.lock_file.open("a+", encoding="utf-8") as file:
            if not _lock(file):
                owner = self.owner() or Owner(0, "another command")
                raise ConfigError(
                    f"{self.folder} is in use by `{owner.command}` (process {owner.pid}); "
                    "stop it first, or set LOKET_HOME to another folder"
                )
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "command": command}))
            file.flush()
            yield
            file.truncate(0)


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
